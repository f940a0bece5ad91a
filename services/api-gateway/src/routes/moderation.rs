//! The queue of reviews that moderators look at, and what they decide.

use crate::{
    ApiError, AppState,
    auth::{Access, Moderator, RouteAccess},
    routes::parameters::{self, refused},
};
use actix_web::{HttpRequest, HttpResponse, delete, get, post, web};
use bodies::{DecisionBody, NewCaseBody, OpenedCaseBody};
use rmu_catalogue::{
    idempotency::IdempotencyKey as Key,
    moderation::{self, CaseCause, CaseFilter, CaseState},
};
use rmu_domain::{
    ParseError,
    ids::{CaseId, ReviewId},
};
use rmu_web::{Data, IdempotencyKey, Json, Path, Problem, Query, problem::ProblemBody};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;
use views::{CaseSummaryView, CaseView, ClaimView};

pub mod bodies;
pub mod views;

pub const ACCESS: &[RouteAccess] = &[
    RouteAccess::new("GET", "/api/moderation/cases", Access::Moderator),
    RouteAccess::new("POST", "/api/moderation/cases", Access::Moderator),
    RouteAccess::new("GET", "/api/moderation/cases/{id}", Access::Moderator),
    RouteAccess::new("POST", "/api/moderation/cases/{id}/claim", Access::Moderator),
    RouteAccess::new("DELETE", "/api/moderation/cases/{id}/claim", Access::Moderator),
    RouteAccess::new("POST", "/api/moderation/cases/{id}/decisions", Access::Moderator),
];

pub fn configure(services: &mut ServiceConfig<'_>) {
    services.service(list).service(open).service(show).service(claim).service(release).service(decide);
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct CasesQuery {
    /// `open`, `resubmitted`, `appealed` or `decided`; those that wait for a decision when left out.
    #[param(example = "open")]
    state: Option<String>,
    /// `reports`, `near_duplicate`, `burst`, `moderator`, `take_down` or `resubmission`.
    #[param(example = "reports")]
    cause: Option<String>,
    /// The slug of a university.
    #[param(example = "northfield")]
    university: Option<String>,
    /// `oldest`, which is how they wait, or `mostReported`.
    #[param(example = "oldest")]
    sort: Option<String>,
    /// How many on a page: 1 to 50, by default 20.
    #[param(example = 20, minimum = 1, maximum = 50)]
    limit: Option<i64>,
    /// `nextCursor` of the page before.
    cursor: Option<String>,
}

impl CasesQuery {
    fn filter(&self) -> Result<CaseFilter, ApiError> {
        let most_reported = match self.sort.as_deref() {
            None | Some("oldest") => false,
            Some("mostReported") => true,
            Some(_) => return Err(refused("sort")(ParseError::new("must be oldest or mostReported"))),
        };
        Ok(CaseFilter {
            state: self.state.as_deref().map(CaseState::parse).transpose().map_err(refused("state"))?,
            cause: self.cause.as_deref().map(CaseCause::parse).transpose().map_err(refused("cause"))?,
            university: parameters::slug("university", self.university.as_deref())?,
            most_reported,
        })
    }
}

/// Reviews that wait for a moderator, or were decided about
#[utoipa::path(tag = "moderation", responses(
    (status = 200, description = "A page of cases.", body = Data<Vec<CaseSummaryView>>),
    (status = 304, description = "The answer is the one named in `If-None-Match`."),
    (status = 400, description = "`invalid`: a parameter is refused; `bad_cursor`.", body = ProblemBody,
     content_type = "application/problem+json"),
    (status = 503, description = "`unavailable`: the database does not answer.", body = ProblemBody,
     content_type = "application/problem+json"),
))]
#[get("/api/moderation/cases")]
async fn list(
    request: HttpRequest,
    state: web::Data<AppState>,
    moderator: Moderator,
    query: Query<CasesQuery>,
) -> Result<HttpResponse, ApiError> {
    let query = query.0;
    let limit = parameters::limit(query.limit)?;
    let (filter, actor) = (query.filter()?, moderator.actor());
    let found = moderation::cases(&state.database, &filter, &actor, query.cursor.as_deref(), limit)
        .await
        .map_err(parameters::as_parameter)?;
    let views: Vec<CaseSummaryView> = found.entries.into_iter().map(CaseSummaryView::from).collect();
    Ok(Data::new(views).with_page(parameters::page(limit, found.next, found.total)).or_not_modified(&request))
}

/// Brings a review before the moderators
///
/// While a case of the review waits already, that one is named.
#[utoipa::path(tag = "moderation", request_body = NewCaseBody, responses(
    (status = 201, description = "The case that waits.", body = Data<OpenedCaseBody>),
    (status = 403, description = "`forbidden`: it is a review of one's own.", body = ProblemBody,
     content_type = "application/problem+json"),
    (status = 404, description = "`not_found`: there is no such review.", body = ProblemBody,
     content_type = "application/problem+json"),
    (status = 503, description = "`unavailable`: the database does not answer.", body = ProblemBody,
     content_type = "application/problem+json"),
))]
#[post("/api/moderation/cases")]
async fn open(
    state: web::Data<AppState>,
    moderator: Moderator,
    body: Json<NewCaseBody>,
) -> Result<Data<OpenedCaseBody>, ApiError> {
    let review = ReviewId::from(body.0.review_id);
    let case = moderation::open_by_hand(&state.database, review, &moderator.actor()).await?;
    Ok(Data::created(OpenedCaseBody { id: case.as_uuid() }, format!("/api/moderation/cases/{case}")))
}

