//! Reading again what a job gave up: a new job over its dead tasks.

use crate::{
    CatalogueError, ConflictKind,
    audit::{Actor, AuditAction, Details, Entry, Subject, SubjectKind, record},
    idempotency::{self, IdempotencyKey, Replay},
    ledger::{
        MAX_LISTED_TARGETS, Started, TraceHeaders,
        start::{insert_job, require_healthy, require_room, require_some, take_a_turn},
    },
    store::{jobs, sources, tasks},
};
use rmu_domain::{
    ids::{JobId, TaskId},
    scrape::{JobState, Priority},
};
use rmu_postgres::{AsyncPgConnection, Database};

/// What is to be read again.
#[derive(Debug, Clone)]
pub struct RetryScrape {
    /// It must have ended.
    pub job: JobId,
    /// Just this one of its tasks.
    pub task: Option<TaskId>,
    pub started_by: Actor,
    pub trace: TraceHeaders,
    pub idempotency_key: Option<IdempotencyKey>,
}

/// Starts a job over the dead tasks of one that has ended. The old job stays as it is. As many as a list may hold
/// become tasks at once or the request is refused by the limit; more wait in the frontier.
pub async fn retry_scrape(database: &Database, limit: u32, request: &RetryScrape) -> Result<Started, CatalogueError> {
    let _turn = take_a_turn().await?;
    database
        .transaction(async |connection| {
            let replay = match &request.idempotency_key {
                Some(key) => {
                    let fingerprint = idempotency::fingerprint(&(request.job, request.task));
                    idempotency::begin(connection, request.started_by.account, "retry-scrape", key, &fingerprint)
                        .await?
                }
                None => Replay::First(None),
            };
            let reservation = match replay {
                Replay::Again(started) => return Ok(started),
                Replay::First(reservation) => reservation,
            };
            let started = start(connection, limit, request).await?;
            idempotency::finish(connection, reservation, &started).await?;
            Ok(started)
        })
        .await
}

async fn start(
    connection: &mut AsyncPgConnection,
    limit: u32,
    request: &RetryScrape,
) -> Result<Started, CatalogueError> {
    let (source, state) =
        jobs::source_and_state(connection, request.job).await?.ok_or(CatalogueError::NotFound { what: "scrape" })?;
    let wrong_state = |detail: &str| CatalogueError::conflict(ConflictKind::WrongState, detail);
    if [JobState::Running, JobState::Paused].iter().any(|open| open.as_str() == state) {
        return Err(wrong_state("the scrape has not ended; what failed is tried again by itself until then"));
    }
    if let Some(task) = request.task
        && tasks::job_of(connection, task).await? != Some(request.job)
    {
        return Err(CatalogueError::NotFound { what: "task" });
    }
    if !sources::enabled(connection, source).await? {
        return Err(wrong_state("the source is switched off"));
    }
    require_healthy(connection, source).await?;
    let (dead, discovers) = tasks::count_dead(connection, request.job, request.task).await?;
    if dead == 0 {
        return Err(wrong_state(match request.task {
            Some(_) => "the task did not fail for good",
            None => "nothing of the scrape failed for good",
        }));
    }
    let first = dead.min(limit).min(u32::try_from(MAX_LISTED_TARGETS).unwrap_or(u32::MAX));
    require_room(connection, limit, first).await?;
    let job = JobId::new();
    let new = jobs::NewJob {
        id: job,
        source,
        // A discovery may lead anywhere, and two of one source would only find each other's pages taken.
        kind: if discovers { jobs::JobKind::Discovery } else { jobs::JobKind::List },
        priority: Priority::Normal,
        started_by: Some(request.started_by.account),
        retry_of: Some(request.job),
        trace: &request.trace,
    };
    insert_job(connection, new).await?;
    let (admitted, waiting) =
        tasks::copy_dead(connection, request.job, job, Priority::Normal, request.task, first).await?;
    require_some(admitted.saturating_add(waiting))?;
    let skipped = i32::try_from(first).unwrap_or(i32::MAX) - admitted;
    jobs::apply(connection, job, jobs::Delta { live: admitted, frontier: waiting, skipped, ..Default::default() })
        .await?;
    tasks::wake_up(connection).await?;
    let (action, subject) = match request.task {
        Some(task) => (AuditAction::TaskRetried, Subject::of(SubjectKind::Task, task)),
        None => (AuditAction::ScrapeRetried, Subject::of(SubjectKind::Scrape, request.job)),
    };
    let details = Details::default().id("scrape", request.job).id("started", job);
    record(connection, &Entry::new(&request.started_by, action, subject).with(details)).await?;
    Ok(Started { job, admitted: u32::try_from(admitted).unwrap_or_default() })
}
