//! One unit on the wire: every fact, or why it is missing, and where it came from.

use super::summary::{ScoreView, SessionScoreView, UniversityNameView};
use chrono::{DateTime, Utc};
use rmu_catalogue::units::{Reading, UnitDetail};
use rmu_domain::{
    credit_points::CreditPoints,
    facts::{Assessment, Contact, Gap, Offering, Origin, Outcome, TotalWeight, Weight},
    requisite::{Expression, Requisite},
    year::Year,
};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use utoipa::ToSchema;
use uuid::Uuid;

/// A unit as its newest version says. What is unknown is `null`, and `gaps` says why.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UnitDetailView {
    pub id: Uuid,
    #[schema(example = "31251")]
    pub code: String,
    #[schema(example = "Data Structures and Algorithms")]
    pub title: String,
    pub university: UniversityNameView,
    /// The handbook's year.
    #[schema(example = 2026)]
    pub year: Option<u16>,
    pub status: Option<String>,
    /// `current`, `retired` (its handbook says so), `notInNewestHandbook` or `unknown`.
    #[schema(example = "current")]
    pub standing: &'static str,
    /// Codes that the unit had before; they lead to it, and reviews may have been written under them.
    #[schema(example = json!(["31250"]))]
    pub formerly: Vec<String>,
    #[schema(example = 6.0)]
    pub credit_points: Option<f64>,
    #[schema(example = 2)]
    pub level: Option<u8>,
    pub study_level: Option<String>,
    pub faculty: Option<String>,
    pub school: Option<String>,
    pub description: Option<String>,
    pub workload: Option<String>,
    pub outcomes: Option<Vec<OutcomeView>>,
    pub assessments: Option<Vec<AssessmentView>>,
    /// What the weights of all tasks add up to; `null` when there are none or the weight of any is unknown.
    pub assessment_total: Option<AssessmentTotalView>,
    pub offerings: Option<Vec<OfferingView>>,
    pub requisites: Option<Vec<RequisiteView>>,
    pub contacts: Option<Vec<ContactView>>,
    /// Why facts are missing, by their names: `absent` (nowhere on the page), `empty`, or `unparsed` with what
    /// stands there.
    pub gaps: BTreeMap<String, GapView>,
    /// Where each fact came from, by its name.
    pub provenance: BTreeMap<String, ProvenanceView>,
    pub source: SourceView,
    pub score: ScoreView,
    /// Sessions with at least three reviews, the newest first.
    pub score_by_session: Vec<SessionScoreView>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct OutcomeView {
    pub code: String,
    pub description: String,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AssessmentView {
    pub name: String,
    pub kind: Option<String>,
    /// Per cent of the final mark.
    #[schema(example = 40.0)]
    pub weight: Option<f64>,
    pub hurdle: Option<bool>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AssessmentTotalView {
    /// Per cent.
    #[schema(example = 100.0)]
    pub weight: f64,
    /// Whether that is all of the final mark; what was rounded (three times 33.33) counts as exact.
    pub adds_up: bool,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct OfferingView {
    #[schema(example = "Autumn")]
    pub session: String,
    pub location: Option<String>,
    pub mode: Option<String>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RequisiteView {
    /// `prerequisite`, `corequisite` or `prohibition`.
    #[schema(example = "prerequisite")]
    pub kind: &'static str,
    /// As the page words it.
    pub text: String,
    /// `{"unit": "31251"}`, `{"creditPoints": {"points": "24", "level": 2}}` (at least so many; `level` is `null` for any),
    /// `{"all": […]}` or `{"any": […]}`, nested; `null` when the text was not understood whole.
    #[schema(value_type = Option<Object>, example = json!({"any": [{"unit": "31251"}, {"unit": "48023"}]}))]
    pub expression: Option<Value>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ContactView {
    pub role: Option<String>,
    pub name: String,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct GapView {
    /// `absent`, `empty` or `unparsed`.
    #[schema(example = "absent")]
    pub reason: &'static str,
    /// What stands on the page, when it could not be understood.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub raw: Option<String>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ProvenanceView {
    /// The rule that found the fact.
    #[schema(example = "creditPoints[0]")]
    pub rule: String,
    /// The page it stood on.
    pub url: String,
}

/// Where and when the version was read.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SourceView {
    #[schema(example = "northfield-handbook")]
    pub slug: String,
    /// The page in the handbook.
    pub url: String,
    /// The version of the source's rules that read the page.
    pub rules_version: u32,
    /// Counts the versions of this unit.
    pub version: u32,
    pub fetched_at: DateTime<Utc>,
    /// When the page was last found to say just this.
    pub confirmed_at: DateTime<Utc>,
    pub first_seen_at: DateTime<Utc>,
    pub last_seen_at: DateTime<Utc>,
}

impl From<UnitDetail> for UnitDetailView {
    fn from(unit: UnitDetail) -> Self {
        let standing = unit.standing().as_str();
        let facts = unit.record.facts;
        Self {
            id: unit.id.as_uuid(),
            code: facts.code.into(),
            title: facts.title,
            university: UniversityNameView::from(&unit.university),
            year: facts.year.map(Year::get),
            status: facts.status,
            standing,
            formerly: unit.formerly,
            credit_points: facts.credit_points.map(CreditPoints::as_f64),
            level: facts.level,
            study_level: facts.study_level,
            faculty: facts.faculty,
            school: facts.school,
            description: facts.description,
            workload: facts.workload,
            outcomes: facts.outcomes.map(views),
            assessment_total: facts.assessments.as_deref().and_then(TotalWeight::of).map(AssessmentTotalView::from),
            assessments: facts.assessments.map(views),
            offerings: facts.offerings.map(views),
            requisites: facts.requisites.map(views),
            contacts: facts.contacts.map(views),
            gaps: unit
                .record
                .gaps
                .into_iter()
                .map(|(fact, gap)| (fact.as_str().to_owned(), GapView::from(gap)))
                .collect(),
            provenance: unit
                .record
                .origins
                .into_iter()
                .map(|(fact, origin)| (fact.as_str().to_owned(), ProvenanceView::from(origin)))
                .collect(),
            source: SourceView::from(unit.read),
            score: ScoreView::from(&unit.score.summary),
            score_by_session: unit.score.sessions.iter().map(SessionScoreView::from).collect(),
        }
    }
}

fn views<F, V: From<F>>(all: Vec<F>) -> Vec<V> {
    all.into_iter().map(V::from).collect()
}

impl From<Outcome> for OutcomeView {
    fn from(outcome: Outcome) -> Self {
        Self { code: outcome.code, description: outcome.description }
    }
}

impl From<Assessment> for AssessmentView {
    fn from(task: Assessment) -> Self {
        Self { name: task.name, kind: task.kind, weight: task.weight.map(Weight::as_f64), hurdle: task.hurdle }
    }
}

impl From<Offering> for OfferingView {
    fn from(offering: Offering) -> Self {
        Self { session: offering.session, location: offering.location, mode: offering.mode }
    }
}

impl From<Requisite> for RequisiteView {
    fn from(requisite: Requisite) -> Self {
        Self {
            kind: requisite.kind.as_str(),
            expression: requisite.expression.as_ref().map(tree),
            text: requisite.text,
        }
    }
}

impl From<Contact> for ContactView {
    fn from(contact: Contact) -> Self {
        Self { role: contact.role, name: contact.name }
    }
}

impl From<TotalWeight> for AssessmentTotalView {
    fn from(total: TotalWeight) -> Self {
        Self { weight: total.as_f64(), adds_up: total.adds_up() }
    }
}

impl From<Gap> for GapView {
    fn from(gap: Gap) -> Self {
        match gap {
            Gap::Absent => Self { reason: "absent", raw: None },
            Gap::Empty => Self { reason: "empty", raw: None },
            Gap::Unparsed { raw } => Self { reason: "unparsed", raw: Some(raw) },
        }
    }
}

impl From<Origin> for ProvenanceView {
    fn from(origin: Origin) -> Self {
        Self { rule: origin.rule, url: origin.url }
    }
}

impl From<Reading> for SourceView {
    fn from(read: Reading) -> Self {
        Self {
            slug: read.source_slug,
            url: read.url,
            rules_version: read.rules_version,
            version: read.version,
            fetched_at: read.fetched_at,
            confirmed_at: read.confirmed_at,
            first_seen_at: read.first_seen_at,
            last_seen_at: read.last_seen_at,
        }
    }
}

fn tree(expression: &Expression) -> Value {
    match expression {
        Expression::Unit(code) => json!({ "unit": code.as_str() }),
        Expression::CreditPoints { points, level } => {
            json!({ "creditPoints": { "points": points.to_string(), "level": level } })
        }
        Expression::All(parts) => json!({ "all": parts.iter().map(tree).collect::<Vec<_>>() }),
        Expression::Any(parts) => json!({ "any": parts.iter().map(tree).collect::<Vec<_>>() }),
    }
}
