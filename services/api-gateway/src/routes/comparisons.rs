//! Units side by side.

use crate::{
    ApiError, AppState,
    auth::{Access, RouteAccess},
    cache::Scope,
    routes::{
        cached::{cached, unit_id},
        parameters::refused,
        units::detail::UnitDetailView,
    },
};
use actix_web::{HttpRequest, HttpResponse, get, web};
use rmu_catalogue::comparisons::{Compared, ComparedUnits, compare};
use rmu_domain::{facts::FactName, ids::UnitId};
use rmu_web::{Data, ErrorCode, Problem, Query, problem::ProblemBody};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

pub const ACCESS: &[RouteAccess] = &[RouteAccess::new("GET", "/api/units/compare", Access::Public)];

pub fn configure(services: &mut ServiceConfig<'_>) {
    services.service(compare_units);
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct CompareQuery {
    /// The ids of 2 to 4 units, with commas between them; they may be of several universities.
    #[param(required = true, example = "01920000-0000-7000-8000-000000000001,01920000-0000-7000-8000-000000000002")]
    ids: Option<String>,
}

/// Units side by side.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ComparisonView {
    /// In the order asked for.
    pub units: Vec<UnitDetailView>,
    /// The names of the facts that are not the same for all, or not known of all.
    #[schema(value_type = Vec<String>, example = json!(["code", "title", "creditPoints"]))]
    pub differing: Vec<&'static str>,
}

/// Compares 2 to 4 units, across universities too.
#[utoipa::path(
    tag = "units",
    responses(
        (status = 200, description = "The units side by side.", body = Data<ComparisonView>),
        (status = 304, description = "The answer is the one named in `If-None-Match`."),
        (status = 400, description = "`invalid`: `ids` is missing, or names too few, too many or the same.",
         body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`: `unknown` lists the ids that are of no unit.", body = ProblemBody,
         content_type = "application/problem+json"),
        (status = 503, description = "`unavailable`: the database does not answer.", body = ProblemBody,
         content_type = "application/problem+json"),
    )
)]
#[get("/api/units/compare")]
async fn compare_units(
    request: HttpRequest,
    state: web::Data<AppState>,
    query: Query<CompareQuery>,
) -> Result<HttpResponse, ApiError> {
    let ids = query.0.ids.ok_or_else(|| Problem::invalid_parameter("ids", "is required"))?;
    let wanted = ComparedUnits::parse(&ids).map_err(refused("ids"))?;
    let wanted = going_on(&state, &wanted).await?;
    let scopes: Vec<Scope> = wanted.ids().iter().copied().map(Scope::Unit).collect();
    let compute = async {
        match compare(&state.database, &wanted).await? {
            Compared::SideBySide { units, differing } => {
                let units = units.into_iter().map(UnitDetailView::from).collect();
                let differing = differing.into_iter().map(FactName::as_str).collect();
                Ok(Data::new(ComparisonView { units, differing }))
            }
            Compared::Unknown(ids) => Err(unknown(&ids)),
        }
    };
    cached(&request, &state, "comparison", &scopes, &wanted.to_string(), compute).await
}

/// The units that those asked for are called now.
async fn going_on(state: &AppState, wanted: &ComparedUnits) -> Result<ComparedUnits, ApiError> {
    let (mut units, mut missing) = (Vec::new(), Vec::new());
    for id in wanted.ids() {
        match unit_id(state, &id.to_string(), None).await {
            Ok(unit) => units.push(unit),
            Err(error) if error.problem().code() == ErrorCode::NotFound => missing.push(*id),
            Err(error) => return Err(error),
        }
    }
    if !missing.is_empty() {
        return Err(unknown(&missing));
    }
    ComparedUnits::new(units).map_err(refused("ids"))
}

fn unknown(ids: &[UnitId]) -> ApiError {
    let names: Vec<String> = ids.iter().map(ToString::to_string).collect();
    let detail = format!("There is no unit with the id {}.", names.join(", nor "));
    Problem::new(ErrorCode::NotFound, detail).with_extra("unknown", names.into()).into()
}
