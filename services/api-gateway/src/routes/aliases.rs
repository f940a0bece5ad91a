//! Former codes of units, for administrators.

use crate::{
    ApiError, AppState,
    auth::{Access, Admin, RouteAccess},
    routes::{
        parameters::{WhichUniversity, refused},
        units::one_unit,
    },
};
use actix_web::{HttpRequest, HttpResponse, delete, get, http::StatusCode, post, web};
use rmu_catalogue::{
    CatalogueError,
    aliases::{Alias, add_alias, aliases, remove_alias},
};
use rmu_domain::unit_code::UnitCode;
use rmu_web::{Data, Json, Path, Query, problem::ProblemBody};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub const ACCESS: &[RouteAccess] = &[
    RouteAccess::new("GET", "/api/admin/units/{unit}/aliases", Access::Admin),
    RouteAccess::new("POST", "/api/admin/units/{unit}/aliases", Access::Admin),
    RouteAccess::new("DELETE", "/api/admin/units/{unit}/aliases/{code}", Access::Admin),
];

pub fn configure(services: &mut ServiceConfig<'_>) {
    services.service(list).service(add).service(remove);
}

/// A code that leads to the unit.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AliasView {
    #[schema(example = "31250")]
    pub code: String,
    /// The unit that had the code; its id leads here too.
    pub former_unit_id: Uuid,
    /// Reviews that came along. They keep the code that they were written under.
    #[schema(example = 12)]
    pub reviews_moved: u32,
    /// Reviews out of sight because their authors have reviewed the unit under its own code too.
    #[schema(example = 1)]
    pub reviews_set_aside: u32,
}

/// An old code.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AliasBody {
    /// A code of the same university, whether it was ever read or not.
    #[schema(example = "31250")]
    pub code: String,
}

/// The former codes of a unit
#[utoipa::path(
    tag = "admin",
    params(("unit" = String, Path, description = "The unit's id, or its code in any spelling.", example = "31251"),),
    responses(
        (status = 200, description = "By code.", body = Data<Vec<AliasView>>),
        (status = 304, description = "The answer is the one named in `If-None-Match`."),
        (status = 404, description = "`not_found`: there is no such unit.", body = ProblemBody,
         content_type = "application/problem+json"),
        (status = 409, description = "`ambiguous`: several universities have the code.", body = ProblemBody,
         content_type = "application/problem+json"),
    )
)]
#[get("/api/admin/units/{unit}/aliases")]
async fn list(
    request: HttpRequest,
    state: web::Data<AppState>,
    _admin: Admin,
    key: Path<String>,
    which: Query<WhichUniversity>,
) -> Result<HttpResponse, ApiError> {
    let unit = one_unit(&state, &key.0, which.0.university.as_deref()).await?;
    let found = aliases(&state.database, unit.id).await?;
    let views: Vec<AliasView> = found.into_iter().map(AliasView::from).collect();
    Ok(Data::new(views).or_not_modified(&request))
}

/// Merges an old code into a unit
///
/// From then on the old code leads to the unit, its reviews are the unit's, and pages of the old code make no second
/// unit. Of a student who has reviewed both, the review under the unit's own code counts. Sending it again changes
/// nothing; `DELETE` undoes it.
#[utoipa::path(
    tag = "admin",
    params(("unit" = String, Path, description = "The unit's id, or its code in any spelling.", example = "31251"),),
    request_body = AliasBody,
    responses(
        (status = 200, description = "The code led here before; nothing changed.", body = Data<AliasView>),
        (status = 201, description = "The code leads here now.", body = Data<AliasView>),
        (status = 404, description = "`not_found`: there is no such unit.", body = ProblemBody,
         content_type = "application/problem+json"),
        (status = 409, description = "`conflict`: the code leads to another unit, or one of both is part of another merge; \
            `ambiguous`: several universities have the unit's code.", body = ProblemBody,
         content_type = "application/problem+json"),
        (status = 422, description = "`invalid`: the code is refused.", body = ProblemBody,
         content_type = "application/problem+json"),
    )
)]
#[post("/api/admin/units/{unit}/aliases")]
async fn add(
    state: web::Data<AppState>,
    admin: Admin,
    key: Path<String>,
    which: Query<WhichUniversity>,
    body: Json<AliasBody>,
) -> Result<Data<AliasView>, ApiError> {
    let code = UnitCode::parse(&body.0.code).map_err(|error| CatalogueError::invalid("code", &error))?;
    let unit = one_unit(&state, &key.0, which.0.university.as_deref()).await?;
    let merged = add_alias(&state.database, &admin.actor(), unit.id, &code).await?;
    let status = if merged.is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok(Data::new(AliasView::from(merged.alias)).with_status(status))
}

/// Undoes a merge
///
/// The old code is a unit of its own again, with the reviews that it had, also those that were set aside.
#[utoipa::path(
    tag = "admin",
    params(
        ("unit" = String, Path, description = "The unit's id, or its code in any spelling.", example = "31251"),
        ("code" = String, Path, description = "The old code.", example = "31250"),
    ),
    responses(
        (status = 204, description = "The code is a unit of its own again."),
        (status = 404, description = "`not_found`: no such unit, or the code is none that it had.", body = ProblemBody,
         content_type = "application/problem+json"),
        (status = 409, description = "`ambiguous`: several universities have the code.", body = ProblemBody,
         content_type = "application/problem+json"),
    )
)]
#[delete("/api/admin/units/{unit}/aliases/{code}")]
async fn remove(
    state: web::Data<AppState>,
    admin: Admin,
    path: Path<(String, String)>,
    which: Query<WhichUniversity>,
) -> Result<HttpResponse, ApiError> {
    let (key, code) = path.0;
    let code = UnitCode::parse(&code).map_err(refused("code"))?;
    let unit = one_unit(&state, &key, which.0.university.as_deref()).await?;
    remove_alias(&state.database, &admin.actor(), unit.id, &code).await?;
    Ok(HttpResponse::NoContent().finish())
}

impl From<Alias> for AliasView {
    fn from(alias: Alias) -> Self {
        Self {
            code: alias.code,
            former_unit_id: alias.former.as_uuid(),
            reviews_moved: alias.reviews_moved,
            reviews_set_aside: alias.reviews_set_aside,
        }
    }
}
