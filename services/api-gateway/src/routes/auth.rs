//! Accounts and sessions. The work is the auth service's; here is the check that the address belongs to a
//! university, the limits on guessing, and the choice between tokens in JSON and a cookie.

mod bodies;

use super::session;
use crate::{
    ApiError, AppState,
    auth::{Access, Caller, RouteAccess},
};
use actix_web::{HttpRequest, HttpResponse, get, http::header, post, web};
pub use bodies::{Accepted, AccountView, LoginBody, RefreshBody, RegisterBody, SessionView, VerifyEmailBody};
use rmu_domain::account::{EmailAddress, Nickname, Password};
use rmu_messaging::contracts::auth::{LoginV1, LogoutV1, MeV1, RefreshV1, RegisterV1, TokensV1, VerifyEmailV1};
use rmu_web::{ClientAddress, Data, ErrorCode, Json, OptionalJson, Problem, rate_limit::enforce};
use utoipa_actix_web::service_config::ServiceConfig;

pub const ACCESS: &[RouteAccess] = &[
    RouteAccess::new("POST", "/api/auth/register", Access::Public),
    RouteAccess::new("POST", "/api/auth/verify-email", Access::Public),
    RouteAccess::new("POST", "/api/auth/login", Access::Public),
    RouteAccess::new("POST", "/api/auth/refresh", Access::Public),
    RouteAccess::new("POST", "/api/auth/logout", Access::Public),
    RouteAccess::new("GET", "/api/auth/me", Access::SignedIn),
];

pub fn configure(services: &mut ServiceConfig<'_>) {
    services.service(register).service(verify_email).service(login).service(refresh).service(logout).service(me);
}

/// Register
///
/// The address must belong to a university known here (its sub-domains count). The answer is the same whether or
/// not there is an account already; a mail says how to go on.
#[utoipa::path(tag = "auth", responses((status = 202, description = "A mail is on its way.", body = Data<Accepted>)))]
#[post("/api/auth/register")]
async fn register(
    request: HttpRequest,
    state: web::Data<AppState>,
    address: ClientAddress,
    body: Json<RegisterBody>,
) -> Result<HttpResponse, ApiError> {
    let body = body.into_inner();
    let email = parsed("email", EmailAddress::parse(&body.email))?;
    let password = parsed("password", Password::parse(&body.password))?;
    let nickname = parsed("nickname", Nickname::parse(&body.nickname))?;
    let university = rmu_catalogue::universities::university_of_address(&state.database, &email)
        .await?
        .ok_or_else(|| Problem::invalid("email", "must be an address of a university that is listed here"))?;
    enforce(&state.limiter, state.config.limits.register, &address.subject(), &request).await?;
    let message = RegisterV1 {
        email: email.as_str().to_owned(),
        password: password.expose().to_owned(),
        nickname: nickname.as_str().to_owned(),
        university_id: university.as_uuid(),
    };
    state.auth.call(&message).await??;
    Ok(Data::accepted(Accepted::yes()).into_response())
}

/// Verify the e-mail address with the token of the mail
#[utoipa::path(tag = "auth", responses((status = 200, description = "Verified.", body = Data<AccountView>)))]
#[post("/api/auth/verify-email")]
async fn verify_email(state: web::Data<AppState>, body: Json<VerifyEmailBody>) -> Result<Data<AccountView>, ApiError> {
    let token = token("token", body.into_inner().token)?;
    let account = state.auth.call(&VerifyEmailV1 { token }).await??;
    Ok(Data::new(account.into()))
}

/// Log in
///
/// Programs get both tokens. With `"cookie": true` the refresh token comes as an HttpOnly cookie instead, and
/// `csrfToken` must be sent back as `X-CSRF-Token` with every request that uses the cookie.
#[utoipa::path(tag = "auth", responses((status = 200, description = "Logged in.", body = Data<SessionView>)))]
#[post("/api/auth/login")]
async fn login(
    request: HttpRequest,
    state: web::Data<AppState>,
    address: ClientAddress,
    body: Json<LoginBody>,
) -> Result<HttpResponse, ApiError> {
    let body = body.into_inner();
    let email = parsed("email", EmailAddress::parse(&body.email))?;
    if body.password.is_empty() || body.password.len() > 512 {
        return Err(Problem::invalid("password", "must have 1 to 512 bytes").into());
    }
    enforce(&state.limiter, state.config.limits.login, &address.subject(), &request).await?;
    let message =
        LoginV1 { email: email.as_str().to_owned(), password: body.password, user_agent: user_agent(&request) };
    let tokens = state.auth.call(&message).await??;
    Ok(session_response(tokens, body.cookie))
}

