//! Units that people want to read a review of.

use crate::{
    ApiError, AppState,
    auth::{Access, RouteAccess, Student},
    routes::{
        parameters::{self, WhichUniversity},
        units::{one_unit, summary::CandidateView},
    },
};
use actix_web::{HttpRequest, HttpResponse, get, http::StatusCode, post, web};
use rmu_catalogue::review_requests::{WantedUnit, request_review, wanted};
use rmu_web::{Data, Path, Query, problem::ProblemBody};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub const ACCESS: &[RouteAccess] = &[
    RouteAccess::new("GET", "/api/units/wanted", Access::Public),
    RouteAccess::new("POST", "/api/units/{unit}/review-requests", Access::Student),
];

pub fn configure(services: &mut ServiceConfig<'_>) {
    services.service(list_wanted).service(create);
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct WantedQuery {
    /// The slug of a university.
    #[param(example = "northfield")]
    university: Option<String>,
    /// How many on a page: 1 to 50, by default 20.
    #[param(example = 20, minimum = 1, maximum = 50)]
    limit: Option<i64>,
    /// `nextCursor` of the page before.
    cursor: Option<String>,
}

/// A unit without a review that people asked for one.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct WantedUnitView {
    pub unit: CandidateView,
    /// How many students asked.
    #[schema(example = 7)]
    pub requests: u32,
}

/// Units that students asked a review for, the most wanted first.
///
/// A unit leaves the list with its first review.
#[utoipa::path(
    tag = "reviews",
    responses(
        (status = 200, description = "A page of units.", body = Data<Vec<WantedUnitView>>),
        (status = 304, description = "The answer is the one named in `If-None-Match`."),
        (status = 400, description = "`invalid`: a parameter is refused; `bad_cursor`.", body = ProblemBody,
         content_type = "application/problem+json"),
        (status = 503, description = "`unavailable`: the database does not answer.", body = ProblemBody,
         content_type = "application/problem+json"),
    )
)]
#[get("/api/units/wanted")]
async fn list_wanted(
    request: HttpRequest,
    state: web::Data<AppState>,
    query: Query<WantedQuery>,
) -> Result<HttpResponse, ApiError> {
    let university = parameters::slug("university", query.0.university.as_deref())?;
    let limit = parameters::limit(query.0.limit)?;
    let found = wanted(&state.database, university.as_ref(), query.0.cursor.as_deref(), limit)
        .await
        .map_err(parameters::as_parameter)?;
    let views: Vec<WantedUnitView> = found.entries.iter().map(WantedUnitView::from).collect();
    Ok(Data::new(views).with_page(parameters::page(limit, found.next, found.total)).or_not_modified(&request))
}

/// A request for a review.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReviewRequestView {
    pub unit_id: Uuid,
    /// How many students asked, the caller included.
    #[schema(example = 7)]
    pub requests: u32,
}

/// Asks for a review of a unit that has none; one request per student and unit.
///
/// Who asked is shown to nobody, and forgotten with the first review.
#[utoipa::path(
    tag = "reviews",
    params(
        ("unit" = String, Path, description = "The unit's id, or its code in any spelling.", example = "31251"),
    ),
    responses(
        (status = 200, description = "The caller had asked before; nothing changed.", body = Data<ReviewRequestView>),
        (status = 201, description = "The request counts.", body = Data<ReviewRequestView>),
        (status = 400, description = "`invalid`: neither an id nor a code.", body = ProblemBody,
         content_type = "application/problem+json"),
        (status = 401, description = "`unauthenticated`: no valid access token.", body = ProblemBody,
         content_type = "application/problem+json"),
        (status = 403, description = "`email_not_verified`.", body = ProblemBody,
         content_type = "application/problem+json"),
        (status = 404, description = "`not_found`: there is no such unit.", body = ProblemBody,
         content_type = "application/problem+json"),
        (status = 409, description = "`conflict`: the unit has a review already; `ambiguous`: several universities \
            have the code.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`unavailable`: the database does not answer.", body = ProblemBody,
         content_type = "application/problem+json"),
    )
)]
#[post("/api/units/{unit}/review-requests")]
async fn create(
    state: web::Data<AppState>,
    student: Student,
    key: Path<String>,
    query: Query<WhichUniversity>,
) -> Result<Data<ReviewRequestView>, ApiError> {
    let unit = one_unit(&state, &key.0, query.0.university.as_deref()).await?;
    let request = request_review(&state.database, unit.id, student.account).await?;
    let view = ReviewRequestView { unit_id: request.unit.as_uuid(), requests: request.requests };
    let status = if request.is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok(Data::new(view).with_status(status))
}

impl From<&WantedUnit> for WantedUnitView {
    fn from(wanted: &WantedUnit) -> Self {
        Self { unit: CandidateView::from(&wanted.unit), requests: wanted.requests }
    }
}
