//! What handbooks said of a unit over the years.

use crate::{
    ApiError, AppState,
    auth::{Access, RouteAccess},
    routes::{
        parameters::{self, PageOfUnit, refused},
        units::one_unit,
    },
};
use actix_web::{HttpRequest, HttpResponse, get, web};
use body::{DiffView, HistoryView};
use rmu_catalogue::history::{self, VersionKey};
use rmu_web::{Data, Path, Problem, Query, problem::ProblemBody};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;

pub mod body;

pub const ACCESS: &[RouteAccess] = &[
    RouteAccess::new("GET", "/api/units/{unit}/history", Access::Public),
    RouteAccess::new("GET", "/api/units/{unit}/diff", Access::Public),
];

pub fn configure(services: &mut ServiceConfig<'_>) {
    services.service(get_history).service(get_diff);
}

/// The versions of a unit, the newest handbook first.
///
/// Within a handbook year the first is what that handbook says now. A retired unit stays readable and says so.
#[utoipa::path(
    tag = "units",
    params(
        ("unit" = String, Path, description = "The unit's id, or its code in any spelling.", example = "31251"),
    ),
    responses(
        (status = 200, description = "A page of versions.", body = Data<HistoryView>),
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
#[get("/api/units/{unit}/history")]
async fn get_history(
    request: HttpRequest,
    state: web::Data<AppState>,
    key: Path<String>,
    query: Query<PageOfUnit>,
) -> Result<HttpResponse, ApiError> {
    let limit = parameters::limit(query.0.limit)?;
    let unit = one_unit(&state, &key.0, query.0.university.as_deref()).await?;
    let found = history::of_unit(&state.database, unit.id, query.0.cursor.as_deref(), limit).await?;
    let page = parameters::page(limit, found.page.next.clone(), found.page.total);
    Ok(Data::new(HistoryView::new(&unit, found)).with_page(page).or_not_modified(&request))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DiffQuery {
    /// A handbook's year (its last version counts) or the id of a version.
    #[param(example = "2025", required = true)]
    from: Option<String>,
    /// Likewise.
    #[param(example = "2026", required = true)]
    to: Option<String>,
    /// The slug of a university, when the code exists at several.
    #[param(example = "northfield")]
    university: Option<String>,
}

/// What changed between two versions of a unit, fact by fact.
///
/// Nothing is called added or removed where one of the versions does not give the fact at all.
#[utoipa::path(
    tag = "units",
    params(
        ("unit" = String, Path, description = "The unit's id, or its code in any spelling.", example = "31251"),
    ),
    responses(
        (status = 200, description = "The changes.", body = Data<DiffView>),
        (status = 304, description = "The answer is the one named in `If-None-Match`."),
        (status = 400, description = "`invalid`: `from` or `to` is missing or refused.", body = ProblemBody,
         content_type = "application/problem+json"),
        (status = 404, description = "`not_found`: there is no such unit, or no such version of it.", body = ProblemBody,
         content_type = "application/problem+json"),
        (status = 409, description = "`ambiguous`: several universities have the code.", body = ProblemBody,
         content_type = "application/problem+json"),
        (status = 503, description = "`unavailable`: the database does not answer.", body = ProblemBody,
         content_type = "application/problem+json"),
    )
)]
#[get("/api/units/{unit}/diff")]
async fn get_diff(
    request: HttpRequest,
    state: web::Data<AppState>,
    key: Path<String>,
    query: Query<DiffQuery>,
) -> Result<HttpResponse, ApiError> {
    let from = version("from", query.0.from.as_deref())?;
    let to = version("to", query.0.to.as_deref())?;
    let unit = one_unit(&state, &key.0, query.0.university.as_deref()).await?;
    let compared = history::compare(&state.database, unit.id, from, to).await?;
    Ok(Data::new(DiffView::new(&unit, compared)).or_not_modified(&request))
}

fn version(name: &'static str, raw: Option<&str>) -> Result<VersionKey, ApiError> {
    let raw = raw.ok_or_else(|| Problem::invalid_parameter(name, "is required"))?;
    VersionKey::parse(raw).map_err(refused(name))
}
