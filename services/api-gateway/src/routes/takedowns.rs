//! Requests of people named in a review to take it down: made and followed without an account.

use crate::{
    ApiError, AppState,
    auth::{Access, RouteAccess},
};
use actix_web::{FromRequest, HttpRequest, dev::Payload, get, post, web};
use bodies::{NewTakedownBody, ReceivedTakedownView, RequestersTakedownView};
use rmu_catalogue::takedowns::{self, TakedownToken};
use rmu_domain::ids::TakedownId;
use rmu_web::{ClientAddress, Data, Json, Path, Problem, problem::ProblemBody, rate_limit::enforce};
use std::future::{Ready, ready};
use utoipa_actix_web::service_config::ServiceConfig;

pub mod bodies;
pub mod handling;

pub const ACCESS: &[RouteAccess] = &[
    RouteAccess::new("POST", "/api/takedowns", Access::Public),
    RouteAccess::new("GET", "/api/takedowns/{id}", Access::Public),
    RouteAccess::new("POST", "/api/takedowns/{id}/withdrawal", Access::Public),
];

/// In a header and not in the address: addresses are logged.
const TOKEN_HEADER: &str = "takedown-token";

pub fn configure(services: &mut ServiceConfig<'_>) {
    services.service(create).service(show).service(withdraw);
    handling::configure(services);
}

/// The token of a request; what is missing or unreadable is the token of none.
struct Token(TakedownToken);

impl FromRequest for Token {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let sent = request.headers().get(TOKEN_HEADER).and_then(|value| value.to_str().ok());
        ready(Ok(Self(TakedownToken::of(sent.unwrap_or_default()))))
    }
}

/// Asks for a review to be taken down in which one is named
///
/// No account is needed. The answer's `token` is shown this once: whoever has it can see how the request stands and
/// take it back. Name and contact are shown to moderators alone, and forgotten 90 days after the request is closed.
#[utoipa::path(tag = "moderation", request_body = NewTakedownBody, responses(
    (status = 201, description = "The request, and its token.", body = Data<ReceivedTakedownView>),
    (status = 404, description = "`not_found`: there is no such review.", body = ProblemBody,
     content_type = "application/problem+json"),
    (status = 409, description = "`conflict`: as many requests about this review are open as are taken.",
     body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`invalid`: `errors` names the fields.", body = ProblemBody,
     content_type = "application/problem+json"),
    (status = 429, description = "`rate_limited`: few requests are taken from one address in a day.",
     body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, description = "`unavailable`: the database does not answer.", body = ProblemBody,
     content_type = "application/problem+json"),
))]
#[post("/api/takedowns")]
async fn create(
    request: HttpRequest,
    state: web::Data<AppState>,
    address: ClientAddress,
    body: Json<NewTakedownBody>,
) -> Result<Data<ReceivedTakedownView>, ApiError> {
    let new = body.0.parse()?;
    enforce(&state.limiter, state.config.limits.takedown, &address.subject(), &request).await?;
    let (view, token) = takedowns::request(&state.database, &new).await?;
    let location = format!("/api/takedowns/{}", view.id);
    Ok(Data::created(ReceivedTakedownView { request: view.into(), token: token.expose().to_owned() }, location))
}

/// How a request stands
#[utoipa::path(tag = "moderation",
    params(
        ("id" = uuid::Uuid, Path, description = "The request's id."),
        ("Takedown-Token" = String, Header, description = "The token given when it was made."),
    ),
    responses(
    (status = 200, description = "The request.", body = Data<RequestersTakedownView>),
    (status = 404, description = "`not_found`: there is no such request, or the token is not its.",
     body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, description = "`unavailable`: the database does not answer.", body = ProblemBody,
     content_type = "application/problem+json"),
))]
#[get("/api/takedowns/{id}")]
async fn show(
    state: web::Data<AppState>,
    id: Path<String>,
    token: Token,
) -> Result<Data<RequestersTakedownView>, ApiError> {
    Ok(Data::new(takedowns::look(&state.database, takedown_id(&id.0)?, &token.0).await?.into()))
}

/// Takes a request back
#[utoipa::path(tag = "moderation",
    params(
        ("id" = uuid::Uuid, Path, description = "The request's id."),
        ("Takedown-Token" = String, Header, description = "The token given when it was made."),
    ),
    responses(
    (status = 200, description = "The request, withdrawn.", body = Data<RequestersTakedownView>),
    (status = 404, description = "`not_found`: there is no such request, or the token is not its.",
     body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`conflict`: the request is closed.", body = ProblemBody,
     content_type = "application/problem+json"),
    (status = 503, description = "`unavailable`: the database does not answer.", body = ProblemBody,
     content_type = "application/problem+json"),
))]
#[post("/api/takedowns/{id}/withdrawal")]
async fn withdraw(
    state: web::Data<AppState>,
    id: Path<String>,
    token: Token,
) -> Result<Data<RequestersTakedownView>, ApiError> {
    Ok(Data::new(takedowns::withdraw(&state.database, takedown_id(&id.0)?, &token.0).await?.into()))
}

/// What is no id names no request.
fn takedown_id(id: &str) -> Result<TakedownId, Problem> {
    id.parse().map_err(|_| Problem::not_found("take-down"))
}
