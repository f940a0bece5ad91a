//! Logging in, staying logged in, logging out.

use crate::{
    AuthContext, AuthError,
    opaque_token::{self, OpaqueToken},
    store::{
        accounts::{self, Account},
        sessions::{self, EndReason, NewSession},
    },
    tokens::ACCESS_TOKEN_LIFE,
};
use chrono::{DateTime, TimeDelta, Utc};
use rmu_domain::account::EmailAddress;
use rmu_messaging::contracts::auth::{AcceptedV1, LoginV1, LogoutV1, RefreshV1, TokensV1};
use uuid::Uuid;

/// How long a refresh token is good, counted from the last refresh …
const REFRESH_LIFE: TimeDelta = TimeDelta::days(30);
/// … but a session ends this long after its login in any case.
const LONGEST_SESSION: TimeDelta = TimeDelta::days(90);
/// Whoever logs in more often than this loses the session used longest ago.
const MAX_SESSIONS: i64 = 20;
const MAX_USER_AGENT: usize = 300;

/// Begins a session. Whether there is an account with this address is told neither by the answer nor by the
/// time it takes.
pub async fn log_in(context: &AuthContext, request: LoginV1) -> Result<TokensV1, AuthError> {
    let account = match EmailAddress::parse(&request.email) {
        Ok(email) => accounts::by_email(&mut *context.database.connection().await?, email.as_str()).await?,
        Err(_) => None,
    };
    // No connection is held while the password is checked: others need it meanwhile.
    let hash = account.as_ref().map(|account| account.password_hash.as_str());
    let fits = context.passwords.verify(&request.password, hash).await?;
    let account = account.filter(|_| fits).ok_or(AuthError::BadCredentials)?;
    if !account.is_verified() {
        return Err(AuthError::EmailNotVerified);
    }
    // Only now: whether somebody is banned is told to nobody else.
    refuse_banned(&account)?;

    let token = OpaqueToken::generate().map_err(AuthError::internal)?;
    let user_agent: Option<String> = request.user_agent.map(|text| text.chars().take(MAX_USER_AGENT).collect());
    let expires_at = Utc::now() + REFRESH_LIFE;
    let session =
        NewSession { id: Uuid::now_v7(), account_id: account.id, user_agent: user_agent.as_deref(), expires_at };
    let (session, hash, account_id) = (&session, &token.hash, account.id);
    let work = context.database.transaction(async |connection| -> Result<(), AuthError> {
        sessions::insert(connection, session).await?;
        sessions::add_token(connection, session.id, hash).await?;
        sessions::end_but_latest(connection, account_id, MAX_SESSIONS, EndReason::TooMany).await?;
        Ok(())
    });
    work.await?;
    tokens(context, &account, token.text.clone(), expires_at)
}

fn refuse_banned(account: &Account) -> Result<(), AuthError> {
    if account.is_banned() {
        return Err(AuthError::Banned { until: account.banned_until, reason: account.ban_reason.clone() });
    }
    Ok(())
}

enum Refreshed {
    Yes { account: Box<Account>, expires_at: DateTime<Utc> },
    No,
}

/// Exchanges a refresh token for new tokens. A token that was used before has been stolen, by whoever came
/// first or by whoever comes now; since nobody can say by whom, the session ends for both.
pub async fn refresh(context: &AuthContext, request: RefreshV1) -> Result<TokensV1, AuthError> {
    let (old, new) =
        (opaque_token::hash(&request.refresh_token), OpaqueToken::generate().map_err(AuthError::internal)?);
    let (old_hash, new_hash) = (old.as_slice(), new.hash.as_slice());
    let work = context.database.transaction(async |connection| -> Result<Refreshed, AuthError> {
        let Some((session, used_at)) = sessions::by_token(connection, old_hash).await? else {
            return Ok(Refreshed::No);
        };
        let Some(account) = accounts::by_id(connection, session.account_id).await? else { return Ok(Refreshed::No) };
        // Before the session is looked at: the ban has ended it, and that is no answer to why.
        refuse_banned(&account)?;
        let now = Utc::now();
        if session.ended_at.is_some() || session.expires_at < now {
            return Ok(Refreshed::No);
        }
        if used_at.is_some() {
            tracing::warn!(session_id = %session.id, "a used refresh token came again; the session ends");
            metrics::counter!("rmu_refresh_token_reuse_total").increment(1);
            sessions::end(connection, session.id, EndReason::TokenReused).await?;
            return Ok(Refreshed::No);
        }
        let expires_at = (now + REFRESH_LIFE).min(session.created_at + LONGEST_SESSION);
        sessions::use_token(connection, session.id, old_hash, expires_at).await?;
        sessions::add_token(connection, session.id, new_hash).await?;
        Ok(Refreshed::Yes { account: Box::new(account), expires_at })
    });
    match work.await? {
        Refreshed::Yes { account, expires_at } => tokens(context, &account, new.text.clone(), expires_at),
        Refreshed::No => Err(AuthError::BadToken),
    }
}

/// Ends the session of a refresh token. Of an unknown one nothing is said.
pub async fn log_out(context: &AuthContext, request: LogoutV1) -> Result<AcceptedV1, AuthError> {
    let hash = opaque_token::hash(&request.refresh_token);
    let hash = hash.as_slice();
    let work = context.database.transaction(async |connection| -> Result<(), AuthError> {
        if let Some((session, _)) = sessions::by_token(connection, hash).await? {
            sessions::end(connection, session.id, EndReason::LoggedOut).await?;
        }
        Ok(())
    });
    work.await?;
    Ok(AcceptedV1 {})
}

fn tokens(
    context: &AuthContext,
    account: &Account,
    refresh_token: String,
    expires_at: DateTime<Utc>,
) -> Result<TokensV1, AuthError> {
    let account = account.view();
    Ok(TokensV1 {
        access_token: context.signer.sign(&account)?,
        expires_in_seconds: ACCESS_TOKEN_LIFE.as_secs(),
        refresh_token,
        refresh_expires_in_seconds: u64::try_from((expires_at - Utc::now()).num_seconds()).unwrap_or_default(),
        account,
    })
}
