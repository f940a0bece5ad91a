//! Units as lists show them, on the wire.

use rmu_catalogue::{
    scores::{Means, ScoreSummary, SessionScore},
    search::{FoundBy, UnitHit, UniversityName},
    units::Candidate,
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// A unit in a list.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UnitSummaryView {
    pub id: Uuid,
    /// As its university writes it: text, so that a leading zero stays.
    #[schema(example = "31251")]
    pub code: String,
    #[schema(example = "Data Structures and Algorithms")]
    pub title: String,
    pub university: UniversityNameView,
    /// `null` when unknown; 0 is a number of credit points.
    #[schema(example = 6.0)]
    pub credit_points: Option<f64>,
    #[schema(example = 2)]
    pub level: Option<u8>,
    /// `current`, `retired` (its status says so), `notInNewestHandbook` or `unknown`.
    #[schema(example = "current")]
    pub standing: &'static str,
    pub score: ScoreView,
    /// Why it is a hit; absent in a list without a query.
    #[serde(rename = "match", skip_serializing_if = "Option::is_none")]
    pub found: Option<MatchView>,
}

/// A university, named.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct UniversityNameView {
    pub id: Uuid,
    #[schema(example = "northfield")]
    pub slug: String,
    #[schema(example = "University of Northfield")]
    pub name: String,
}

/// How a unit was found.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct MatchView {
    /// `exactCode`, `normalisedCode`, `codePrefix`, `title`, `description`, `abbreviation` or `typo`.
    #[schema(example = "title")]
    pub rung: &'static str,
    /// The code that the unit had before, when it was found by that.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "31250")]
    pub formerly: Option<String>,
    pub highlights: HighlightsView,
}

/// What matched, in `<mark>`; everything else is escaped, so the texts are safe as HTML.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct HighlightsView {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "<mark>Data</mark> Structures and Algorithms")]
    pub title: Option<String>,
    /// The neighbourhood of the first match.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// What the reviews come to, by the formula of `GET /api/methodology`. Without reviews there is no score.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ScoreView {
    #[schema(example = 12)]
    pub reviews: u32,
    /// 1 to 5, to a hundredth, as all means.
    #[schema(example = 4.21)]
    pub overall: Option<f64>,
    pub teaching: Option<f64>,
    pub difficulty: Option<f64>,
    pub workload: Option<f64>,
    pub usefulness: Option<f64>,
    /// The share who would, 0 to 1.
    #[schema(example = 0.83)]
    pub would_recommend: Option<f64>,
    /// How many gave an overall rating of 1, 2, 3, 4, 5.
    pub distribution: [u32; 5],
    /// Over sessions of the last years only.
    pub recent: Option<RecentView>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RecentView {
    pub reviews: u32,
    #[serde(flatten)]
    pub means: MeansView,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct MeansView {
    pub overall: f64,
    pub teaching: f64,
    pub difficulty: f64,
    pub workload: f64,
    pub usefulness: f64,
}

/// The plain means of one session; only sessions with at least three reviews are shown apart.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionScoreView {
    pub session: String,
    pub year: u16,
    pub reviews: u32,
    #[serde(flatten)]
    pub means: MeansView,
    pub would_recommend: f64,
}

/// A unit that an ambiguous code may mean.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CandidateView {
    pub id: Uuid,
    pub code: String,
    pub title: String,
    pub university: UniversityNameView,
}

impl From<&UnitHit> for UnitSummaryView {
    fn from(hit: &UnitHit) -> Self {
        Self {
            id: hit.id.as_uuid(),
            code: hit.code.clone(),
            title: hit.title.clone(),
            university: UniversityNameView::from(&hit.university),
            credit_points: hit.credit_points.map(rmu_domain::credit_points::CreditPoints::as_f64),
            level: hit.level,
            standing: hit.standing.as_str(),
            score: ScoreView::from(&hit.score),
            found: hit.found.as_ref().map(MatchView::from),
        }
    }
}

impl From<&UniversityName> for UniversityNameView {
    fn from(university: &UniversityName) -> Self {
        Self { id: university.id.as_uuid(), slug: university.slug.clone(), name: university.name.clone() }
    }
}

impl From<&FoundBy> for MatchView {
    fn from(found: &FoundBy) -> Self {
        Self {
            rung: found.rung.as_str(),
            formerly: found.formerly.clone(),
            highlights: HighlightsView {
                code: found.code.clone(),
                title: found.title.clone(),
                description: found.description.clone(),
            },
        }
    }
}

impl From<&ScoreSummary> for ScoreView {
    fn from(score: &ScoreSummary) -> Self {
        let means = score.means.map(MeansView::from);
        let mean = |pick: fn(&MeansView) -> f64| means.as_ref().map(pick);
        Self {
            reviews: score.reviews,
            overall: mean(|means| means.overall),
            teaching: mean(|means| means.teaching),
            difficulty: mean(|means| means.difficulty),
            workload: mean(|means| means.workload),
            usefulness: mean(|means| means.usefulness),
            would_recommend: score.would_recommend.map(to_hundredth),
            distribution: score.distribution,
            recent: score
                .recent
                .map(|recent| RecentView { reviews: recent.reviews, means: MeansView::from(recent.means) }),
        }
    }
}

impl From<Means> for MeansView {
    fn from(means: Means) -> Self {
        Self {
            overall: to_hundredth(means.overall),
            teaching: to_hundredth(means.teaching),
            difficulty: to_hundredth(means.difficulty),
            workload: to_hundredth(means.workload),
            usefulness: to_hundredth(means.usefulness),
        }
    }
}

impl From<&SessionScore> for SessionScoreView {
    fn from(score: &SessionScore) -> Self {
        Self {
            session: score.session.clone(),
            year: score.year,
            reviews: score.reviews,
            means: MeansView::from(score.means),
            would_recommend: to_hundredth(score.would_recommend),
        }
    }
}

impl From<&Candidate> for CandidateView {
    fn from(candidate: &Candidate) -> Self {
        Self {
            id: candidate.id.as_uuid(),
            code: candidate.code.clone(),
            title: candidate.title.clone(),
            university: UniversityNameView::from(&candidate.university),
        }
    }
}

/// More digits would claim a precision that opinions do not have.
fn to_hundredth(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}
