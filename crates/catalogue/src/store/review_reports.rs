//! SQL of reports of reviews.

use crate::store::{cached_sql::CachedSql, counting::CountRow};
use diesel::{QueryableByName, sql_types as sql};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rmu_domain::{
    ids::{AccountId, ReviewId},
    report::{Report, ReportText},
};
use rmu_postgres::DatabaseError;
use uuid::Uuid;

/// False when the reporter has reported the review before.
pub(crate) async fn insert(
    connection: &mut AsyncPgConnection,
    review: ReviewId,
    reporter: AccountId,
    report: &Report,
    revision: u32,
) -> Result<bool, DatabaseError> {
    let inserted =
        CachedSql::new("INSERT INTO review_reports (review_id, reporter_id, reason, detail, revision) VALUES (")
            .uuid(review)
            .sql(", ")
            .uuid(reporter)
            .sql(", ")
            .text(report.reason().as_str())
            .sql(", ")
            .maybe_text(report.text().map(ReportText::as_str).map(str::to_owned))
            .sql(", ")
            .integer(i32::try_from(revision).unwrap_or(i32::MAX))
            .sql(") ON CONFLICT DO NOTHING")
            .execute(connection)
            .await?;
    Ok(inserted > 0)
}

/// How many reports nobody has decided about, counted no further than to tell that they are enough.
pub(crate) async fn count_open(
    connection: &mut AsyncPgConnection,
    review: ReviewId,
    enough: u32,
) -> Result<u32, DatabaseError> {
    let row: CountRow = CachedSql::new("SELECT count(*) AS count FROM (SELECT FROM review_reports WHERE review_id = ")
        .uuid(review)
        .sql(" AND settled_at IS NULL LIMIT ")
        .big(i64::from(enough))
        .sql(") AS open")
        .get_result(connection)
        .await?;
    Ok(u32::try_from(row.count).unwrap_or(u32::MAX))
}

pub(crate) async fn settle(connection: &mut AsyncPgConnection, review: ReviewId) -> Result<(), DatabaseError> {
    CachedSql::new("UPDATE review_reports SET settled_at = now() WHERE settled_at IS NULL AND review_id = ")
        .uuid(review)
        .execute(connection)
        .await?;
    Ok(())
}

#[derive(Debug, QueryableByName)]
struct ReporterRow {
    #[diesel(sql_type = sql::Uuid)]
    reporter_id: Uuid,
}

/// Who waits to hear what came of a report, the first ones first. For telling them, and for nothing else.
pub(crate) async fn waiting_reporters(
    connection: &mut AsyncPgConnection,
    review: ReviewId,
    most: i64,
) -> Result<Vec<AccountId>, DatabaseError> {
    let rows: Vec<ReporterRow> =
        CachedSql::new("SELECT reporter_id FROM review_reports WHERE settled_at IS NULL AND review_id = ")
            .uuid(review)
            .sql(" ORDER BY reported_at LIMIT ")
            .big(most)
            .load(connection)
            .await?;
    Ok(rows.into_iter().map(|row| row.reporter_id.into()).collect())
}
