//! SQL of reports of reviews.

use crate::{
    review_reports::Reported,
    store::{cached_sql::CachedSql, counting::CountRow},
};
use chrono::{DateTime, Utc};
use diesel::{QueryableByName, sql_types as sql};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rmu_domain::{
    ids::{AccountId, ReviewId},
    report::{Report, ReportReason, ReportText},
};
use rmu_postgres::DatabaseError;

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
    let row: CountRow =
        CachedSql::new("SELECT count(*) AS count FROM (SELECT FROM review_reports WHERE review_id = ")
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
struct ReportRow {
    #[diesel(sql_type = sql::Text)]
    reason: String,
    #[diesel(sql_type = sql::Nullable<sql::Text>)]
    detail: Option<String>,
    #[diesel(sql_type = sql::Integer)]
    revision: i32,
    #[diesel(sql_type = sql::Timestamptz)]
    reported_at: DateTime<Utc>,
    #[diesel(sql_type = sql::Bool)]
    settled: bool,
}

pub(crate) async fn of_review(
    connection: &mut AsyncPgConnection,
    review: ReviewId,
    most: i64,
) -> Result<Vec<Reported>, DatabaseError> {
    let rows: Vec<ReportRow> = CachedSql::new(
        "SELECT reason, detail, revision, reported_at, settled_at IS NOT NULL AS settled
         FROM review_reports WHERE review_id = ",
    )
    .uuid(review)
    .sql(" ORDER BY reported_at DESC LIMIT ")
    .big(most)
    .load(connection)
    .await?;
    let reported = rows.into_iter().map(|row| Reported {
        // A reason that a newer version knows is shown as one that this one does.
        reason: ReportReason::parse(&row.reason).unwrap_or(ReportReason::Other),
        text: row.detail,
        revision: u32::try_from(row.revision).unwrap_or_default(),
        at: row.reported_at,
        settled: row.settled,
    });
    Ok(reported.collect())
}
