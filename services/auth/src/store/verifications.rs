//! Table `email_verifications`.

use super::schema::email_verifications;
use chrono::{DateTime, Utc};
use diesel::{ExpressionMethods, Insertable, OptionalExtension, Queryable, Selectable, SelectableHelper};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rmu_postgres::DatabaseError;
use uuid::Uuid;

#[derive(Debug, Insertable)]
#[diesel(table_name = email_verifications)]
pub(crate) struct NewVerification<'a> {
    pub(crate) token_hash: &'a [u8],
    pub(crate) account_id: Uuid,
    pub(crate) password_hash: &'a str,
    pub(crate) nickname: &'a str,
    pub(crate) university_id: Option<Uuid>,
    pub(crate) expires_at: DateTime<Utc>,
}

#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = email_verifications)]
#[diesel(check_for_backend(diesel::pg::Pg))]
pub(crate) struct Verification {
    pub(crate) account_id: Uuid,
    pub(crate) password_hash: String,
    pub(crate) nickname: String,
    pub(crate) university_id: Option<Uuid>,
    pub(crate) expires_at: DateTime<Utc>,
}

pub(crate) async fn insert(connection: &mut AsyncPgConnection, new: &NewVerification<'_>) -> Result<(), DatabaseError> {
    diesel::insert_into(email_verifications::table).values(new).execute(connection).await?;
    Ok(())
}

/// Takes the verification out: of two who come with one token, only one gets it.
pub(crate) async fn take(
    connection: &mut AsyncPgConnection,
    token_hash: &[u8],
) -> Result<Option<Verification>, DatabaseError> {
    let token = email_verifications::token_hash.eq(token_hash);
    let taken = diesel::delete(email_verifications::table)
        .filter(token)
        .returning(Verification::as_returning())
        .get_result(connection);
    Ok(taken.await.optional()?)
}

pub(crate) async fn delete_of_account(
    connection: &mut AsyncPgConnection,
    account_id: Uuid,
) -> Result<usize, DatabaseError> {
    let all = diesel::delete(email_verifications::table).filter(email_verifications::account_id.eq(account_id));
    Ok(all.execute(connection).await?)
}

pub(crate) async fn delete_expired(connection: &mut AsyncPgConnection) -> Result<usize, DatabaseError> {
    let expired = diesel::delete(email_verifications::table).filter(email_verifications::expires_at.lt(Utc::now()));
    Ok(expired.execute(connection).await?)
}
