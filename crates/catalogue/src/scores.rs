//! Scores of units: whole-number aggregates by session and year, turned into a score by the published formula
//! at the moment of reading.
//!
//! The aggregates are kept in the transaction that writes a review. What is weighted by age cannot be kept
//! ready, since age changes without anybody writing; counts and sums per year can, and equal a recount exactly.

use crate::{CatalogueError, review_votes, store::scores as store};
use chrono::{DateTime, Datelike, Utc};
use rmu_domain::{ids::UnitId, score};
use rmu_postgres::{AsyncPgConnection, Database, DatabaseError};
use std::collections::HashMap;

/// Fewer reviews of one session are not shown apart: their authors could be guessed.
pub const FEWEST_SHOWN_APART: u32 = 3;
/// Sessions of this year and so many before are "recent".
pub const RECENT_YEARS: i32 = 2;

/// One number for each of the five ratings.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Means {
    pub overall: f64,
    pub teaching: f64,
    pub difficulty: f64,
    pub workload: f64,
    pub usefulness: f64,
}

/// What a unit's reviews come to. Without reviews there is no score, and none is invented.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ScoreSummary {
    pub reviews: u32,
    /// Weighted by age and shrunk to the university's mean.
    pub means: Option<Means>,
    /// The same over sessions of the last years only.
    pub recent: Option<Recent>,
    /// The share of 0 to 1 who would recommend the unit.
    pub would_recommend: Option<f64>,
    /// How many gave an overall rating of 1, 2, 3, 4, 5.
    pub distribution: [u32; 5],
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Recent {
    pub reviews: u32,
    pub means: Means,
}

/// The reviews of one session, when there are enough of them: plain means, since sessions are compared here.
#[derive(Debug, Clone, PartialEq)]
pub struct SessionScore {
    pub session: String,
    pub year: u16,
    pub reviews: u32,
    pub means: Means,
    pub would_recommend: f64,
}

/// A unit's score and its breakdown.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct UnitScore {
    pub summary: ScoreSummary,
    pub sessions: Vec<SessionScore>,
}

/// Counts and sums of reviews of one year (and session): what the tables hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bucket {
    pub(crate) year: i16,
    pub(crate) session: String,
    pub(crate) reviews: i32,
    pub(crate) recommended: i32,
    /// Sums of overall, teaching, difficulty, workload, usefulness.
    pub(crate) sums: [i32; 5],
    pub(crate) stars: [i32; 5],
}

/// How far what is kept is from a recount: rows that differ. Zero, or something is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drift {
    pub unit_rows: u64,
    pub university_rows: u64,
    /// Reviews that count other votes than there are.
    pub voted_reviews: u64,
}

impl Drift {
    pub const NONE: Self = Self { unit_rows: 0, university_rows: 0, voted_reviews: 0 };
}

/// Compares the aggregates with a recount, without stopping anybody.
pub async fn check(database: &Database) -> Result<Drift, CatalogueError> {
    let mut connection = database.connection().await?;
    drift(&mut connection).await
}

async fn drift(connection: &mut AsyncPgConnection) -> Result<Drift, CatalogueError> {
    let drift = store::drift(connection).await?;
    Ok(Drift { voted_reviews: review_votes::drift(connection).await?, ..drift })
}

/// Counts everything anew and answers what was wrong before. Whoever writes a review or votes waits while it runs.
pub async fn rebuild(database: &Database) -> Result<Drift, CatalogueError> {
    database
        .transaction(async |connection| {
            store::lock_reviews(connection).await?;
            let drift = drift(connection).await?;
            store::rebuild(connection).await?;
            review_votes::recount(connection).await?;
            Ok::<_, CatalogueError>(drift)
        })
        .await
}

/// The summaries of `units`; those without reviews are left out.
pub(crate) async fn summaries(
    connection: &mut AsyncPgConnection,
    units: &[UnitId],
) -> Result<HashMap<UnitId, ScoreSummary>, DatabaseError> {
    let scores = unit_scores(connection, units, Utc::now()).await?;
    Ok(scores.into_iter().map(|(unit, score)| (unit, score.summary)).collect())
}

