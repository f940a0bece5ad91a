//! Accounts as such: looking at one's own, and the first administrator.

use crate::{
    AuthContext, AuthError,
    passwords::PasswordHasherPool,
    store::{
        accounts::{self, NewAccount},
        sessions::{self, EndReason},
        verifications,
    },
};
use chrono::Utc;
use rmu_domain::{
    account::{EmailAddress, Nickname, Password, Role},
    ids::AccountId,
};
use rmu_messaging::contracts::auth::{AccountV1, MeV1};
use rmu_postgres::Database;
use uuid::Uuid;

/// The account behind a token that the gateway has checked. One that is gone makes the token a bad one.
pub async fn me(context: &AuthContext, request: MeV1) -> Result<AccountV1, AuthError> {
    let found = accounts::by_id(&mut *context.database.connection().await?, request.account_id).await?;
    found.map(|account| account.view()).ok_or(AuthError::BadToken)
}

/// Makes `email` an administrator with `password`, whether or not there is such an account. Repeating it
/// changes nothing but the password; whoever was logged in is logged out.
pub async fn bootstrap_admin(
    database: &Database,
    passwords: &PasswordHasherPool,
    email: &EmailAddress,
    nickname: &Nickname,
    password: &Password,
    university_id: Option<Uuid>,
) -> Result<Uuid, AuthError> {
    let password_hash = passwords.hash(password.expose()).await?;
    let (id, hash) = (AccountId::new().as_uuid(), password_hash.as_str());
    let work = database.transaction(async |connection| -> Result<Uuid, AuthError> {
        let new = NewAccount {
            id,
            email: email.as_str(),
            password_hash: hash,
            nickname: nickname.as_str(),
            role: Role::Admin.as_str(),
            university_id,
            email_verified_at: Some(Utc::now()),
        };
        let account = accounts::insert_or_find(connection, &new).await?;
        if account.id != id {
            let university_id = university_id.or(account.university_id);
            accounts::promote(connection, account.id, hash, Role::Admin.as_str(), university_id).await?;
            verifications::delete_of_account(connection, account.id).await?;
            sessions::end_but_latest(connection, account.id, 0, EndReason::PasswordChanged).await?;
        }
        Ok(account.id)
    });
    work.await
}
