//! Reading a source as a whole at certain times.
//!
//! Every copy of the gateway looks for what is due; one transaction claims a schedule, starts the job, notes what
//! became of it and sets the next time, so that no time is run twice and none is forgotten. Times that passed while
//! nobody was there run once, not once each.

mod cron;

pub use cron::CronSchedule;
pub(crate) use cron::parse_zone;

use crate::{
    CatalogueError,
    audit::{Actor, AuditAction, Details, Entry, Subject, SubjectKind, record, record_by},
    ledger::{Scope, StartScrape, TraceHeaders, start_in, take_a_turn},
    store::{jobs, schedules as store, sources, tasks},
};
use chrono::{DateTime, TimeDelta, Utc};
use rmu_domain::{ids::JobId, slug::Slug};
use rmu_postgres::{AsyncPgConnection, Database};

/// A full queue is tried again so soon, if the schedule's own next time is not sooner.
const AGAIN_WHEN_FULL: TimeDelta = TimeDelta::minutes(5);
/// How many of the next times are shown.
const SHOWN: usize = 5;

/// A source's schedule with what comes and what was.
#[derive(Debug, Clone, PartialEq)]
pub struct ScheduleView {
    pub cron: String,
    pub time_zone: String,
    pub enabled: bool,
    /// The next times, if it is switched on.
    pub next_runs: Vec<DateTime<Utc>>,
    /// The latest times first.
    pub runs: Vec<ScheduleRun>,
}

/// What became of one time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduleRun {
    pub due_at: DateTime<Utc>,
    pub ran_at: DateTime<Utc>,
    pub outcome: RunOutcome,
    pub detail: Option<String>,
    pub job: Option<JobId>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunOutcome {
    Started,
    /// A discovery of the source was still at work.
    AlreadyRunning,
    /// The queue had no room; tried again soon.
    QueueFull,
    /// The source is switched off, or cannot be read as it is.
    Refused,
}

impl RunOutcome {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::AlreadyRunning => "already_running",
            Self::QueueFull => "queue_full",
            Self::Refused => "refused",
        }
    }

    pub(crate) fn parse(name: &str) -> Self {
        [Self::Started, Self::AlreadyRunning, Self::QueueFull]
            .into_iter()
            .find(|outcome| outcome.as_str() == name)
            .unwrap_or(Self::Refused)
    }
}

/// Gives a source a schedule, in place of the one it had.
pub async fn set_schedule(
    database: &Database,
    source: &Slug,
    schedule: &CronSchedule,
    enabled: bool,
    by: &Actor,
    now: DateTime<Utc>,
) -> Result<ScheduleView, CatalogueError> {
    let next = if enabled { schedule.next_after(now) } else { None };
    database
        .transaction(async |connection| {
            let found = sources::find(connection, source).await?;
            let id = found.ok_or(CatalogueError::NotFound { what: "source" })?.id;
            store::set(connection, id, schedule.cron(), schedule.time_zone(), next, by.account).await?;
            let entry = Entry::new(by, AuditAction::ScheduleSet, Subject::named(SubjectKind::Source, source));
            record(connection, &entry.with(Details::default().flag("enabled", enabled))).await
        })
        .await?;
    get_schedule(database, source, now).await
}

/// Takes the schedule away; jobs that it started go on.
pub async fn delete_schedule(database: &Database, source: &Slug, by: Option<&Actor>) -> Result<(), CatalogueError> {
    database
        .transaction(async |connection| {
            if !store::delete(connection, source).await? {
                return Err(CatalogueError::NotFound { what: "schedule" });
            }
            let subject = Subject::named(SubjectKind::Source, source);
            record_by(connection, by, AuditAction::ScheduleRemoved, subject, Details::default()).await
        })
        .await
}

pub async fn get_schedule(
    database: &Database,
    source: &Slug,
    now: DateTime<Utc>,
) -> Result<ScheduleView, CatalogueError> {
    let mut connection = database.connection().await?;
    let row = store::find(&mut connection, source).await?.ok_or(CatalogueError::NotFound { what: "schedule" })?;
    let runs = store::runs(&mut connection, row.source).await?;
    let mut next_runs: Vec<DateTime<Utc>> = row.next_due_at.into_iter().collect();
    if let (Ok(schedule), Some(last)) = (CronSchedule::parse(&row.cron, &row.time_zone), row.next_due_at) {
        next_runs.extend(schedule.times_after(last.max(now)).take(SHOWN - 1));
    }
    let enabled = row.next_due_at.is_some();
    Ok(ScheduleView { cron: row.cron, time_zone: row.time_zone, enabled, next_runs, runs })
}

