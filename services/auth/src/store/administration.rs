//! What administrators read and change of table `accounts`.

use super::{
    accounts::Account,
    schema::{accounts, sessions},
};
use chrono::{DateTime, NaiveDate, Utc};
use diesel::{
    BoolExpressionMethods, ExpressionMethods, NullableExpressionMethods, QueryDsl, QueryableByName, SelectableHelper,
    TextExpressionMethods,
    sql_types::{BigInt, Date, Text, Timestamptz},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rmu_domain::account::Role;
use rmu_postgres::DatabaseError;
use std::collections::HashMap;
use uuid::Uuid;

/// Which accounts; what is `None` is not asked for.
#[derive(Debug, Default)]
pub(crate) struct Filter {
    /// How the address begins, in lower case.
    pub(crate) email: Option<String>,
    /// How the nickname begins.
    pub(crate) nickname: Option<String>,
    pub(crate) role: Option<Role>,
    pub(crate) state: Option<State>,
    /// Only older accounts: ids sort by the time they were made.
    pub(crate) before: Option<Uuid>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Active,
    Banned,
    Unverified,
}

/// The newest first.
pub(crate) async fn page(
    connection: &mut AsyncPgConnection,
    filter: &Filter,
    limit: i64,
) -> Result<Vec<Account>, DatabaseError> {
    let mut query = accounts::table.select(Account::as_select()).order(accounts::id.desc()).limit(limit).into_boxed();
    if let Some(email) = &filter.email {
        query = query.filter(accounts::email.like(beginning_with(email)));
    }
    if let Some(nickname) = &filter.nickname {
        let lower = diesel::dsl::sql::<Text>("lower(nickname)");
        query = query.filter(lower.like(beginning_with(&nickname.to_lowercase())));
    }
    if let Some(role) = filter.role {
        query = query.filter(accounts::role.eq(role.as_str()));
    }
    let in_force = accounts::banned_until.is_null().or(accounts::banned_until.gt(Utc::now()).assume_not_null());
    query = match filter.state {
        Some(State::Banned) => query.filter(accounts::banned_at.is_not_null()).filter(in_force),
        Some(State::Unverified) => query.filter(accounts::email_verified_at.is_null()),
        Some(State::Active) => {
            let over = accounts::banned_until.le(Utc::now()).assume_not_null();
            let free = accounts::banned_at.is_null().or(accounts::banned_until.is_not_null().and(over));
            query.filter(accounts::email_verified_at.is_not_null()).filter(free)
        }
        None => query,
    };
    if let Some(before) = filter.before {
        query = query.filter(accounts::id.lt(before));
    }
    Ok(query.load(connection).await?)
}

/// A pattern of LIKE for what begins so; nothing in `text` is a wildcard.
fn beginning_with(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 1);
    for character in text.chars() {
        if matches!(character, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern.push('%');
    pattern
}

/// The open sessions of accounts.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Open {
    pub(crate) sessions: i64,
    pub(crate) last_used_at: Option<DateTime<Utc>>,
}

pub(crate) async fn open_sessions(
    connection: &mut AsyncPgConnection,
    accounts: &[Uuid],
) -> Result<HashMap<Uuid, Open>, DatabaseError> {
    let rows: Vec<(Uuid, i64, Option<DateTime<Utc>>)> = sessions::table
        .filter(sessions::account_id.eq_any(accounts))
        .filter(sessions::ended_at.is_null())
        .filter(sessions::expires_at.gt(Utc::now()))
        .group_by(sessions::account_id)
        .select((sessions::account_id, diesel::dsl::count_star(), diesel::dsl::max(sessions::last_used_at)))
        .load(connection)
        .await?;
    Ok(rows.into_iter().map(|(id, sessions, last_used_at)| (id, Open { sessions, last_used_at })).collect())
}

/// Administrators who can sign in, locked: of two who are about to be the last but one, one waits for the other.
pub(crate) async fn lock_admins(connection: &mut AsyncPgConnection) -> Result<Vec<Uuid>, DatabaseError> {
    let over = accounts::banned_until.le(Utc::now()).assume_not_null();
    let free = accounts::banned_at.is_null().or(accounts::banned_until.is_not_null().and(over));
    Ok(accounts::table
        .filter(accounts::role.eq(Role::Admin.as_str()))
        .filter(free)
        .order(accounts::id)
        .select(accounts::id)
        .for_update()
        .load(connection)
        .await?)
}

pub(crate) async fn set_ban(
    connection: &mut AsyncPgConnection,
    id: Uuid,
    reason: &str,
    until: Option<DateTime<Utc>>,
    by: Uuid,
) -> Result<Account, DatabaseError> {
    Ok(diesel::update(accounts::table.find(id))
        .set((
            accounts::banned_at.eq(Utc::now()),
            accounts::banned_until.eq(until),
            accounts::ban_reason.eq(reason),
            accounts::banned_by.eq(by),
        ))
        .returning(Account::as_returning())
        .get_result(connection)
        .await?)
}

pub(crate) async fn lift_ban(connection: &mut AsyncPgConnection, id: Uuid) -> Result<Account, DatabaseError> {
    Ok(diesel::update(accounts::table.find(id))
        .set((
            accounts::banned_at.eq(None::<DateTime<Utc>>),
            accounts::banned_until.eq(None::<DateTime<Utc>>),
            accounts::ban_reason.eq(None::<String>),
            accounts::banned_by.eq(None::<Uuid>),
        ))
        .returning(Account::as_returning())
        .get_result(connection)
        .await?)
}

pub(crate) async fn set_role(
    connection: &mut AsyncPgConnection,
    id: Uuid,
    role: Role,
) -> Result<Account, DatabaseError> {
    Ok(diesel::update(accounts::table.find(id))
        .set(accounts::role.eq(role.as_str()))
        .returning(Account::as_returning())
        .get_result(connection)
        .await?)
}

#[derive(Debug, Clone, Copy, Default, QueryableByName)]
pub(crate) struct Totals {
    #[diesel(sql_type = BigInt)]
    pub(crate) total: i64,
    #[diesel(sql_type = BigInt)]
    pub(crate) verified: i64,
    #[diesel(sql_type = BigInt)]
    pub(crate) banned: i64,
    #[diesel(sql_type = BigInt)]
    pub(crate) moderators: i64,
    #[diesel(sql_type = BigInt)]
    pub(crate) admins: i64,
}

/// Reads every account, as narrowly as can be; unverified ones are few, since they are removed after a week.
pub(crate) async fn totals(connection: &mut AsyncPgConnection) -> Result<Totals, DatabaseError> {
    const TOTALS: &str = "
        SELECT everybody.total, everybody.total - unverified.count AS verified, banned.count AS banned,
               staff.moderators, staff.admins
        FROM (SELECT count(*) AS total FROM accounts) AS everybody,
             (SELECT count(*) FROM accounts WHERE email_verified_at IS NULL) AS unverified,
             (SELECT count(*) FROM accounts
              WHERE banned_at IS NOT NULL AND (banned_until IS NULL OR banned_until > now())) AS banned,
             (SELECT count(*) FILTER (WHERE role = 'moderator') AS moderators,
                     count(*) FILTER (WHERE role = 'admin') AS admins
              FROM accounts WHERE role <> 'student') AS staff";
    Ok(diesel::sql_query(TOTALS).get_result(connection).await?)
}

#[derive(Debug, Clone, QueryableByName)]
pub(crate) struct Registered {
    #[diesel(sql_type = Date)]
    pub(crate) day: NaiveDate,
    #[diesel(sql_type = BigInt)]
    pub(crate) registered: i64,
}

/// How many came on each day, in UTC, from `from` on and before `until`.
pub(crate) async fn registered(
    connection: &mut AsyncPgConnection,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<Vec<Registered>, DatabaseError> {
    const DAYS: &str = "
        SELECT (created_at AT TIME ZONE 'UTC')::date AS day, count(*) AS registered
        FROM accounts WHERE created_at >= $1 AND created_at < $2 GROUP BY 1 ORDER BY 1";
    let query = diesel::sql_query(DAYS).bind::<Timestamptz, _>(from).bind::<Timestamptz, _>(until);
    Ok(query.load(connection).await?)
}
