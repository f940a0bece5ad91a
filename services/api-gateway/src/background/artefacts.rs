//! Clears away pages and screenshots of failures that are too old, too many or nobody's. Every copy does; what one has
//! removed the others find gone.

use crate::AppState;
use chrono::{DateTime, Utc};
use rmu_artefacts::{
    ArtefactStore, StoreError,
    retention::{Kept, Reason, by_attempt, old_enough_to_be_orphans, to_remove},
};
use rmu_catalogue::{
    CatalogueError,
    ledger::{forget_artefacts, unremembered_artefacts},
};
use rmu_domain::artefact::{ArtefactKey, AttemptId};
use std::{
    collections::{BTreeMap, HashSet},
    time::Duration,
};
use tokio_util::sync::CancellationToken;

const PERIOD: Duration = Duration::from_secs(600);
/// Until the next round when one did not get to the end.
const SHORT_PERIOD: Duration = Duration::from_secs(5);
/// Names that one round looks at. A bucket with more than this has a lifecycle rule to thank for staying small.
const MOST_LISTED: usize = 200_000;
/// What one round removes; the next one goes on.
const MOST_REMOVED: usize = 2000;
/// Attempts in one question to the database, and objects removed before the next.
const BATCH: usize = 500;

/// What a round has found and done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tidied {
    /// Attempts of which something is kept still.
    pub attempts: usize,
    pub bytes: u64,
    /// Attempts of which everything was removed, by reason.
    pub removed: BTreeMap<Reason, usize>,
    /// Nothing is left over for the next round.
    pub is_done: bool,
}

#[derive(Debug, thiserror::Error)]
pub enum TidyError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Ledger(#[from] CatalogueError),
}

/// Tidies until `stop`.
pub(super) async fn run(state: AppState, store: ArtefactStore, stop: CancellationToken) {
    loop {
        let tidied = tidy(&state, &store, Utc::now()).await;
        let pause = if tidied.as_ref().is_ok_and(|tidied| !tidied.is_done) { SHORT_PERIOD } else { PERIOD };
        match tidied {
            Ok(tidied) => tell(&tidied),
            Err(error) => {
                metrics::counter!("rmu_artefacts_tidy_failures_total").increment(1);
                tracing::warn!(%error, "artefacts of failures could not be cleared away");
            }
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = stop.cancelled() => return,
        }
    }
}

/// One round, as of the time `now`.
pub async fn tidy(state: &AppState, store: &ArtefactStore, now: DateTime<Utc>) -> Result<Tidied, TidyError> {
    let kept = by_attempt(&store.list(MOST_LISTED).await?);
    let mut orphans = HashSet::new();
    for attempts in old_enough_to_be_orphans(&kept, now).chunks(BATCH) {
        orphans.extend(unremembered_artefacts(&state.database, attempts).await?);
    }
    let mut leaving = to_remove(&kept, &orphans, &state.config.artefact_limits, now);
    let is_done = leaving.len() <= MOST_REMOVED;
    leaving.truncate(MOST_REMOVED);
    let mut tidied = Tidied {
        attempts: kept.len() - leaving.len(),
        bytes: bytes_of(kept.iter()).saturating_sub(bytes_of(leaving.iter().map(|(kept, _)| *kept))),
        removed: BTreeMap::new(),
        is_done,
    };
    for batch in leaving.chunks(BATCH) {
        // First forgotten, then removed: in between it is an orphan, which the next round removes.
        let attempts: Vec<AttemptId> = batch.iter().map(|(kept, _)| kept.of).collect();
        forget_artefacts(&state.database, &attempts).await?;
        let keys: Vec<ArtefactKey> = batch.iter().flat_map(|(kept, _)| kept.keys.iter().copied()).collect();
        store.delete(&keys).await?;
        for (_, reason) in batch {
            *tidied.removed.entry(*reason).or_default() += 1;
        }
    }
    Ok(tidied)
}

fn bytes_of<'a>(kept: impl Iterator<Item = &'a Kept>) -> u64 {
    kept.map(|kept| kept.bytes).fold(0, u64::saturating_add)
}

fn tell(tidied: &Tidied) {
    // Gauges are floating point; nobody counts bytes beyond 2^53.
    #[allow(clippy::cast_precision_loss, reason = "a gauge takes no whole numbers")]
    let gauge = |name: &'static str, value: u64| metrics::gauge!(name).set(value as f64);
    gauge("rmu_artefacts_stored_bytes", tidied.bytes);
    gauge("rmu_artefacts_stored_failures", u64::try_from(tidied.attempts).unwrap_or(u64::MAX));
    for (reason, count) in &tidied.removed {
        let count = u64::try_from(*count).unwrap_or(u64::MAX);
        metrics::counter!("rmu_artefacts_removed_total", "reason" => reason.as_str()).increment(count);
        tracing::info!(failures = count, reason = reason.as_str(), "artefacts of failures were cleared away");
    }
}
