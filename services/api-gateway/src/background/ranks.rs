//! Ranks reviewed units anew once a day, since scores age: at each start, and then about a day after the last round.
//! Every copy does; what another one has just done changes nothing.

use crate::AppState;
use rmu_catalogue::{CatalogueError, search::ranks::refresh_some};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

const PERIOD: Duration = Duration::from_secs(24 * 3600);
/// Between two steps, so that reviewers and readers come first.
const PAUSE: Duration = Duration::from_millis(200);
/// After a step that failed.
const LONG_PAUSE: Duration = Duration::from_secs(60);

/// Ranks until `stop`.
pub(super) async fn run(state: AppState, stop: CancellationToken) {
    let mut after = None;
    loop {
        let stepped: Result<_, CatalogueError> = refresh_some(&state.database, after).await;
        let pause = match stepped {
            Ok(Some(last)) => {
                after = Some(last);
                PAUSE
            }
            Ok(None) => {
                after = None;
                PERIOD
            }
            Err(error) => {
                metrics::counter!("rmu_rank_failures_total").increment(1);
                tracing::warn!(%error, "units could not be ranked anew");
                LONG_PAUSE
            }
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = stop.cancelled() => return,
        }
    }
}
