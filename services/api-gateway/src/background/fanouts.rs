//! What becomes due for accounts: followers and requesters are told what happened, and what a deleted account
//! left is cleared again. Every copy does; nothing is done by two.

use crate::{AppState, cache::Scope};
use chrono::Utc;
use rmu_catalogue::{CatalogueError, accounts::clear_next_again, fanouts::tell_next};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Nobody waits for being told.
const PERIOD: Duration = Duration::from_secs(1);
/// After a failure, so that news that cannot be told do not keep the database busy.
const PAUSE: Duration = Duration::from_secs(10);

/// Tells until `stop`.
pub(super) async fn run(state: AppState, stop: CancellationToken) {
    loop {
        let pause = match round(&state, &stop).await {
            Ok(()) => PERIOD,
            Err(error) => {
                metrics::counter!("rmu_fanout_failures_total").increment(1);
                tracing::warn!(%error, "news could not be told; they stay to be told");
                PAUSE
            }
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = stop.cancelled() => return,
        }
    }
}

async fn round(state: &AppState, stop: &CancellationToken) -> Result<(), CatalogueError> {
    while !stop.is_cancelled() && tell_next(&state.database).await? {
        metrics::counter!("rmu_fanout_chunks_total").increment(1);
    }
    while !stop.is_cancelled() && clear_next_again(&state.database, Utc::now()).await? {
        // Whatever it had written since may have been shown.
        state.cache.changed(&[Scope::Everything]).await;
        metrics::counter!("rmu_deleted_accounts_cleared_total").increment(1);
    }
    Ok(())
}
