//! Registering and confirming an address.

use crate::{
    AuthContext, AuthError,
    mail::texts,
    opaque_token::{self, OpaqueToken},
    outbox,
    store::{
        accounts::{self, Account, NewAccount},
        mail_outbox::{self, NewMail},
        sessions::{self, EndReason},
        verifications::{self, NewVerification},
    },
};
use chrono::{TimeDelta, Utc};
use rmu_domain::{
    account::{EmailAddress, Nickname, Password, Role},
    ids::AccountId,
};
use rmu_messaging::contracts::{
    auth::{AcceptedV1, AccountV1, RegisterV1, VerifyEmailV1},
    events::AccountChangeV1,
};
use rmu_postgres::{AsyncPgConnection, DatabaseError};
use uuid::Uuid;

const VERIFICATION_LIFE: TimeDelta = TimeDelta::hours(24);
/// Nobody's mailbox is flooded by typing their address into our form.
const MAX_MAILS_AN_HOUR: i64 = 5;

/// What somebody wants to register with, once their password is hashed.
struct Registration {
    email: EmailAddress,
    nickname: Nickname,
    password_hash: String,
    university_id: Uuid,
}

/// Creates an account and mails a link to confirm it. The answer is the same, after the same work, when the
/// address is taken; then its owner gets a mail that says so.
pub async fn register(context: &AuthContext, request: RegisterV1) -> Result<AcceptedV1, AuthError> {
    let email = EmailAddress::parse(&request.email).map_err(AuthError::invalid("email"))?;
    let nickname = Nickname::parse(&request.nickname).map_err(AuthError::invalid("nickname"))?;
    let password = Password::parse(&request.password).map_err(AuthError::invalid("password"))?;
    let password_hash = context.passwords.hash(password.expose()).await?;
    let registration = Registration { email, nickname, password_hash, university_id: request.university_id };

    let (new, token) = (AccountId::new().as_uuid(), OpaqueToken::generate().map_err(AuthError::internal)?);
    let (registration, token) = (&registration, &token);
    let work = context.database.transaction(async |connection| -> Result<(), AuthError> {
        let account = accounts::insert_or_find(
            connection,
            &NewAccount {
                id: new,
                email: registration.email.as_str(),
                password_hash: &registration.password_hash,
                nickname: registration.nickname.as_str(),
                role: Role::Student.as_str(),
                university_id: Some(registration.university_id),
                email_verified_at: None,
            },
        )
        .await?;
        write_mail(context, connection, registration, &account, token).await
    });
    work.await?;
    context.mail_waiting.notify_one();
    Ok(AcceptedV1 {})
}

async fn write_mail(
    context: &AuthContext,
    connection: &mut AsyncPgConnection,
    registration: &Registration,
    account: &Account,
    token: &OpaqueToken,
) -> Result<(), AuthError> {
    let hour_ago = Utc::now() - TimeDelta::hours(1);
    if mail_outbox::count_since(connection, &account.email, hour_ago).await? >= MAX_MAILS_AN_HOUR {
        tracing::warn!(account_id = %account.id, "no further mail to this address for now");
        return Ok(());
    }
    let (subject, body) = if account.is_verified() {
        texts::address_is_taken(&context.mail.public_url)
    } else {
        // Also when somebody registered this address before and never confirmed it. Each registration keeps
        // its own password until its own link is opened.
        let verification = NewVerification {
            token_hash: &token.hash,
            account_id: account.id,
            password_hash: &registration.password_hash,
            nickname: registration.nickname.as_str(),
            university_id: Some(registration.university_id),
            expires_at: Utc::now() + VERIFICATION_LIFE,
        };
        verifications::insert(connection, &verification).await?;
        texts::verify_address(&context.mail.public_url, &token.text)
    };
    let mail = NewMail {
        id: Uuid::now_v7(),
        recipient: &account.email,
        subject: &subject,
        body: &body,
        unsubscribe_url: None,
    };
    Ok(mail_outbox::insert(connection, &mail).await?)
}

/// Confirms an address with the token of a mail. It is good once and for a day; the account becomes what that
/// registration said, and all other registrations of the address are void.
pub async fn verify_email(context: &AuthContext, request: VerifyEmailV1) -> Result<AccountV1, AuthError> {
    let hash = opaque_token::hash(&request.token);
    let hash = hash.as_slice();
    let work = context.database.transaction(async |connection| -> Result<Option<AccountV1>, DatabaseError> {
        let Some(taken) = verifications::take(connection, hash).await? else { return Ok(None) };
        if taken.expires_at < Utc::now() {
            return Ok(None);
        }
        let account =
            accounts::verify(connection, taken.account_id, &taken.password_hash, &taken.nickname, taken.university_id)
                .await?;
        verifications::delete_of_account(connection, account.id).await?;
        sessions::end_but_latest(connection, account.id, 0, EndReason::PasswordChanged).await?;
        outbox::write_account_event(connection, account.id, AccountChangeV1::Verified).await?;
        Ok(Some(account.view()))
    });
    let account = work.await?.ok_or(AuthError::BadToken)?;
    context.events_waiting.notify_one();
    Ok(account)
}
