//! The health of sources: success, facts that come out, canaries, and the pause after a site has changed.

use crate::{
    ApiError, AppState,
    auth::{Access, Admin, RouteAccess},
};
use actix_web::{get, post, put, web};
use chrono::{DateTime, Utc};
use rmu_catalogue::{
    CatalogueError,
    source_health::{self, HealthView, accept_shape, resume_source},
};
use rmu_domain::{facts::FactName, slug::Slug, unit_code::UnitCode};
use rmu_web::{Data, Json, OptionalJson, Path, Problem};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub const ACCESS: &[RouteAccess] = &[
    RouteAccess::new("GET", "/api/admin/sources/{slug}/health", Access::Admin),
    RouteAccess::new("POST", "/api/admin/sources/{slug}/resume", Access::Admin),
    RouteAccess::new("POST", "/api/admin/sources/{slug}/accept", Access::Admin),
    RouteAccess::new("PUT", "/api/admin/sources/{slug}/canaries", Access::Admin),
];

pub fn configure(services: &mut ServiceConfig<'_>) {
    services.service(show).service(resume).service(accept).service(set_canaries);
}

/// How a source is doing.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SourceHealthBody {
    /// `healthy`, or `paused`: the site's shape has changed and nothing is read until somebody has looked.
    pub state: &'static str,
    pub paused_at: Option<DateTime<Utc>>,
    pub reason: Option<String>,
    /// Facts that stopped coming out.
    pub vanished: Vec<String>,
    /// Facts that were given up for the current rules.
    pub accepted: Vec<String>,
    pub canaries: Vec<CanaryBody>,
    /// The latest scrapes, newest first.
    pub runs: Vec<RunHealthBody>,
    /// Every fact that the rules can give.
    pub facts: Vec<FactHealthBody>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CanaryBody {
    pub code: String,
    /// `kept`, `lost`, `unread`; absent when it was not read since it is known.
    pub verdict: Option<String>,
    pub read_at: Option<DateTime<Utc>>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RunHealthBody {
    pub scrape: Uuid,
    pub state: String,
    pub started_at: DateTime<Utc>,
    pub read: u32,
    pub not_found: u32,
    pub dead: u32,
    /// Of what was read or given up; absent while that is nothing.
    pub success_rate: Option<f64>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FactHealthBody {
    pub fact: &'static str,
    pub required: bool,
    /// The share of the units shown that have it; absent while there are none.
    pub baseline: Option<f64>,
    /// The share of the pages read in the latest scrape; absent while there are none.
    pub latest: Option<f64>,
}

/// The health of a source
#[utoipa::path(tag = "admin", params(("slug" = String, Path, description = "The source's slug.")), responses(
    (status = 200, description = "How it is doing.", body = Data<SourceHealthBody>),
    (status = 404, description = "`not_found`: there is no such source."),
))]
#[get("/api/admin/sources/{slug}/health")]
async fn show(
    state: web::Data<AppState>,
    _admin: Admin,
    slug: Path<String>,
) -> Result<Data<SourceHealthBody>, ApiError> {
    health(&state, &parse(&slug.0)?).await
}

/// Lifts the pause of a source
///
/// For a site that is as it was, or rules that follow it. Its scrapes go on; what was read before does not count.
#[utoipa::path(tag = "admin", params(("slug" = String, Path, description = "The source's slug.")), responses(
    (status = 200, description = "How it is doing now.", body = Data<SourceHealthBody>),
    (status = 404, description = "`not_found`: there is no such source."),
))]
#[post("/api/admin/sources/{slug}/resume")]
async fn resume(
    state: web::Data<AppState>,
    admin: Admin,
    slug: Path<String>,
) -> Result<Data<SourceHealthBody>, ApiError> {
    let slug = parse(&slug.0)?;
    resume_source(&state.database, &slug, &admin.actor()).await?;
    health(&state, &slug).await
}

/// What is given up.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct AcceptShapeBody {
    /// Names of facts; those that vanished when left out.
    #[schema(example = json!(["contacts"]))]
    pub facts: Option<Vec<String>>,
}

