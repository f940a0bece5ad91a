//! What the caller is told: new reviews, handbook changes, decisions.

use crate::{
    ApiError, AppState,
    auth::{Access, Caller, RouteAccess},
    routes::parameters,
};
use actix_web::{HttpRequest, HttpResponse, delete, get, post, put, web};
use body::{InboxView, MarkReadBody, MarkedView};
use rmu_catalogue::notifications;
use rmu_domain::ids::NotificationId;
use rmu_web::{Data, Json, Path, Problem, Query, problem::ProblemBody};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;

pub mod body;

pub const ACCESS: &[RouteAccess] = &[
    RouteAccess::new("GET", "/api/notifications", Access::SignedIn),
    RouteAccess::new("POST", "/api/notifications/read", Access::SignedIn),
    RouteAccess::new("PUT", "/api/notifications/{id}/read", Access::SignedIn),
    RouteAccess::new("DELETE", "/api/notifications/{id}", Access::SignedIn),
];

pub fn configure(services: &mut ServiceConfig<'_>) {
    services.service(list_notifications).service(read_all).service(read_one).service(remove);
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct NotificationsQuery {
    /// Only what is not read yet.
    #[param(example = true)]
    #[serde(default)]
    unread: bool,
    /// How many on a page: 1 to 50, by default 20.
    #[param(example = 20, minimum = 1, maximum = 50)]
    limit: Option<i64>,
    /// `nextCursor` of the page before.
    cursor: Option<String>,
}

/// What the caller was told, newest first.
///
/// The newest 500 are kept.
#[utoipa::path(
    tag = "me",
    responses(
        (status = 200, description = "A page of notifications, and how many of all are unread.",
         body = Data<InboxView>),
        (status = 304, description = "The answer is the one named in `If-None-Match`."),
        (status = 400, description = "`invalid`: a parameter is refused; `bad_cursor`.", body = ProblemBody,
         content_type = "application/problem+json"),
        (status = 503, description = "`unavailable`: the database does not answer.", body = ProblemBody,
         content_type = "application/problem+json"),
    )
)]
#[get("/api/notifications")]
async fn list_notifications(
    request: HttpRequest,
    state: web::Data<AppState>,
    caller: Caller,
    query: Query<NotificationsQuery>,
) -> Result<HttpResponse, ApiError> {
    let query = query.into_inner();
    let limit = parameters::limit(query.limit)?;
    let cursor = query.cursor.as_deref();
    let inbox = notifications::inbox(&state.database, caller.account, query.unread, cursor, limit).await?;
    let page = parameters::page(limit, inbox.page.next.clone(), inbox.page.total);
    Ok(Data::new(InboxView::from(inbox)).with_page(page).or_not_modified(&request))
}

/// Marks everything as read, up to the newest that the caller has seen.
#[utoipa::path(
    tag = "me",
    request_body = MarkReadBody,
    responses(
        (status = 200, description = "How many were unread before.", body = Data<MarkedView>),
        (status = 400, description = "`bad_request`: the body is no JSON.", body = ProblemBody,
         content_type = "application/problem+json"),
        (status = 503, description = "`unavailable`: the database does not answer.", body = ProblemBody,
         content_type = "application/problem+json"),
    )
)]
#[post("/api/notifications/read")]
async fn read_all(
    state: web::Data<AppState>,
    caller: Caller,
    body: Json<MarkReadBody>,
) -> Result<Data<MarkedView>, ApiError> {
    let newest = body.0.newest.map(NotificationId::from);
    let marked = notifications::mark_all_read(&state.database, caller.account, newest).await?;
    Ok(Data::new(MarkedView { marked }))
}

/// Marks one as read.
#[utoipa::path(
    tag = "me",
    params(("id" = uuid::Uuid, Path, description = "The notification's id.")),
    responses(
        (status = 204, description = "It is read."),
        (status = 404, description = "`not_found`: the caller has no such notification.", body = ProblemBody,
         content_type = "application/problem+json"),
        (status = 503, description = "`unavailable`: the database does not answer.", body = ProblemBody,
         content_type = "application/problem+json"),
    )
)]
#[put("/api/notifications/{id}/read")]
async fn read_one(state: web::Data<AppState>, caller: Caller, id: Path<String>) -> Result<HttpResponse, ApiError> {
    notifications::mark_read(&state.database, caller.account, parse(&id.0)?).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Takes one away.
#[utoipa::path(
    tag = "me",
    params(("id" = uuid::Uuid, Path, description = "The notification's id.")),
    responses(
        (status = 204, description = "It is gone."),
        (status = 404, description = "`not_found`: the caller has no such notification.", body = ProblemBody,
         content_type = "application/problem+json"),
        (status = 503, description = "`unavailable`: the database does not answer.", body = ProblemBody,
         content_type = "application/problem+json"),
    )
)]
#[delete("/api/notifications/{id}")]
async fn remove(state: web::Data<AppState>, caller: Caller, id: Path<String>) -> Result<HttpResponse, ApiError> {
    notifications::delete(&state.database, caller.account, parse(&id.0)?).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// What is no id names no notification.
fn parse(id: &str) -> Result<NotificationId, Problem> {
    id.parse().map_err(|_| Problem::not_found("notification"))
}
