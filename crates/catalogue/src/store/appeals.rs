//! SQL of appeals, and of decisions as authors see them.

use crate::{
    appeals::ToldDecision,
    moderation::{Decision, DecisionReason},
    store::{cached_sql::CachedSql, error::broken},
};
use chrono::{DateTime, Utc};
use diesel::{QueryableByName, sql_types as sql};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rmu_domain::{
    ids::{CaseId, DecisionId, ReviewId},
    moderation::AppealText,
};
use rmu_postgres::DatabaseError;

pub(crate) async fn insert(
    connection: &mut AsyncPgConnection,
    case: CaseId,
    against: DecisionId,
    text: &AppealText,
) -> Result<(), DatabaseError> {
    CachedSql::new("INSERT INTO moderation_appeals (case_id, decision_id, body) VALUES (")
        .uuid(case)
        .sql(", ")
        .uuid(against)
        .sql(", ")
        .text(text.as_str())
        .sql(")")
        .execute(connection)
        .await?;
    Ok(())
}

#[derive(Debug, QueryableByName)]
struct DecisionRow {
    #[diesel(sql_type = sql::Text)]
    decision: String,
    #[diesel(sql_type = sql::Text)]
    reason: String,
    #[diesel(sql_type = sql::Text)]
    told: String,
    #[diesel(sql_type = sql::Nullable<sql::Bool>)]
    appeal_granted: Option<bool>,
    #[diesel(sql_type = sql::Timestamptz)]
    decided_at: DateTime<Utc>,
}

/// Everything that was decided about a review, in all its cases, the oldest first; the latest fifty. Who decided is
/// not read.
pub(crate) async fn decisions(
    connection: &mut AsyncPgConnection,
    review: ReviewId,
) -> Result<Vec<ToldDecision>, DatabaseError> {
    let mut rows: Vec<DecisionRow> = CachedSql::new(
        "SELECT decided.decision, decided.reason, decided.told, decided.appeal_granted, decided.decided_at
         FROM moderation_cases AS kept
         JOIN moderation_decisions AS decided ON decided.case_id = kept.id
         WHERE kept.review_id = ",
    )
    .uuid(review)
    .sql(" ORDER BY decided.decided_at DESC, decided.id DESC LIMIT 50")
    .load(connection)
    .await?;
    rows.reverse();
    let decisions = rows.into_iter().map(|row| {
        Ok(ToldDecision {
            decision: Decision::parse(&row.decision).map_err(broken)?,
            reason: DecisionReason::parse(&row.reason).map_err(broken)?,
            told: row.told,
            appeal_granted: row.appeal_granted,
            at: row.decided_at,
        })
    });
    decisions.collect()
}
