//! SQL of what accounts are told.

use crate::{
    notifications::Told,
    page::{PageLimit, Total},
    store::{cached_sql::CachedSql, counting::count_rows, units::CandidateRow},
};
use chrono::{DateTime, Utc};
use diesel::{QueryableByName, sql_types as sql};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rmu_domain::{
    ids::{AccountId, NotificationId},
    notification::Notification,
};
use rmu_postgres::DatabaseError;
use uuid::Uuid;

/// Whoever was told of the occasion before is left out.
pub(crate) async fn insert(
    connection: &mut AsyncPgConnection,
    accounts: &[Uuid],
    notification: &Notification,
) -> Result<(), DatabaseError> {
    let news = serde_json::to_string(&notification.news)
        .map_err(|error| DatabaseError::Query(diesel::result::Error::SerializationError(Box::new(error))))?;
    let ids = accounts.iter().map(|_| NotificationId::untraceable().as_uuid()).collect();
    CachedSql::new(
        "INSERT INTO notifications (id, account_id, unit_id, news, occasion) SELECT told.id, told.account, ",
    )
    .uuid(notification.unit)
    .sql(", ")
    .text(news)
    .sql("::jsonb, ")
    .maybe_text(notification.news.occasion().map(|occasion| occasion.to_string()))
    .sql("::uuid FROM unnest(")
    .uuids(ids)
    .sql(", ")
    .uuids(accounts.to_vec())
    .sql(") AS told (id, account) ON CONFLICT (account_id, occasion) DO NOTHING")
    .execute(connection)
    .await?;
    Ok(())
}

/// Leaves each of the accounts its newest.
pub(crate) async fn forget_oldest(
    connection: &mut AsyncPgConnection,
    accounts: &[Uuid],
    most_kept: u16,
) -> Result<(), DatabaseError> {
    forgetting(accounts, most_kept).execute(connection).await?;
    Ok(())
}

pub(super) fn forgetting(accounts: &[Uuid], most_kept: u16) -> CachedSql {
    CachedSql::new("DELETE FROM notifications AS old USING unnest(")
        .uuids(accounts.to_vec())
        .sql(
            ") AS told (account),
             LATERAL (SELECT position FROM notifications WHERE account_id = told.account
                      ORDER BY position DESC OFFSET ",
        )
        .big(most_kept.into())
        .sql(" LIMIT 1) AS beyond WHERE old.account_id = told.account AND old.position <= beyond.position")
}

#[derive(Debug, QueryableByName)]
pub(crate) struct ToldRow {
    #[diesel(sql_type = sql::Uuid)]
    notification_id: Uuid,
    #[diesel(sql_type = sql::BigInt)]
    position: i64,
    #[diesel(embed)]
    unit: CandidateRow,
    #[diesel(sql_type = sql::Jsonb)]
    news: serde_json::Value,
    #[diesel(sql_type = sql::Timestamptz)]
    created_at: DateTime<Utc>,
    #[diesel(sql_type = sql::Bool)]
    is_read: bool,
}

impl ToldRow {
    /// Where it stands among all that anybody was told.
    pub(crate) fn position(&self) -> i64 {
        self.position
    }

    /// `None` for a kind of news that is not known here.
    pub(crate) fn into_told(self) -> Option<Told> {
        let news = serde_json::from_value(self.news)
            .inspect_err(|error| tracing::warn!(%error, id = %self.notification_id, "a notification cannot be read"))
            .ok()?;
        Some(Told {
            id: self.notification_id.into(),
            unit: self.unit.into(),
            news,
            on: self.created_at.date_naive(),
            is_read: self.is_read,
        })
    }
}

/// What the account was told before a place, one more than the page holds when there is more.
pub(crate) async fn page(
    connection: &mut AsyncPgConnection,
    account: AccountId,
    unread_only: bool,
    before: Option<i64>,
    limit: PageLimit,
) -> Result<Vec<ToldRow>, DatabaseError> {
    Ok(paging(account, unread_only, before, limit).load(connection).await?)
}

pub(super) fn paging(account: AccountId, unread_only: bool, before: Option<i64>, limit: PageLimit) -> CachedSql {
    let mut statement = CachedSql::new(
        "SELECT told.id AS notification_id, told.position, told.news, told.created_at, told.read_at IS NOT NULL AS is_read,
                unit.id, unit.code, unit.title, university.id AS university_id, university.slug AS university_slug,
                university.name AS university_name
         FROM notifications AS told
         JOIN units AS unit ON unit.id = told.unit_id
         JOIN universities AS university ON university.id = unit.university_id
         WHERE told.account_id = ",
    )
    .uuid(account);
    if unread_only {
        statement = statement.sql(" AND told.read_at IS NULL");
    }
    if let Some(before) = before {
        statement = statement.sql(" AND told.position < ").big(before);
    }
    statement.sql(" ORDER BY told.position DESC LIMIT ").big(limit.and_one_more())
}

pub(crate) async fn count(
    connection: &mut AsyncPgConnection,
    account: AccountId,
    unread_only: bool,
) -> Result<Total, DatabaseError> {
    let mut rows = CachedSql::new("SELECT FROM notifications WHERE account_id = ").uuid(account);
    if unread_only {
        rows = rows.sql(" AND read_at IS NULL");
    }
    count_rows(connection, rows).await
}

/// False when the account has no such notification.
pub(crate) async fn mark_read(
    connection: &mut AsyncPgConnection,
    account: AccountId,
    id: NotificationId,
) -> Result<bool, DatabaseError> {
    let marked = CachedSql::new("UPDATE notifications SET read_at = coalesce(read_at, now()) WHERE id = ")
        .uuid(id)
        .sql(" AND account_id = ")
        .uuid(account)
        .execute(connection)
        .await?;
    Ok(marked > 0)
}

pub(crate) async fn mark_all_read(
    connection: &mut AsyncPgConnection,
    account: AccountId,
    newest: Option<NotificationId>,
) -> Result<u32, DatabaseError> {
    let mut statement =
        CachedSql::new("UPDATE notifications SET read_at = now() WHERE read_at IS NULL AND account_id = ")
            .uuid(account);
    if let Some(newest) = newest {
        statement = statement.sql(" AND position <= (SELECT position FROM notifications WHERE id = ").uuid(newest);
        statement = statement.sql(" AND account_id = ").uuid(account).sql(")");
    }
    let marked = statement.execute(connection).await?;
    Ok(u32::try_from(marked).unwrap_or(u32::MAX))
}

/// False when the account has no such notification.
pub(crate) async fn delete(
    connection: &mut AsyncPgConnection,
    account: AccountId,
    id: NotificationId,
) -> Result<bool, DatabaseError> {
    let deleted = CachedSql::new("DELETE FROM notifications WHERE id = ")
        .uuid(id)
        .sql(" AND account_id = ")
        .uuid(account)
        .execute(connection)
        .await?;
    Ok(deleted > 0)
}

/// Everything that an account was told.
pub(crate) async fn delete_of_account(
    connection: &mut AsyncPgConnection,
    account: AccountId,
) -> Result<(), DatabaseError> {
    CachedSql::new("DELETE FROM notifications WHERE account_id = ").uuid(account).execute(connection).await?;
    Ok(())
}
