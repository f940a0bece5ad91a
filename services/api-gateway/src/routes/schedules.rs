//! When a source is read by itself, and in which hours its pages may be fetched.

use crate::{
    ApiError, AppState,
    auth::{Access, Admin, RouteAccess},
};
use actix_web::{HttpResponse, delete, get, put, web};
use chrono::{DateTime, Utc};
use rmu_catalogue::{
    fetch_windows::{FetchWindow, delete_fetch_window, get_fetch_window, set_fetch_window},
    schedules::{CronSchedule, ScheduleRun, ScheduleView, delete_schedule, get_schedule, set_schedule},
};
use rmu_domain::{ids::JobId, slug::Slug};
use rmu_web::{Data, Json, Path, Problem};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub const ACCESS: &[RouteAccess] = &[
    RouteAccess::new("GET", "/api/admin/sources/{slug}/schedule", Access::Admin),
    RouteAccess::new("PUT", "/api/admin/sources/{slug}/schedule", Access::Admin),
    RouteAccess::new("DELETE", "/api/admin/sources/{slug}/schedule", Access::Admin),
    RouteAccess::new("GET", "/api/admin/sources/{slug}/fetch-window", Access::Admin),
    RouteAccess::new("PUT", "/api/admin/sources/{slug}/fetch-window", Access::Admin),
    RouteAccess::new("DELETE", "/api/admin/sources/{slug}/fetch-window", Access::Admin),
];

pub fn configure(services: &mut ServiceConfig<'_>) {
    services.service(show).service(set).service(remove);
    services.service(show_window).service(set_window).service(remove_window);
}

/// A schedule.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewScheduleBody {
    /// Minute, hour, day of the month, month, day of the week.
    #[schema(example = "30 2 * * SUN")]
    pub cron: String,
    /// By whose clocks; UTC when left out.
    #[schema(example = "Australia/Sydney")]
    pub time_zone: Option<String>,
    /// `false` lets it rest; `true` when left out.
    pub enabled: Option<bool>,
}

/// A schedule with what comes and what was.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ScheduleBody {
    pub cron: String,
    pub time_zone: String,
    pub enabled: bool,
    /// The next times; none while it rests.
    pub next_runs: Vec<DateTime<Utc>>,
    /// What became of the latest times, newest first.
    pub runs: Vec<ScheduleRunBody>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ScheduleRunBody {
    pub due_at: DateTime<Utc>,
    pub ran_at: DateTime<Utc>,
    /// `started`, `already_running`, `queue_full` (tried again within minutes) or `refused`.
    pub outcome: &'static str,
    pub detail: Option<String>,
    /// The scrape that was started.
    pub scrape: Option<Uuid>,
}

/// The hours in which pages may be fetched.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewFetchWindowBody {
    #[schema(example = "22:00")]
    pub from: String,
    /// The next morning when it is not later than `from`.
    #[schema(example = "06:00")]
    pub until: String,
    /// By whose clocks; UTC when left out.
    #[schema(example = "Australia/Sydney")]
    pub time_zone: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FetchWindowBody {
    pub from: String,
    pub until: String,
    pub time_zone: &'static str,
    pub open_now: bool,
}

/// The schedule of a source, its next times and what became of the latest ones
#[utoipa::path(tag = "admin", params(("slug" = String, Path, description = "The source's slug.")), responses(
    (status = 200, description = "The schedule.", body = Data<ScheduleBody>),
    (status = 404, description = "`not_found`: there is no such source, or it has no schedule."),
))]
#[get("/api/admin/sources/{slug}/schedule")]
async fn show(state: web::Data<AppState>, _admin: Admin, slug: Path<String>) -> Result<Data<ScheduleBody>, ApiError> {
    Ok(Data::new(body(get_schedule(&state.database, &parse(&slug.0)?, Utc::now()).await?)))
}

/// Gives a source a schedule, switches it on or lets it rest
///
/// At each time the whole source is read, as bulk. A time that meets a scrape of the source still at work, or a full
/// queue, is noted; times that passed while no gateway was up run once.
#[utoipa::path(tag = "admin", request_body = NewScheduleBody,
    params(("slug" = String, Path, description = "The source's slug.")), responses(
    (status = 200, description = "The schedule with its next times.", body = Data<ScheduleBody>),
    (status = 404, description = "`not_found`: there is no such source."),
    (status = 422, description = "`invalid`: `errors` says what is wrong with `cron` or `timeZone`."),
))]
#[put("/api/admin/sources/{slug}/schedule")]
async fn set(
    state: web::Data<AppState>,
    admin: Admin,
    slug: Path<String>,
    new: Json<NewScheduleBody>,
) -> Result<Data<ScheduleBody>, ApiError> {
    let slug = parse(&slug.0)?;
    let schedule = CronSchedule::parse(&new.0.cron, new.0.time_zone.as_deref().unwrap_or("UTC"))?;
    let enabled = new.0.enabled.unwrap_or(true);
    let actor = admin.actor();
    Ok(Data::new(body(set_schedule(&state.database, &slug, &schedule, enabled, &actor, Utc::now()).await?)))
}

