//! Units: search, lists, and one unit with everything known of it.

pub mod detail;
pub mod facet_views;
pub mod query;
pub mod suggestions;
pub mod summary;

use crate::{
    ApiError, AppState,
    auth::{Access, RouteAccess},
    cache::Scope,
    routes::{
        cached::{asked_unit, cached, cached_of_unit},
        parameters::{self, WhichUniversity, refused},
    },
};
use actix_web::{HttpRequest, HttpResponse, get, web};
use detail::UnitDetailView;
use facet_views::FacetsView;
use query::UnitsQuery;
use rmu_catalogue::{
    search::{facets, search, suggestions::suggest},
    units::{Candidate, Identified, UnitKey, detail, identify},
};
use rmu_domain::{query::SearchQuery, slug::Slug};
use rmu_web::{Data, ErrorCode, Path, Problem, Query, problem::ProblemBody};
use serde::Deserialize;
use suggestions::SuggestionView;
use summary::{CandidateView, UnitSummaryView};
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;

pub const ACCESS: &[RouteAccess] = &[
    RouteAccess::new("GET", "/api/units", Access::Public),
    RouteAccess::new("GET", "/api/units/search", Access::Public),
    RouteAccess::new("GET", "/api/units/facets", Access::Public),
    RouteAccess::new("GET", "/api/units/suggest", Access::Public),
    RouteAccess::new("GET", "/api/units/{unit}", Access::Public),
];

pub fn configure(services: &mut ServiceConfig<'_>) {
    // The fixed paths before the one with a parameter that would match them.
    services.service(list_units).service(search_units).service(count_facets).service(suggest_units).service(get_unit);
}

/// Searches or lists units.
///
/// A hit stands on the best rung of the ladder that reaches it and says which: `exactCode`, `normalisedCode`,
/// `codePrefix`, `title`, `description`, `abbreviation`, `typo`. Totals are exact to 1000, then `1000+`.
#[utoipa::path(
    tag = "units",
    responses(
        (status = 200, description = "A page of units; `ETag` names this very answer.", body = Data<Vec<UnitSummaryView>>),
        (status = 304, description = "The answer is the one named in `If-None-Match`."),
        (status = 400, description = "`invalid`: a parameter is refused; `bad_cursor`: the cursor is of another list.",
         body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`unavailable`: the database does not answer.",
         body = ProblemBody, content_type = "application/problem+json"),
    )
)]
#[get("/api/units")]
async fn list_units(
    request: HttpRequest,
    state: web::Data<AppState>,
    query: Query<UnitsQuery>,
) -> Result<HttpResponse, ApiError> {
    page(&request, &state, query.into_inner(), false).await
}

/// Searches units; like `GET /api/units` with a query.
#[utoipa::path(
    tag = "units",
    responses(
        (status = 200, description = "A page of units, the best first.", body = Data<Vec<UnitSummaryView>>),
        (status = 304, description = "The answer is the one named in `If-None-Match`."),
        (status = 400, description = "`invalid`: a parameter is refused or `q` is missing; `bad_cursor`.",
         body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`unavailable`: the database does not answer.",
         body = ProblemBody, content_type = "application/problem+json"),
    )
)]
#[get("/api/units/search")]
async fn search_units(
    request: HttpRequest,
    state: web::Data<AppState>,
    query: Query<UnitsQuery>,
) -> Result<HttpResponse, ApiError> {
    page(&request, &state, query.into_inner(), true).await
}

async fn page(
    request: &HttpRequest,
    state: &AppState,
    query: UnitsQuery,
    query_required: bool,
) -> Result<HttpResponse, ApiError> {
    let wanted = query.parse(query_required)?;
    let compute = async {
        let found = search(&state.database, &wanted).await.map_err(parameters::as_parameter)?;
        let units: Vec<UnitSummaryView> = found.entries.iter().map(UnitSummaryView::from).collect();
        Ok(Data::new(units).with_page(parameters::page(wanted.limit, found.next, found.total)))
    };
    cached(request, state, "units", &[Scope::Lists], request.query_string(), compute).await
}

/// What a search or list could be narrowed by, with the number of units that would remain.
///
/// Takes the parameters of `GET /api/units`; order and page do not matter. Each fact is counted with all filters but
/// the one on itself.
#[utoipa::path(
    tag = "units",
    responses(
        (status = 200, description = "The values that occur, the most frequent first.", body = Data<FacetsView>),
        (status = 304, description = "The answer is the one named in `If-None-Match`."),
        (status = 400, description = "`invalid`: a parameter is refused.",
         body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`unavailable`: the database does not answer.",
         body = ProblemBody, content_type = "application/problem+json"),
    )
)]
#[get("/api/units/facets")]
async fn count_facets(
    request: HttpRequest,
    state: web::Data<AppState>,
    query: Query<UnitsQuery>,
) -> Result<HttpResponse, ApiError> {
    let wanted = query.into_inner().parse(false)?;
    let compute = async {
        let counted = facets::count(&state.database, &wanted).await.map_err(parameters::as_parameter)?;
        Ok(Data::new(FacetsView::from(counted)))
    };
    cached(&request, &state, "facets", &[Scope::Lists], request.query_string(), compute).await
}

