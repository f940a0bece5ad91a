//! SQL of moderation cases and of what is decided in them.

use crate::{
    audit::Actor,
    moderation::{CaseState, Decision, Verdict},
    reviews::ReviewStanding,
    store::{cached_sql::CachedSql, error::broken},
};
use chrono::{DateTime, Utc};
use diesel::{OptionalExtension, QueryableByName, sql_types as sql};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rmu_domain::{
    account::Role,
    ids::{AccountId, CaseId, DecisionId, ReviewId},
    moderation::{Case, CaseCause, Claim, Ruling},
    notification::Reason,
};
use rmu_postgres::DatabaseError;
use std::time::Duration;
use uuid::Uuid;

#[cfg(test)]
mod plans;
pub(crate) mod views;

/// Whoever was not here for so long is not counted on.
const STAFF_SEEN_WITHIN: &str = "seen_at > now() - interval '30 days'";

#[derive(Debug, QueryableByName)]
struct IdRow {
    #[diesel(sql_type = sql::Uuid)]
    id: Uuid,
}

/// The waiting case of a review, a new one if there is none; `None` when there is no such review.
pub(crate) async fn open(
    connection: &mut AsyncPgConnection,
    review: ReviewId,
    cause: CaseCause,
) -> Result<Option<CaseId>, DatabaseError> {
    // The update waits for whoever opens a case at the same time, and returns that one.
    let row: Option<IdRow> = CachedSql::new(
        "INSERT INTO moderation_cases (id, review_id, unit_id, university_id, cause, state, reports)
         SELECT ",
    )
    .uuid(CaseId::new())
    .sql(", id, unit_id, university_id, ")
    .text(cause.as_str())
    .sql(
        ", 'open', (SELECT count(*)::integer FROM review_reports WHERE review_id = reviews.id)
         FROM reviews WHERE id = ",
    )
    .uuid(review)
    .sql(
        " ON CONFLICT (review_id) WHERE state <> 'decided' DO UPDATE SET reports = excluded.reports
         RETURNING id",
    )
    .get_result(connection)
    .await
    .optional()?;
    Ok(row.map(|row| row.id.into()))
}

/// Adds one to the reports of the waiting case of a review.
pub(crate) async fn count_report(connection: &mut AsyncPgConnection, review: ReviewId) -> Result<(), DatabaseError> {
    CachedSql::new("UPDATE moderation_cases SET reports = reports + 1 WHERE state <> 'decided' AND review_id = ")
        .uuid(review)
        .execute(connection)
        .await?;
    Ok(())
}

#[derive(Debug, QueryableByName)]
struct ReviewRow {
    #[diesel(sql_type = sql::Nullable<sql::Uuid>)]
    review_id: Option<Uuid>,
}

/// The review of a case, if that is still there; `None` when there is no such case.
pub(crate) async fn review_of(
    connection: &mut AsyncPgConnection,
    case: CaseId,
) -> Result<Option<Option<ReviewId>>, DatabaseError> {
    let row: Option<ReviewRow> = CachedSql::new("SELECT review_id FROM moderation_cases WHERE id = ")
        .uuid(case)
        .get_result(connection)
        .await
        .optional()?;
    Ok(row.map(|row| row.review_id.map(ReviewId::from)))
}

/// The case of a review that was opened last.
pub(crate) async fn latest_of(
    connection: &mut AsyncPgConnection,
    review: ReviewId,
) -> Result<Option<CaseId>, DatabaseError> {
    let row: Option<IdRow> = CachedSql::new("SELECT id FROM moderation_cases WHERE review_id = ")
        .uuid(review)
        .sql(" ORDER BY opened_at DESC LIMIT 1")
        .get_result(connection)
        .await
        .optional()?;
    Ok(row.map(|row| row.id.into()))
}

