//! Universities as administrators see and add them.

use crate::{
    ApiError, AppState,
    auth::{Access, Admin, RouteAccess},
};
use actix_web::{get, post, web};
use rmu_catalogue::universities::{NewUniversity, University, create_university, list_universities};
use rmu_web::{Data, Json};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub const ACCESS: &[RouteAccess] = &[
    RouteAccess::new("GET", "/api/admin/universities", Access::Admin),
    RouteAccess::new("POST", "/api/admin/universities", Access::Admin),
];

pub fn configure(services: &mut ServiceConfig<'_>) {
    services.service(list).service(create);
}

/// A university with what the public is not shown.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AdminUniversityBody {
    pub id: Uuid,
    pub slug: String,
    pub name: String,
    /// Addresses of these domains and their sub-domains may register.
    pub email_domains: Vec<String>,
}

/// A university to add.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewUniversityBody {
    #[schema(example = "northfield")]
    pub slug: String,
    #[schema(example = "Northfield University")]
    pub name: String,
    #[serde(default)]
    #[schema(example = json!(["northfield.example"]))]
    pub email_domains: Vec<String>,
}

/// All universities with their e-mail domains
#[utoipa::path(tag = "admin", responses((status = 200, description = "By name.", body = Data<Vec<AdminUniversityBody>>)))]
#[get("/api/admin/universities")]
async fn list(state: web::Data<AppState>, _admin: Admin) -> Result<Data<Vec<AdminUniversityBody>>, ApiError> {
    let universities = list_universities(&state.database).await?;
    Ok(Data::new(universities.into_iter().map(body).collect()))
}

/// Adds a university
#[utoipa::path(tag = "admin", request_body = NewUniversityBody, responses(
    (status = 201, description = "It was added.", body = Data<AdminUniversityBody>),
    (status = 409, description = "`conflict`: the slug or one of the domains is taken."),
    (status = 422, description = "`invalid`: `errors` names the fields."),
))]
#[post("/api/admin/universities")]
async fn create(
    state: web::Data<AppState>,
    admin: Admin,
    new: Json<NewUniversityBody>,
) -> Result<Data<AdminUniversityBody>, ApiError> {
    let new = NewUniversity::parse(&new.0.slug, &new.0.name, &new.0.email_domains)?;
    let university = create_university(&state.database, &new, Some(&admin.actor())).await?;
    let location = format!("/api/universities/{}", university.slug);
    Ok(Data::created(body(university), location))
}

fn body(university: University) -> AdminUniversityBody {
    AdminUniversityBody {
        id: university.id.into(),
        slug: university.slug,
        name: university.name,
        email_domains: university.email_domains,
    }
}
