//! Reading again what a scrape gave up.

use super::{bodies::ScrapeBody, trace};
use crate::{ApiError, AppState, auth::Admin};
use actix_web::{http::StatusCode, post, web};
use rmu_catalogue::{
    idempotency::IdempotencyKey,
    ledger::{RetryScrape, get_job, retry_scrape},
};
use rmu_domain::ids::TaskId;
use rmu_web::{Data, Path, Problem};
use uuid::Uuid;

/// Reads the dead tasks of an ended scrape again
///
/// A new scrape is started over them; the old one stays as it is. With an `Idempotency-Key` the same request sent
/// twice starts one.
#[utoipa::path(tag = "admin",
    params(
        ("id" = Uuid, Path, description = "The scrape's id."),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 200 visible ASCII characters, kept for a day."),
    ),
    responses(
    (status = 202, description = "The new scrape; `Location` says where to watch it.", body = Data<ScrapeBody>),
    (status = 404, description = "`not_found`: there is no such scrape."),
    (status = 409, description = "`conflict`: it has not ended, nothing of it is dead, or all of it is being read."),
    (status = 429, description = "`queue_full`: as many tasks are alive as may be; come back after `Retry-After`."),
))]
#[post("/api/admin/scrapes/{id}/retry")]
pub(super) async fn all(
    state: web::Data<AppState>,
    admin: Admin,
    id: Path<Uuid>,
    key: rmu_web::IdempotencyKey,
) -> Result<Data<ScrapeBody>, ApiError> {
    retry(&state, &admin, id.0, None, key).await
}

/// Reads one dead task of an ended scrape again
#[utoipa::path(tag = "admin",
    params(
        ("id" = Uuid, Path, description = "The scrape's id."),
        ("task" = Uuid, Path, description = "The task's id."),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 200 visible ASCII characters, kept for a day."),
    ),
    responses(
    (status = 202, description = "The new scrape; `Location` says where to watch it.", body = Data<ScrapeBody>),
    (status = 404, description = "`not_found`: there is no such scrape, or no such task in it."),
    (status = 409, description = "`conflict`: the scrape has not ended, or the task is not dead."),
    (status = 429, description = "`queue_full`: as many tasks are alive as may be; come back after `Retry-After`."),
))]
#[post("/api/admin/scrapes/{id}/tasks/{task}/retry")]
pub(super) async fn one(
    state: web::Data<AppState>,
    admin: Admin,
    path: Path<(Uuid, Uuid)>,
    key: rmu_web::IdempotencyKey,
) -> Result<Data<ScrapeBody>, ApiError> {
    let (job, task) = path.0;
    retry(&state, &admin, job, Some(task.into()), key).await
}

async fn retry(
    state: &AppState,
    admin: &Admin,
    job: Uuid,
    task: Option<TaskId>,
    key: rmu_web::IdempotencyKey,
) -> Result<Data<ScrapeBody>, ApiError> {
    let key = key.0.map(|key| IdempotencyKey::parse(&key)).transpose();
    let request = RetryScrape {
        job: job.into(),
        task,
        started_by: admin.actor(),
        trace: trace(),
        idempotency_key: key.map_err(|error| Problem::invalid_parameter("Idempotency-Key", error.to_string()))?,
    };
    let started = retry_scrape(&state.database, state.config.max_queue_size, &request).await?;
    let body = get_job(&state.database, started.job).await?.into();
    Ok(Data::created(body, format!("/api/admin/scrapes/{}", started.job)).with_status(StatusCode::ACCEPTED))
}
