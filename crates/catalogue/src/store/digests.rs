//! SQL of digests: who wants them, and those on their way.

use crate::{
    digests::{Digest, DigestItem},
    store::{cached_sql::CachedSql, counting::CountRow, error::broken, units::CandidateRow},
};
use chrono::{DateTime, NaiveDate, Utc};
use diesel::{QueryableByName, sql_types as sql};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rmu_domain::ids::AccountId;
use rmu_postgres::DatabaseError;
use uuid::Uuid;

#[derive(Debug, QueryableByName)]
struct WantedRow {
    #[diesel(sql_type = sql::Bool)]
    enabled: bool,
}

pub(crate) async fn is_wanted(connection: &mut AsyncPgConnection, account: AccountId) -> Result<bool, DatabaseError> {
    let rows: Vec<WantedRow> = CachedSql::new("SELECT enabled FROM digest_settings WHERE account_id = ")
        .uuid(account)
        .load(connection)
        .await?;
    Ok(rows.into_iter().next().is_some_and(|row| row.enabled))
}

/// `token` is for an account that never wanted one; `now` counts only if it did not want one until now.
pub(crate) async fn set_wanted(
    connection: &mut AsyncPgConnection,
    account: AccountId,
    wanted: bool,
    token: &str,
    now: DateTime<Utc>,
) -> Result<(), DatabaseError> {
    CachedSql::new("INSERT INTO digest_settings AS kept (account_id, enabled, unsubscribe_token, told_up_to) VALUES (")
        .uuid(account)
        .sql(", ")
        .bool(wanted)
        .sql(", ")
        .text(token)
        .sql(", ")
        .time(now)
        .sql(
            ") ON CONFLICT (account_id) DO UPDATE SET enabled = excluded.enabled,
             told_up_to = CASE WHEN kept.enabled THEN kept.told_up_to ELSE excluded.told_up_to END",
        )
        .execute(connection)
        .await?;
    Ok(())
}

pub(crate) async fn unsubscribe(connection: &mut AsyncPgConnection, token: &str) -> Result<(), DatabaseError> {
    CachedSql::new("UPDATE digest_settings SET enabled = false WHERE unsubscribe_token = ")
        .text(token)
        .execute(connection)
        .await?;
    Ok(())
}

/// Somebody who wants a digest.
#[derive(Debug, Clone)]
pub(crate) struct Subscriber {
    pub(crate) account: AccountId,
    pub(crate) unsubscribe_token: String,
    told_up_to: DateTime<Utc>,
}

#[derive(Debug, QueryableByName)]
struct SubscriberRow {
    #[diesel(sql_type = sql::Uuid)]
    account_id: Uuid,
    #[diesel(sql_type = sql::Text)]
    unsubscribe_token: String,
    #[diesel(sql_type = sql::Timestamptz)]
    told_up_to: DateTime<Utc>,
}

/// Those who were not told up to `end` and whom nobody else is looking at, locked.
pub(crate) async fn lock_due(
    connection: &mut AsyncPgConnection,
    end: DateTime<Utc>,
    count: i64,
) -> Result<Vec<Subscriber>, DatabaseError> {
    let rows: Vec<SubscriberRow> = due(end, count).load(connection).await?;
    let subscriber = |row: SubscriberRow| Subscriber {
        account: row.account_id.into(),
        unsubscribe_token: row.unsubscribe_token,
        told_up_to: row.told_up_to,
    };
    Ok(rows.into_iter().map(subscriber).collect())
}

pub(super) fn due(end: DateTime<Utc>, count: i64) -> CachedSql {
    CachedSql::new(
        "SELECT account_id, unsubscribe_token, told_up_to FROM digest_settings WHERE enabled AND told_up_to < ",
    )
    .time(end)
    .sql(" ORDER BY told_up_to, account_id LIMIT ")
    .big(count)
    .sql(" FOR UPDATE SKIP LOCKED")
}

#[derive(Debug, QueryableByName)]
struct ItemRow {
    #[diesel(embed)]
    unit: CandidateRow,
    #[diesel(sql_type = sql::Jsonb)]
    news: serde_json::Value,
}

