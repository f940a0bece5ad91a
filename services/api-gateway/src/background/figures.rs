//! Counts now and then how much there is of everything. Every copy looks whether it is time; one counts.

use crate::AppState;
use chrono::Utc;
use rmu_catalogue::figures::count_if_due;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

const PERIOD: Duration = Duration::from_secs(60);

/// Counts until `stop`.
pub(super) async fn run(state: AppState, stop: CancellationToken) {
    loop {
        if let Err(error) = count_if_due(&state.database, Utc::now()).await {
            tracing::warn!(%error, "figures could not be counted");
        }
        tokio::select! {
            () = tokio::time::sleep(PERIOD) => {}
            () = stop.cancelled() => return,
        }
    }
}
