//! Universities: what the catalogue holds of each and how fresh it is.

use crate::{
    ApiError, AppState,
    auth::{Access, RouteAccess},
    routes::parameters::{self, refused},
};
use actix_web::{HttpRequest, HttpResponse, get, web};
use chrono::{DateTime, Utc};
use rmu_catalogue::university_profiles::{self, UniversityProfile};
use rmu_domain::slug::Slug;
use rmu_web::{Data, Path, Query, problem::ProblemBody};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub const ACCESS: &[RouteAccess] = &[
    RouteAccess::new("GET", "/api/universities", Access::Public),
    RouteAccess::new("GET", "/api/universities/{slug}", Access::Public),
];

pub fn configure(services: &mut ServiceConfig<'_>) {
    services.service(list_universities).service(get_university);
}

/// A university and what the catalogue holds of it.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UniversityView {
    pub id: Uuid,
    #[schema(example = "northfield")]
    pub slug: String,
    #[schema(example = "University of Northfield")]
    pub name: String,
    #[schema(example = 312)]
    pub units: u64,
    #[schema(example = 48)]
    pub reviews: u64,
    /// When a page of its handbook was last read; `null` when none ever was.
    pub last_read_at: Option<DateTime<Utc>>,
    /// When the unit that was not met for longest was last met.
    pub oldest_read_at: Option<DateTime<Utc>>,
    /// The largest first; only where one university is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub faculties: Option<Vec<FacultyView>>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FacultyView {
    pub name: String,
    pub units: u64,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct UniversitiesQuery {
    /// How many on a page: 1 to 50, by default 20.
    #[param(example = 20, minimum = 1, maximum = 50)]
    limit: Option<i64>,
    /// `nextCursor` of the page before.
    cursor: Option<String>,
}

/// Lists the universities by slug.
#[utoipa::path(
    tag = "universities",
    responses(
        (status = 200, description = "A page of universities.", body = Data<Vec<UniversityView>>),
        (status = 304, description = "The answer is the one named in `If-None-Match`."),
        (status = 400, description = "`invalid`: a parameter is refused; `bad_cursor`.", body = ProblemBody,
         content_type = "application/problem+json"),
        (status = 503, description = "`unavailable`: the database does not answer.", body = ProblemBody,
         content_type = "application/problem+json"),
    )
)]
#[get("/api/universities")]
async fn list_universities(
    request: HttpRequest,
    state: web::Data<AppState>,
    query: Query<UniversitiesQuery>,
) -> Result<HttpResponse, ApiError> {
    let limit = parameters::limit(query.0.limit)?;
    let found = university_profiles::list(&state.database, query.0.cursor.as_deref(), limit).await?;
    let universities: Vec<UniversityView> =
        found.entries.into_iter().map(|profile| UniversityView::new(profile, false)).collect();
    Ok(Data::new(universities).with_page(parameters::page(limit, found.next, found.total)).or_not_modified(&request))
}

/// One university, with its faculties.
#[utoipa::path(
    tag = "universities",
    params(("slug" = String, Path, description = "The university's slug.", example = "northfield")),
    responses(
        (status = 200, description = "The university.", body = Data<UniversityView>),
        (status = 304, description = "The answer is the one named in `If-None-Match`."),
        (status = 400, description = "`invalid`: no slug.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`: there is no such university.", body = ProblemBody,
         content_type = "application/problem+json"),
        (status = 503, description = "`unavailable`: the database does not answer.", body = ProblemBody,
         content_type = "application/problem+json"),
    )
)]
#[get("/api/universities/{slug}")]
async fn get_university(
    request: HttpRequest,
    state: web::Data<AppState>,
    slug: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let slug = Slug::parse(&slug.0).map_err(refused("slug"))?;
    let profile = university_profiles::find(&state.database, &slug).await?;
    Ok(Data::new(UniversityView::new(profile, true)).or_not_modified(&request))
}

impl UniversityView {
    fn new(profile: UniversityProfile, with_faculties: bool) -> Self {
        let faculties = profile.faculties.into_iter().map(|f| FacultyView { name: f.name, units: f.units });
        Self {
            id: profile.university.id.as_uuid(),
            slug: profile.university.slug,
            name: profile.university.name,
            units: profile.units,
            reviews: profile.reviews,
            last_read_at: profile.last_read_at,
            oldest_read_at: profile.oldest_read_at,
            faculties: with_faculties.then(|| faculties.collect()),
        }
    }
}
