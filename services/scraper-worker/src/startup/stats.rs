//! Every two seconds: says how the worker is, and takes no tasks while it could not run them.

use crate::{
    browser::BrowserPool,
    politeness::{HostGate, Politeness, SlotCounts},
};
use chrono::Utc;
use rmu_messaging::{
    Prefetch, Publisher,
    contracts::events::{PoolStatsV1, SlowHostV1, WorkerStatsV1},
    topology::WORKER_STATS_ROUTE,
};
use rmu_web::{Lifecycle, lifecycle::Phase};
use std::{collections::BTreeMap, time::Duration};
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

const INTERVAL: Duration = Duration::from_secs(2);

pub(super) struct Observed {
    pub(super) worker: String,
    pub(super) lifecycle: Lifecycle,
    pub(super) pool: BrowserPool,
    pub(super) gate: HostGate,
    pub(super) politeness: Politeness,
    pub(super) publisher: Publisher,
    pub(super) prefetch: Prefetch,
}

pub(super) async fn publish(observed: Observed, ending: CancellationToken) {
    let started_at = Utc::now();
    let usual = observed.prefetch.get();
    let mut ticks = interval(INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let is_last = tokio::select! {
            () = ending.cancelled() => true,
            _ = ticks.tick() => false,
        };
        observed.gate.look().await;
        let pool = observed.pool.stats();
        // Without browsers or without the limits of hosts a task could only wait here; another worker may be
        // better off. Whether browsers start again is found out with no more than can be at work.
        let is_able = observed.pool.blocked_for().is_none() && observed.gate.is_reachable();
        observed.prefetch.set(match (is_able, pool.breaker.as_str()) {
            (true, "closed") => usual,
            (true, _) => u16::try_from(pool.cap).unwrap_or(usual).min(usual),
            (false, _) => 0,
        });
        if !is_able {
            observed.politeness.send_away();
        }
        let slow_hosts = slow_hosts(&observed.gate);
        let slots = observed.politeness.slots();
        show(&pool, slots, &slow_hosts);
        let stats = WorkerStatsV1 {
            worker: observed.worker.clone(),
            at: Utc::now(),
            started_at,
            draining: observed.lifecycle.phase() > Phase::Serving,
            tasks_in_progress: count(slots.at_work),
            pool,
            slow_hosts,
        };
        if let Err(error) = observed.publisher.publish(&WORKER_STATS_ROUTE, &stats).await {
            tracing::debug!(%error, "statistics were not published");
        }
        if is_last {
            return;
        }
    }
}

fn slow_hosts(gate: &HostGate) -> BTreeMap<String, SlowHostV1> {
    let milliseconds = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    let now = Instant::now();
    gate.slow_hosts()
        .into_iter()
        .map(|(host, slow)| {
            let closed = slow.closed_until.map(|until| until.saturating_duration_since(now)).unwrap_or_default();
            (host, SlowHostV1 { gap_ms: milliseconds(slow.gap), closed_for_ms: milliseconds(closed) })
        })
        .collect()
}

fn count(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

fn show(pool: &PoolStatsV1, slots: SlotCounts, slow_hosts: &BTreeMap<String, SlowHostV1>) {
    let gauge = |name: &'static str, value: u32| metrics::gauge!(name).set(f64::from(value));
    gauge("rmu_browser_pool_cap", pool.cap);
    gauge("rmu_browser_pool_idle", pool.idle);
    gauge("rmu_browser_pool_in_use", pool.in_use);
    gauge("rmu_browser_pool_starting", pool.starting);
    gauge("rmu_browser_pool_waiters", pool.waiters);
    gauge("rmu_worker_tasks_at_work", count(slots.at_work));
    gauge("rmu_worker_tasks_waiting", count(slots.waiting));
    gauge("rmu_worker_hosts_slowed", count(slow_hosts.len()));
    gauge("rmu_worker_hosts_closed", count(slow_hosts.values().filter(|host| host.closed_for_ms > 0).count()));
    gauge("rmu_browser_pool_breaker_open", u32::from(pool.breaker != "closed"));
    // Gauges are floating point; beyond 2^53 bytes of browsers nobody counts.
    #[allow(clippy::cast_precision_loss, reason = "a gauge takes no whole numbers")]
    metrics::gauge!("rmu_browser_pool_memory_bytes").set(pool.memory_bytes as f64);
    metrics::counter!("rmu_browser_pool_orphans_reaped_total").absolute(pool.orphans_reaped);
    for (reason, count) in &pool.restarts {
        metrics::counter!("rmu_browser_pool_restarts_total", "reason" => reason.clone()).absolute(*count);
    }
}
