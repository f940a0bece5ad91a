//! SQL of how accounts stand.

use crate::{
    accounts::{Ban, Standing},
    store::{cached_sql::CachedSql, error::broken},
};
use chrono::{DateTime, Utc};
use diesel::{QueryableByName, sql_types as sql};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rmu_domain::{
    account::{Nickname, ReviewsLeft, Role},
    ids::AccountId,
};
use rmu_postgres::DatabaseError;
use uuid::Uuid;

#[derive(Debug, Clone, QueryableByName)]
pub(crate) struct StandingRow {
    #[diesel(sql_type = sql::Bool)]
    banned: bool,
    #[diesel(sql_type = sql::Nullable<sql::Timestamptz>)]
    banned_until: Option<DateTime<Utc>>,
    #[diesel(sql_type = sql::Nullable<sql::Text>)]
    role: Option<String>,
    #[diesel(sql_type = sql::Nullable<sql::Text>)]
    nickname: Option<String>,
    #[diesel(sql_type = sql::Nullable<sql::Timestamptz>)]
    ban_changed_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = sql::Nullable<sql::Timestamptz>)]
    role_changed_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = sql::Nullable<sql::Timestamptz>)]
    renamed_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = sql::Nullable<sql::Timestamptz>)]
    deleted_at: Option<DateTime<Utc>>,
}

impl StandingRow {
    pub(crate) fn standing(&self, now: DateTime<Utc>) -> Standing {
        let is_banned = self.banned && self.banned_until.is_none_or(|until| until > now);
        Standing {
            is_deleted: self.is_deleted(),
            ban: is_banned.then_some(Ban { until: self.banned_until }),
            role: self.role.as_deref().and_then(|role| Role::parse(role).ok()),
            nickname: self.nickname.as_deref().and_then(|name| Nickname::parse(name).ok()),
        }
    }

    pub(crate) fn is_deleted(&self) -> bool {
        self.deleted_at.is_some()
    }

    pub(crate) fn renamed_before(&self, at: DateTime<Utc>) -> bool {
        self.renamed_at.is_none_or(|before| before < at)
    }

    pub(crate) fn ban_changed_before(&self, at: DateTime<Utc>) -> bool {
        self.ban_changed_at.is_none_or(|before| before < at)
    }

    pub(crate) fn role_changed_before(&self, at: DateTime<Utc>) -> bool {
        self.role_changed_at.is_none_or(|before| before < at)
    }
}

const SELECT: &str =
    "SELECT banned, banned_until, role, nickname, ban_changed_at, role_changed_at, renamed_at, deleted_at
    FROM account_standings WHERE account_id = ";

pub(crate) async fn find(
    connection: &mut AsyncPgConnection,
    account: AccountId,
) -> Result<Option<StandingRow>, DatabaseError> {
    let rows: Vec<StandingRow> = CachedSql::new(SELECT).uuid(account).load(connection).await?;
    Ok(rows.into_iter().next())
}

/// The account's row, made if need be, locked.
pub(crate) async fn lock(connection: &mut AsyncPgConnection, account: AccountId) -> Result<StandingRow, DatabaseError> {
    CachedSql::new("INSERT INTO account_standings (account_id) VALUES (")
        .uuid(account)
        .sql(") ON CONFLICT DO NOTHING")
        .execute(connection)
        .await?;
    Ok(CachedSql::new(SELECT).uuid(account).sql(" FOR UPDATE").get_result(connection).await?)
}

pub(crate) async fn set_renamed(
    connection: &mut AsyncPgConnection,
    account: AccountId,
    nickname: &Nickname,
    at: DateTime<Utc>,
) -> Result<(), DatabaseError> {
    let set = CachedSql::new("nickname = ").text(nickname.as_str()).sql(", renamed_at = ").time(at);
    update(connection, set, account).await
}

pub(crate) async fn set_ban(
    connection: &mut AsyncPgConnection,
    account: AccountId,
    banned: bool,
    until: Option<DateTime<Utc>>,
    at: DateTime<Utc>,
) -> Result<(), DatabaseError> {
    let set = CachedSql::new("banned = ").bool(banned).sql(", ban_changed_at = ").time(at).sql(", banned_until = ");
    let set = match until {
        Some(until) => set.time(until),
        None => set.sql("NULL"),
    };
    update(connection, set, account).await
}

pub(crate) async fn set_role(
    connection: &mut AsyncPgConnection,
    account: AccountId,
    role: Role,
    at: DateTime<Utc>,
) -> Result<(), DatabaseError> {
    update(connection, CachedSql::new("role = ").text(role.as_str()).sql(", role_changed_at = ").time(at), account)
        .await
}

pub(crate) async fn set_deleted(
    connection: &mut AsyncPgConnection,
    account: AccountId,
    reviews: ReviewsLeft,
    at: DateTime<Utc>,
    clear_again_at: DateTime<Utc>,
) -> Result<(), DatabaseError> {
    let set = CachedSql::new("nickname = NULL, deleted_at = ").time(at).sql(", reviews_left = ").text(reviews.as_str());
    update(connection, set.sql(", clear_again_at = ").time(clear_again_at), account).await
}

pub(crate) async fn set_cleared(connection: &mut AsyncPgConnection, account: AccountId) -> Result<(), DatabaseError> {
    update(connection, CachedSql::new("clear_again_at = NULL"), account).await
}

async fn update(connection: &mut AsyncPgConnection, set: CachedSql, account: AccountId) -> Result<(), DatabaseError> {
    let statement = CachedSql::new("UPDATE account_standings SET ").then(set);
    statement.sql(" WHERE account_id = ").uuid(account).execute(connection).await?;
    Ok(())
}

#[derive(Debug, QueryableByName)]
struct ToClearRow {
    #[diesel(sql_type = sql::Uuid)]
    account_id: Uuid,
    #[diesel(sql_type = sql::Text)]
    reviews_left: String,
}

/// A deleted account whose time has come and that nobody else is clearing, locked.
pub(crate) async fn lock_next_to_clear(
    connection: &mut AsyncPgConnection,
    now: DateTime<Utc>,
) -> Result<Option<(AccountId, ReviewsLeft)>, DatabaseError> {
    let rows: Vec<ToClearRow> = CachedSql::new(
        "SELECT account_id, reviews_left FROM account_standings
         WHERE reviews_left IS NOT NULL AND clear_again_at <= ",
    )
    .time(now)
    .sql(" ORDER BY clear_again_at LIMIT 1 FOR UPDATE SKIP LOCKED")
    .load(connection)
    .await?;
    let Some(row) = rows.into_iter().next() else { return Ok(None) };
    let reviews = ReviewsLeft::parse(&row.reviews_left).map_err(broken)?;
    Ok(Some((row.account_id.into(), reviews)))
}