/// The scores of `units` on a day; those without reviews are left out.
pub(crate) async fn unit_scores(
    connection: &mut AsyncPgConnection,
    units: &[UnitId],
    now: DateTime<Utc>,
) -> Result<HashMap<UnitId, UnitScore>, DatabaseError> {
    if units.is_empty() {
        return Ok(HashMap::new());
    }
    let store::Buckets { of_units, mut of_universities } = store::buckets(connection, units).await?;
    for buckets in of_universities.values_mut() {
        buckets.sort_by_key(|bucket| bucket.year);
    }
    let scored = of_units.into_iter().map(|((unit, university), mut buckets)| {
        // Sums of fractions depend on their order in the last digit: the same reviews, the same score.
        buckets.sort_by(|one, other| (one.year, &one.session).cmp(&(other.year, &other.session)));
        let of_university = of_universities.get(&university).map(Vec::as_slice).unwrap_or_default();
        (unit, score_of(&buckets, of_university, now.year()))
    });
    Ok(scored.collect())
}

/// The published formula over counts and sums.
fn score_of(buckets: &[Bucket], of_university: &[Bucket], this_year: i32) -> UnitScore {
    let reviews = buckets.iter().map(|bucket| count(bucket.reviews)).sum();
    if reviews == 0 {
        return UnitScore::default();
    }
    let prior = university_means(of_university, this_year);
    let recent: Vec<&Bucket> =
        buckets.iter().filter(|bucket| i32::from(bucket.year) >= this_year - RECENT_YEARS).collect();
    let recent_reviews = recent.iter().map(|bucket| count(bucket.reviews)).sum();
    let recommended: u32 = buckets.iter().map(|bucket| count(bucket.recommended)).sum();
    let mut distribution = [0; 5];
    for bucket in buckets {
        for (total, stars) in distribution.iter_mut().zip(bucket.stars) {
            *total += count(stars);
        }
    }
    let mut sessions: Vec<SessionScore> = buckets.iter().filter_map(session_score).collect();
    sessions.sort_by(|one, other| (other.year, &one.session).cmp(&(one.year, &other.session)));
    UnitScore {
        summary: ScoreSummary {
            reviews,
            means: Some(shrunk(buckets.iter(), prior, this_year)),
            recent: (recent_reviews > 0)
                .then(|| Recent { reviews: recent_reviews, means: shrunk(recent.into_iter(), prior, this_year) }),
            would_recommend: Some(f64::from(recommended) / f64::from(reviews)),
            distribution,
        },
        sessions,
    }
}

fn session_score(bucket: &Bucket) -> Option<SessionScore> {
    if count(bucket.reviews) < FEWEST_SHOWN_APART || bucket.session.is_empty() {
        return None;
    }
    let reviews = f64::from(bucket.reviews);
    Some(SessionScore {
        session: bucket.session.clone(),
        year: u16::try_from(bucket.year).ok()?,
        reviews: count(bucket.reviews),
        means: Means::from(bucket.sums.map(|sum| f64::from(sum) / reviews)),
        would_recommend: f64::from(bucket.recommended) / reviews,
    })
}

/// The weighted means of all reviews of a university; the neutral middle while it has none.
fn university_means(buckets: &[Bucket], this_year: i32) -> [f64; 5] {
    let (sums, weight) = weighted(buckets.iter(), this_year);
    if weight > 0.0 { sums.map(|sum| sum / weight) } else { [score::NEUTRAL; 5] }
}

fn shrunk<'a>(buckets: impl Iterator<Item = &'a Bucket>, prior: [f64; 5], this_year: i32) -> Means {
    let (sums, weight) = weighted(buckets, this_year);
    let mut means = [0.0; 5];
    for ((mean, sum), prior) in means.iter_mut().zip(sums).zip(prior) {
        *mean = score::shrunk_mean(sum, weight, prior);
    }
    means.into()
}

