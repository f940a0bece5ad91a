//! SQL of requests to take a review down.

use crate::{
    page::{PageLimit, Total},
    store::{
        cached_sql::CachedSql,
        counting::{CountRow, count_rows},
        error::broken,
    },
    takedowns::{Effect, NewTakedown, RequestersView, TakedownState, TakedownSummary, TakedownToken},
};
use chrono::{DateTime, Utc};
use diesel::{OptionalExtension, QueryableByName, sql_types as sql};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rmu_domain::{
    ids::{AccountId, CaseId, ReviewId, TakedownId, UniversityId},
    notification::Reason,
};
use rmu_postgres::DatabaseError;
use std::time::Duration;
use uuid::Uuid;

/// Who brings a request.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Asker<'a> {
    Requester(&'a TakedownToken),
    Moderator(AccountId),
}

pub(crate) async fn count_open(connection: &mut AsyncPgConnection, review: ReviewId) -> Result<i64, DatabaseError> {
    let row: CountRow =
        CachedSql::new("SELECT count(*) AS count FROM takedowns WHERE closed_at IS NULL AND review_id = ")
            .uuid(review)
            .get_result(connection)
            .await?;
    Ok(row.count)
}

pub(crate) async fn insert(
    connection: &mut AsyncPgConnection,
    id: TakedownId,
    new: &NewTakedown,
    from: Asker<'_>,
) -> Result<(), DatabaseError> {
    let (token, opened_by) = match from {
        Asker::Requester(token) => (Some(token.hash()), None),
        Asker::Moderator(account) => (None, Some(account.to_string())),
    };
    CachedSql::new(
        "INSERT INTO takedowns
             (id, review_id, university_id, state, requester, contact, grounds, token_hash, opened_by)
         SELECT ",
    )
    .uuid(id)
    .sql(", id, university_id, 'received', ")
    .text(new.requester.as_str())
    .sql(", ")
    .text(new.contact.as_str())
    .sql(", ")
    .text(new.grounds.as_str())
    .sql(", ")
    .maybe_text(token)
    .sql(", ")
    .maybe_text(opened_by)
    .sql("::uuid FROM reviews WHERE id = ")
    .uuid(new.review)
    .execute(connection)
    .await?;
    Ok(())
}

#[derive(Debug, QueryableByName)]
struct Row {
    #[diesel(sql_type = sql::Uuid)]
    id: Uuid,
    #[diesel(sql_type = sql::Nullable<sql::Uuid>)]
    review_id: Option<Uuid>,
    #[diesel(sql_type = sql::Text)]
    state: String,
    #[diesel(sql_type = sql::Nullable<sql::Text>)]
    requester: Option<String>,
    #[diesel(sql_type = sql::Nullable<sql::Text>)]
    contact: Option<String>,
    #[diesel(sql_type = sql::Text)]
    grounds: String,
    #[diesel(sql_type = sql::Nullable<sql::Uuid>)]
    opened_by: Option<Uuid>,
    #[diesel(sql_type = sql::Nullable<sql::Uuid>)]
    taken_by: Option<Uuid>,
    #[diesel(sql_type = sql::Nullable<sql::Timestamptz>)]
    taken_until: Option<DateTime<Utc>>,
    #[diesel(sql_type = sql::Nullable<sql::Uuid>)]
    decided_by: Option<Uuid>,
    #[diesel(sql_type = sql::Nullable<sql::Text>)]
    effect: Option<String>,
    #[diesel(sql_type = sql::Nullable<sql::Text>)]
    answer: Option<String>,
    #[diesel(sql_type = sql::Nullable<sql::Uuid>)]
    case_id: Option<Uuid>,
    #[diesel(sql_type = sql::Timestamptz)]
    received_at: DateTime<Utc>,
    #[diesel(sql_type = sql::Nullable<sql::Timestamptz>)]
    closed_at: Option<DateTime<Utc>>,
}

