//! Applying what workers answer, each answer once.
//!
//! One transaction holds everything a result causes: the unit's new version, its search row, the task's state,
//! its children, the job's counters. A result that comes twice, late or for a cancelled task finds the task
//! ended and changes nothing.

mod children;
mod drift;
mod feed;
mod unit;

pub(crate) use drift::present;

pub(crate) use unit::make_findable;

use crate::{
    CatalogueError,
    ledger::{MAX_DISPATCHES, Target},
    store::{
        artefacts,
        jobs::{self, Delta},
        sources,
        tasks::{self, Ending, LockedTask, Retry},
        versions,
    },
};
use chrono::{DateTime, TimeDelta, Utc};
use rmu_domain::{
    artefact::KeptArtefacts,
    facts::UnitRecord,
    ids::{JobId, SourceId, TaskId},
    retry::{MAX_ATTEMPTS, retry_delay},
    scrape::{FailureKind, TaskState},
};
use rmu_postgres::{AsyncPgConnection, Database};
use std::time::Duration;

pub use feed::{EntryOutcome, FeedRead};

/// A worker's answer to one dispatch of a task.
#[derive(Debug, Clone)]
pub struct TaskResult {
    pub task: TaskId,
    pub job: JobId,
    pub attempt: u32,
    pub source: SourceId,
    pub source_version: u32,
    pub worker: String,
    pub outcome: TaskOutcome,
    /// What the worker kept of this attempt.
    pub artefacts: Option<KeptArtefacts>,
}

#[derive(Debug, Clone)]
pub enum TaskOutcome {
    Unit(Box<UnitRead>),
    Entries(FeedRead),
    Children(Vec<Target>),
    Unchanged,
    NotFound { detail: String },
    Failed(Failure),
}

/// A unit as read from a page.
#[derive(Debug, Clone)]
pub struct UnitRead {
    pub record: UnitRecord,
    pub url: String,
    pub fetched_at: DateTime<Utc>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    pub kind: FailureKind,
    /// For an administrator.
    pub detail: String,
    /// What the site asked for.
    pub retry_after: Option<Duration>,
}

/// What became of a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applied {
    /// The task ended in this state.
    Finished(TaskState),
    /// The task is tried again later.
    Retried,
    /// The task had ended before, or the failure is of an earlier attempt: nothing was changed.
    Ignored,
    /// There is no such task in this job: nothing was changed, and somebody should look at the message.
    Unknown,
}

/// Applies a result.
pub async fn apply_result(database: &Database, result: &TaskResult) -> Result<Applied, CatalogueError> {
    database.transaction(async |connection| apply(connection, result).await).await
}

async fn apply(connection: &mut AsyncPgConnection, result: &TaskResult) -> Result<Applied, CatalogueError> {
    // The job's lock comes before the task's, here as everywhere.
    if tasks::job_of(connection, result.task).await? != Some(result.job) {
        return Ok(Applied::Unknown);
    }
    let Some(job) = jobs::lock(connection, result.job).await? else { return Ok(Applied::Unknown) };
    let task = tasks::lock(connection, result.task).await?;
    if task.source != result.source.as_uuid() {
        return Ok(Applied::Unknown);
    }
    let state = TaskState::parse(&task.state).map_err(|error| CatalogueError::invalid("state", &error))?;
    if state.is_final() {
        return Ok(Applied::Ignored);
    }
    let attempt = i32::try_from(result.attempt).unwrap_or(i32::MAX);
    // A failure of an earlier attempt was counted when that attempt was given up.
    let current = match state {
        TaskState::Dispatched => attempt == task.attempt,
        _ => attempt > task.attempt,
    };
    let applied = match &result.outcome {
        TaskOutcome::Unit(read) => succeed_with_unit(connection, result, &task, read, current).await?,
        TaskOutcome::Entries(read) => feed::apply(connection, result, &task, read, current).await?,
        TaskOutcome::Children(children) => children::succeed(connection, result, &job, &task, children).await?,
        TaskOutcome::Unchanged => {
            if versions::confirm_page(connection, result.source, &task.target_key, Utc::now()).await? {
                drift::unchanged(connection, result, &task.target_key).await?;
                finish(connection, result, &task, Ended::as_state(TaskState::Unchanged)).await?
            } else if current {
                // Nothing is stored that could be unchanged: believing it would lose the unit.
                let failure = Failure {
                    kind: FailureKind::Internal,
                    detail: "answered unchanged, but nothing is known of this page".to_owned(),
                    retry_after: None,
                };
                fail(connection, result.job, result.task, &task, attempt, Some(&result.worker), &failure).await?
            } else {
                return Ok(Applied::Ignored);
            }
        }
        TaskOutcome::NotFound { detail } => {
            let ended = Ended { error: Some((FailureKind::NotAUnit, detail)), ..Ended::as_state(TaskState::NotFound) };
            finish(connection, result, &task, ended).await?
        }
        TaskOutcome::Failed(failure) => {
            // A page that was read is worth having whichever attempt read it.
            if !current {
                return Ok(Applied::Ignored);
            }
            match drift::of_failure(connection, result, &task.target_key, failure).await? {
                Some(held) => hold_back(connection, result, &task, &held, current).await?,
                None => {
                    fail(connection, result.job, result.task, &task, attempt, Some(&result.worker), failure).await?
                }
            }
        }
    };
    if let (Some(kept), Applied::Retried | Applied::Finished(TaskState::Dead)) = (result.artefacts, applied) {
        artefacts::remember(connection, result.task, kept).await?;
    }
    tasks::wake_up(connection).await?;
    Ok(applied)
}

