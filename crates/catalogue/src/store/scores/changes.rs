//! What writers do to the aggregates: reviews come into the count and leave it.

use crate::{search::ranks, store::cached_sql::CachedSql};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rmu_domain::{
    ids::{UnitId, UniversityId},
    review::Ratings,
};
use rmu_postgres::DatabaseError;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// What one visible review is in the aggregates.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Contribution<'a> {
    pub(crate) unit: UnitId,
    pub(crate) university: UniversityId,
    pub(crate) year: u16,
    /// `None` when the handbook does not know the session.
    pub(crate) session: Option<&'a str>,
    pub(crate) ratings: Ratings,
    pub(crate) would_recommend: bool,
}

/// All that one transaction changes, collected first and applied once.
///
/// Rows are taken in one order by everybody: those of units by their key, then those of universities by theirs.
/// So nobody waits for somebody who waits for them, however many reviews a transaction moves.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    of_units: BTreeMap<(Uuid, i16, String), Delta>,
    of_universities: BTreeMap<(Uuid, i16), Delta>,
}

/// By how much a row grows; negative where it shrinks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Delta {
    reviews: i32,
    recommended: i32,
    sums: [i32; 5],
    stars: [i32; 5],
}

impl Delta {
    fn add(&mut self, review: &Contribution<'_>, sign: i32) {
        let Ratings { overall, teaching, difficulty, workload, usefulness } = review.ratings;
        self.reviews += sign;
        self.recommended += sign * i32::from(review.would_recommend);
        for (sum, rating) in self.sums.iter_mut().zip([overall, teaching, difficulty, workload, usefulness]) {
            *sum += sign * i32::from(rating.get());
        }
        for (stars, rating) in self.stars.iter_mut().zip(1_u8..) {
            *stars += sign * i32::from(overall.get() == rating);
        }
    }
}

impl Changes {
    /// A review comes into the count.
    pub(crate) fn add(&mut self, review: &Contribution<'_>) {
        self.count(review, 1);
    }

    /// A review leaves the count.
    pub(crate) fn remove(&mut self, review: &Contribution<'_>) {
        self.count(review, -1);
    }

    fn count(&mut self, review: &Contribution<'_>, sign: i32) {
        let year = i16::try_from(review.year).unwrap_or(i16::MAX);
        let session = review.session.unwrap_or_default().to_owned();
        self.of_units.entry((review.unit.as_uuid(), year, session)).or_default().add(review, sign);
        self.of_universities.entry((review.university.as_uuid(), year)).or_default().add(review, sign);
    }

    /// Writes what changed; the reviews themselves must have been written before, in the same transaction: a
    /// rebuild locks reviews first and aggregates then.
    pub(crate) async fn apply(self, connection: &mut AsyncPgConnection) -> Result<(), DatabaseError> {
        let units: BTreeSet<Uuid> = self.of_units.keys().map(|(unit, ..)| *unit).collect();
        for ((unit, year, session), delta) in self.of_units {
            if delta != Delta::default() {
                apply_to_unit(connection, unit, year, &session, delta).await?;
            }
        }
        for ((university, year), delta) in self.of_universities {
            if delta != Delta::default() {
                apply_to_university(connection, university, year, delta).await?;
            }
        }
        for unit in units {
            ranks::refresh(connection, unit.into()).await?;
        }
        Ok(())
    }
}

async fn apply_to_unit(
    connection: &mut AsyncPgConnection,
    unit: Uuid,
    year: i16,
    session: &str,
    delta: Delta,
) -> Result<(), DatabaseError> {
    let row = CachedSql::new(
        "INSERT INTO unit_scores AS kept
             (unit_id, taken_year, taken_session, reviews, recommended, overall, teaching, difficulty, workload,
              usefulness, overall_1, overall_2, overall_3, overall_4, overall_5)
         VALUES (",
    );
    let row = row.uuid(unit).sql(", ").small(year).sql(", ").text(session);
    let row = row.sql(", ").integer(delta.reviews).sql(", ").integer(delta.recommended);
    let row = delta.sums.into_iter().chain(delta.stars).fold(row, |row, number| row.sql(", ").integer(number));
    row.sql(
        ") ON CONFLICT (unit_id, taken_year, taken_session) DO UPDATE SET
             reviews = kept.reviews + excluded.reviews, recommended = kept.recommended + excluded.recommended,
             overall = kept.overall + excluded.overall, teaching = kept.teaching + excluded.teaching,
             difficulty = kept.difficulty + excluded.difficulty, workload = kept.workload + excluded.workload,
             usefulness = kept.usefulness + excluded.usefulness,
             overall_1 = kept.overall_1 + excluded.overall_1, overall_2 = kept.overall_2 + excluded.overall_2,
             overall_3 = kept.overall_3 + excluded.overall_3, overall_4 = kept.overall_4 + excluded.overall_4,
             overall_5 = kept.overall_5 + excluded.overall_5",
    )
    .execute(connection)
    .await?;
    if delta.reviews < 0 {
        // A recount has no row where there is no review. The row is ours already, so nobody is waited for.
        CachedSql::new("DELETE FROM unit_scores WHERE reviews = 0 AND unit_id = ")
            .uuid(unit)
            .sql(" AND taken_year = ")
            .small(year)
            .sql(" AND taken_session = ")
            .text(session)
            .execute(connection)
            .await?;
    }
    Ok(())
}

async fn apply_to_university(
    connection: &mut AsyncPgConnection,
    university: Uuid,
    year: i16,
    delta: Delta,
) -> Result<(), DatabaseError> {
    let row = CachedSql::new(
        "INSERT INTO university_scores AS kept
             (university_id, taken_year, reviews, overall, teaching, difficulty, workload, usefulness)
         VALUES (",
    );
    let row = row.uuid(university).sql(", ").small(year).sql(", ").integer(delta.reviews);
    let row = delta.sums.into_iter().fold(row, |row, number| row.sql(", ").integer(number));
    row.sql(
        ") ON CONFLICT (university_id, taken_year) DO UPDATE SET
             reviews = kept.reviews + excluded.reviews, overall = kept.overall + excluded.overall,
             teaching = kept.teaching + excluded.teaching, difficulty = kept.difficulty + excluded.difficulty,
             workload = kept.workload + excluded.workload, usefulness = kept.usefulness + excluded.usefulness",
    )
    .execute(connection)
    .await?;
    if delta.reviews < 0 {
        CachedSql::new("DELETE FROM university_scores WHERE reviews = 0 AND university_id = ")
            .uuid(university)
            .sql(" AND taken_year = ")
            .small(year)
            .execute(connection)
            .await?;
    }
    Ok(())
}
