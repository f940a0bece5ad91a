//! One task from its arrival to its confirmed result.

use super::{
    control::{Jobs, Standing},
    discovery,
    evidence::Evidence,
    failure::{Ending, parse_url},
    feed,
    sources::{ReadySource, Sources},
    unit,
};
use crate::{
    browser::{BrowserPool, Lease, LeaseError, Scope},
    fetch::address::AddressPolicy,
    politeness::{Politeness, Precedence, Slot},
};
use chrono::{DateTime, Utc};
use rmu_artefacts::ArtefactStore;
use rmu_domain::scrape::FailureKind;
use rmu_messaging::{
    Envelope, Outcome, PublishError, Publisher,
    contracts::scrape::{ArtefactsV1, OutcomeV1, ScrapeResultV1, ScrapeTaskV1, TargetV1},
    topology::RESULT_ROUTE,
};
use std::{sync::Arc, time::Duration};
use tokio::time::{Instant, sleep, timeout_at};
use tokio_util::sync::CancellationToken;
use url::Url;

/// No task goes on longer than this, whatever its deadline: it must end before the consumer gives it up.
const LONGEST_TASK: Duration = Duration::from_secs(240);
/// A browser that has to be started and a page may take so long. A task that could not begin so long before its deadline
/// is handed back: it would be cut off.
const LONGEST_PAGE: Duration = Duration::from_secs(45);
/// What is left for the page when somebody waits for it, and that is soon enough for most.
const LONGEST_AWAITED_PAGE: Duration = Duration::from_secs(15);
/// A page was loaded for this result: the broker may be away a little before it is thrown away.
const PUBLISH_PATIENCE: Duration = Duration::from_secs(20);
const PAUSE: Duration = Duration::from_millis(250);

pub struct TaskSettings {
    pub worker: String,
    pub pool: BrowserPool,
    pub politeness: Politeness,
    pub addresses: AddressPolicy,
    pub publisher: Publisher,
    pub jobs: Jobs,
    /// Where pages that were not read are kept, if anywhere.
    pub artefacts: Option<ArtefactStore>,
    /// Cancelled when the worker stops: what has not begun to load is handed back.
    pub stopping: CancellationToken,
}

/// How a task came here.
#[derive(Debug, Clone, Default)]
pub struct Arrival {
    /// It was delivered before and not answered: perhaps its worker died, perhaps of it.
    pub came_before: bool,
    /// Cancelled when it is delivered again, whatever becomes of it here. What has not begun is then given up: done here
    /// as well it would be done twice, and the site be asked twice.
    pub lost: CancellationToken,
}

#[derive(Clone)]
pub struct TaskHandler {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    settings: TaskSettings,
    pub(super) sources: Sources,
}

impl TaskHandler {
    pub fn new(settings: TaskSettings) -> Self {
        Self { inner: Arc::new(Inner { settings, sources: Sources::default() }) }
    }

    /// Runs the task and publishes what became of it. Acknowledged only when that is confirmed.
    pub async fn handle(self, task: ScrapeTaskV1, arrival: Arrival) -> Outcome {
        let started_at = Utc::now();
        let evidence = Evidence::new(self.inner.settings.artefacts.is_some());
        let outcome = Box::pin(self.inner.outcome(&task, &arrival, &evidence)).await;
        let label = label(&outcome);
        tracing::info!(task_id = %task.task_id, job_id = %task.job_id, attempt = task.attempt, outcome = label, "task done");
        metrics::counter!("rmu_worker_tasks_total", "outcome" => label).increment(1);
        if arrival.lost.is_cancelled() && is_cancelled(&outcome) {
            // It comes again, here or elsewhere: nobody needs to be told that it was not done.
            return Outcome::Release;
        }
        let artefacts = evidence.keep(self.inner.settings.artefacts.as_ref(), &task, &outcome).await;
        self.inner.answer(&task, started_at, outcome, artefacts).await
    }
}

