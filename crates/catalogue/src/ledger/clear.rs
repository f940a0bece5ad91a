//! Emptying the queue: what waits is cancelled, what is with workers goes on.

use crate::{
    CatalogueError, ConflictKind,
    audit::{Actor, AuditAction, Details, Entry, Subject, SubjectKind, record},
    ledger::frontier::drop_waiting,
    store::{jobs, tasks},
};
use chrono::Utc;
use rmu_domain::{ids::JobId, scrape::JobState};
use rmu_postgres::{AsyncPgConnection, Database};

/// What is to be cleared, and by whom.
#[derive(Debug, Clone)]
pub struct ClearQueue {
    /// Of this job alone; otherwise of all.
    pub job: Option<JobId>,
    pub confirmation: Confirmation,
    pub cleared_by: Actor,
}

/// Nothing is cleared by mistake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Confirmation {
    /// However many there are.
    Whatever,
    /// Exactly so many are expected to be cleared.
    Number(u32),
}

/// What was cleared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cleared {
    /// Tasks that were pending, and pages that waited to become tasks.
    pub cancelled: u32,
    /// Jobs of which something was cleared.
    pub jobs: u32,
}

/// Cancels everything that waits. Jobs with nothing out with workers end cancelled; the others end when that ends.
pub async fn clear_queue(database: &Database, request: &ClearQueue) -> Result<Cleared, CatalogueError> {
    let cleared = database.transaction(async |connection| clear(connection, request).await).await?;
    tracing::warn!(
        account_id = %request.cleared_by.account,
        job_id = request.job.map(tracing::field::display),
        cancelled = cleared.cancelled,
        jobs = cleared.jobs,
        "the queue was cleared"
    );
    Ok(cleared)
}

async fn clear(connection: &mut AsyncPgConnection, request: &ClearQueue) -> Result<Cleared, CatalogueError> {
    if let Some(job) = request.job
        && jobs::source_and_state(connection, job).await?.is_none()
    {
        return Err(CatalogueError::NotFound { what: "scrape" });
    }
    let open = jobs::lock_open(connection, request.job).await?;
    // Under the jobs' locks only dispatching changes the number, and it makes it smaller.
    let pending = tasks::count_pending(connection, &open).await?;
    let waiting = pending.saturating_add(jobs::count_waiting(connection, &open).await?);
    if let Confirmation::Number(expected) = request.confirmation
        && expected != waiting
    {
        let detail = format!("{waiting} tasks wait, not {expected}: nothing was cleared");
        return Err(CatalogueError::conflict(ConflictKind::WrongState, detail));
    }
    let mut cleared = Cleared::default();
    for job in open {
        let of_job = clear_job(connection, job).await?;
        cleared.cancelled += of_job;
        cleared.jobs += u32::from(of_job > 0);
    }
    tasks::wake_up(connection).await?;
    let mut details =
        Details::default().number("cancelled", i64::from(cleared.cancelled)).number("scrapes", i64::from(cleared.jobs));
    if let Some(job) = request.job {
        details = details.id("scrape", job);
    }
    let entry = Entry::new(&request.cleared_by, AuditAction::QueueCleared, Subject::only(SubjectKind::Queue));
    record(connection, &entry.with(details)).await?;
    Ok(cleared)
}

async fn clear_job(connection: &mut AsyncPgConnection, job: JobId) -> Result<u32, CatalogueError> {
    let cancelled = tasks::cancel_pending(connection, job).await?;
    let waiting = drop_waiting(connection, job).await?;
    if cancelled + waiting == 0 {
        return Ok(0);
    }
    let live = jobs::lock(connection, job).await?.map_or(0, |locked| locked.live);
    if live == cancelled {
        // The state first: counters that reach zero would otherwise complete the job.
        jobs::set_state(connection, job, JobState::Cancelled, Some(Utc::now())).await?;
    }
    let delta = jobs::Delta { live: -cancelled, cancelled, frontier: -waiting, skipped: waiting, ..Default::default() };
    jobs::apply(connection, job, delta).await?;
    Ok(u32::try_from(cancelled + waiting).unwrap_or_default())
}
