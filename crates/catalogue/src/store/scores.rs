//! The aggregates behind scores: kept row by row, read by unit, compared with a recount.

use crate::{
    scores::{Bucket, Drift},
    store::{cached_sql::CachedSql, search::ranks},
};
use diesel::{QueryableByName, sql_types as sql};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rmu_domain::ids::{UnitId, UniversityId};
use rmu_postgres::DatabaseError;
use std::collections::HashMap;
use uuid::Uuid;

mod changes;

pub(crate) use changes::{Changes, Contribution};

#[derive(Debug, QueryableByName)]
struct BucketRow {
    /// Nobody's where a whole university is counted.
    #[diesel(sql_type = sql::Nullable<sql::Uuid>)]
    unit_id: Option<Uuid>,
    #[diesel(sql_type = sql::Uuid)]
    university_id: Uuid,
    #[diesel(sql_type = sql::SmallInt)]
    taken_year: i16,
    #[diesel(sql_type = sql::Text)]
    taken_session: String,
    #[diesel(sql_type = sql::Integer)]
    reviews: i32,
    #[diesel(sql_type = sql::Integer)]
    recommended: i32,
    #[diesel(sql_type = sql::Integer)]
    overall: i32,
    #[diesel(sql_type = sql::Integer)]
    teaching: i32,
    #[diesel(sql_type = sql::Integer)]
    difficulty: i32,
    #[diesel(sql_type = sql::Integer)]
    workload: i32,
    #[diesel(sql_type = sql::Integer)]
    usefulness: i32,
    #[diesel(sql_type = sql::Integer)]
    overall_1: i32,
    #[diesel(sql_type = sql::Integer)]
    overall_2: i32,
    #[diesel(sql_type = sql::Integer)]
    overall_3: i32,
    #[diesel(sql_type = sql::Integer)]
    overall_4: i32,
    #[diesel(sql_type = sql::Integer)]
    overall_5: i32,
}

/// Counts and sums of units, and of the universities whose means they are shrunk to.
#[derive(Debug, Default)]
pub(crate) struct Buckets {
    pub(crate) of_units: HashMap<(UnitId, UniversityId), Vec<Bucket>>,
    pub(crate) of_universities: HashMap<UniversityId, Vec<Bucket>>,
}

/// The aggregates behind the scores of `units`, in one question.
pub(crate) async fn buckets(connection: &mut AsyncPgConnection, units: &[UnitId]) -> Result<Buckets, DatabaseError> {
    let rows: Vec<BucketRow> = buckets_statement(units).load(connection).await?;
    let mut buckets = Buckets::default();
    for row in rows {
        let university = row.university_id.into();
        let bucket = Bucket {
            year: row.taken_year,
            session: row.taken_session,
            reviews: row.reviews,
            recommended: row.recommended,
            sums: [row.overall, row.teaching, row.difficulty, row.workload, row.usefulness],
            stars: [row.overall_1, row.overall_2, row.overall_3, row.overall_4, row.overall_5],
        };
        match row.unit_id {
            Some(unit) => buckets.of_units.entry((unit.into(), university)).or_default().push(bucket),
            None => buckets.of_universities.entry(university).or_default().push(bucket),
        }
    }
    Ok(buckets)
}

pub(super) fn buckets_statement(units: &[UnitId]) -> CachedSql {
    let units: Vec<Uuid> = units.iter().map(|unit| unit.as_uuid()).collect();
    CachedSql::new(
        "SELECT score.unit_id, unit.university_id, score.taken_year, score.taken_session, score.reviews,
                score.recommended, score.overall, score.teaching, score.difficulty, score.workload, score.usefulness,
                score.overall_1, score.overall_2, score.overall_3, score.overall_4, score.overall_5
         FROM unit_scores AS score JOIN units AS unit ON unit.id = score.unit_id
         WHERE score.unit_id",
    )
    .one_of(&units)
    .sql(
        " UNION ALL
         SELECT NULL, score.university_id, score.taken_year, '', score.reviews,
                0, score.overall, score.teaching, score.difficulty, score.workload, score.usefulness, 0, 0, 0, 0, 0
         FROM university_scores AS score
         WHERE score.university_id IN (SELECT unit.university_id FROM units AS unit WHERE unit.id",
    )
    .one_of(&units)
    .sql(")")
}

#[derive(Debug, QueryableByName)]
struct DriftRow {
    #[diesel(sql_type = sql::BigInt)]
    unit_rows: i64,
    #[diesel(sql_type = sql::BigInt)]
    university_rows: i64,
}

/// One statement, so one view of the data: a review that is being written is in both sides or in neither.
pub(crate) async fn drift(connection: &mut AsyncPgConnection) -> Result<Drift, DatabaseError> {
    let row: DriftRow = CachedSql::new(
        "SELECT
             (SELECT count(*) FROM (
                 (TABLE unit_scores EXCEPT TABLE unit_scores_recounted)
                 UNION ALL (TABLE unit_scores_recounted EXCEPT TABLE unit_scores)) AS differing) AS unit_rows,
             (SELECT count(*) FROM (
                 (TABLE university_scores EXCEPT TABLE university_scores_recounted)
                 UNION ALL (TABLE university_scores_recounted EXCEPT TABLE university_scores)) AS differing)
                 AS university_rows",
    )
    .get_result(connection)
    .await?;
    Ok(Drift {
        unit_rows: u64::try_from(row.unit_rows).unwrap_or(0),
        university_rows: u64::try_from(row.university_rows).unwrap_or(0),
        ..Drift::NONE
    })
}

/// Nobody writes a review or votes on one until the transaction ends: not even locks one, since who has may be
/// waited for here.
pub(crate) async fn lock_reviews(connection: &mut AsyncPgConnection) -> Result<(), DatabaseError> {
    CachedSql::new("LOCK TABLE reviews IN EXCLUSIVE MODE").execute(connection).await?;
    Ok(())
}

pub(crate) async fn rebuild(connection: &mut AsyncPgConnection) -> Result<(), DatabaseError> {
    for statement in [
        "DELETE FROM unit_scores",
        "INSERT INTO unit_scores TABLE unit_scores_recounted",
        "DELETE FROM university_scores",
        "INSERT INTO university_scores TABLE university_scores_recounted",
    ] {
        CachedSql::new(statement).execute(connection).await?;
    }
    ranks::recount(connection).await
}
