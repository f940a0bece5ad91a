//! Sources: handbook sites and the versioned rules to read them.

pub mod presets;
pub mod preview;

use crate::{
    ApiError, AppState,
    auth::{Access, Admin, RouteAccess},
};
use actix_web::{get, post, put, web};
use chrono::{DateTime, Utc};
use rmu_catalogue::{
    CatalogueError,
    sources::{SourceView, create_source, get_source, list_sources, set_source_enabled, update_source},
};
use rmu_domain::slug::Slug;
use rmu_web::{Data, Json, Path, Problem};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub const ACCESS: &[RouteAccess] = &[
    RouteAccess::new("GET", "/api/admin/sources", Access::Admin),
    RouteAccess::new("POST", "/api/admin/sources", Access::Admin),
    RouteAccess::new("GET", "/api/admin/sources/presets", Access::Admin),
    RouteAccess::new("POST", "/api/admin/sources/preview", Access::Admin),
    RouteAccess::new("GET", "/api/admin/sources/schema", Access::Admin),
    RouteAccess::new("GET", "/api/admin/sources/{slug}", Access::Admin),
    RouteAccess::new("PUT", "/api/admin/sources/{slug}", Access::Admin),
];

pub fn configure(services: &mut ServiceConfig<'_>) {
    // Before `{slug}`, which would take their names for a source's.
    services.service(presets::list_presets).service(presets::show_schema).service(preview::try_page);
    services.service(list).service(create).service(show).service(update);
}

/// A source with its current rules.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SourceBody {
    pub id: Uuid,
    pub slug: String,
    /// The university's slug.
    pub university: String,
    /// Counts up with every change of the rules.
    pub version: u32,
    pub enabled: bool,
    pub updated_at: DateTime<Utc>,
    /// The source document.
    #[schema(value_type = Object)]
    pub definition: Value,
}

/// Addresses beside those of sources, so that no source can be reached under them.
const RESERVED: [&str; 3] = ["presets", "preview", "schema"];

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewSourceBody {
    /// The university's slug.
    #[schema(example = "northfield")]
    pub university: String,
    #[schema(example = "northfield-handbook")]
    pub slug: String,
    /// The source document.
    #[schema(value_type = Object)]
    pub definition: Value,
}

/// What is left out stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SourceChangeBody {
    /// The new source document.
    #[schema(value_type = Option<Object>)]
    pub definition: Option<Value>,
    /// Whether scrapes may be started.
    pub enabled: Option<bool>,
}

/// All sources with their current rules
#[utoipa::path(tag = "admin", responses((status = 200, description = "By slug.", body = Data<Vec<SourceBody>>)))]
#[get("/api/admin/sources")]
async fn list(state: web::Data<AppState>, _admin: Admin) -> Result<Data<Vec<SourceBody>>, ApiError> {
    Ok(Data::new(list_sources(&state.database).await?.into_iter().map(body).collect()))
}

/// Adds a source with its first rules
#[utoipa::path(tag = "admin", request_body = NewSourceBody, responses(
    (status = 201, description = "It was added.", body = Data<SourceBody>),
    (status = 404, description = "`not_found`: there is no such university."),
    (status = 409, description = "`conflict`: the slug is taken."),
    (status = 422, description = "`invalid`: `errors` names the place of every mistake in the rules."),
))]
#[post("/api/admin/sources")]
async fn create(
    state: web::Data<AppState>,
    admin: Admin,
    new: Json<NewSourceBody>,
) -> Result<Data<SourceBody>, ApiError> {
    let NewSourceBody { university, slug, definition } = new.0;
    let university = Slug::parse(&university).map_err(|error| CatalogueError::invalid("university", &error))?;
    let slug = Slug::parse(&slug).map_err(|error| CatalogueError::invalid("slug", &error))?;
    if RESERVED.contains(&slug.as_str()) {
        return Err(Problem::invalid("slug", "is the name of something else under this address").into());
    }
    let source = create_source(&state.database, &university, &slug, &definition, Some(&admin.actor())).await?;
    let location = format!("/api/admin/sources/{slug}");
    Ok(Data::created(body(source), location))
}

/// One source with its current rules
#[utoipa::path(tag = "admin", params(("slug" = String, Path, description = "The source's slug.")), responses(
    (status = 200, description = "The source.", body = Data<SourceBody>),
    (status = 404, description = "`not_found`: there is no such source."),
))]
#[get("/api/admin/sources/{slug}")]
async fn show(state: web::Data<AppState>, _admin: Admin, slug: Path<String>) -> Result<Data<SourceBody>, ApiError> {
    Ok(Data::new(body(get_source(&state.database, &parse(&slug.0)?).await?)))
}

/// Gives a source new rules, or switches it on or off
///
/// New rules become a new version, which counts from the next task on; old versions are kept. The same rules
/// again make no version.
#[utoipa::path(tag = "admin", request_body = SourceChangeBody,
    params(("slug" = String, Path, description = "The source's slug.")), responses(
    (status = 200, description = "The source as it is now.", body = Data<SourceBody>),
    (status = 404, description = "`not_found`: there is no such source."),
    (status = 422, description = "`invalid`: `errors` names the place of every mistake in the rules."),
))]
#[put("/api/admin/sources/{slug}")]
async fn update(
    state: web::Data<AppState>,
    admin: Admin,
    slug: Path<String>,
    change: Json<SourceChangeBody>,
) -> Result<Data<SourceBody>, ApiError> {
    let slug = parse(&slug.0)?;
    if let Some(definition) = &change.0.definition {
        update_source(&state.database, &slug, definition, Some(&admin.actor())).await?;
    }
    if let Some(enabled) = change.0.enabled {
        set_source_enabled(&state.database, &slug, enabled, Some(&admin.actor())).await?;
    }
    Ok(Data::new(body(get_source(&state.database, &slug).await?)))
}

/// What is no slug names no source.
fn parse(slug: &str) -> Result<Slug, Problem> {
    Slug::parse(slug).map_err(|_| Problem::not_found("source"))
}

fn body(source: SourceView) -> SourceBody {
    SourceBody {
        id: source.id.into(),
        slug: source.slug,
        university: source.university,
        version: source.version,
        enabled: source.enabled,
        updated_at: source.updated_at,
        definition: source.definition,
    }
}