impl Inner {
    async fn outcome(&self, task: &ScrapeTaskV1, arrival: &Arrival, evidence: &Evidence) -> OutcomeV1 {
        let membership = self.settings.jobs.join(task.job_id);
        let cancelled = |detail: &str| Ending::failed(FailureKind::Cancelled, detail);
        let Ok(left) = (task.deadline - Utc::now()).to_std() else {
            let detail = "the task had expired before a worker took it";
            let ending = match arrival.came_before {
                true => Ending::failed(FailureKind::Timeout, detail),
                false => Ending::handed_back(detail, None),
            };
            return ending.outcome();
        };
        let deadline = Instant::now() + left.min(LONGEST_TASK);
        let ended = match self.settings.jobs.standing(task.job_id) {
            Standing::Cancelled => Err(cancelled("the job was cancelled")),
            Standing::Paused => Err(cancelled("the job is paused")),
            Standing::Runs => tokio::select! {
                biased;
                () = membership.token.cancelled() => Err(cancelled("the job was cancelled")),
                done = timeout_at(deadline, Box::pin(self.run(task, arrival, deadline, evidence))) => {
                    done.unwrap_or_else(|_| Err(Ending::failed(FailureKind::Timeout, "the task's deadline passed")))
                }
            },
        };
        ended.unwrap_or_else(Ending::outcome)
    }

    async fn run(
        &self,
        task: &ScrapeTaskV1,
        arrival: &Arrival,
        deadline: Instant,
        evidence: &Evidence,
    ) -> Result<OutcomeV1, Ending> {
        let ready = self.sources.get(&task.source)?;
        let (TargetV1::Discovery { url } | TargetV1::FeedPart { url, .. } | TargetV1::Unit { url, .. }) = &task.target;
        let url = parse_url(url)?;
        let precedence = if arrival.came_before { Precedence::Again } else { Precedence::InTurn };
        let slot = self.slot(&url, &ready, precedence, deadline, &arrival.lost).await?;
        // It may have waited a while.
        if self.settings.jobs.standing(task.job_id) == Standing::Paused {
            return Err(Ending::handed_back("the job is paused", None));
        }
        match &task.target {
            TargetV1::Discovery { .. } => match ready.source.is_feed(&url) {
                true => feed::discover(self, &ready, &slot, &url).await,
                false => discovery::run(self, &ready, &slot, &url).await,
            },
            TargetV1::FeedPart { entries, .. } => feed::read_part(self, &ready, &slot, &url, entries).await,
            TargetV1::Unit { .. } => unit::run(self, &ready, task, &url, slot, deadline, evidence).await,
        }
    }

    /// A slot in which a page is worked at that must be done by `deadline`, unless it is given up before it begins.
    pub(super) async fn slot(
        &self,
        url: &Url,
        ready: &ReadySource,
        precedence: Precedence,
        deadline: Instant,
        given_up: &CancellationToken,
    ) -> Result<Slot, Ending> {
        let left = deadline.saturating_duration_since(Instant::now());
        let reserve = match precedence {
            Precedence::First => LONGEST_AWAITED_PAGE,
            Precedence::Again | Precedence::InTurn => LONGEST_PAGE,
        };
        let until = deadline.checked_sub(reserve.min(left / 2)).unwrap_or(deadline);
        self.unless_stopping(self.politeness().slot(url, &ready.origins, precedence, until, given_up)).await
    }

    async fn answer(
        &self,
        task: &ScrapeTaskV1,
        started_at: DateTime<Utc>,
        outcome: OutcomeV1,
        artefacts: Option<ArtefactsV1>,
    ) -> Outcome {
        let result = |outcome| ScrapeResultV1 {
            task_id: task.task_id,
            job_id: task.job_id,
            attempt: task.attempt,
            source_id: task.source.source_id,
            source_version: task.source.version,
            worker: self.settings.worker.clone(),
            started_at,
            finished_at: Utc::now(),
            outcome,
            artefacts: artefacts.clone(),
        };
        match self.publish(&result(outcome)).await {
            Err(PublishError::TooLarge(bytes)) => {
                let detail = format!("the result has {bytes} bytes, more than a message may have");
                let ending = Ending::failed(FailureKind::TooLarge, detail);
                settled(self.publish(&result(ending.outcome())).await)
            }
            published => settled(published),
        }
    }

