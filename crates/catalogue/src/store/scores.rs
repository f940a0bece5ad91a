//! The aggregates behind scores: kept row by row, read by unit, compared with a recount.

use crate::{
    scores::{Bucket, Drift},
    store::{cached_sql::CachedSql, search::ranks},
};
use diesel::{QueryableByName, sql_types as sql};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rmu_domain::ids::{UnitId, UniversityId};
use rmu_postgres::DatabaseError;
use uuid::Uuid;

mod changes;

pub(crate) use changes::{Changes, Contribution};

#[derive(Debug, QueryableByName)]
struct UnitBucketRow {
    #[diesel(sql_type = sql::Uuid)]
    unit_id: Uuid,
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

/// The aggregates of `units`, with the university whose mean they are shrunk to.
pub(crate) async fn unit_buckets(
    connection: &mut AsyncPgConnection,
    units: &[UnitId],
) -> Result<Vec<(UnitId, UniversityId, Bucket)>, DatabaseError> {
    let rows: Vec<UnitBucketRow> = CachedSql::new(
        "SELECT score.*, unit.university_id
         FROM unit_scores AS score JOIN units AS unit ON unit.id = score.unit_id
         WHERE score.unit_id = ANY(",
    )
    .uuids(units.iter().map(|unit| unit.as_uuid()).collect())
    .sql(")")
    .load(connection)
    .await?;
    let buckets = rows.into_iter().map(|row| {
        let bucket = Bucket {
            year: row.taken_year,
            session: row.taken_session,
            reviews: row.reviews,
            recommended: row.recommended,
            sums: [row.overall, row.teaching, row.difficulty, row.workload, row.usefulness],
            stars: [row.overall_1, row.overall_2, row.overall_3, row.overall_4, row.overall_5],
        };
        (row.unit_id.into(), row.university_id.into(), bucket)
    });
    Ok(buckets.collect())
}

#[derive(Debug, QueryableByName)]
struct UniversityBucketRow {
    #[diesel(sql_type = sql::Uuid)]
    university_id: Uuid,
    #[diesel(sql_type = sql::SmallInt)]
    taken_year: i16,
    #[diesel(sql_type = sql::Integer)]
    reviews: i32,
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
}

pub(crate) async fn university_buckets(
    connection: &mut AsyncPgConnection,
    universities: &[UniversityId],
) -> Result<Vec<(UniversityId, Bucket)>, DatabaseError> {
    let rows: Vec<UniversityBucketRow> = CachedSql::new("SELECT * FROM university_scores WHERE university_id = ANY(")
        .uuids(universities.iter().map(|university| university.as_uuid()).collect())
        .sql(")")
        .load(connection)
        .await?;
    let buckets = rows.into_iter().map(|row| {
        let bucket = Bucket {
            year: row.taken_year,
            session: String::new(),
            reviews: row.reviews,
            recommended: 0,
            sums: [row.overall, row.teaching, row.difficulty, row.workload, row.usefulness],
            stars: [0; 5],
        };
        (row.university_id.into(), bucket)
    });
    Ok(buckets.collect())
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
