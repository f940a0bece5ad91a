//! The workers' browser pools, one by one and together.

use crate::{
    AppState,
    auth::{Access, Admin, RouteAccess},
};
use actix_web::{get, web};
use rmu_messaging::contracts::events::{PoolStatsV1, SlowHostV1, WorkerStatsV1};
use rmu_web::Data;
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

pub const ACCESS: &[RouteAccess] = &[
    RouteAccess::new("GET", "/admin/browser-pool/stats", Access::Admin),
    RouteAccess::new("GET", "/api/admin/browser-pool/stats", Access::Admin),
];

pub fn configure(services: &mut ServiceConfig<'_>) {
    services.service(browser_pools).service(browser_pools_under_api);
}

/// All workers heard of lately.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct BrowserPools {
    pub total: Pool,
    pub workers: Vec<Worker>,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Worker {
    pub name: String,
    pub draining: bool,
    pub started_at: String,
    /// When it last reported.
    pub at: String,
    pub tasks_in_progress: u32,
    /// `closed`, `open` (browsers cannot start) or `half_open`.
    pub breaker: String,
    pub pool: Pool,
    /// Hosts that are visited more slowly than their sources ask, because they are slow or refuse.
    pub slow_hosts: BTreeMap<String, SlowHost>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SlowHost {
    /// The least time between two visits, over all workers.
    pub gap_ms: u64,
    /// For how long it is asked nothing at all; 0 if it is visited.
    pub closed_for_ms: u64,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Pool {
    pub cap: u32,
    pub idle: u32,
    pub in_use: u32,
    pub starting: u32,
    pub waiters: u32,
    pub oldest_wait_ms: u64,
    /// Browsers replaced since the worker started, by reason.
    pub restarts: BTreeMap<String, u64>,
    pub orphans_reaped: u64,
    pub memory_bytes: u64,
}

/// Browser pools of all workers
#[utoipa::path(tag = "admin", responses((status = 200, description = "Per worker and in total.", body = Data<BrowserPools>)))]
#[get("/admin/browser-pool/stats")]
async fn browser_pools(state: web::Data<AppState>, _admin: Admin) -> Data<BrowserPools> {
    Data::new(BrowserPools::of(state.workers.current()))
}

/// Browser pools of all workers (the same)
#[utoipa::path(tag = "admin", responses((status = 200, description = "Per worker and in total.", body = Data<BrowserPools>)))]
#[get("/api/admin/browser-pool/stats")]
async fn browser_pools_under_api(state: web::Data<AppState>, _admin: Admin) -> Data<BrowserPools> {
    Data::new(BrowserPools::of(state.workers.current()))
}

impl BrowserPools {
    fn of(workers: Vec<WorkerStatsV1>) -> Self {
        let mut total = Pool::default();
        for worker in &workers {
            total.add(&worker.pool);
        }
        Self { total, workers: workers.into_iter().map(Worker::from).collect() }
    }
}

impl Pool {
    fn add(&mut self, other: &PoolStatsV1) {
        self.cap += other.cap;
        self.idle += other.idle;
        self.in_use += other.in_use;
        self.starting += other.starting;
        self.waiters += other.waiters;
        self.oldest_wait_ms = self.oldest_wait_ms.max(other.oldest_wait_ms);
        self.orphans_reaped += other.orphans_reaped;
        self.memory_bytes += other.memory_bytes;
        for (reason, count) in &other.restarts {
            *self.restarts.entry(reason.clone()).or_default() += count;
        }
    }
}

impl From<WorkerStatsV1> for Worker {
    fn from(stats: WorkerStatsV1) -> Self {
        let mut pool = Pool::default();
        pool.add(&stats.pool);
        Self {
            name: stats.worker,
            draining: stats.draining,
            started_at: stats.started_at.to_rfc3339(),
            at: stats.at.to_rfc3339(),
            tasks_in_progress: stats.tasks_in_progress,
            breaker: stats.pool.breaker,
            pool,
            slow_hosts: stats.slow_hosts.into_iter().map(|(host, slow)| (host, SlowHost::from(slow))).collect(),
        }
    }
}

impl From<SlowHostV1> for SlowHost {
    fn from(slow: SlowHostV1) -> Self {
        Self { gap_ms: slow.gap_ms, closed_for_ms: slow.closed_for_ms }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rmu_messaging::contracts::Contract;

    #[test]
    fn the_total_adds_up_and_waits_are_the_longest() {
        let one = WorkerStatsV1::example();
        let mut two = WorkerStatsV1::example();
        two.pool.oldest_wait_ms = 900;
        two.pool.restarts = BTreeMap::from([("pages".to_owned(), 1), ("crashed".to_owned(), 2)]);
        let pools = BrowserPools::of(vec![one.clone(), two]);
        assert_eq!((pools.total.cap, pools.total.in_use, pools.total.oldest_wait_ms), (4, 2, 900));
        assert_eq!(pools.total.restarts, BTreeMap::from([("pages".to_owned(), 4), ("crashed".to_owned(), 2)]));
        assert_eq!(pools.workers.len(), 2);
        let slow = SlowHost { gap_ms: 8_000, closed_for_ms: 0 };
        assert_eq!(pools.workers[0].slow_hosts.get("handbook.northfield.example"), Some(&slow));
    }
}
