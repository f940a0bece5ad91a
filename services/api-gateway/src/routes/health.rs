//! How the gateway and its neighbours are.

use crate::{
    AppState,
    auth::{Access, RouteAccess},
};
use actix_web::{HttpResponse, get, http::header, web};
use chrono::{DateTime, SecondsFormat, Utc};
use rmu_messaging::contracts::auth::JwksV1;
use rmu_web::{lifecycle::Phase, ops};
use serde::Serialize;
use std::{future::Future, time::Duration};
use tokio::{sync::Mutex, time::Instant};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

pub const ACCESS: &[RouteAccess] = &[
    RouteAccess::new("GET", "/health", Access::Public),
    RouteAccess::new("GET", "/health/live", Access::Public),
    RouteAccess::new("GET", "/health/ready", Access::Public),
];

pub fn configure(services: &mut ServiceConfig<'_>) {
    services.service(report).service(live).service(ready);
}

/// A neighbour that takes longer counts as down.
const PROBE_LIMIT: Duration = Duration::from_secs(1);
/// Many may ask; the neighbours are asked so often at most.
const KEPT: Duration = Duration::from_secs(1);

/// The last answer of `GET /health`.
#[derive(Debug, Default)]
pub struct HealthReport(Mutex<Option<(Instant, Health)>>);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum State {
    Ok,
    Down,
}

/// Every part by name. Only without the database nothing works.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Health {
    pub api: State,
    pub database: State,
    pub redis: State,
    pub rabbitmq: State,
    pub auth: State,
    pub workers: Workers,
    /// The parts that are down.
    pub degraded: Vec<&'static str>,
    pub timestamp: String,
}

/// The workers heard of within the last seconds.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Workers {
    pub online: usize,
    pub draining: usize,
    pub tasks_in_progress: u32,
}

/// How every part is
///
/// 200 when requests can be answered, though parts may be degraded; 503 when the database is down.
#[utoipa::path(tag = "health", responses(
    (status = 200, description = "The API answers; `degraded` names what does not.", body = Health),
    (status = 503, description = "The database is down.", body = Health),
))]
#[get("/health")]
async fn report(state: web::Data<AppState>) -> HttpResponse {
    let health = state.health.current(&state).await;
    let up = health.database == State::Ok;
    let mut response = if up { HttpResponse::Ok() } else { HttpResponse::ServiceUnavailable() };
    if !up {
        response.insert_header((header::RETRY_AFTER, 2));
    }
    response.insert_header((header::CACHE_CONTROL, "no-store")).json(health)
}

/// Whether the process lives; touches nothing outside
#[utoipa::path(tag = "health", responses((status = 200, description = "It does.")))]
#[get("/health/live")]
async fn live() -> HttpResponse {
    ops::live()
}

/// Whether requests should be sent here
#[utoipa::path(tag = "health", responses(
    (status = 200, description = "They should."),
    (status = 503, description = "The database is down, or this copy is stopping."),
))]
#[get("/health/ready")]
async fn ready(readiness: web::Data<ops::Readiness>) -> HttpResponse {
    readiness.answer().await
}

impl HealthReport {
    /// At most a second old. Those who ask at once wait for one answer.
    async fn current(&self, state: &AppState) -> Health {
        let mut last = self.0.lock().await;
        if let Some((asked, health)) = last.as_ref()
            && asked.elapsed() < KEPT
        {
            return health.clone();
        }
        let health = probe(state).await;
        *last = Some((Instant::now(), health.clone()));
        health
    }
}

async fn probe(state: &AppState) -> Health {
    let auth = async { matches!(state.auth.call(&JwksV1 {}).await, Ok(Ok(_))) };
    let database = async { state.database.ping(PROBE_LIMIT).await.is_ok() };
    let (database, redis, auth) = tokio::join!(limited(database), limited(redis_answers(state)), limited(auth));
    let rabbitmq = if state.broker.is_connected() { State::Ok } else { State::Down };
    let parts = [("database", database), ("redis", redis), ("rabbitmq", rabbitmq), ("auth", auth)];
    let now: DateTime<Utc> = Utc::now();
    Health {
        api: if state.lifecycle.phase() == Phase::Serving { State::Ok } else { State::Down },
        database,
        redis,
        rabbitmq,
        auth,
        workers: workers(state),
        degraded: parts.into_iter().filter(|(_, part)| *part == State::Down).map(|(name, _)| name).collect(),
        timestamp: now.to_rfc3339_opts(SecondsFormat::Millis, true),
    }
}

/// Asked on the main runtime, where the connection lives.
async fn redis_answers(state: &AppState) -> bool {
    let mut connection = state.redis.clone();
    let ping = async move { redis::cmd("PING").query_async::<String>(&mut connection).await.is_ok() };
    state.runtime.spawn(ping).await.unwrap_or(false)
}

async fn limited(probe: impl Future<Output = bool>) -> State {
    match tokio::time::timeout(PROBE_LIMIT, probe).await {
        Ok(true) => State::Ok,
        _ => State::Down,
    }
}

fn workers(state: &AppState) -> Workers {
    let current = state.workers.current();
    Workers {
        online: current.len(),
        draining: current.iter().filter(|worker| worker.draining).count(),
        tasks_in_progress: current.iter().map(|worker| worker.tasks_in_progress).sum(),
    }
}