const ALL: &str = "SELECT id, review_id, state, requester, contact, grounds, opened_by, taken_by, taken_until,
        decided_by, effect, answer, case_id, received_at, closed_at FROM takedowns WHERE ";

impl Row {
    fn into_summary(self) -> Result<TakedownSummary, DatabaseError> {
        Ok(TakedownSummary {
            id: self.id.into(),
            review: self.review_id.map(Into::into),
            state: TakedownState::parse(&self.state).map_err(broken)?,
            requester: self.requester,
            contact: self.contact,
            grounds: self.grounds,
            opened_by: self.opened_by.map(Into::into),
            taken: self.taken_until.zip(self.taken_by.map(Into::into)),
            decided_by: self.decided_by.map(Into::into),
            effect: self.effect.as_deref().map(Effect::parse).transpose().map_err(broken)?,
            answer: self.answer,
            case: self.case_id.map(Into::into),
            received_at: self.received_at,
            closed_at: self.closed_at,
        })
    }
}

pub(crate) async fn find(
    connection: &mut AsyncPgConnection,
    id: TakedownId,
) -> Result<Option<TakedownSummary>, DatabaseError> {
    one(connection, CachedSql::new(ALL).sql("id = ").uuid(id)).await
}

/// The same, and nobody changes it until the transaction ends.
pub(crate) async fn lock(
    connection: &mut AsyncPgConnection,
    id: TakedownId,
) -> Result<Option<TakedownSummary>, DatabaseError> {
    one(connection, CachedSql::new(ALL).sql("id = ").uuid(id).sql(" FOR UPDATE")).await
}

async fn one(
    connection: &mut AsyncPgConnection,
    statement: CachedSql,
) -> Result<Option<TakedownSummary>, DatabaseError> {
    let row: Option<Row> = statement.get_result(connection).await.optional()?;
    row.map(Row::into_summary).transpose()
}

/// The state of a request whose token it is, locked.
pub(crate) async fn lock_with(
    connection: &mut AsyncPgConnection,
    id: TakedownId,
    token: &TakedownToken,
) -> Result<Option<TakedownState>, DatabaseError> {
    let statement = CachedSql::new(ALL).sql("id = ").uuid(id).sql(" AND token_hash = ").text(token.hash());
    Ok(one(connection, statement.sql(" FOR UPDATE")).await?.map(|request| request.state))
}

/// A request as whoever holds its token may see it.
pub(crate) async fn view(
    connection: &mut AsyncPgConnection,
    id: TakedownId,
    token: &TakedownToken,
) -> Result<Option<RequestersView>, DatabaseError> {
    let statement = CachedSql::new(ALL).sql("id = ").uuid(id).sql(" AND token_hash = ").text(token.hash());
    let found = one(connection, statement).await?;
    Ok(found.map(|request| RequestersView {
        id: request.id,
        state: request.state,
        received_at: request.received_at,
        closed_at: request.closed_at,
        effect: request.effect,
        answer: request.answer,
    }))
}

/// Which requests.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Chosen {
    /// Those that are not closed, when absent.
    pub(crate) state: Option<TakedownState>,
    pub(crate) university: Option<UniversityId>,
    /// None about this account's reviews.
    pub(crate) reader: Option<AccountId>,
}

fn chosen(which: &Chosen) -> CachedSql {
    let mut chosen = match which.state {
        Some(state) => CachedSql::new("state = ").text(state.as_str()),
        None => CachedSql::new("closed_at IS NULL"),
    };
    if let Some(university) = which.university {
        chosen = chosen.sql(" AND university_id = ").uuid(university);
    }
    if let Some(reader) = which.reader {
        chosen = chosen
            .sql(
                " AND NOT EXISTS (SELECT FROM reviews
                                  WHERE reviews.id = takedowns.review_id AND reviews.author_id = ",
            )
            .uuid(reader)
            .sql(")");
    }
    chosen
}

