//! Requisites: what a unit asks for, what it unlocks, and whether somebody may take it.

use crate::{
    ApiError, AppState,
    auth::{Access, RouteAccess},
    routes::{
        parameters::{self, PageOfUnit, WhichUniversity},
        units::one_unit,
    },
};
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use body::{EligibilityBody, EligibilityView, RequisitesView};
use rmu_catalogue::requisites;
use rmu_web::{Data, Json, Path, Query, problem::ProblemBody};
use utoipa_actix_web::service_config::ServiceConfig;

pub mod body;
mod tree;

pub const ACCESS: &[RouteAccess] = &[
    RouteAccess::new("GET", "/api/units/{unit}/requisites", Access::Public),
    RouteAccess::new("POST", "/api/units/{unit}/eligibility", Access::Public),
];

pub fn configure(services: &mut ServiceConfig<'_>) {
    services.service(get_requisites).service(judge);
}

/// What a unit requires, as trees, and what it unlocks.
///
/// Each code is resolved to a unit of the same university or marked as dead. `meta.page` pages `unlocks`; `cycles` are
/// ways of prerequisites that lead back to the unit.
#[utoipa::path(
    tag = "units",
    params(
        ("unit" = String, Path, description = "The unit's id, or its code in any spelling.", example = "31251"),
    ),
    responses(
        (status = 200, description = "The requisites.", body = Data<RequisitesView>),
        (status = 304, description = "The answer is the one named in `If-None-Match`."),
        (status = 400, description = "`invalid`: a parameter is refused; `bad_cursor`.", body = ProblemBody,
         content_type = "application/problem+json"),
        (status = 404, description = "`not_found`: there is no such unit.", body = ProblemBody,
         content_type = "application/problem+json"),
        (status = 409, description = "`ambiguous`: several universities have the code.", body = ProblemBody,
         content_type = "application/problem+json"),
        (status = 503, description = "`unavailable`: the database does not answer.", body = ProblemBody,
         content_type = "application/problem+json"),
    )
)]
#[get("/api/units/{unit}/requisites")]
async fn get_requisites(
    request: HttpRequest,
    state: web::Data<AppState>,
    key: Path<String>,
    query: Query<PageOfUnit>,
) -> Result<HttpResponse, ApiError> {
    let limit = parameters::limit(query.0.limit)?;
    let unit = one_unit(&state, &key.0, query.0.university.as_deref()).await?;
    let graph = requisites::of_unit(&state.database, &unit, query.0.cursor.as_deref(), limit).await?;
    let page = parameters::page(limit, graph.unlocks.next.clone(), graph.unlocks.total);
    Ok(Data::new(RequisitesView::new(&unit, &graph)).with_page(page).or_not_modified(&request))
}

/// Judges whether somebody with these passed units may take the unit.
///
/// Three-valued: `unknown` wherever the handbook's text was not understood or credit points are not given. Nothing
/// is stored. `passed` is taken for all that was passed.
#[utoipa::path(
    tag = "units",
    params(
        ("unit" = String, Path, description = "The unit's id, or its code in any spelling.", example = "31251"),
    ),
    request_body = EligibilityBody,
    responses(
        (status = 200, description = "The judgement, branch by branch.", body = Data<EligibilityView>),
        (status = 400, description = "`bad_request`: the body is no JSON; `invalid`: a parameter is refused.",
         body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`: there is no such unit.", body = ProblemBody,
         content_type = "application/problem+json"),
        (status = 409, description = "`ambiguous`: several universities have the code.", body = ProblemBody,
         content_type = "application/problem+json"),
        (status = 422, description = "`invalid`: `errors` names the fields.", body = ProblemBody,
         content_type = "application/problem+json"),
        (status = 503, description = "`unavailable`: the database does not answer.", body = ProblemBody,
         content_type = "application/problem+json"),
    )
)]
#[post("/api/units/{unit}/eligibility")]
async fn judge(
    state: web::Data<AppState>,
    key: Path<String>,
    query: Query<WhichUniversity>,
    body: Json<EligibilityBody>,
) -> Result<Data<EligibilityView>, ApiError> {
    let achieved = body.0.parse()?;
    let unit = one_unit(&state, &key.0, query.0.university.as_deref()).await?;
    let judged = requisites::eligibility(&state.database, &unit, &achieved).await?;
    Ok(Data::new(EligibilityView::new(&unit, &judged, &achieved)))
}