/// Accepts a site's new shape
///
/// The named facts, or those that vanished, may be missing from now on, as long as the rules stay as they are; the
/// pause is lifted.
#[utoipa::path(tag = "admin", request_body = AcceptShapeBody,
    params(("slug" = String, Path, description = "The source's slug.")), responses(
    (status = 200, description = "How it is doing now.", body = Data<SourceHealthBody>),
    (status = 404, description = "`not_found`: there is no such source."),
    (status = 422, description = "`invalid`: `facts` names something that is no fact."),
))]
#[post("/api/admin/sources/{slug}/accept")]
async fn accept(
    state: web::Data<AppState>,
    admin: Admin,
    slug: Path<String>,
    request: OptionalJson<AcceptShapeBody>,
) -> Result<Data<SourceHealthBody>, ApiError> {
    let slug = parse(&slug.0)?;
    let named = request.0.unwrap_or_default().facts.map(|names| {
        let parse = |(index, name): (usize, &String)| {
            name.parse::<FactName>().map_err(|error| CatalogueError::invalid(format!("facts[{index}]"), &error))
        };
        names.iter().enumerate().map(parse).collect::<Result<Vec<_>, _>>()
    });
    accept_shape(&state.database, &slug, named.transpose()?, &admin.actor()).await?;
    health(&state, &slug).await
}

/// Units that must come out whole.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CanariesBody {
    /// At most 20 codes of units that were read before.
    #[schema(example = json!(["31251"]))]
    pub codes: Vec<String>,
}

/// Names a source's canaries
///
/// They are read first in every run. One that loses a fact, or cannot be read, pauses the source at once.
#[utoipa::path(tag = "admin", request_body = CanariesBody,
    params(("slug" = String, Path, description = "The source's slug.")), responses(
    (status = 200, description = "How it is doing.", body = Data<SourceHealthBody>),
    (status = 404, description = "`not_found`: there is no such source."),
    (status = 422, description = "`invalid`: `codes` names a unit that this source has never read."),
))]
#[put("/api/admin/sources/{slug}/canaries")]
async fn set_canaries(
    state: web::Data<AppState>,
    admin: Admin,
    slug: Path<String>,
    request: Json<CanariesBody>,
) -> Result<Data<SourceHealthBody>, ApiError> {
    let slug = parse(&slug.0)?;
    let parse = |(index, code): (usize, &String)| {
        UnitCode::parse(code).map_err(|error| CatalogueError::invalid(format!("codes[{index}]"), &error))
    };
    let codes: Vec<UnitCode> = request.0.codes.iter().enumerate().map(parse).collect::<Result<_, _>>()?;
    source_health::set_canaries(&state.database, &slug, &codes, Some(&admin.actor())).await?;
    health(&state, &slug).await
}

async fn health(state: &AppState, slug: &Slug) -> Result<Data<SourceHealthBody>, ApiError> {
    Ok(Data::new(body(source_health::get_health(&state.database, slug).await?)))
}

/// What is no slug names no source.
fn parse(slug: &str) -> Result<Slug, Problem> {
    Slug::parse(slug).map_err(|_| Problem::not_found("source"))
}

fn body(health: HealthView) -> SourceHealthBody {
    let canaries = health.canaries.into_iter();
    let facts = health.facts.into_iter();
    SourceHealthBody {
        state: if health.paused_at.is_some() { "paused" } else { "healthy" },
        paused_at: health.paused_at,
        reason: health.reason,
        vanished: health.vanished,
        accepted: health.accepted,
        canaries: canaries
            .map(|canary| CanaryBody { code: canary.code, verdict: canary.verdict, read_at: canary.read_at })
            .collect(),
        runs: health
            .runs
            .into_iter()
            .map(|run| RunHealthBody {
                scrape: run.job.as_uuid(),
                state: run.state.as_str().to_owned(),
                started_at: run.started_at,
                read: run.read,
                not_found: run.not_found,
                dead: run.dead,
                success_rate: run.success_rate(),
            })
            .collect(),
        facts: facts
            .map(|fact| FactHealthBody {
                fact: fact.fact.as_str(),
                required: fact.required,
                baseline: fact.baseline,
                latest: fact.latest,
            })
            .collect(),
    }
}
