//! What the workers last said of themselves. Kept in memory: it is out of date within seconds anyway.

use rmu_messaging::{
    Connection, Consumer, Outcome, Service, contracts::events::WorkerStatsV1, topology::WORKER_STATS_ROUTE,
};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use tokio_util::sync::CancellationToken;

/// A worker that was silent for so long is gone; they report every few seconds.
const EXPIRY: Duration = Duration::from_secs(30);
/// More than any fleet has; a guard against names without end.
const MOST_WORKERS: usize = 1000;

/// The latest statistics by worker.
#[derive(Debug, Default)]
pub struct WorkerRegistry(Mutex<HashMap<String, (Instant, WorkerStatsV1)>>);

impl WorkerRegistry {
    pub fn record(&self, stats: WorkerStatsV1) {
        self.record_at(Instant::now(), stats);
    }

    /// Those heard of lately, by name.
    pub fn current(&self) -> Vec<WorkerStatsV1> {
        self.current_at(Instant::now())
    }

    fn record_at(&self, now: Instant, stats: WorkerStatsV1) {
        let mut workers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        workers.retain(|_, (heard, _)| now.duration_since(*heard) < EXPIRY);
        if workers.len() < MOST_WORKERS || workers.contains_key(&stats.worker) {
            workers.insert(stats.worker.clone(), (now, stats));
        }
    }

    fn current_at(&self, now: Instant) -> Vec<WorkerStatsV1> {
        let workers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let alive = workers.values().filter(|(heard, _)| now.duration_since(*heard) < EXPIRY);
        let mut current: Vec<WorkerStatsV1> = alive.map(|(_, stats)| stats.clone()).collect();
        current.sort_by(|a, b| a.worker.cmp(&b.worker));
        current
    }
}

/// Takes in what workers say until `stop`.
pub async fn listen(broker: Connection, workers: Arc<WorkerRegistry>, stop: CancellationToken) {
    let record = move |stats: WorkerStatsV1, _| {
        workers.record(stats);
        async { Outcome::Ack }
    };
    Consumer::exclusive(&broker, Service::Gateway, [WORKER_STATS_ROUTE]).run(record, stop).await;
}

#[cfg(test)]
mod tests {
    use super::*;
    use rmu_messaging::contracts::Contract;

    fn stats(worker: &str, in_progress: u32) -> WorkerStatsV1 {
        WorkerStatsV1 { worker: worker.to_owned(), tasks_in_progress: in_progress, ..WorkerStatsV1::example() }
    }

    #[test]
    fn the_latest_counts_and_the_silent_are_gone() {
        let registry = WorkerRegistry::default();
        let start = Instant::now();
        registry.record_at(start, stats("b", 1));
        registry.record_at(start, stats("a", 1));
        registry.record_at(start + EXPIRY / 2, stats("b", 2));
        let now: Vec<(String, u32)> =
            registry.current_at(start).into_iter().map(|w| (w.worker, w.tasks_in_progress)).collect();
        assert_eq!(now, [("a".to_owned(), 1), ("b".to_owned(), 2)]);
        let later = registry.current_at(start + EXPIRY);
        assert_eq!(later.len(), 1, "a was silent: {later:?}");
    }

    #[test]
    fn names_without_end_do_not_fill_the_memory() {
        let registry = WorkerRegistry::default();
        for number in 0..MOST_WORKERS + 10 {
            registry.record(stats(&number.to_string(), 0));
        }
        assert_eq!(registry.current().len(), MOST_WORKERS);
    }
}