fn weighted<'a>(buckets: impl Iterator<Item = &'a Bucket>, this_year: i32) -> ([f64; 5], f64) {
    let mut sums = [0.0; 5];
    let mut total = 0.0;
    for bucket in buckets {
        let weight = score::weight(f64::from(this_year - i32::from(bucket.year)));
        total += weight * f64::from(bucket.reviews);
        for (sum, ratings) in sums.iter_mut().zip(bucket.sums) {
            *sum += weight * f64::from(ratings);
        }
    }
    (sums, total)
}

/// Counts are never negative; a broken one must not become a huge one.
fn count(number: i32) -> u32 {
    u32::try_from(number).unwrap_or(0)
}

impl From<[f64; 5]> for Means {
    fn from([overall, teaching, difficulty, workload, usefulness]: [f64; 5]) -> Self {
        Self { overall, teaching, difficulty, workload, usefulness }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn bucket(year: i16, session: &str, overall: &[usize]) -> Bucket {
        let mut stars = [0; 5];
        for rating in overall {
            stars[rating - 1] += 1;
        }
        let sum = i32::try_from(overall.iter().sum::<usize>()).unwrap();
        let reviews = i32::try_from(overall.len()).unwrap();
        Bucket { year, session: session.to_owned(), reviews, recommended: reviews, sums: [sum; 5], stars }
    }

    #[test]
    fn without_reviews_there_is_no_score() {
        assert_eq!(score_of(&[], &[bucket(2026, "Autumn", &[5, 5])], 2026), UnitScore::default());
    }

    #[test]
    fn one_enthusiastic_review_moves_the_score_a_little() {
        let of_unit = [bucket(2026, "Autumn", &[5])];
        let of_university = [bucket(2026, "", &[3; 99]), bucket(2026, "", &[3])];
        let means = score_of(&of_unit, &of_university, 2026).summary.means.unwrap();
        assert!((means.overall - (5.0 + 5.0 * 3.0) / 6.0).abs() < 1e-9, "{means:?}");
    }

    #[test]
    fn an_old_review_counts_less() {
        let of_unit = [bucket(2026, "Autumn", &[5; 10]), bucket(2020, "Autumn", &[1; 10])];
        let now = score_of(&of_unit, &[], 2026).summary;
        assert!(now.means.unwrap().overall > 3.5, "{now:?}");
        assert_eq!(now.recent.unwrap().reviews, 10);
        assert_eq!(now.distribution, [10, 0, 0, 0, 10]);
    }

    #[test]
    fn a_session_with_two_reviews_is_not_shown_apart() {
        let of_unit = [
            bucket(2025, "Spring", &[4, 4, 4]),
            bucket(2026, "Autumn", &[1, 2]),
            bucket(2026, "Spring", &[1, 2, 3]),
            bucket(2026, "", &[1; 9]),
        ];
        let sessions = score_of(&of_unit, &[], 2026).sessions;
        let shown: Vec<_> = sessions.iter().map(|shown| (shown.year, shown.session.as_str())).collect();
        assert_eq!(shown, [(2026, "Spring"), (2025, "Spring")]);
    }

    proptest! {
        #[test]
        fn a_score_stays_on_the_scale(
            ratings in prop::collection::vec((2000_i16..=2026, 1_usize..=5), 1..60), others in 1_usize..=5,
        ) {
            let buckets: Vec<Bucket> = ratings.iter().map(|(year, stars)| bucket(*year, "Autumn", &[*stars])).collect();
            let summary = score_of(&buckets, &[bucket(2024, "", &[others; 3])], 2026).summary;
            let overall = summary.means.unwrap().overall;
            prop_assert!((1.0 - 1e-9..=5.0 + 1e-9).contains(&overall), "{overall}");
            prop_assert_eq!(summary.distribution.iter().sum::<u32>(), summary.reviews);
        }
    }
}
