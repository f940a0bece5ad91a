//! The caller's own account: its name, its end, and whether it is told by mail.

use crate::{
    ApiError, AppState,
    auth::{Access, Caller, RouteAccess, Student},
    routes::{auth::AccountView, session},
};
use actix_web::{HttpRequest, HttpResponse, delete, get, put, web};
use rmu_catalogue::digests;
use rmu_domain::account::{Nickname, ReviewsLeft};
use rmu_messaging::contracts::{
    accounts::{DeleteAccountV1, RenameV1},
    events::ReviewsLeftV1,
};
use rmu_web::{ClientAddress, Data, Json, Problem, problem::ProblemBody, rate_limit::enforce};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

pub const ACCESS: &[RouteAccess] = &[
    RouteAccess::new("DELETE", "/api/me", Access::SignedIn),
    RouteAccess::new("PUT", "/api/me/nickname", Access::Student),
    RouteAccess::new("GET", "/api/me/digest", Access::SignedIn),
    RouteAccess::new("PUT", "/api/me/digest", Access::Student),
];

pub fn configure(services: &mut ServiceConfig<'_>) {
    services.service(delete_account).service(rename).service(get_digest).service(set_digest);
}

#[derive(Deserialize, ToSchema)]
pub struct DeleteAccountBody {
    /// The account's password: a token alone does not end an account.
    pub password: String,
    /// `anonymise`: the caller's reviews stay and are nobody's; `remove`: they go too.
    #[schema(example = "anonymise")]
    pub reviews: String,
}

#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct NicknameBody {
    /// 2 to 40 characters, one line.
    #[schema(example = "lovelace")]
    pub nickname: String,
}

/// Whether unread notifications are told by mail.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct DigestSetting {
    /// `daily`: one mail a day, if there is anything to tell; `off`: none.
    #[schema(example = "daily")]
    pub digest: String,
}

/// Deletes the caller's account, for good.
///
/// Sessions, follows, bookmarks, notifications and votes go; reviews stay without an author or go, as chosen. No
/// access token of the account changes anything any longer.
#[utoipa::path(
    tag = "me",
    request_body = DeleteAccountBody,
    responses(
        (status = 204, description = "The account is gone."),
        (status = 401, description = "`bad_credentials`: the password is wrong; `unauthenticated`: no valid access \
            token.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`banned`: an account goes when its ban is over.", body = ProblemBody,
         content_type = "application/problem+json"),
        (status = 409, description = "`conflict`: this is the last administrator.", body = ProblemBody,
         content_type = "application/problem+json"),
        (status = 422, description = "`invalid`: `errors` names the fields.", body = ProblemBody,
         content_type = "application/problem+json"),
        (status = 503, description = "`unavailable`: the auth service does not answer.", body = ProblemBody,
         content_type = "application/problem+json"),
    )
)]
#[delete("/api/me")]
async fn delete_account(
    request: HttpRequest,
    state: web::Data<AppState>,
    caller: Caller,
    address: ClientAddress,
    body: Json<DeleteAccountBody>,
) -> Result<HttpResponse, ApiError> {
    let body = body.into_inner();
    if body.password.is_empty() || body.password.len() > 512 {
        return Err(Problem::invalid("password", "must have 1 to 512 bytes").into());
    }
    let reviews = ReviewsLeft::parse(&body.reviews).map_err(|error| Problem::invalid("reviews", error.to_string()))?;
    // Passwords can be guessed here as well as at the login.
    enforce(&state.limiter, state.config.limits.login, &address.subject(), &request).await?;
    let message = DeleteAccountV1 {
        account_id: caller.account.as_uuid(),
        password: body.password,
        reviews: match reviews {
            ReviewsLeft::Anonymise => ReviewsLeftV1::Anonymise,
            ReviewsLeft::Remove => ReviewsLeftV1::Remove,
        },
    };
    state.auth.call(&message).await??;
    let mut response = HttpResponse::NoContent().finish();
    for cookie in &session::removal() {
        // The only error is a cookie that is no header, and ours are.
        let _ = response.add_cookie(cookie);
    }
    Ok(response)
}

/// Changes the caller's nickname, also on reviews that are shown by it.
#[utoipa::path(
    tag = "me",
    request_body = NicknameBody,
    responses(
        (status = 200, description = "The account.", body = Data<AccountView>),
        (status = 422, description = "`invalid`: `errors` names the fields.", body = ProblemBody,
         content_type = "application/problem+json"),
        (status = 503, description = "`unavailable`: the auth service does not answer.", body = ProblemBody,
         content_type = "application/problem+json"),
    )
)]
#[put("/api/me/nickname")]
async fn rename(
    state: web::Data<AppState>,
    student: Student,
    body: Json<NicknameBody>,
) -> Result<Data<AccountView>, ApiError> {
    let nickname =
        Nickname::parse(&body.0.nickname).map_err(|error| Problem::invalid("nickname", error.to_string()))?;
    let message = RenameV1 { account_id: student.account.as_uuid(), nickname: nickname.into() };
    Ok(Data::new(state.auth.call(&message).await??.into()))
}

/// Whether the caller's unread notifications are told by mail.
#[utoipa::path(
    tag = "me",
    responses(
        (status = 200, description = "The setting.", body = Data<DigestSetting>),
        (status = 503, description = "`unavailable`: the database does not answer.", body = ProblemBody,
         content_type = "application/problem+json"),
    )
)]
#[get("/api/me/digest")]
async fn get_digest(state: web::Data<AppState>, caller: Caller) -> Result<Data<DigestSetting>, ApiError> {
    Ok(Data::new(setting(digests::is_wanted(&state.database, caller.account).await?)))
}

/// Has unread notifications told by mail, once a day, or not.
#[utoipa::path(
    tag = "me",
    request_body = DigestSetting,
    responses(
        (status = 200, description = "The setting.", body = Data<DigestSetting>),
        (status = 422, description = "`invalid`: neither `daily` nor `off`.", body = ProblemBody,
         content_type = "application/problem+json"),
        (status = 503, description = "`unavailable`: the database does not answer.", body = ProblemBody,
         content_type = "application/problem+json"),
    )
)]
#[put("/api/me/digest")]
async fn set_digest(
    state: web::Data<AppState>,
    student: Student,
    body: Json<DigestSetting>,
) -> Result<Data<DigestSetting>, ApiError> {
    let wanted = match body.0.digest.as_str() {
        "daily" => true,
        "off" => false,
        _ => return Err(Problem::invalid("digest", "must be daily or off").into()),
    };
    digests::set_wanted(&state.database, student.account, wanted).await?;
    Ok(Data::new(setting(wanted)))
}

fn setting(wanted: bool) -> DigestSetting {
    DigestSetting { digest: if wanted { "daily" } else { "off" }.to_owned() }
}