/// A time that came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ran {
    pub source: String,
    pub run: ScheduleRun,
}

/// Runs one schedule that is due at `now`, if there is one that no other copy is running. Call it until it is `None`.
pub async fn run_next_due(database: &Database, limit: u32, now: DateTime<Utc>) -> Result<Option<Ran>, CatalogueError> {
    if !store::any_due(&mut *database.connection().await?, now).await? {
        return Ok(None);
    }
    let _turn = take_a_turn().await?;
    let ran = database.transaction(async |connection| run(connection, limit, now).await).await?;
    if let Some(Ran { source, run }) = &ran {
        tracing::info!(
            source,
            due_at = %run.due_at,
            outcome = run.outcome.as_str(),
            detail = run.detail,
            job_id = run.job.map(tracing::field::display),
            "a scheduled time came"
        );
    }
    Ok(ran)
}

async fn run(
    connection: &mut AsyncPgConnection,
    limit: u32,
    now: DateTime<Utc>,
) -> Result<Option<Ran>, CatalogueError> {
    let Some(due) = store::claim_due(connection, now).await? else { return Ok(None) };
    let Ok(schedule) = CronSchedule::parse(&due.cron, &due.time_zone) else {
        // Written by another version; it rests until somebody writes it anew.
        store::set_next(connection, due.source, None).await?;
        return note(connection, due, now, RunOutcome::Refused, Some("the schedule cannot be read"), None).await;
    };
    let (outcome, detail, job) = start(connection, limit, &due).await?;
    let mut next = schedule.next_after(now);
    if outcome == RunOutcome::QueueFull {
        next = next.map(|next| next.min(now + AGAIN_WHEN_FULL));
    }
    store::set_next(connection, due.source, next).await?;
    note(connection, due, now, outcome, detail.as_deref(), job).await
}

async fn start(
    connection: &mut AsyncPgConnection,
    limit: u32,
    due: &store::Due,
) -> Result<(RunOutcome, Option<String>, Option<JobId>), CatalogueError> {
    // Under the ledger's lock nobody else starts a job, so that what is found here stays so.
    tasks::lock_ledger(connection).await?;
    if jobs::has_open_discovery(connection, due.source).await? {
        let detail = "a discovery of this source was still running".to_owned();
        return Ok((RunOutcome::AlreadyRunning, Some(detail), None));
    }
    let source = Slug::parse(&due.slug).map_err(|error| CatalogueError::invalid("source", &error))?;
    let request = StartScrape {
        source,
        scope: Scope::Discovery,
        priority: None,
        started_by: None,
        trace: TraceHeaders::new(),
        idempotency_key: None,
    };
    store::savepoint(connection).await?;
    match start_in(connection, limit, &request).await {
        Ok(started) => Ok((RunOutcome::Started, None, Some(started.job))),
        // What the database itself says is not the schedule's fate but this attempt's: it is due again.
        Err(CatalogueError::Database(error)) => Err(error.into()),
        Err(error) => {
            store::back_to_savepoint(connection).await?;
            let outcome = match error {
                CatalogueError::LimitReached { .. } => RunOutcome::QueueFull,
                _ => RunOutcome::Refused,
            };
            Ok((outcome, Some(error.to_string()), None))
        }
    }
}

async fn note(
    connection: &mut AsyncPgConnection,
    due: store::Due,
    now: DateTime<Utc>,
    outcome: RunOutcome,
    detail: Option<&str>,
    job: Option<JobId>,
) -> Result<Option<Ran>, CatalogueError> {
    let run = ScheduleRun { due_at: due.due_at, ran_at: now, outcome, detail: detail.map(str::to_owned), job };
    store::note(connection, due.source, &run).await?;
    Ok(Some(Ran { source: due.slug, run }))
}