/// Takes a source's schedule away
///
/// Scrapes that it started go on.
#[utoipa::path(tag = "admin", params(("slug" = String, Path, description = "The source's slug.")), responses(
    (status = 204, description = "It is gone."),
    (status = 404, description = "`not_found`: there was none."),
))]
#[delete("/api/admin/sources/{slug}/schedule")]
async fn remove(state: web::Data<AppState>, admin: Admin, slug: Path<String>) -> Result<HttpResponse, ApiError> {
    delete_schedule(&state.database, &parse(&slug.0)?, Some(&admin.actor())).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// The hours in which a source's pages may be fetched
#[utoipa::path(tag = "admin", params(("slug" = String, Path, description = "The source's slug.")), responses(
    (status = 200, description = "The window.", body = Data<FetchWindowBody>),
    (status = 404, description = "`not_found`: pages may be fetched at any time, or there is no such source."),
))]
#[get("/api/admin/sources/{slug}/fetch-window")]
async fn show_window(
    state: web::Data<AppState>,
    _admin: Admin,
    slug: Path<String>,
) -> Result<Data<FetchWindowBody>, ApiError> {
    Ok(Data::new(window_body(get_fetch_window(&state.database, &parse(&slug.0)?).await?)))
}

/// Sets the hours in which a source's pages may be fetched
///
/// Outside of them its tasks wait; what is with a worker is finished.
#[utoipa::path(tag = "admin", request_body = NewFetchWindowBody,
    params(("slug" = String, Path, description = "The source's slug.")), responses(
    (status = 200, description = "The window.", body = Data<FetchWindowBody>),
    (status = 404, description = "`not_found`: there is no such source."),
    (status = 422, description = "`invalid`: `errors` names the fields."),
))]
#[put("/api/admin/sources/{slug}/fetch-window")]
async fn set_window(
    state: web::Data<AppState>,
    admin: Admin,
    slug: Path<String>,
    new: Json<NewFetchWindowBody>,
) -> Result<Data<FetchWindowBody>, ApiError> {
    let slug = parse(&slug.0)?;
    let window = FetchWindow::parse(&new.0.from, &new.0.until, new.0.time_zone.as_deref().unwrap_or("UTC"))?;
    set_fetch_window(&state.database, &slug, window, Some(&admin.actor())).await?;
    Ok(Data::new(window_body(window)))
}

/// Lets a source's pages be fetched at any time
#[utoipa::path(tag = "admin", params(("slug" = String, Path, description = "The source's slug.")), responses(
    (status = 204, description = "The window is gone."),
    (status = 404, description = "`not_found`: there was none."),
))]
#[delete("/api/admin/sources/{slug}/fetch-window")]
async fn remove_window(state: web::Data<AppState>, admin: Admin, slug: Path<String>) -> Result<HttpResponse, ApiError> {
    delete_fetch_window(&state.database, &parse(&slug.0)?, Some(&admin.actor())).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// What is no slug names no source.
fn parse(slug: &str) -> Result<Slug, Problem> {
    Slug::parse(slug).map_err(|_| Problem::not_found("source"))
}

fn body(view: ScheduleView) -> ScheduleBody {
    ScheduleBody {
        cron: view.cron,
        time_zone: view.time_zone,
        enabled: view.enabled,
        next_runs: view.next_runs,
        runs: view.runs.into_iter().map(run_body).collect(),
    }
}

fn run_body(run: ScheduleRun) -> ScheduleRunBody {
    ScheduleRunBody {
        due_at: run.due_at,
        ran_at: run.ran_at,
        outcome: run.outcome.as_str(),
        detail: run.detail,
        scrape: run.job.map(JobId::as_uuid),
    }
}

fn window_body(window: FetchWindow) -> FetchWindowBody {
    FetchWindowBody {
        from: window.from(),
        until: window.until(),
        time_zone: window.time_zone(),
        open_now: window.is_open(Utc::now()),
    }
}
