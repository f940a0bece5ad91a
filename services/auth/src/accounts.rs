//! Accounts as such: looking at one's own, and the first administrator.

use crate::{
    AuthContext, AuthError, administration, outbox,
    passwords::PasswordHasherPool,
    store::{
        accounts::{self, NewAccount},
        mail_outbox,
        sessions::{self, EndReason},
        verifications,
    },
};
use chrono::Utc;
use rmu_domain::{
    account::{EmailAddress, Nickname, Password, Role},
    ids::AccountId,
};
use rmu_messaging::contracts::{
    accounts::{DeleteAccountV1, RenameV1},
    auth::{AcceptedV1, AccountV1, MeV1},
    events::AccountChangeV1,
};
use rmu_postgres::Database;
use uuid::Uuid;

/// The account behind a token that the gateway has checked. One that is gone makes the token a bad one.
pub async fn me(context: &AuthContext, request: MeV1) -> Result<AccountV1, AuthError> {
    let found = accounts::by_id(&mut *context.database.connection().await?, request.account_id).await?;
    found.map(|account| account.view()).ok_or(AuthError::BadToken)
}

/// Changes the caller's own nickname. The one it has changes nothing.
pub async fn rename(context: &AuthContext, request: RenameV1) -> Result<AccountV1, AuthError> {
    let nickname = Nickname::parse(&request.nickname).map_err(AuthError::invalid("nickname"))?;
    let (id, nickname) = (request.account_id, nickname.as_str());
    let work = context.database.transaction(async |connection| -> Result<AccountV1, AuthError> {
        let mut account = accounts::lock(connection, id).await?.ok_or(AuthError::BadToken)?;
        if account.nickname != nickname {
            account = accounts::set_nickname(connection, id, nickname).await?;
            let change = AccountChangeV1::Renamed { nickname: nickname.to_owned() };
            outbox::write_account_event(connection, id, change).await?;
        }
        Ok(account.view())
    });
    let account = work.await?;
    context.events_waiting.notify_one();
    Ok(account)
}

/// Deletes the caller's own account with everything that is here, and tells the others what is to become of the
/// reviews.
pub async fn delete(context: &AuthContext, request: DeleteAccountV1) -> Result<AcceptedV1, AuthError> {
    let found = accounts::by_id(&mut *context.database.connection().await?, request.account_id).await?;
    let hash = found.as_ref().map(|account| account.password_hash.as_str());
    if !context.passwords.verify(&request.password, hash).await? {
        return Err(AuthError::BadCredentials);
    }
    let (id, reviews) = (request.account_id, request.reviews);
    let work = context.database.transaction(async |connection| -> Result<(), AuthError> {
        administration::refuse_last_admin(connection, id).await?;
        let account = accounts::lock(connection, id).await?.ok_or(AuthError::BadToken)?;
        // Or whoever is banned would begin anew with the same address.
        if account.is_banned() {
            return Err(AuthError::Banned { until: account.banned_until, reason: account.ban_reason });
        }
        // Nothing with the address stays, also no mail that has not been sent.
        mail_outbox::delete_to(connection, &account.email).await?;
        accounts::delete(connection, id).await?;
        Ok(outbox::write_account_event(connection, id, AccountChangeV1::Deleted { reviews }).await?)
    });
    work.await?;
    context.events_waiting.notify_one();
    Ok(AcceptedV1 {})
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
            let change = AccountChangeV1::RoleChanged { role: Role::Admin.as_str().to_owned() };
            outbox::write_account_event(connection, account.id, change).await?;
            if account.banned_at.is_some() {
                administration::lift(connection, account.id).await?;
            }
            verifications::delete_of_account(connection, account.id).await?;
            sessions::end_but_latest(connection, account.id, 0, EndReason::PasswordChanged).await?;
        }
        Ok(account.id)
    });
    work.await
}