    /// Publishes under one id until it is confirmed or patience ends.
    async fn publish(&self, result: &ScrapeResultV1) -> Result<(), PublishError> {
        let envelope = Envelope::of(result)?;
        let ends = Instant::now() + PUBLISH_PATIENCE;
        loop {
            match self.settings.publisher.send(&RESULT_ROUTE, &envelope).await {
                Err(PublishError::TimedOut | PublishError::Unavailable(_) | PublishError::QueueFull)
                    if Instant::now() + PAUSE < ends =>
                {
                    sleep(PAUSE).await;
                }
                published => return published,
            }
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.settings.worker
    }

    pub(super) fn politeness(&self) -> &Politeness {
        &self.settings.politeness
    }

    pub(super) fn addresses(&self) -> AddressPolicy {
        self.settings.addresses
    }

    /// A wait that ends when the worker stops: nothing was begun, so the task goes back.
    pub(super) async fn unless_stopping<T, E: Into<Ending>>(
        &self,
        wait: impl Future<Output = Result<T, E>>,
    ) -> Result<T, Ending> {
        tokio::select! {
            biased;
            () = self.settings.stopping.cancelled() => {
                Err(Ending::failed(FailureKind::Cancelled, "the worker stops"))
            }
            done = wait => done.map_err(Into::into),
        }
    }

    /// A browser, for as long as the task may wait. That none can be started is not the page's fault, and no reason to
    /// keep it from other workers.
    pub(super) async fn lease(&self, scope: &Scope, deadline: Instant) -> Result<Lease, Ending> {
        loop {
            let error = match self.try_lease(scope).await? {
                Ok(lease) => return Ok(lease),
                Err(error) => error,
            };
            if let Some(blocked) = self.settings.pool.blocked_for() {
                return Err(Ending::handed_back(error.to_string(), Some(blocked)));
            }
            let pause = if let LeaseError::BreakerOpen(pause) = &error { *pause } else { PAUSE };
            if Instant::now() + pause >= deadline {
                return Err(Ending::handed_back(error.to_string(), None));
            }
            self.unless_stopping(async {
                sleep(pause).await;
                Ok::<_, Ending>(())
            })
            .await?;
        }
    }

    /// A browser, or nothing when it did not come about at once.
    pub(super) async fn lease_now(&self, scope: &Scope) -> Result<Option<Lease>, Ending> {
        Ok(self.try_lease(scope).await?.ok())
    }

    async fn try_lease(&self, scope: &Scope) -> Result<Result<Lease, LeaseError>, Ending> {
        match self.unless_stopping(async { Ok::<_, Ending>(self.settings.pool.lease(scope).await) }).await? {
            Err(LeaseError::Draining) => Err(Ending::failed(FailureKind::Cancelled, "the worker stops")),
            tried => Ok(tried),
        }
    }
}

/// Acknowledged when confirmed; else the task is delivered again and its page read again.
fn settled(published: Result<(), PublishError>) -> Outcome {
    match published {
        Ok(()) => Outcome::Ack,
        Err(error) => Outcome::retry(format!("the result could not be published: {error}")),
    }
}

fn is_cancelled(outcome: &OutcomeV1) -> bool {
    matches!(outcome, OutcomeV1::Failed(failure) if failure.failure == FailureKind::Cancelled.as_str())
}

fn label(outcome: &OutcomeV1) -> String {
    match outcome {
        OutcomeV1::Unit { .. } => "unit".to_owned(),
        OutcomeV1::Children { .. } => "children".to_owned(),
        OutcomeV1::Unchanged { .. } => "unchanged".to_owned(),
        OutcomeV1::Entries { .. } => "entries".to_owned(),
        OutcomeV1::NotFound { .. } => "not_found".to_owned(),
        OutcomeV1::Failed(failure) => failure.failure.clone(),
    }
}