/// What somebody was told since their last digest and has not read: the newest, and how many there are in all.
pub(crate) async fn unread(
    connection: &mut AsyncPgConnection,
    subscriber: &Subscriber,
    end: DateTime<Utc>,
    count: u16,
) -> Result<(Vec<DigestItem>, u32), DatabaseError> {
    let unread = CachedSql::new(" WHERE told.read_at IS NULL AND told.account_id = ")
        .uuid(subscriber.account)
        .sql(" AND told.created_at > ")
        .time(subscriber.told_up_to)
        .sql(" AND told.created_at <= ")
        .time(end);
    let rows: Vec<ItemRow> = CachedSql::new(
        "SELECT told.news, unit.id, unit.code, unit.title, university.id AS university_id,
                university.slug AS university_slug, university.name AS university_name
         FROM notifications AS told
         JOIN units AS unit ON unit.id = told.unit_id
         JOIN universities AS university ON university.id = unit.university_id",
    )
    .then(unread.clone())
    .sql(" ORDER BY told.position DESC LIMIT ")
    .big(count.into())
    .load(connection)
    .await?;
    let all: CountRow = CachedSql::new("SELECT count(*) AS count FROM notifications AS told")
        .then(unread)
        .get_result(connection)
        .await?;
    // What a newer version of this service has written is counted and not named.
    let named = |row: ItemRow| Some(DigestItem::new(row.unit.into(), serde_json::from_value(row.news).ok()?));
    Ok((rows.into_iter().filter_map(named).collect(), u32::try_from(all.count).unwrap_or(u32::MAX)))
}

pub(crate) async fn set_told_up_to(
    connection: &mut AsyncPgConnection,
    account: AccountId,
    end: DateTime<Utc>,
) -> Result<(), DatabaseError> {
    CachedSql::new("UPDATE digest_settings SET told_up_to = ")
        .time(end)
        .sql(" WHERE account_id = ")
        .uuid(account)
        .execute(connection)
        .await?;
    Ok(())
}

pub(crate) async fn insert(connection: &mut AsyncPgConnection, digest: &Digest) -> Result<(), DatabaseError> {
    let json = serde_json::to_string(digest)
        .map_err(|error| DatabaseError::Query(diesel::result::Error::SerializationError(Box::new(error))))?;
    CachedSql::new("INSERT INTO digest_outbox (account_id, day, digest) VALUES (")
        .uuid(digest.account)
        .sql(", ")
        .text(digest.day.to_string())
        .sql("::date, ")
        .text(json)
        .sql("::jsonb) ON CONFLICT DO NOTHING")
        .execute(connection)
        .await?;
    Ok(())
}

#[derive(Debug, QueryableByName)]
struct DigestRow {
    #[diesel(sql_type = sql::Jsonb)]
    digest: serde_json::Value,
}

/// Digests that nobody else is sending, locked.
pub(crate) async fn lock_waiting(connection: &mut AsyncPgConnection, limit: i64) -> Result<Vec<Digest>, DatabaseError> {
    let rows: Vec<DigestRow> = CachedSql::new("SELECT digest FROM digest_outbox ORDER BY account_id, day LIMIT ")
        .big(limit)
        .sql(" FOR UPDATE SKIP LOCKED")
        .load(connection)
        .await?;
    let read = |row: DigestRow| serde_json::from_value(row.digest).map_err(broken);
    rows.into_iter().map(read).collect()
}

pub(crate) async fn delete(
    connection: &mut AsyncPgConnection,
    account: AccountId,
    day: NaiveDate,
) -> Result<(), DatabaseError> {
    CachedSql::new("DELETE FROM digest_outbox WHERE account_id = ")
        .uuid(account)
        .sql(" AND day = ")
        .text(day.to_string())
        .sql("::date")
        .execute(connection)
        .await?;
    Ok(())
}

/// An account that is gone wants nothing and gets nothing.
pub(crate) async fn delete_of_account(
    connection: &mut AsyncPgConnection,
    account: AccountId,
) -> Result<(), DatabaseError> {
    CachedSql::new("DELETE FROM digest_settings WHERE account_id = ").uuid(account).execute(connection).await?;
    CachedSql::new("DELETE FROM digest_outbox WHERE account_id = ").uuid(account).execute(connection).await?;
    Ok(())
}
