//! Where the link in a digest leads. Whoever has the mail may end such mails, without signing in.

use crate::{
    ApiError, AppState,
    auth::{Access, RouteAccess},
};
use actix_web::{
    HttpResponse, get,
    http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY},
    post, web,
};
use rmu_catalogue::digests;
use rmu_web::{Problem, Query, problem::ProblemBody};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;

pub const ACCESS: &[RouteAccess] = &[
    RouteAccess::new("GET", "/api/digest/unsubscribe", Access::Public),
    RouteAccess::new("POST", "/api/digest/unsubscribe", Access::Public),
];

/// The page may send its own form and nothing else.
const POLICY: &str = "default-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
const LONGEST_TOKEN: usize = 128;

const ASK: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>RateMyUnit</title>\
    <h1>No more mail?</h1><p>You will get no more daily mails. Notifications stay in RateMyUnit itself.</p>\
    <form method=\"post\"><button>End the daily mail</button></form></html>";
const DONE: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>RateMyUnit</title>\
    <h1>Done</h1><p>There will be no more daily mails to you.</p></html>";

pub fn configure(services: &mut ServiceConfig<'_>) {
    services.service(ask).service(unsubscribe);
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct UnsubscribeQuery {
    /// As it stands in the mail.
    token: String,
}

/// Asks whether to end the daily mail.
///
/// Changes nothing: programs that look at mails follow their links.
#[utoipa::path(
    tag = "me",
    responses(
        (status = 200, description = "A page with a button that posts.", body = String, content_type = "text/html"),
        (status = 400, description = "`invalid`: no token.", body = ProblemBody,
         content_type = "application/problem+json"),
    )
)]
#[get("/api/digest/unsubscribe")]
async fn ask(query: Query<UnsubscribeQuery>) -> Result<HttpResponse, ApiError> {
    check(&query.0.token)?;
    Ok(page(ASK))
}

/// Ends the daily mail, with one click (RFC 8058) or by the button of the page.
///
/// The answer is the same for a token that nobody has.
#[utoipa::path(
    tag = "me",
    responses(
        (status = 200, description = "There will be no more mails.", body = String, content_type = "text/html"),
        (status = 400, description = "`invalid`: no token.", body = ProblemBody,
         content_type = "application/problem+json"),
        (status = 503, description = "`unavailable`: the database does not answer.", body = ProblemBody,
         content_type = "application/problem+json"),
    )
)]
#[post("/api/digest/unsubscribe")]
async fn unsubscribe(state: web::Data<AppState>, query: Query<UnsubscribeQuery>) -> Result<HttpResponse, ApiError> {
    check(&query.0.token)?;
    digests::unsubscribe(&state.database, &query.0.token).await?;
    Ok(page(DONE))
}

fn check(token: &str) -> Result<(), Problem> {
    let well_formed = (1..=LONGEST_TOKEN).contains(&token.len()) && token.bytes().all(|byte| byte.is_ascii_graphic());
    if well_formed { Ok(()) } else { Err(Problem::invalid_parameter("token", "must be a token as it was given")) }
}

fn page(html: &'static str) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .body(html)
}