/// The requests after a place, one more than the page holds when there are more.
pub(crate) async fn page(
    connection: &mut AsyncPgConnection,
    which: &Chosen,
    after: Option<(DateTime<Utc>, Uuid)>,
    limit: PageLimit,
) -> Result<Vec<TakedownSummary>, DatabaseError> {
    let rows: Vec<Row> = page_statement(which, after, limit).load(connection).await?;
    rows.into_iter().map(Row::into_summary).collect()
}

pub(crate) fn page_statement(which: &Chosen, after: Option<(DateTime<Utc>, Uuid)>, limit: PageLimit) -> CachedSql {
    let mut statement = CachedSql::new(ALL).then(chosen(which));
    if let Some((at, id)) = after {
        statement = statement.sql(" AND (received_at, id) > (").time(at).sql(", ").uuid(id).sql(")");
    }
    statement.sql(" ORDER BY received_at, id LIMIT ").big(limit.and_one_more())
}

pub(crate) async fn count(connection: &mut AsyncPgConnection, which: &Chosen) -> Result<Total, DatabaseError> {
    count_rows(connection, CachedSql::new("SELECT FROM takedowns WHERE ").then(chosen(which))).await
}

pub(crate) async fn take(
    connection: &mut AsyncPgConnection,
    id: TakedownId,
    state: TakedownState,
    by: AccountId,
    for_how_long: Duration,
) -> Result<(), DatabaseError> {
    CachedSql::new("UPDATE takedowns SET state = ")
        .text(state.as_str())
        .sql(", taken_by = ")
        .uuid(by)
        .sql(", taken_until = clock_timestamp() + interval '1 second' * ")
        .big(i64::try_from(for_how_long.as_secs()).unwrap_or(i64::MAX))
        .sql(" WHERE id = ")
        .uuid(id)
        .execute(connection)
        .await?;
    Ok(())
}

/// How a request ends.
#[derive(Debug)]
pub(crate) struct Closing<'a> {
    pub(crate) state: TakedownState,
    pub(crate) by: Option<AccountId>,
    pub(crate) effect: Option<Effect>,
    pub(crate) answer: Option<&'a Reason>,
    pub(crate) case: Option<CaseId>,
}

pub(crate) async fn close(
    connection: &mut AsyncPgConnection,
    id: TakedownId,
    closing: &Closing<'_>,
) -> Result<(), DatabaseError> {
    CachedSql::new("UPDATE takedowns SET closed_at = clock_timestamp(), taken_by = NULL, taken_until = NULL, state = ")
        .text(closing.state.as_str())
        .sql(", decided_by = ")
        .maybe_text(closing.by.map(|by| by.to_string()))
        .sql("::uuid, effect = ")
        .maybe_text(closing.effect.map(|effect| effect.as_str().to_owned()))
        .sql(", answer = ")
        .maybe_text(closing.answer.map(|answer| answer.as_str().to_owned()))
        .sql(", case_id = ")
        .maybe_text(closing.case.map(|case| case.to_string()))
        .sql("::uuid WHERE id = ")
        .uuid(id)
        .execute(connection)
        .await?;
    Ok(())
}

/// Forgets who asked in requests that were closed before a moment, the oldest first.
pub(crate) async fn forget(
    connection: &mut AsyncPgConnection,
    closed_before: DateTime<Utc>,
    most: i64,
) -> Result<u32, DatabaseError> {
    let forgotten = CachedSql::new(
        "UPDATE takedowns SET requester = NULL, contact = NULL WHERE id IN (
             SELECT id FROM takedowns WHERE closed_at IS NOT NULL AND requester IS NOT NULL AND closed_at < ",
    )
    .time(closed_before)
    .sql(" ORDER BY closed_at LIMIT ")
    .big(most)
    .sql(" FOR UPDATE SKIP LOCKED)")
    .execute(connection)
    .await?;
    Ok(u32::try_from(forgotten).unwrap_or(u32::MAX))
}
