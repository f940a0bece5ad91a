//! Scrape jobs: start, watch, hold, end.

mod artefacts;
mod bodies;
mod events;
mod retry;
mod tasks;

use crate::{
    ApiError, AppState,
    auth::{Access, Admin, RouteAccess},
};
use actix_web::{get, post, web};
use bodies::{ScrapeBody, StartScrapeBody};
pub use events::WatchPlaces;
use rmu_catalogue::{
    CatalogueError,
    idempotency::IdempotencyKey,
    ledger::{
        JobFilter, Scope, StartScrape, TraceHeaders, cancel_job, get_job, list_jobs, pause_job, resume_job,
        start_scrape,
    },
};
use rmu_domain::{
    ids::JobId,
    scrape::{JobState, Priority},
    slug::Slug,
    unit_code::UnitCode,
    year::Year,
};
use rmu_messaging::trace_context;
use rmu_web::{Data, Json, Page, Path, Problem, Query, cursor};
use serde::Deserialize;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub const ACCESS: &[RouteAccess] = &[
    RouteAccess::new("POST", "/api/admin/scrapes", Access::Admin),
    RouteAccess::new("GET", "/api/admin/scrapes", Access::Admin),
    RouteAccess::new("GET", "/api/admin/scrapes/{id}", Access::Admin),
    RouteAccess::new("GET", "/api/admin/scrapes/{id}/events", Access::Admin),
    RouteAccess::new("GET", "/api/admin/scrapes/{id}/tasks", Access::Admin),
    RouteAccess::new("GET", "/api/admin/scrapes/{id}/tasks/{task}/artefacts/page", Access::Admin),
    RouteAccess::new("GET", "/api/admin/scrapes/{id}/tasks/{task}/artefacts/screenshot", Access::Admin),
    RouteAccess::new("POST", "/api/admin/scrapes/{id}/tasks/{task}/retry", Access::Admin),
    RouteAccess::new("POST", "/api/admin/scrapes/{id}/retry", Access::Admin),
    RouteAccess::new("POST", "/api/admin/scrapes/{id}/cancel", Access::Admin),
    RouteAccess::new("POST", "/api/admin/scrapes/{id}/pause", Access::Admin),
    RouteAccess::new("POST", "/api/admin/scrapes/{id}/resume", Access::Admin),
];

pub fn configure(services: &mut ServiceConfig<'_>) {
    services.service(start).service(list).service(show).service(events::watch).service(tasks::list);
    services.service(artefacts::task_page).service(artefacts::task_screenshot);
    services.service(cancel).service(pause).service(resume).service(retry::all).service(retry::one);
}

/// Starts a scrape of a source
///
/// Without `urls`, `codes` and `template` everything is read that the source's start addresses lead to. With an
/// `Idempotency-Key` the same request sent twice starts one job.
#[utoipa::path(tag = "admin", request_body = StartScrapeBody,
    params(("Idempotency-Key" = Option<String>, Header, description = "1 to 200 visible ASCII characters, kept for a day.")),
    responses(
    (status = 202, description = "The job was started; `Location` says where to watch it.", body = Data<ScrapeBody>),
    (status = 404, description = "`not_found`: there is no such source."),
    (status = 409, description = "`conflict`: the source is switched off, or its pages are being read already."),
    (status = 422, description = "`invalid`, or `idempotency_mismatch`: the key was used with another request."),
    (status = 429, description = "`queue_full`: as many tasks are alive as may be; come back after `Retry-After`."),
))]
#[post("/api/admin/scrapes")]
async fn start(
    state: web::Data<AppState>,
    admin: Admin,
    key: rmu_web::IdempotencyKey,
    request: Json<StartScrapeBody>,
) -> Result<Data<ScrapeBody>, ApiError> {
    let request = StartScrape {
        source: Slug::parse(&request.0.source).map_err(|error| CatalogueError::invalid("source", &error))?,
        priority: priority(request.0.priority.as_deref())?,
        scope: scope(request.0)?,
        started_by: Some(admin.actor()),
        trace: trace(),
        idempotency_key: key
            .0
            .map(|key| IdempotencyKey::parse(&key))
            .transpose()
            .map_err(|error| Problem::invalid_parameter("Idempotency-Key", error.to_string()))?,
    };
    let started = start_scrape(&state.database, state.config.max_queue_size, &request).await?;
    let job = get_job(&state.database, started.job).await?;
    let location = format!("/api/admin/scrapes/{}", started.job);
    Ok(Data::created(job.into(), location).with_status(actix_web::http::StatusCode::ACCEPTED))
}

fn priority(name: Option<&str>) -> Result<Option<Priority>, CatalogueError> {
    name.map(Priority::parse).transpose().map_err(|error| CatalogueError::invalid("priority", &error))
}

fn scope(body: StartScrapeBody) -> Result<Scope, ApiError> {
    if let Some(template) = &body.template {
        if body.urls.is_some() || body.codes.is_some() {
            return Err(Problem::invalid("template", "must not stand beside urls or codes").into());
        }
        let years = body.years.unwrap_or_default();
        let parse = |(index, year): (usize, &u16)| {
            Year::new(*year).map_err(|error| CatalogueError::invalid(format!("years[{index}]"), &error))
        };
        let years = years.iter().enumerate().map(parse).collect::<Result<_, _>>()?;
        return Ok(Scope::Template { template: template.parse("template.")?, years });
    }
    if body.years.is_some() {
        return Err(Problem::invalid("years", "are for a template").into());
    }
    if body.urls.is_none() && body.codes.is_none() {
        return Ok(Scope::Discovery);
    }
    let codes = body.codes.unwrap_or_default();
    let parse = |(index, code): (usize, &String)| {
        UnitCode::parse(code).map_err(|error| CatalogueError::invalid(format!("codes[{index}]"), &error))
    };
    let codes = codes.iter().enumerate().map(parse).collect::<Result<_, _>>()?;
    Ok(Scope::List { urls: body.urls.unwrap_or_default(), codes })
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
struct ListParams {
    /// `running`, `paused`, `completed`, `failed` or `cancelled`.
    state: Option<String>,
    /// Of the page before.
    cursor: Option<String>,
    /// 1 to 50; 20 when left out.
    limit: Option<u32>,
}

/// All scrapes, newest first
#[utoipa::path(tag = "admin", params(ListParams),
    responses((status = 200, description = "A page of scrapes.", body = Data<Vec<ScrapeBody>>)))]
