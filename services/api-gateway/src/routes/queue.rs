//! The queue of scrape tasks over all jobs.

use crate::{
    ApiError, AppState,
    auth::{Access, Admin, RouteAccess},
};
use actix_web::{get, post, web};
use chrono::{DateTime, Utc};
use rmu_catalogue::ledger::{ClearQueue, Confirmation, clear_queue, queue_overview};
use rmu_domain::ids::JobId;
use rmu_web::{Data, Json, Problem};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub const ACCESS: &[RouteAccess] = &[
    RouteAccess::new("GET", "/api/admin/queue", Access::Admin),
    RouteAccess::new("POST", "/api/admin/queue/clear", Access::Admin),
];

pub fn configure(services: &mut ServiceConfig<'_>) {
    services.service(queue).service(clear);
}

/// The queue at this moment.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct QueueBody {
    /// Most live tasks there may be: `MAX_QUEUE_SIZE`.
    pub limit: u32,
    /// Live tasks: pending or in flight.
    pub depth: u32,
    pub pending: u32,
    /// Of the pending, those whose time has come.
    pub due: u32,
    /// With workers, or on their way to them.
    pub in_flight: u32,
    /// Pages found that wait until there is room.
    pub frontier: u32,
    /// How long the oldest due task has waited.
    pub oldest_age_seconds: Option<f64>,
    /// Tasks that ended in the last minute.
    pub finished_last_minute: u32,
}

/// Depth, oldest age, in flight, rate and limit of the queue
#[utoipa::path(tag = "admin", responses((status = 200, description = "The queue at this moment.", body = Data<QueueBody>)))]
#[get("/api/admin/queue")]
async fn queue(state: web::Data<AppState>, _admin: Admin) -> Result<Data<QueueBody>, ApiError> {
    let queue = queue_overview(&state.database).await?;
    let age = |due: DateTime<Utc>| (Utc::now() - due).to_std().unwrap_or_default().as_secs_f64();
    Ok(Data::new(QueueBody {
        limit: state.config.max_queue_size,
        depth: queue.live(),
        pending: queue.pending,
        due: queue.due,
        in_flight: queue.dispatched,
        frontier: queue.frontier,
        oldest_age_seconds: queue.oldest_due_at.map(age),
        finished_last_minute: queue.finished_last_minute,
    }))
}

/// What is to be cleared. One of `expected` and `confirm` is needed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ClearQueueBody {
    /// Of this scrape alone; otherwise of all.
    pub scrape: Option<Uuid>,
    /// How many waiting tasks (pending and frontier) are expected to be cleared: with another number nothing is.
    pub expected: Option<u32>,
    /// `true` clears however many there are.
    pub confirm: Option<bool>,
}

/// What was cleared.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClearedBody {
    /// Tasks that were pending, and pages that waited to become tasks.
    pub cancelled: u32,
    /// Scrapes of which something was cleared.
    pub scrapes: u32,
}

/// Cancels everything that waits in the queue
///
/// What is with workers goes on. The body must confirm: by the number of waiting tasks, or by a flag.
#[utoipa::path(tag = "admin", request_body = ClearQueueBody, responses(
    (status = 200, description = "What was cleared.", body = Data<ClearedBody>),
    (status = 404, description = "`not_found`: there is no such scrape."),
    (status = 409, description = "`conflict`: another number of tasks waits; nothing was cleared."),
    (status = 422, description = "`invalid`: it was not confirmed."),
))]
#[post("/api/admin/queue/clear")]
async fn clear(
    state: web::Data<AppState>,
    admin: Admin,
    body: Json<ClearQueueBody>,
) -> Result<Data<ClearedBody>, ApiError> {
    let confirmation = match (body.0.expected, body.0.confirm) {
        (Some(number), _) => Confirmation::Number(number),
        (None, Some(true)) => Confirmation::Whatever,
        _ => return Err(Problem::invalid("confirm", "must be true, or `expected` the number of waiting tasks").into()),
    };
    let request = ClearQueue { job: body.0.scrape.map(JobId::from), confirmation, cleared_by: admin.actor() };
    let cleared = clear_queue(&state.database, &request).await?;
    Ok(Data::new(ClearedBody { cancelled: cleared.cancelled, scrapes: cleared.jobs }))
}
