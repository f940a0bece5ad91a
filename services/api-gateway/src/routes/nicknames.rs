//! Nicknames of units, for administrators.

use crate::{
    ApiError, AppState,
    auth::{Access, Admin, RouteAccess},
    routes::{parameters::WhichUniversity, units::one_unit},
};
use actix_web::{HttpRequest, HttpResponse, get, put, web};
use rmu_catalogue::{
    CatalogueError,
    nicknames::{MOST_NICKNAMES, Nicknames, UnitNickname, nicknames, set_nicknames},
};
use rmu_domain::ParseError;
use rmu_web::{Data, Json, Path, Query, problem::ProblemBody};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

pub const ACCESS: &[RouteAccess] = &[
    RouteAccess::new("GET", "/api/admin/units/{unit}/nicknames", Access::Admin),
    RouteAccess::new("PUT", "/api/admin/units/{unit}/nicknames", Access::Admin),
];

pub fn configure(services: &mut ServiceConfig<'_>) {
    services.service(show).service(replace);
}

/// By what a unit is found besides its code and its title.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct NicknamesView {
    /// Initials of the title; they change with it.
    #[schema(example = json!(["dsa", "dsaa"]))]
    pub derived: Vec<String>,
    /// What administrators added.
    #[schema(example = json!(["Algo"]))]
    pub nicknames: Vec<String>,
}

/// All nicknames that are to be, in place of those before.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NicknamesBody {
    /// At most 20, each of 2 to 40 characters. Case, accents, spaces and signs do not tell two apart.
    #[schema(example = json!(["DSA", "Algo"]), max_items = 20)]
    pub nicknames: Vec<String>,
}

/// The nicknames of a unit
#[utoipa::path(
    tag = "admin",
    params(("unit" = String, Path, description = "The unit's id, or its code in any spelling.", example = "31251")),
    responses(
        (status = 200, description = "By what it is found.", body = Data<NicknamesView>),
        (status = 304, description = "The answer is the one named in `If-None-Match`."),
        (status = 400, description = "`invalid`: neither an id nor a code.", body = ProblemBody,
         content_type = "application/problem+json"),
        (status = 404, description = "`not_found`: there is no such unit.", body = ProblemBody,
         content_type = "application/problem+json"),
        (status = 409, description = "`ambiguous`: several universities have the code.", body = ProblemBody,
         content_type = "application/problem+json"),
    )
)]
#[get("/api/admin/units/{unit}/nicknames")]
async fn show(
    request: HttpRequest,
    state: web::Data<AppState>,
    _admin: Admin,
    key: Path<String>,
    which: Query<WhichUniversity>,
) -> Result<HttpResponse, ApiError> {
    let unit = one_unit(&state, &key.0, which.0.university.as_deref()).await?;
    let found = nicknames(&state.database, unit.id).await?;
    Ok(Data::new(NicknamesView::from(found)).or_not_modified(&request))
}

/// Sets the nicknames of a unit
///
/// Searches find it by them from this moment on. What students wrote is not among them: only administrators name.
#[utoipa::path(
    tag = "admin",
    params(("unit" = String, Path, description = "The unit's id, or its code in any spelling.", example = "31251")),
    request_body = NicknamesBody,
    responses(
        (status = 200, description = "By what it is found now.", body = Data<NicknamesView>),
        (status = 400, description = "`invalid`: neither an id nor a code.", body = ProblemBody,
         content_type = "application/problem+json"),
        (status = 404, description = "`not_found`: there is no such unit.", body = ProblemBody,
         content_type = "application/problem+json"),
        (status = 409, description = "`ambiguous`: several universities have the code.", body = ProblemBody,
         content_type = "application/problem+json"),
        (status = 422, description = "`invalid`: `errors` names the nickname.", body = ProblemBody,
         content_type = "application/problem+json"),
    )
)]
#[put("/api/admin/units/{unit}/nicknames")]
async fn replace(
    state: web::Data<AppState>,
    admin: Admin,
    key: Path<String>,
    which: Query<WhichUniversity>,
    body: Json<NicknamesBody>,
) -> Result<Data<NicknamesView>, ApiError> {
    let unit = one_unit(&state, &key.0, which.0.university.as_deref()).await?;
    let set = set_nicknames(&state.database, &admin.actor(), unit.id, &parsed(&body.0.nicknames)?).await?;
    Ok(Data::new(NicknamesView::from(set)))
}

fn parsed(raw: &[String]) -> Result<Vec<UnitNickname>, CatalogueError> {
    if raw.len() > MOST_NICKNAMES {
        let error = ParseError::new(format!("must be at most {MOST_NICKNAMES} names"));
        return Err(CatalogueError::invalid("nicknames", &error));
    }
    let one = |(index, raw): (usize, &String)| {
        UnitNickname::parse(raw).map_err(|error| CatalogueError::invalid(format!("nicknames[{index}]"), &error))
    };
    raw.iter().enumerate().map(one).collect()
}

impl From<Nicknames> for NicknamesView {
    fn from(names: Nicknames) -> Self {
        Self { derived: names.derived, nicknames: names.given }
    }
}
