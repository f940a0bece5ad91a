//! What is kept of a page that was not read: its source and a picture, for whoever wants to know why.
//!
//! Looking and keeping are each bounded by a few seconds, happen after the task has ended as it ended, and change
//! nothing about that: without them a failure is just harder to understand.

use crate::browser::{Lease, RenderedSource};
use rmu_artefacts::{ArtefactStore, MOST_SOURCE_BYTES, StoreError, pack};
use rmu_domain::{
    artefact::{ArtefactKey, ArtefactKind, AttemptId},
    scrape::FailureKind,
};
use rmu_messaging::contracts::scrape::{ArtefactsV1, OutcomeV1, ScrapeTaskV1};
use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};
use tokio::time::{Instant, timeout};

/// Both commands to the browser together.
const LOOK_LIMIT: Duration = Duration::from_secs(5);
/// Below it is no time to look: the task's deadline is too near, and passing it would hide what went wrong.
const LEAST_TIME: Duration = Duration::from_secs(7);
/// Packing and storing together.
const KEEP_LIMIT: Duration = Duration::from_secs(3);

/// What was seen of a task's page so far. Outlives the attempt, also one that is broken off.
pub(super) struct Evidence {
    /// Nobody keeps it otherwise.
    is_wanted: bool,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    source: Option<RenderedSource>,
    picture: Option<Vec<u8>>,
}

impl Evidence {
    pub(super) fn new(is_wanted: bool) -> Self {
        Self { is_wanted, seen: Mutex::default() }
    }

    /// Looks at what the browser shows: its window, and its source unless that is `known`. The first look counts: what
    /// comes later is of another page.
    pub(super) async fn look(&self, lease: &mut Lease, deadline: Instant, known: Option<&str>) {
        if !self.is_wanted || self.change(|seen| seen.source.is_some()) {
            return;
        }
        if let Some(html) = known {
            let bytes = u64::try_from(html.len()).unwrap_or(u64::MAX);
            self.change(|seen| seen.source = Some(RenderedSource { html: html.to_owned(), bytes }));
        }
        if deadline.saturating_duration_since(Instant::now()) < LEAST_TIME || !lease.look_back(LOOK_LIMIT) {
            return;
        }
        if known.is_none() {
            match lease.rendered_source(MOST_SOURCE_BYTES).await {
                Ok(source) => self.change(|seen| seen.source = Some(source)),
                Err(error) => return tracing::debug!(%error, "the failed page cannot be looked at"),
            }
        }
        match lease.picture().await {
            Ok(picture) => self.change(|seen| seen.picture = picture),
            Err(error) => tracing::debug!(%error, "there is no picture of the failed page"),
        }
    }

    /// Keeps what was seen if the outcome is one to look into, and says under which names. Never fails.
    pub(super) async fn keep(
        self,
        store: Option<&ArtefactStore>,
        task: &ScrapeTaskV1,
        outcome: &OutcomeV1,
    ) -> Option<ArtefactsV1> {
        let store = store?;
        let failed = match outcome {
            OutcomeV1::Failed(failure) => FailureKind::parse(&failure.failure).is_ok_and(is_worth_a_look),
            _ => false,
        };
        if !failed && !task.keep_page {
            return None;
        }
        let seen = self.seen.into_inner().unwrap_or_else(PoisonError::into_inner);
        let kept = Mutex::new(ArtefactsV1 { page: None, screenshot: None });
        let keeping = put_all(store, task, seen, &kept);
        if timeout(KEEP_LIMIT, keeping).await.is_err() {
            not_kept(task, &"it took too long");
        }
        // What was stored before the time was over is there all the same.
        let kept = kept.into_inner().unwrap_or_else(PoisonError::into_inner);
        (kept.page.is_some() || kept.screenshot.is_some()).then_some(kept)
    }

    fn change<T>(&self, change: impl FnOnce(&mut Seen) -> T) -> T {
        change(&mut self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

async fn put_all(store: &ArtefactStore, task: &ScrapeTaskV1, seen: Seen, kept: &Mutex<ArtefactsV1>) {
    // From the task's ids alone: nothing that a page says becomes part of a name.
    let of = AttemptId { task: task.task_id.into(), attempt: task.attempt };
    let name = |kind: ArtefactKind, name: String| {
        metrics::counter!("rmu_worker_artefacts_kept_total", "kind" => kind.as_str()).increment(1);
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        match kind {
            ArtefactKind::Page => kept.page = Some(name),
            ArtefactKind::Screenshot => kept.screenshot = Some(name),
        }
    };
    let page = match seen.source {
        Some(source) => packed(source).await,
        None => None,
    };
    let all = [(ArtefactKind::Page, page), (ArtefactKind::Screenshot, seen.picture)];
    for (kind, bytes) in all.into_iter().filter_map(|(kind, bytes)| Some((kind, bytes?))) {
        let key = ArtefactKey::new(of, kind);
        match store.put(key, bytes).await {
            Ok(()) => name(kind, key.to_string()),
            Err(StoreError::LeftAlone) => return,
            Err(error) => return not_kept(task, &error),
        }
    }
}

/// Off the threads that serve the broker: a large page takes a while.
async fn packed(source: RenderedSource) -> Option<Vec<u8>> {
    let packing = tokio::task::spawn_blocking(move || pack(&source.html, source.bytes));
    packing.await.ok().and_then(Result::ok)
}

fn not_kept(task: &ScrapeTaskV1, error: &dyn std::fmt::Display) {
    metrics::counter!("rmu_worker_artefacts_failed_total").increment(1);
    tracing::warn!(task_id = %task.task_id, %error, "the page and screenshot of a failure were not kept");
}

/// Whether a page says more about the failure than its kind and detail do.
pub(super) fn is_worth_a_look(kind: FailureKind) -> bool {
    match kind {
        FailureKind::Timeout
        | FailureKind::HttpStatus
        | FailureKind::RateLimited
        | FailureKind::Blocked
        | FailureKind::NotAUnit
        | FailureKind::MissingFact
        | FailureKind::TooLarge
        | FailureKind::BadSource
        | FailureKind::Drift
        | FailureKind::Internal => true,
        FailureKind::Connection
        | FailureKind::RobotsDisallowed
        | FailureKind::BrowserCrashed
        | FailureKind::Cancelled => false,
    }
}