/// One case: what the review says and said, how often it was reported and why, and every decision
///
/// Neither who wrote the review nor who reported it is told.
#[utoipa::path(tag = "moderation", params(("id" = uuid::Uuid, Path, description = "The case's id.")), responses(
    (status = 200, description = "The case.", body = Data<CaseView>),
    (status = 304, description = "The answer is the one named in `If-None-Match`."),
    (status = 404, description = "`not_found`: there is no such case.", body = ProblemBody,
     content_type = "application/problem+json"),
    (status = 503, description = "`unavailable`: the database does not answer.", body = ProblemBody,
     content_type = "application/problem+json"),
))]
#[get("/api/moderation/cases/{id}")]
async fn show(
    request: HttpRequest,
    state: web::Data<AppState>,
    moderator: Moderator,
    id: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let found = moderation::case(&state.database, case_id(&id.0)?, &moderator.actor()).await?;
    Ok(Data::new(CaseView::from(found)).or_not_modified(&request))
}

/// Keeps a case for the caller for fifteen minutes, so that two moderators do not do the same work
#[utoipa::path(tag = "moderation", params(("id" = uuid::Uuid, Path, description = "The case's id.")), responses(
    (status = 200, description = "Until when it is the caller's.", body = Data<ClaimView>),
    (status = 403, description = "`forbidden`: it is about a review, or an appeal against a decision, of one's own.",
     body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`not_found`: there is no such case.", body = ProblemBody,
     content_type = "application/problem+json"),
    (status = 409, description = "`conflict`; `reason` is `claimed_by_another` or `already_decided`.",
     body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, description = "`unavailable`: the database does not answer.", body = ProblemBody,
     content_type = "application/problem+json"),
))]
#[post("/api/moderation/cases/{id}/claim")]
async fn claim(
    state: web::Data<AppState>,
    moderator: Moderator,
    id: Path<String>,
) -> Result<Data<ClaimView>, ApiError> {
    let until = moderation::claim(&state.database, case_id(&id.0)?, &moderator.actor()).await?;
    Ok(Data::new(ClaimView { until, own: true }))
}

/// Gives a claimed case back to the others
#[utoipa::path(tag = "moderation", params(("id" = uuid::Uuid, Path, description = "The case's id.")), responses(
    (status = 204, description = "It is nobody's."),
    (status = 404, description = "`not_found`: there is no such case.", body = ProblemBody,
     content_type = "application/problem+json"),
    (status = 409, description = "`conflict`: it was not the caller's.", body = ProblemBody,
     content_type = "application/problem+json"),
    (status = 503, description = "`unavailable`: the database does not answer.", body = ProblemBody,
     content_type = "application/problem+json"),
))]
#[delete("/api/moderation/cases/{id}/claim")]
async fn release(state: web::Data<AppState>, moderator: Moderator, id: Path<String>) -> Result<HttpResponse, ApiError> {
    moderation::release(&state.database, case_id(&id.0)?, &moderator.actor()).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Decides a case: keeps, hides, removes or restores the review, and tells its author why
///
/// A case is decided once; whoever comes later gets a conflict. An appeal is decided by another moderator than the
/// one whose decision it is against.
#[utoipa::path(tag = "moderation", request_body = DecisionBody,
    params(
        ("id" = uuid::Uuid, Path, description = "The case's id."),
        ("Idempotency-Key" = Option<String>, Header,
            description = "The same key with the same body is one decision, however often it is sent within a day."),
    ),
    responses(
    (status = 201, description = "The case as it is now.", body = Data<CaseView>),
    (status = 403, description = "`forbidden`: it is about a review, or an appeal against a decision, of one's own.",
     body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`not_found`: there is no such case.", body = ProblemBody,
     content_type = "application/problem+json"),
    (status = 409, description = "`conflict`; `reason` is `already_decided`, `claimed_by_another`, `changed` (it is \
        another revision now) or `wrong_state` (such a decision cannot be made about the review).",
     body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`invalid`: `errors` names the fields.", body = ProblemBody,
     content_type = "application/problem+json"),
    (status = 503, description = "`unavailable`: the database does not answer.", body = ProblemBody,
     content_type = "application/problem+json"),
))]
#[post("/api/moderation/cases/{id}/decisions")]
async fn decide(
    state: web::Data<AppState>,
    moderator: Moderator,
    id: Path<String>,
    key: IdempotencyKey,
    body: Json<DecisionBody>,
) -> Result<Data<CaseView>, ApiError> {
    let id = case_id(&id.0)?;
    let key = key.0.map(|key| Key::parse(&key)).transpose().map_err(refused("Idempotency-Key"))?;
    let (verdict, actor) = (body.0.parse()?, moderator.actor());
    moderation::decide(&state.database, id, &actor, &verdict, key.as_ref()).await?;
    let found = moderation::case(&state.database, id, &actor).await?;
    Ok(Data::created(CaseView::from(found), format!("/api/moderation/cases/{id}")))
}

/// What is no id names no case.
fn case_id(id: &str) -> Result<CaseId, Problem> {
    id.parse().map_err(|_| Problem::not_found("case"))
}
