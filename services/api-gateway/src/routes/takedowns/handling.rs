//! What moderators do with requests to take a review down.

use super::{
    bodies::{NewTakedownBody, TakedownDecisionBody, TakedownView},
    takedown_id,
};
use crate::{
    ApiError, AppState,
    auth::{Access, Moderator, RouteAccess},
    routes::parameters::{self, refused},
};
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use rmu_catalogue::takedowns::{self, TakedownFilter, TakedownState};
use rmu_web::{Data, Json, Path, Query, problem::ProblemBody};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;

pub const ACCESS: &[RouteAccess] = &[
    RouteAccess::new("GET", "/api/moderation/takedowns", Access::Moderator),
    RouteAccess::new("POST", "/api/moderation/takedowns", Access::Moderator),
    RouteAccess::new("GET", "/api/moderation/takedowns/{id}", Access::Moderator),
    RouteAccess::new("POST", "/api/moderation/takedowns/{id}/claim", Access::Moderator),
    RouteAccess::new("POST", "/api/moderation/takedowns/{id}/decisions", Access::Moderator),
];

pub(super) fn configure(services: &mut ServiceConfig<'_>) {
    services.service(list).service(open).service(show).service(claim).service(decide);
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct TakedownsQuery {
    /// `received`, `under_review`, `upheld`, `refused` or `withdrawn`; those that are not closed when left out.
    #[param(example = "received")]
    state: Option<String>,
    /// The slug of a university.
    #[param(example = "northfield")]
    university: Option<String>,
    /// How many on a page: 1 to 50, by default 20.
    #[param(example = 20, minimum = 1, maximum = 50)]
    limit: Option<i64>,
    /// `nextCursor` of the page before.
    cursor: Option<String>,
}

/// Requests to take a review down, the oldest first
#[utoipa::path(tag = "moderation", responses(
    (status = 200, description = "A page of requests.", body = Data<Vec<TakedownView>>),
    (status = 304, description = "The answer is the one named in `If-None-Match`."),
    (status = 400, description = "`invalid`: a parameter is refused; `bad_cursor`.", body = ProblemBody,
     content_type = "application/problem+json"),
    (status = 503, description = "`unavailable`: the database does not answer.", body = ProblemBody,
     content_type = "application/problem+json"),
))]
#[get("/api/moderation/takedowns")]
async fn list(
    request: HttpRequest,
    state: web::Data<AppState>,
    moderator: Moderator,
    query: Query<TakedownsQuery>,
) -> Result<HttpResponse, ApiError> {
    let query = query.0;
    let limit = parameters::limit(query.limit)?;
    let filter = TakedownFilter {
        state: query.state.as_deref().map(TakedownState::parse).transpose().map_err(refused("state"))?,
        university: parameters::slug("university", query.university.as_deref())?,
        reader: Some(moderator.account),
    };
    let found = takedowns::takedowns(&state.database, &filter, query.cursor.as_deref(), limit)
        .await
        .map_err(parameters::as_parameter)?;
    let views: Vec<TakedownView> = found.entries.into_iter().map(TakedownView::from).collect();
    Ok(Data::new(views).with_page(parameters::page(limit, found.next, found.total)).or_not_modified(&request))
}

/// Opens a request for somebody who asked by another way
#[utoipa::path(tag = "moderation", request_body = NewTakedownBody, responses(
    (status = 201, description = "The request.", body = Data<TakedownView>),
    (status = 404, description = "`not_found`: there is no such review.", body = ProblemBody,
     content_type = "application/problem+json"),
    (status = 409, description = "`conflict`: as many requests about this review are open as are taken.",
     body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`invalid`: `errors` names the fields.", body = ProblemBody,
     content_type = "application/problem+json"),
    (status = 503, description = "`unavailable`: the database does not answer.", body = ProblemBody,
     content_type = "application/problem+json"),
))]
#[post("/api/moderation/takedowns")]
async fn open(
    state: web::Data<AppState>,
    moderator: Moderator,
    body: Json<NewTakedownBody>,
) -> Result<Data<TakedownView>, ApiError> {
    let opened = takedowns::open_for(&state.database, &body.0.parse()?, &moderator.actor()).await?;
    let location = format!("/api/moderation/takedowns/{}", opened.id);
    Ok(Data::created(opened.into(), location))
}

