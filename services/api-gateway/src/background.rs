//! What runs beside requests, and its orderly end.

mod account_events;
pub mod artefacts;
mod dead_letters;
mod digests;
mod fanouts;
mod figures;
mod ingest;
mod ranks;
mod relay;
mod scheduler;
mod sweeper;
mod wire;

pub(crate) use dead_letters::replayed;

use crate::{AppState, auth::keys, workers};
use std::future::Future;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::Instrument;

/// The tasks of this process. Each gets a token and ends soon after it is cancelled.
#[derive(Clone, Default)]
pub struct Background {
    tasks: TaskTracker,
    stop: CancellationToken,
}

/// Registers every task of this copy's role. Tasks of the ingesting half go into the second part.
pub fn register(background: &Background, state: &AppState) {
    background.spawn("auth keys", |stop| keys::refresh_until(state.keys.clone(), stop));
    background.spawn("worker statistics", |stop| workers::listen(state.broker.clone(), state.workers.clone(), stop));
    if state.config.role.ingests() {
        background.spawn("relay", |stop| relay::run(state.clone(), stop));
        background.spawn("results", |stop| ingest::run(state.clone(), stop));
        background.spawn("dead letters", |stop| dead_letters::run(state.clone(), stop));
        background.spawn("scheduler", |stop| scheduler::run(state.clone(), stop));
        background.spawn("account events", |stop| account_events::run(state.clone(), stop));
        background.spawn("digests", |stop| digests::run(state.clone(), stop));
        background.spawn("figures", |stop| figures::run(state.clone(), stop));
        background.spawn("fan-outs", |stop| fanouts::run(state.clone(), stop));
        background.spawn("ranks", |stop| ranks::run(state.clone(), stop));
        background.spawn("sweeper", |stop| sweeper::run(state.clone(), stop));
        if let Some(store) = &state.artefacts {
            background.spawn("artefacts", |stop| artefacts::run(state.clone(), store.clone(), stop));
        }
    }
}

impl Background {
    /// Runs `task` until it ends by itself or its token is cancelled. One that ends early is reported: nothing
    /// here is meant to.
    pub fn spawn<F: Future<Output = ()> + Send + 'static>(
        &self,
        name: &'static str,
        task: impl FnOnce(CancellationToken) -> F,
    ) {
        let stop = self.stop.clone();
        let running = task(stop.clone());
        let watched = async move {
            running.await;
            if !stop.is_cancelled() {
                tracing::error!(task = name, "a background task ended by itself");
                metrics_of_early_end(name);
            }
        };
        self.tasks.spawn(watched.instrument(tracing::info_span!("background", task = name)));
    }

    /// Asks all to stop and waits until they have.
    pub async fn stop(&self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

fn metrics_of_early_end(name: &'static str) {
    metrics::counter!("rmu_background_tasks_ended_early_total", "task" => name).increment(1);
}