/// A case as its next step must know it.
#[derive(Debug, QueryableByName)]
pub(crate) struct CaseRow {
    #[diesel(sql_type = sql::Uuid)]
    id: Uuid,
    #[diesel(sql_type = sql::Text)]
    state: String,
    #[diesel(sql_type = sql::Integer)]
    pub(crate) revision: i32,
    #[diesel(sql_type = sql::Nullable<sql::Uuid>)]
    claimed_by: Option<Uuid>,
    #[diesel(sql_type = sql::Bool)]
    claim_is_over: bool,
    #[diesel(sql_type = sql::Bool)]
    was_appealed: bool,
    #[diesel(sql_type = sql::Nullable<sql::Uuid>)]
    last_id: Option<Uuid>,
    #[diesel(sql_type = sql::Nullable<sql::Text>)]
    last_decision: Option<String>,
    #[diesel(sql_type = sql::Nullable<sql::Uuid>)]
    last_by: Option<Uuid>,
}

impl CaseRow {
    pub(crate) fn id(&self) -> CaseId {
        self.id.into()
    }

    pub(crate) fn is_appealed(&self) -> bool {
        self.state == CaseState::Appealed.as_str()
    }

    /// The decision that an appeal would be against.
    pub(crate) fn last_decision(&self) -> Option<DecisionId> {
        self.last_id.map(DecisionId::from)
    }

    pub(crate) fn as_case(&self, standing: &ReviewStanding) -> Result<Case, DatabaseError> {
        let last = match (self.last_decision.as_deref(), self.last_by) {
            (Some(decision), Some(by)) => {
                Some(Ruling { decision: Decision::parse(decision).map_err(broken)?, by: by.into() })
            }
            _ => None,
        };
        Ok(Case {
            state: CaseState::parse(&self.state).map_err(broken)?,
            review: standing.state,
            author: standing.author,
            last,
            was_appealed: self.was_appealed,
            claim: self.claimed_by.map(|by| Claim { by: by.into(), is_over: self.claim_is_over }),
        })
    }
}

/// Locks a case. Its review is locked before, so that no decision falls between the lock and what is read beside.
pub(crate) async fn lock(connection: &mut AsyncPgConnection, case: CaseId) -> Result<Option<CaseRow>, DatabaseError> {
    let row = CachedSql::new(
        "SELECT kept.id, kept.state, kept.revision, kept.claimed_by,
                coalesce(kept.claimed_until <= clock_timestamp(), true) AS claim_is_over,
                EXISTS (SELECT FROM moderation_appeals WHERE case_id = kept.id) AS was_appealed,
                last.id AS last_id, last.decision AS last_decision, last.decided_by AS last_by
         FROM moderation_cases AS kept
         LEFT JOIN LATERAL (SELECT id, decision, decided_by FROM moderation_decisions
                            WHERE case_id = kept.id ORDER BY number DESC LIMIT 1) AS last ON true
         WHERE kept.id = ",
    )
    .uuid(case)
    .sql(" FOR NO KEY UPDATE OF kept")
    .get_result(connection)
    .await
    .optional()?;
    Ok(row)
}

#[derive(Debug, QueryableByName)]
struct UntilRow {
    #[diesel(sql_type = sql::Timestamptz)]
    until: DateTime<Utc>,
}

/// Until when the case is claimed now.
pub(crate) async fn claim(
    connection: &mut AsyncPgConnection,
    case: CaseId,
    by: AccountId,
    for_how_long: Duration,
) -> Result<DateTime<Utc>, DatabaseError> {
    let row: UntilRow = CachedSql::new("UPDATE moderation_cases SET claimed_by = ")
        .uuid(by)
        .sql(", claimed_until = clock_timestamp() + interval '1 second' * ")
        .big(i64::try_from(for_how_long.as_secs()).unwrap_or(i64::MAX))
        .sql(" WHERE id = ")
        .uuid(case)
        .sql(" RETURNING claimed_until AS until")
        .get_result(connection)
        .await?;
    Ok(row.until)
}

pub(crate) async fn release(connection: &mut AsyncPgConnection, case: CaseId) -> Result<(), DatabaseError> {
    CachedSql::new("UPDATE moderation_cases SET claimed_by = NULL, claimed_until = NULL WHERE id = ")
        .uuid(case)
        .execute(connection)
        .await?;
    Ok(())
}

