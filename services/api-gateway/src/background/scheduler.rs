//! Starts what is scheduled. Every copy does; the ledger sees to it that a time is run once.

use crate::AppState;
use chrono::Utc;
use rmu_catalogue::{CatalogueError, schedules::run_next_due};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Schedules are exact to the minute.
const PERIOD: Duration = Duration::from_secs(5);

/// Runs schedules until `stop`.
pub(super) async fn run(state: AppState, stop: CancellationToken) {
    loop {
        if let Err(error) = round(&state).await {
            metrics::counter!("rmu_scheduler_failures_total").increment(1);
            tracing::warn!(%error, "schedules could not be run; they stay due");
        }
        tokio::select! {
            () = tokio::time::sleep(PERIOD) => {}
            () = stop.cancelled() => return,
        }
    }
}

async fn round(state: &AppState) -> Result<(), CatalogueError> {
    while let Some(ran) = run_next_due(&state.database, state.config.max_queue_size, Utc::now()).await? {
        metrics::counter!("rmu_scheduled_runs_total", "outcome" => ran.run.outcome.as_str()).increment(1);
    }
    Ok(())
}