#[get("/api/admin/scrapes")]
async fn list(
    state: web::Data<AppState>,
    _admin: Admin,
    params: Query<ListParams>,
) -> Result<Data<Vec<ScrapeBody>>, ApiError> {
    let limit = page_limit(params.0.limit)?;
    let job_state = params.0.state.as_deref().map(JobState::parse).transpose();
    let job_state = job_state.map_err(|error| Problem::invalid_parameter("state", error.to_string()))?;
    let scope = format!("scrapes:{}", job_state.map_or("all", JobState::as_str));
    let after: Option<Uuid> = params.0.cursor.as_deref().map(|text| cursor::decode(&scope, text)).transpose()?;
    let filter = JobFilter { state: job_state, after: after.map(JobId::from), limit: limit + 1 };
    let mut jobs = list_jobs(&state.database, filter).await?;
    let more = jobs.len() > limit as usize;
    jobs.truncate(limit as usize);
    let last = jobs.last().filter(|_| more).map(|job| job.id.as_uuid());
    let next = last.map(|id| cursor::encode(&scope, &id)).transpose()?;
    Ok(Data::new(jobs.into_iter().map(ScrapeBody::from).collect()).with_page(Page::new(limit, next)))
}

/// One scrape with its counters
#[utoipa::path(tag = "admin", params(("id" = Uuid, Path, description = "The scrape's id.")), responses(
    (status = 200, description = "The scrape.", body = Data<ScrapeBody>),
    (status = 404, description = "`not_found`: there is no such scrape."),
))]
#[get("/api/admin/scrapes/{id}")]
async fn show(state: web::Data<AppState>, _admin: Admin, id: Path<Uuid>) -> Result<Data<ScrapeBody>, ApiError> {
    Ok(Data::new(get_job(&state.database, id.0.into()).await?.into()))
}

/// Ends a scrape
///
/// Nothing of it is begun any more, running pages are stopped within two seconds, and results that still come
/// change nothing. Cancelling a cancelled scrape is no mistake.
#[utoipa::path(tag = "admin", params(("id" = Uuid, Path, description = "The scrape's id.")), responses(
    (status = 200, description = "The scrape as it is now.", body = Data<ScrapeBody>),
    (status = 404, description = "`not_found`: there is no such scrape."),
    (status = 409, description = "`conflict`: it has ended."),
))]
#[post("/api/admin/scrapes/{id}/cancel")]
async fn cancel(state: web::Data<AppState>, admin: Admin, id: Path<Uuid>) -> Result<Data<ScrapeBody>, ApiError> {
    cancel_job(&state.database, id.0.into(), &trace(), Some(&admin.actor())).await?;
    Ok(Data::new(get_job(&state.database, id.0.into()).await?.into()))
}

/// Holds a scrape until it is resumed
#[utoipa::path(tag = "admin", params(("id" = Uuid, Path, description = "The scrape's id.")), responses(
    (status = 200, description = "The scrape as it is now.", body = Data<ScrapeBody>),
    (status = 404, description = "`not_found`: there is no such scrape."),
    (status = 409, description = "`conflict`: it has ended."),
))]
#[post("/api/admin/scrapes/{id}/pause")]
async fn pause(state: web::Data<AppState>, admin: Admin, id: Path<Uuid>) -> Result<Data<ScrapeBody>, ApiError> {
    pause_job(&state.database, id.0.into(), &trace(), Some(&admin.actor())).await?;
    Ok(Data::new(get_job(&state.database, id.0.into()).await?.into()))
}

/// Lets a paused scrape go on
#[utoipa::path(tag = "admin", params(("id" = Uuid, Path, description = "The scrape's id.")), responses(
    (status = 200, description = "The scrape as it is now.", body = Data<ScrapeBody>),
    (status = 404, description = "`not_found`: there is no such scrape."),
    (status = 409, description = "`conflict`: it has ended."),
))]
#[post("/api/admin/scrapes/{id}/resume")]
async fn resume(state: web::Data<AppState>, admin: Admin, id: Path<Uuid>) -> Result<Data<ScrapeBody>, ApiError> {
    resume_job(&state.database, id.0.into(), &trace(), Some(&admin.actor())).await?;
    Ok(Data::new(get_job(&state.database, id.0.into()).await?.into()))
}

/// How many entries a page holds.
pub(super) fn page_limit(asked: Option<u32>) -> Result<u32, Problem> {
    match asked.unwrap_or(20) {
        limit @ 1..=50 => Ok(limit),
        _ => Err(Problem::invalid_parameter("limit", "must be a whole number from 1 to 50")),
    }
}

/// The trace of this request, for the messages that it causes.
pub(super) fn trace() -> TraceHeaders {
    let current = trace_context::current();
    let named = [("traceparent", current.traceparent), ("tracestate", current.tracestate)];
    named.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}
