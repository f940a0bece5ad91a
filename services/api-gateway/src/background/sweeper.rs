//! Tries again what nobody answered, and writes the ledger's figures into the metrics.

use crate::AppState;
use rmu_catalogue::{
    CatalogueError,
    dead_letters::count_waiting,
    ledger::{queue_overview, sweep},
    source_health::{PausedSource, paused_sources, settle_held_jobs},
    takedowns::forget_contacts,
};
use std::{collections::BTreeSet, time::Duration};
use tokio_util::sync::CancellationToken;

const PERIOD: Duration = Duration::from_secs(5);

/// Sweeps until `stop`.
pub(super) async fn run(state: AppState, stop: CancellationToken) {
    let mut told = BTreeSet::new();
    loop {
        if let Err(error) = round(&state, &mut told).await {
            metrics::counter!("rmu_sweeper_failures_total").increment(1);
            tracing::warn!(%error, "sweep failed");
        }
        tokio::select! {
            () = tokio::time::sleep(PERIOD) => {}
            () = stop.cancelled() => return,
        }
    }
}

async fn round(state: &AppState, told: &mut BTreeSet<String>) -> Result<(), CatalogueError> {
    settle_held_jobs(&state.database).await?;
    tell_of_paused(paused_sources(&state.database).await?, told);
    let forgotten = forget_contacts(&state.database, chrono::Utc::now()).await?;
    if forgotten > 0 {
        tracing::info!(requests = forgotten, "names and contacts of closed take-downs were forgotten");
    }
    let swept = sweep(&state.database).await?;
    if swept.unanswered > 0 {
        metrics::counter!("rmu_scrape_tasks_unanswered_total").increment(u64::from(swept.unanswered));
        tracing::warn!(tasks = swept.unanswered, "tasks were not answered in time and are tried again");
    }
    let queue = queue_overview(&state.database).await?;
    metrics::gauge!("rmu_queue_pending").set(f64::from(queue.pending));
    metrics::gauge!("rmu_queue_dispatched").set(f64::from(queue.dispatched));
    metrics::gauge!("rmu_queue_frontier").set(f64::from(queue.frontier));
    metrics::gauge!("rmu_queue_limit").set(f64::from(state.config.max_queue_size));
    let oldest = queue.oldest_due_at.map_or(0, |due| (chrono::Utc::now() - due).num_milliseconds().max(0));
    metrics::gauge!("rmu_queue_oldest_due_seconds").set(Duration::from_millis(oldest.unsigned_abs()).as_secs_f64());
    metrics::gauge!("rmu_dead_letters_waiting").set(f64::from(count_waiting(&state.database).await?));
    state.database.record_metrics();
    Ok(())
}

/// What alerts look at: 1 for every source that is paused because its site has changed, 0 when it goes on.
fn tell_of_paused(paused: Vec<PausedSource>, told: &mut BTreeSet<String>) {
    let now: BTreeSet<String> = paused.into_iter().map(|source| source.slug).collect();
    for source in told.difference(&now) {
        metrics::gauge!("rmu_source_paused", "source" => source.clone()).set(0.0);
    }
    for source in &now {
        metrics::gauge!("rmu_source_paused", "source" => source.clone()).set(1.0);
    }
    *told = now;
}