/// Marks a case as another one than was seen. One that comes back begins to wait anew, without its claim.
pub(crate) async fn put_back(
    connection: &mut AsyncPgConnection,
    case: CaseId,
    state: CaseState,
    comes_back: bool,
) -> Result<(), DatabaseError> {
    let mut statement = CachedSql::new("UPDATE moderation_cases SET revision = revision + 1, state = ");
    statement = statement.text(state.as_str());
    if comes_back {
        statement = statement.sql(", state_since = clock_timestamp(), claimed_by = NULL, claimed_until = NULL");
    }
    statement.sql(" WHERE id = ").uuid(case).execute(connection).await?;
    Ok(())
}

/// A decision to keep.
#[derive(Debug)]
pub(crate) struct NewDecision<'a> {
    pub(crate) id: DecisionId,
    pub(crate) case: CaseId,
    pub(crate) by: AccountId,
    pub(crate) verdict: &'a Verdict,
    pub(crate) told: &'a Reason,
    pub(crate) appeal_granted: Option<bool>,
}

/// Keeps a decision and ends the waiting of its case, which is locked.
pub(crate) async fn insert_decision(
    connection: &mut AsyncPgConnection,
    new: &NewDecision<'_>,
) -> Result<(), DatabaseError> {
    let granted = new.appeal_granted.map(|granted| granted.to_string());
    CachedSql::new(
        "INSERT INTO moderation_decisions
             (id, case_id, number, decision, reason, told, decided_by, appeal_granted, waited_since)
         SELECT ",
    )
    .uuid(new.id)
    .sql(", id, 1 + (SELECT count(*)::integer FROM moderation_decisions WHERE case_id = moderation_cases.id), ")
    .text(new.verdict.decision.as_str())
    .sql(", ")
    .text(new.verdict.reason.as_str())
    .sql(", ")
    .text(new.told.as_str())
    .sql(", ")
    .uuid(new.by)
    .sql(", ")
    .maybe_text(granted)
    .sql("::boolean, state_since FROM moderation_cases WHERE id = ")
    .uuid(new.case)
    .execute(connection)
    .await?;
    CachedSql::new(
        "UPDATE moderation_cases
         SET state = 'decided', state_since = clock_timestamp(), revision = revision + 1,
             claimed_by = NULL, claimed_until = NULL
         WHERE id = ",
    )
    .uuid(new.case)
    .execute(connection)
    .await?;
    Ok(())
}

/// Remembers that a moderator or admin was here; at most once an hour, so that reading the queue writes little.
pub(crate) async fn saw(connection: &mut AsyncPgConnection, actor: &Actor) -> Result<(), DatabaseError> {
    if actor.role < Role::Moderator {
        return Ok(());
    }
    CachedSql::new("INSERT INTO moderation_staff AS kept (account_id, role, seen_at) VALUES (")
        .uuid(actor.account)
        .sql(", ")
        .text(actor.role.as_str())
        .sql(
            ", clock_timestamp()) ON CONFLICT (account_id)
             DO UPDATE SET role = excluded.role, seen_at = excluded.seen_at
             WHERE kept.role <> excluded.role OR kept.seen_at < excluded.seen_at - interval '1 hour'",
        )
        .execute(connection)
        .await?;
    Ok(())
}

/// An account that is none of them any more, as far as is known now.
pub(crate) async fn forget_staff(connection: &mut AsyncPgConnection, account: AccountId) -> Result<(), DatabaseError> {
    CachedSql::new("DELETE FROM moderation_staff WHERE account_id = ").uuid(account).execute(connection).await?;
    Ok(())
}

#[derive(Debug, QueryableByName)]
struct StaffRow {
    #[diesel(sql_type = sql::Uuid)]
    account_id: Uuid,
    #[diesel(sql_type = sql::Text)]
    role: String,
}

/// Moderators and admins who were here lately, the latest first; so many as anybody needs to know of.
pub(crate) async fn staff(connection: &mut AsyncPgConnection) -> Result<Vec<(AccountId, Role)>, DatabaseError> {
    let rows: Vec<StaffRow> = CachedSql::new("SELECT account_id, role FROM moderation_staff WHERE ")
        .sql(STAFF_SEEN_WITHIN)
        .sql(" ORDER BY seen_at DESC LIMIT 50")
        .load(connection)
        .await?;
    rows.into_iter().map(|row| Ok((row.account_id.into(), Role::parse(&row.role).map_err(broken)?))).collect()
}