/// One request, with how to reach whoever made it
#[utoipa::path(tag = "moderation", params(("id" = uuid::Uuid, Path, description = "The request's id.")), responses(
    (status = 200, description = "The request.", body = Data<TakedownView>),
    (status = 304, description = "The answer is the one named in `If-None-Match`."),
    (status = 404, description = "`not_found`: there is no such request.", body = ProblemBody,
     content_type = "application/problem+json"),
    (status = 503, description = "`unavailable`: the database does not answer.", body = ProblemBody,
     content_type = "application/problem+json"),
))]
#[get("/api/moderation/takedowns/{id}")]
async fn show(
    request: HttpRequest,
    state: web::Data<AppState>,
    moderator: Moderator,
    id: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let found = takedowns::takedown_for(&state.database, takedown_id(&id.0)?, &moderator.actor()).await?;
    Ok(Data::new(TakedownView::from(found)).or_not_modified(&request))
}

/// Takes a request up for a day
#[utoipa::path(tag = "moderation", params(("id" = uuid::Uuid, Path, description = "The request's id.")), responses(
    (status = 200, description = "The request, under review.", body = Data<TakedownView>),
    (status = 403, description = "`forbidden`: it is about a review of one's own.", body = ProblemBody,
     content_type = "application/problem+json"),
    (status = 404, description = "`not_found`: there is no such request.", body = ProblemBody,
     content_type = "application/problem+json"),
    (status = 409, description = "`conflict`; `reason` is `claimed_by_another` or `already_decided`.",
     body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, description = "`unavailable`: the database does not answer.", body = ProblemBody,
     content_type = "application/problem+json"),
))]
#[post("/api/moderation/takedowns/{id}/claim")]
async fn claim(
    state: web::Data<AppState>,
    moderator: Moderator,
    id: Path<String>,
) -> Result<Data<TakedownView>, ApiError> {
    Ok(Data::new(takedowns::take(&state.database, takedown_id(&id.0)?, &moderator.actor()).await?.into()))
}

/// Decides a request
///
/// Upheld, it hides or removes the review by a decision of which its author is told, and against which an appeal is
/// possible as against any other.
#[utoipa::path(tag = "moderation", request_body = TakedownDecisionBody,
    params(("id" = uuid::Uuid, Path, description = "The request's id.")), responses(
    (status = 201, description = "The request, closed.", body = Data<TakedownView>),
    (status = 403, description = "`forbidden`: it is about a review, or an appeal against a decision, of one's own.",
     body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`not_found`: there is no such request.", body = ProblemBody,
     content_type = "application/problem+json"),
    (status = 409, description = "`conflict`; `reason` is `claimed_by_another` (the request, or the case of the \
        review) or `already_decided`.", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`invalid`: `errors` names the fields.", body = ProblemBody,
     content_type = "application/problem+json"),
    (status = 503, description = "`unavailable`: the database does not answer.", body = ProblemBody,
     content_type = "application/problem+json"),
))]
#[post("/api/moderation/takedowns/{id}/decisions")]
async fn decide(
    state: web::Data<AppState>,
    moderator: Moderator,
    id: Path<String>,
    body: Json<TakedownDecisionBody>,
) -> Result<Data<TakedownView>, ApiError> {
    let id = takedown_id(&id.0)?;
    let answer = body.0.parse()?;
    let decided = takedowns::decide(&state.database, id, &moderator.actor(), &answer).await?;
    Ok(Data::created(decided.into(), format!("/api/moderation/takedowns/{id}")))
}
