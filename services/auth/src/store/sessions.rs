//! Tables `sessions` and `refresh_tokens`.

use super::schema::{refresh_tokens, sessions};
use chrono::{DateTime, Utc};
use diesel::{
    BoolExpressionMethods, ExpressionMethods, Insertable, NullableExpressionMethods, OptionalExtension, QueryDsl,
    Queryable, Selectable, SelectableHelper,
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rmu_postgres::DatabaseError;
use uuid::Uuid;

#[derive(Debug, Insertable)]
#[diesel(table_name = sessions)]
pub(crate) struct NewSession<'a> {
    pub(crate) id: Uuid,
    pub(crate) account_id: Uuid,
    pub(crate) user_agent: Option<&'a str>,
    pub(crate) expires_at: DateTime<Utc>,
}

#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = sessions)]
#[diesel(check_for_backend(diesel::pg::Pg))]
pub(crate) struct Session {
    pub(crate) id: Uuid,
    pub(crate) account_id: Uuid,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) expires_at: DateTime<Utc>,
    pub(crate) ended_at: Option<DateTime<Utc>>,
}

/// Why a session ended, as stored.
#[derive(Debug, Clone, Copy)]
pub(crate) enum EndReason {
    LoggedOut,
    TokenReused,
    TooMany,
    PasswordChanged,
    Banned,
    EndedByAdmin,
}

impl EndReason {
    fn as_str(self) -> &'static str {
        match self {
            Self::LoggedOut => "logged_out",
            Self::TokenReused => "token_reused",
            Self::TooMany => "too_many",
            Self::PasswordChanged => "password_changed",
            Self::Banned => "banned",
            Self::EndedByAdmin => "ended_by_admin",
        }
    }
}

pub(crate) async fn insert(connection: &mut AsyncPgConnection, new: &NewSession<'_>) -> Result<(), DatabaseError> {
    diesel::insert_into(sessions::table).values(new).execute(connection).await?;
    Ok(())
}

pub(crate) async fn add_token(
    connection: &mut AsyncPgConnection,
    session_id: Uuid,
    token_hash: &[u8],
) -> Result<(), DatabaseError> {
    diesel::insert_into(refresh_tokens::table)
        .values((refresh_tokens::token_hash.eq(token_hash), refresh_tokens::session_id.eq(session_id)))
        .execute(connection)
        .await?;
    Ok(())
}

/// The session of a refresh token, locked, and when the token was used, if it was. The lock makes two who
/// come with one token at the same time see one another.
pub(crate) async fn by_token(
    connection: &mut AsyncPgConnection,
    token_hash: &[u8],
) -> Result<Option<(Session, Option<DateTime<Utc>>)>, DatabaseError> {
    let session_id = refresh_tokens::table.find(token_hash).select(refresh_tokens::session_id);
    let Some(session_id) = session_id.first::<Uuid>(connection).await.optional()? else { return Ok(None) };
    let session = sessions::table.find(session_id).select(Session::as_select()).for_update().first(connection);
    let Some(session) = session.await.optional()? else { return Ok(None) };
    // Read only now: under the lock nobody uses it any more.
    let used_at = refresh_tokens::table.find(token_hash).select(refresh_tokens::used_at);
    Ok(Some((session, used_at.first(connection).await?)))
}

/// One token has done its service; the session goes on until `expires_at`.
pub(crate) async fn use_token(
    connection: &mut AsyncPgConnection,
    session_id: Uuid,
    token_hash: &[u8],
    expires_at: DateTime<Utc>,
) -> Result<(), DatabaseError> {
    let now = Utc::now();
    diesel::update(refresh_tokens::table.find(token_hash))
        .set(refresh_tokens::used_at.eq(now))
        .execute(connection)
        .await?;
    diesel::update(sessions::table.find(session_id))
        .set((sessions::last_used_at.eq(now), sessions::expires_at.eq(expires_at)))
        .execute(connection)
        .await?;
    Ok(())
}

pub(crate) async fn end(
    connection: &mut AsyncPgConnection,
    session_id: Uuid,
    reason: EndReason,
) -> Result<(), DatabaseError> {
    diesel::update(sessions::table.find(session_id))
        .filter(sessions::ended_at.is_null())
        .set((sessions::ended_at.eq(Utc::now()), sessions::end_reason.eq(reason.as_str())))
        .execute(connection)
        .await?;
    Ok(())
}

/// Ends all sessions of an account but the `keep` last used ones.
pub(crate) async fn end_but_latest(
    connection: &mut AsyncPgConnection,
    account_id: Uuid,
    keep: i64,
    reason: EndReason,
) -> Result<usize, DatabaseError> {
    let mine = sessions::account_id.eq(account_id).and(sessions::ended_at.is_null());
    let surplus: Vec<Uuid> = sessions::table
        .filter(mine)
        .order((sessions::last_used_at.desc(), sessions::id.desc()))
        .offset(keep)
        .select(sessions::id)
        .load(connection)
        .await?;
    Ok(diesel::update(sessions::table.filter(sessions::id.eq_any(surplus)))
        .set((sessions::ended_at.eq(Utc::now()), sessions::end_reason.eq(reason.as_str())))
        .execute(connection)
        .await?)
}

/// Removes sessions that ended or expired before `before`, with their tokens.
pub(crate) async fn delete_old(
    connection: &mut AsyncPgConnection,
    before: DateTime<Utc>,
) -> Result<usize, DatabaseError> {
    let old = sessions::ended_at.lt(before).assume_not_null().or(sessions::expires_at.lt(before));
    Ok(diesel::delete(sessions::table).filter(old).execute(connection).await?)
}
