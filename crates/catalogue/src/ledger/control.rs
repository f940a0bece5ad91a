//! Cancelling, pausing and resuming a job. Workers are told through the outbox.

use crate::{
    CatalogueError, ConflictKind,
    audit::{Actor, AuditAction, Details, Subject, SubjectKind, record_by},
    ledger::{OutboxCommand, TraceHeaders, frontier::drop_waiting, require_healthy},
    store::{jobs, outbox, tasks},
};
use chrono::Utc;
use rmu_domain::{ids::JobId, scrape::JobState};
use rmu_postgres::{AsyncPgConnection, Database};

/// Ends a job: nothing of it is begun any more, running pages are stopped, late results change nothing.
/// Cancelling a cancelled job is no mistake.
pub async fn cancel_job(
    database: &Database,
    job: JobId,
    trace: &TraceHeaders,
    by: Option<&Actor>,
) -> Result<(), CatalogueError> {
    database
        .transaction(async |connection| {
            let state = locked_state(connection, job).await?;
            if state == JobState::Cancelled {
                return Ok(());
            }
            require(state, &[JobState::Running, JobState::Paused], "cancelled")?;
            let cancelled = tasks::cancel_live(connection, job).await?;
            let waiting = drop_waiting(connection, job).await?;
            // The state first: counters that reach zero would otherwise complete the job.
            jobs::set_state(connection, job, JobState::Cancelled, Some(Utc::now())).await?;
            let delta =
                jobs::Delta { live: -cancelled, cancelled, frontier: -waiting, skipped: waiting, ..Default::default() };
            jobs::apply(connection, job, delta).await?;
            outbox::insert(connection, &OutboxCommand::CancelJob { job_id: job }, trace).await?;
            let subject = Subject::of(SubjectKind::Scrape, job);
            record_by(connection, by, AuditAction::ScrapeCancelled, subject, Details::default()).await?;
            Ok(tasks::wake_up(connection).await?)
        })
        .await
}

/// Holds a job: what workers have not begun comes back, nothing more is sent until it resumes.
pub async fn pause_job(
    database: &Database,
    job: JobId,
    trace: &TraceHeaders,
    by: Option<&Actor>,
) -> Result<(), CatalogueError> {
    switch(database, job, trace, by, JobState::Running, JobState::Paused).await
}

pub async fn resume_job(
    database: &Database,
    job: JobId,
    trace: &TraceHeaders,
    by: Option<&Actor>,
) -> Result<(), CatalogueError> {
    switch(database, job, trace, by, JobState::Paused, JobState::Running).await
}

async fn switch(
    database: &Database,
    job: JobId,
    trace: &TraceHeaders,
    by: Option<&Actor>,
    from: JobState,
    to: JobState,
) -> Result<(), CatalogueError> {
    database
        .transaction(async |connection| {
            let state = locked_state(connection, job).await?;
            if state == to {
                return Ok(());
            }
            if to == JobState::Running
                && let Some((source, _)) = jobs::source_and_state(connection, job).await?
            {
                require_healthy(connection, source).await?;
            }
            require(state, &[from], if to == JobState::Paused { "paused" } else { "resumed" })?;
            jobs::set_state(connection, job, to, None).await?;
            let (command, action) = match to {
                JobState::Paused => (OutboxCommand::PauseJob { job_id: job }, AuditAction::ScrapePaused),
                _ => (OutboxCommand::ResumeJob { job_id: job }, AuditAction::ScrapeResumed),
            };
            outbox::insert(connection, &command, trace).await?;
            record_by(connection, by, action, Subject::of(SubjectKind::Scrape, job), Details::default()).await?;
            Ok(tasks::wake_up(connection).await?)
        })
        .await
}

async fn locked_state(connection: &mut AsyncPgConnection, job: JobId) -> Result<JobState, CatalogueError> {
    let locked = jobs::lock(connection, job).await?.ok_or(CatalogueError::NotFound { what: "scrape" })?;
    JobState::parse(&locked.state).map_err(|error| CatalogueError::invalid("state", &error))
}

fn require(state: JobState, allowed: &[JobState], step: &str) -> Result<(), CatalogueError> {
    if allowed.contains(&state) {
        return Ok(());
    }
    let detail = format!("a job that is {} cannot be {step}", state.as_str());
    Err(CatalogueError::conflict(ConflictKind::WrongState, detail))
}
