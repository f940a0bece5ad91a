//! Extractors: a handler that takes one of these is called by nobody else.

use crate::{ApiError, AppState, auth::token};
use actix_web::{FromRequest, HttpRequest, dev::Payload, http::header, web};
use chrono::{DateTime, Utc};
use rmu_catalogue::{
    accounts::{self, Standing},
    audit::Actor,
};
use rmu_domain::{
    account::{Nickname, Role},
    ids::{AccountId, UniversityId},
};
use rmu_web::{ErrorCode, Problem, request_id};
use std::{future::Future, ops::Deref, pin::Pin};

/// Whoever holds a valid access token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    pub account: AccountId,
    pub role: Role,
    pub email_verified: bool,
    pub university: Option<UniversityId>,
    pub nickname: Nickname,
}

impl Caller {
    /// Who acts, for the audit log: with the id of the request that is being answered.
    pub fn actor(&self) -> Actor {
        let request_id = request_id::current().map(|id| id.as_str().to_owned());
        Actor { account: self.account, role: self.role, request_id }
    }
}

/// A caller, if there is a token at all. A token that is not valid is still refused.
#[derive(Debug, Clone)]
pub struct OptionalCaller(pub Option<Caller>);

/// A caller whose address is verified, of any role.
#[derive(Debug, Clone)]
pub struct Student(pub Caller);

/// A moderator or admin.
#[derive(Debug, Clone)]
pub struct Moderator(pub Caller);

/// An admin.
#[derive(Debug, Clone)]
pub struct Admin(pub Caller);

type Extraction<T> = Pin<Box<dyn Future<Output = Result<T, ApiError>>>>;

async fn optional(request: HttpRequest) -> Result<Option<Caller>, ApiError> {
    let state = app_state(&request)?;
    let Some(value) = request.headers().get(header::AUTHORIZATION) else { return Ok(None) };
    let token = value
        .to_str()
        .ok()
        .and_then(|text| text.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim())
        .ok_or_else(|| Problem::unauthenticated("Authorization must be: Bearer, then the access token."))?;
    token::verify(token, &state.config.tokens, &state.keys).await.map(Some)
}

async fn required(request: HttpRequest) -> Result<Caller, ApiError> {
    let caller = optional(request).await?;
    caller.ok_or_else(|| Problem::unauthenticated("Sign in and send the access token.").into())
}

async fn with_role(request: HttpRequest, least: Role) -> Result<Caller, ApiError> {
    let caller = required(request.clone()).await?;
    let refusal = || Problem::forbidden(format!("Only a {} may do this.", least.as_str()));
    if caller.role < least {
        return Err(refusal().into());
    }
    let caller = in_good_standing_also_to_read(&request, caller).await?;
    if caller.role < least {
        return Err(refusal().into());
    }
    Ok(caller)
}

async fn verified(request: HttpRequest) -> Result<Student, ApiError> {
    let caller = required(request.clone()).await?;
    if !caller.email_verified {
        return Err(Problem::new(ErrorCode::EmailNotVerified, "Verify your e-mail address first.").into());
    }
    in_good_standing(&request, caller).await.map(Student)
}

/// Lets a change through only for an account that may still make it. The token was true when it was made, and that
/// may be ten minutes ago; who only reads is not looked up.
async fn in_good_standing(request: &HttpRequest, caller: Caller) -> Result<Caller, ApiError> {
    if request.method().is_safe() {
        return Ok(caller);
    }
    let standing = accounts::standing(&app_state(request)?.database, caller.account).await?;
    standing_well(&caller, standing)
}

/// The same for those who read what others may not. While the database is away their token is believed, so that they see
/// what goes on.
async fn in_good_standing_also_to_read(request: &HttpRequest, caller: Caller) -> Result<Caller, ApiError> {
    match accounts::standing(&app_state(request)?.database, caller.account).await {
        Ok(standing) => standing_well(&caller, standing),
        Err(_) if request.method().is_safe() => Ok(caller),
        Err(error) => Err(error.into()),
    }
}

fn standing_well(caller: &Caller, standing: Standing) -> Result<Caller, ApiError> {
    if standing.is_deleted {
        return Err(Problem::unauthenticated("The account is gone.").into());
    }
    if let Some(ban) = standing.ban {
        return Err(banned(ban.until).into());
    }
    // A right that was taken away is gone; one that was given comes with the next token.
    let role = standing.role.map_or(caller.role, |role| role.min(caller.role));
    let nickname = standing.nickname.unwrap_or_else(|| caller.nickname.clone());
    Ok(Caller { role, nickname, ..caller.clone() })
}

/// What somebody is told who may only read.
pub(crate) fn banned(until: Option<DateTime<Utc>>) -> Problem {
    let problem = Problem::new(ErrorCode::Banned, "This account may only read.");
    match until {
        Some(until) => problem.with_extra("until", until.to_rfc3339().into()),
        None => problem,
    }
}

fn app_state(request: &HttpRequest) -> Result<web::Data<AppState>, Problem> {
    let state = request.app_data::<web::Data<AppState>>();
    state.cloned().ok_or_else(|| Problem::internal("the application has no state"))
}

macro_rules! extracted {
    ($($name:ty: $request:ident => $extraction:expr;)+) => {$(
        impl FromRequest for $name {
            type Error = ApiError;
            type Future = Extraction<Self>;

            fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
                let $request = request.clone();
                Box::pin(async move { $extraction })
            }
        }
    )+};
}

extracted! {
    Caller: request => required(request).await;
    OptionalCaller: request => optional(request).await.map(OptionalCaller);
    Student: request => verified(request).await;
    Moderator: request => with_role(request, Role::Moderator).await.map(Moderator);
    Admin: request => with_role(request, Role::Admin).await.map(Admin);
}

macro_rules! is_a_caller {
    ($($name:ty),+) => {$(
        impl Deref for $name {
            type Target = Caller;

            fn deref(&self) -> &Caller {
                &self.0
            }
        }
    )+};
}

is_a_caller!(Student, Moderator, Admin);