async fn succeed_with_unit(
    connection: &mut AsyncPgConnection,
    result: &TaskResult,
    task: &LockedTask,
    read: &UnitRead,
    current: bool,
) -> Result<Applied, CatalogueError> {
    let version = i32::try_from(result.source_version).unwrap_or_default();
    let source = sources::version(connection, result.source, version)
        .await?
        .ok_or(CatalogueError::NotFound { what: "source version" })?;
    if let Some(held) = drift::of_unit(connection, result, &task.target_key, &source, read).await? {
        return hold_back(connection, result, task, &held, current).await;
    }
    let stored = unit::store(connection, &source, &task.target_key, read).await?;
    let state = if stored.new_version { TaskState::Succeeded } else { TaskState::Unchanged };
    let ended = Ended {
        unit: Some(stored.unit),
        delta: Delta { versions_created: i32::from(stored.new_version), ..Delta::default() },
        ..Ended::as_state(state)
    };
    finish(connection, result, task, ended).await
}

/// A result that is not believed for now: its task is looked at again later.
async fn hold_back(
    connection: &mut AsyncPgConnection,
    result: &TaskResult,
    task: &LockedTask,
    held: &drift::Held,
    current: bool,
) -> Result<Applied, CatalogueError> {
    if !current {
        return Ok(Applied::Ignored);
    }
    let attempt = i32::try_from(result.attempt).unwrap_or(i32::MAX);
    let worker = Some(result.worker.as_str());
    if held.counts {
        return fail(connection, result.job, result.task, task, attempt, worker, &held.failure).await;
    }
    let delay = held.failure.retry_after.unwrap_or_default();
    let again = Retry {
        run_at: Utc::now() + TimeDelta::from_std(delay).unwrap_or(TimeDelta::hours(1)),
        attempt: attempt.max(task.attempt),
        failures: task.failures,
        worker,
        error: (held.failure.kind, held.failure.detail.as_str()),
    };
    tasks::postpone(connection, result.task, again).await?;
    jobs::apply(connection, result.job, Delta { retries: 1, ..Delta::default() }).await?;
    Ok(Applied::Retried)
}

/// How a task ends, beside its state.
struct Ended<'a> {
    state: TaskState,
    unit: Option<rmu_domain::ids::UnitId>,
    error: Option<(FailureKind, &'a str)>,
    /// Counters that change beside those of the state.
    delta: Delta,
}

impl Ended<'_> {
    fn as_state(state: TaskState) -> Self {
        Self { state, unit: None, error: None, delta: Delta::default() }
    }
}

async fn finish(
    connection: &mut AsyncPgConnection,
    result: &TaskResult,
    task: &LockedTask,
    ended: Ended<'_>,
) -> Result<Applied, CatalogueError> {
    let ending = Ending {
        state: ended.state,
        worker: Some(&result.worker),
        unit: ended.unit,
        error: ended.error,
        failures: task.failures,
    };
    tasks::finish(connection, result.task, ending).await?;
    jobs::apply(connection, result.job, Delta::finished(ended.state).and(ended.delta)).await?;
    Ok(Applied::Finished(ended.state))
}

/// A failed attempt of a locked task in a locked job: again later, or dead.
pub(crate) async fn fail(
    connection: &mut AsyncPgConnection,
    job: JobId,
    id: TaskId,
    task: &LockedTask,
    attempt: i32,
    worker: Option<&str>,
    failure: &Failure,
) -> Result<Applied, CatalogueError> {
    // A worker that stops, or hands back what is paused, is no failure of the page.
    let handed_back = failure.kind == FailureKind::Cancelled;
    let failures = if handed_back { task.failures } else { task.failures + 1 };
    let again = if handed_back {
        attempt < MAX_DISPATCHES
    } else {
        failure.kind.is_retryable() && u32::try_from(failures).unwrap_or(u32::MAX) < MAX_ATTEMPTS
    };
    let error = (failure.kind, failure.detail.as_str());
    if !again {
        let ending = Ending { state: TaskState::Dead, worker, unit: None, error: Some(error), failures };
        tasks::finish(connection, id, ending).await?;
        let goes_on = children::after_a_lost_page(connection, job, task, failure.kind).await?;
        jobs::apply(connection, job, Delta::finished(TaskState::Dead).and(goes_on)).await?;
        return Ok(Applied::Finished(TaskState::Dead));
    }
    let delay = match failure.retry_after {
        None if handed_back => Duration::from_secs(1),
        // A host that is left alone for a while: its tasks come back when that is over, and not all at once.
        asked => retry_delay(u32::try_from(failures).unwrap_or(1), rand::random(), asked),
    };
    let run_at = Utc::now() + TimeDelta::from_std(delay).unwrap_or(TimeDelta::hours(1));
    let attempt = attempt.max(task.attempt);
    tasks::postpone(connection, id, Retry { run_at, attempt, failures, worker, error }).await?;
    jobs::apply(connection, job, Delta { retries: 1, ..Delta::default() }).await?;
    Ok(Applied::Retried)
}
