//! Table `accounts`.

use super::schema::accounts;
use chrono::{DateTime, Utc};
use diesel::{ExpressionMethods, Insertable, OptionalExtension, QueryDsl, Queryable, Selectable, SelectableHelper};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rmu_messaging::contracts::auth::AccountV1;
use rmu_postgres::DatabaseError;
use uuid::Uuid;

#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = accounts)]
#[diesel(check_for_backend(diesel::pg::Pg))]
pub(crate) struct Account {
    pub(crate) id: Uuid,
    pub(crate) email: String,
    pub(crate) password_hash: String,
    pub(crate) nickname: String,
    pub(crate) role: String,
    pub(crate) university_id: Option<Uuid>,
    pub(crate) email_verified_at: Option<DateTime<Utc>>,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) banned_at: Option<DateTime<Utc>>,
    pub(crate) banned_until: Option<DateTime<Utc>>,
    pub(crate) ban_reason: Option<String>,
    pub(crate) banned_by: Option<Uuid>,
}

impl Account {
    /// Whether a ban is in force. One that has a term ends by itself.
    pub(crate) fn is_banned(&self) -> bool {
        self.banned_at.is_some() && self.banned_until.is_none_or(|until| until > Utc::now())
    }

    pub(crate) fn is_verified(&self) -> bool {
        self.email_verified_at.is_some()
    }

    /// As its owner may see it.
    pub(crate) fn view(&self) -> AccountV1 {
        AccountV1 {
            account_id: self.id,
            email: self.email.clone(),
            nickname: self.nickname.clone(),
            role: self.role.clone(),
            email_verified: self.is_verified(),
            university_id: self.university_id,
        }
    }
}

#[derive(Debug, Insertable)]
#[diesel(table_name = accounts)]
pub(crate) struct NewAccount<'a> {
    pub(crate) id: Uuid,
    pub(crate) email: &'a str,
    pub(crate) password_hash: &'a str,
    pub(crate) nickname: &'a str,
    pub(crate) role: &'a str,
    pub(crate) university_id: Option<Uuid>,
    pub(crate) email_verified_at: Option<DateTime<Utc>>,
}

/// Inserts it unless the address is taken, and returns whoever has the address, locked.
pub(crate) async fn insert_or_find(
    connection: &mut AsyncPgConnection,
    new: &NewAccount<'_>,
) -> Result<Account, DatabaseError> {
    diesel::insert_into(accounts::table)
        .values(new)
        .on_conflict(accounts::email)
        .do_nothing()
        .execute(connection)
        .await?;
    Ok(accounts::table
        .filter(accounts::email.eq(new.email))
        .select(Account::as_select())
        .for_update()
        .first(connection)
        .await?)
}

pub(crate) async fn by_email(
    connection: &mut AsyncPgConnection,
    email: &str,
) -> Result<Option<Account>, DatabaseError> {
    let found = accounts::table.filter(accounts::email.eq(email)).select(Account::as_select()).first(connection);
    Ok(found.await.optional()?)
}

pub(crate) async fn by_id(connection: &mut AsyncPgConnection, id: Uuid) -> Result<Option<Account>, DatabaseError> {
    let found = accounts::table.find(id).select(Account::as_select()).first(connection);
    Ok(found.await.optional()?)
}

/// The owner of the address has confirmed it: the account is now as that registration said.
pub(crate) async fn verify(
    connection: &mut AsyncPgConnection,
    id: Uuid,
    password_hash: &str,
    nickname: &str,
    university_id: Option<Uuid>,
) -> Result<Account, DatabaseError> {
    Ok(diesel::update(accounts::table.find(id))
        .set((
            accounts::password_hash.eq(password_hash),
            accounts::nickname.eq(nickname),
            accounts::university_id.eq(university_id),
            accounts::email_verified_at.eq(Utc::now()),
        ))
        .returning(Account::as_returning())
        .get_result(connection)
        .await?)
}

/// Makes an account an administrator's, with a new password.
pub(crate) async fn promote(
    connection: &mut AsyncPgConnection,
    id: Uuid,
    password_hash: &str,
    role: &str,
    university_id: Option<Uuid>,
) -> Result<(), DatabaseError> {
    diesel::update(accounts::table.find(id))
        .set((
            accounts::password_hash.eq(password_hash),
            accounts::role.eq(role),
            accounts::university_id.eq(university_id),
            accounts::email_verified_at.eq(Utc::now()),
        ))
        .execute(connection)
        .await?;
    Ok(())
}

/// The account, locked until the transaction ends.
pub(crate) async fn lock(connection: &mut AsyncPgConnection, id: Uuid) -> Result<Option<Account>, DatabaseError> {
    let found = accounts::table.find(id).select(Account::as_select()).for_update().first(connection);
    Ok(found.await.optional()?)
}

pub(crate) async fn set_nickname(
    connection: &mut AsyncPgConnection,
    id: Uuid,
    nickname: &str,
) -> Result<Account, DatabaseError> {
    Ok(diesel::update(accounts::table.find(id))
        .set(accounts::nickname.eq(nickname))
        .returning(Account::as_returning())
        .get_result(connection)
        .await?)
}

/// With everything that belongs to it.
pub(crate) async fn delete(connection: &mut AsyncPgConnection, id: Uuid) -> Result<(), DatabaseError> {
    diesel::delete(accounts::table.find(id)).execute(connection).await?;
    Ok(())
}

/// Removes accounts that nobody ever confirmed.
pub(crate) async fn delete_unverified(
    connection: &mut AsyncPgConnection,
    before: DateTime<Utc>,
) -> Result<usize, DatabaseError> {
    let forgotten =
        accounts::table.filter(accounts::email_verified_at.is_null()).filter(accounts::created_at.lt(before));
    Ok(diesel::delete(forgotten).execute(connection).await?)
}