/// Exchange a refresh token for new tokens; each is good once
#[utoipa::path(tag = "auth", responses((status = 200, description = "New tokens.", body = Data<SessionView>)))]
#[post("/api/auth/refresh")]
async fn refresh(
    request: HttpRequest,
    state: web::Data<AppState>,
    body: OptionalJson<RefreshBody>,
) -> Result<HttpResponse, ApiError> {
    let given = refresh_token(&request, body)?;
    let tokens = state.auth.call(&RefreshV1 { refresh_token: given.token }).await??;
    Ok(session_response(tokens, given.from_cookie))
}

/// Log out: end the session of the refresh token
#[utoipa::path(tag = "auth", responses((status = 200, description = "Logged out.", body = Data<Accepted>)))]
#[post("/api/auth/logout")]
async fn logout(
    request: HttpRequest,
    state: web::Data<AppState>,
    body: OptionalJson<RefreshBody>,
) -> Result<HttpResponse, ApiError> {
    let given = refresh_token(&request, body)?;
    state.auth.call(&LogoutV1 { refresh_token: given.token }).await??;
    let mut response = Data::new(Accepted::yes()).into_response();
    if given.from_cookie {
        add_cookies(&mut response, &session::removal());
    }
    Ok(response)
}

/// Whose access token this is
#[utoipa::path(tag = "auth", responses((status = 200, description = "The account.", body = Data<AccountView>)))]
#[get("/api/auth/me")]
async fn me(state: web::Data<AppState>, caller: Caller) -> Result<Data<AccountView>, ApiError> {
    let account = state.auth.call(&MeV1 { account_id: caller.account.as_uuid() }).await??;
    Ok(Data::new(account.into()))
}

fn parsed<T>(field: &str, value: Result<T, rmu_domain::ParseError>) -> Result<T, Problem> {
    value.map_err(|error| Problem::invalid(field, error.to_string()))
}

/// Opaque here; only its size is looked at.
fn token(field: &str, value: String) -> Result<String, Problem> {
    let well_formed = (1..=1024).contains(&value.len()) && value.bytes().all(|byte| byte.is_ascii_graphic());
    if well_formed { Ok(value) } else { Err(Problem::invalid(field, "must be a token as it was given")) }
}

struct Given {
    token: String,
    from_cookie: bool,
}

/// The body's token comes first: a program that sends one means it, whatever cookies it has.
fn refresh_token(request: &HttpRequest, body: OptionalJson<RefreshBody>) -> Result<Given, Problem> {
    if let Some(given) = body.0.and_then(|body| body.refresh_token) {
        return Ok(Given { token: token("refreshToken", given)?, from_cookie: false });
    }
    match session::refresh_token_of(request)? {
        Some(given) => Ok(Given { token: token("cookie", given)?, from_cookie: true }),
        None => Err(Problem::new(ErrorCode::BadToken, "Send a refresh token, in the body or as the session's cookie.")),
    }
}

fn user_agent(request: &HttpRequest) -> Option<String> {
    let text = request.headers().get(header::USER_AGENT)?.to_str().ok()?;
    Some(text.chars().take(200).collect())
}

fn session_response(tokens: TokensV1, as_cookie: bool) -> HttpResponse {
    let cookies = session::cookies(&tokens.refresh_token, tokens.refresh_expires_in_seconds);
    let mut response = Data::new(SessionView::new(tokens, as_cookie)).into_response();
    if as_cookie {
        add_cookies(&mut response, &cookies);
    }
    response
}

fn add_cookies(response: &mut HttpResponse, cookies: &[actix_web::cookie::Cookie<'static>; 2]) {
    for cookie in cookies {
        // The only error is a cookie that is no header, and ours are.
        let _ = response.add_cookie(cookie);
    }
}
