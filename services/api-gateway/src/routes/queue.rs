//! The queue of scrape tasks over all jobs.

use crate::{
    ApiError, AppState,
    auth::{Access, Admin, RouteAccess},
};
use actix_web::{get, web};
use chrono::{DateTime, Utc};
use rmu_catalogue::ledger::queue_overview;
use rmu_web::Data;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

pub const ACCESS: &[RouteAccess] = &[RouteAccess::new("GET", "/api/admin/queue", Access::Admin)];

pub fn configure(services: &mut ServiceConfig<'_>) {
    services.service(queue);
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