/// What was typed so far.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SuggestQuery {
    /// The beginning of a code, or of a title, or words of a title of which the last may be incomplete.
    #[param(example = "data str", min_length = 1, max_length = 200)]
    q: Option<String>,
    /// The slug of a university.
    #[param(example = "northfield")]
    university: Option<String>,
}

/// Suggests units while somebody types: at most eight, by code or title.
///
/// First those whose codes begin with `q`, then those whose titles do, then those with its words in their titles.
/// One character is enough. Wildcards and quotes are plain text.
#[utoipa::path(
    tag = "units",
    responses(
        (status = 200, description = "The suggestions, the best first.", body = Data<Vec<SuggestionView>>),
        (status = 304, description = "The answer is the one named in `If-None-Match`."),
        (status = 400, description = "`invalid`: `q` is missing or refused, or there is no such university.",
         body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`unavailable`: the database does not answer.",
         body = ProblemBody, content_type = "application/problem+json"),
    )
)]
#[get("/api/units/suggest")]
async fn suggest_units(
    request: HttpRequest,
    state: web::Data<AppState>,
    query: Query<SuggestQuery>,
) -> Result<HttpResponse, ApiError> {
    let q = query.0.q.ok_or_else(|| Problem::invalid_parameter("q", "is required"))?;
    let q = SearchQuery::parse(&q).map_err(refused("q"))?;
    let university = parameters::slug("university", query.0.university.as_deref())?;
    let compute = async {
        let found = suggest(&state.database, &q, university.as_ref()).await.map_err(parameters::as_parameter)?;
        Ok(Data::new(found.into_iter().map(SuggestionView::from).collect::<Vec<_>>()))
    };
    cached(&request, &state, "suggestions", &[], request.query_string(), compute).await
}

/// One unit with everything known of it.
///
/// A fact that is unknown is `null`, and `gaps` says why; an empty list means that the handbook says there are none.
#[utoipa::path(
    tag = "units",
    params(
        ("unit" = String, Path, description = "The unit's id, or its code in any spelling.", example = "31251"),
    ),
    responses(
        (status = 200, description = "The unit; `ETag` names this very answer.", body = Data<UnitDetailView>),
        (status = 304, description = "The answer is the one named in `If-None-Match`."),
        (status = 400, description = "`invalid`: neither an id nor a code.", body = ProblemBody,
         content_type = "application/problem+json"),
        (status = 404, description = "`not_found`: there is no such unit.", body = ProblemBody,
         content_type = "application/problem+json"),
        (status = 409, description = "`ambiguous`: several universities have the code. `candidates` lists them; \
            `university` decides.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`unavailable`: the database does not answer.",
         body = ProblemBody, content_type = "application/problem+json"),
    )
)]
#[get("/api/units/{unit}")]
async fn get_unit(
    request: HttpRequest,
    state: web::Data<AppState>,
    key: Path<String>,
    which: Query<WhichUniversity>,
) -> Result<HttpResponse, ApiError> {
    let unit = asked_unit(&state, &key.0, which.0.university.as_deref()).await?;
    let compute = async {
        let detail = detail(&state.database, unit).await?;
        Ok((detail.id, Data::new(UnitDetailView::from(detail))))
    };
    // On the heap: it is large, and lies in the futures of everything around it.
    cached_of_unit(&request, &state, "unit", unit, &unit.to_string(), Box::pin(compute)).await
}

/// The one unit that a path means.
pub(crate) async fn one_unit(state: &AppState, key: &str, university: Option<&str>) -> Result<Candidate, ApiError> {
    let key = UnitKey::parse(key).map_err(refused("unit"))?;
    let university = parameters::slug("university", university)?;
    the_one(state, &key, university.as_ref()).await
}

/// The one unit of this key, or a 409.
pub(crate) async fn the_one(state: &AppState, key: &UnitKey, university: Option<&Slug>) -> Result<Candidate, ApiError> {
    match identify(&state.database, key, university).await? {
        Identified::One(unit) => Ok(unit),
        Identified::Ambiguous(candidates) => Err(ambiguous(&candidates)),
    }
}

/// A 409 that says what may have been meant.
pub fn ambiguous(candidates: &[Candidate]) -> ApiError {
    let candidates: Vec<CandidateView> = candidates.iter().map(CandidateView::from).collect();
    let detail = "The code exists at several universities. Ask again with `university`, or by id.";
    match serde_json::to_value(candidates) {
        Ok(candidates) => Problem::new(ErrorCode::Ambiguous, detail).with_extra("candidates", candidates).into(),
        Err(error) => Problem::internal(error).into(),
    }
}
