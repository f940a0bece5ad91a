//! What administrators see of the ledger.

use crate::{CatalogueError, store::overview as store};
use chrono::{DateTime, Utc};
use rmu_domain::{
    artefact::KeptArtefacts,
    ids::{AccountId, JobId, TaskId},
    scrape::{JobState, Priority, TaskState},
};
use rmu_postgres::Database;

/// A job with its counters. Live tasks are pending or dispatched; the frontier waits to become tasks.
#[derive(Debug, Clone, PartialEq)]
pub struct JobView {
    pub id: JobId,
    pub source: String,
    pub university: String,
    /// `discovery` or `list`.
    pub kind: String,
    pub state: JobState,
    pub priority: Priority,
    /// Grows with every change.
    pub revision: i64,
    pub pending: u32,
    pub dispatched: u32,
    pub frontier: u32,
    pub succeeded: u32,
    pub unchanged: u32,
    pub not_found: u32,
    pub dead: u32,
    pub cancelled: u32,
    pub skipped: u32,
    pub retries: u32,
    pub versions_created: u32,
    pub started_by: Option<AccountId>,
    /// The job whose dead tasks this one reads again.
    pub retry_of: Option<JobId>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub finished_at: Option<DateTime<Utc>>,
}

impl JobView {
    /// Whether nothing will change any more.
    pub fn has_ended(&self) -> bool {
        !matches!(self.state, JobState::Running | JobState::Paused)
    }

    /// Every page known of so far, read or not.
    pub fn total(&self) -> u32 {
        self.pending + self.dispatched + self.frontier + self.ended()
    }

    /// Tasks that need nothing more.
    pub fn ended(&self) -> u32 {
        self.succeeded + self.unchanged + self.not_found + self.dead + self.cancelled
    }
}

/// Which jobs to list: newest first, after the last one of the page before.
#[derive(Debug, Clone, Copy, Default)]
pub struct JobFilter {
    pub state: Option<JobState>,
    pub after: Option<JobId>,
    pub limit: u32,
}

#[derive(Debug, Clone, PartialEq)]
pub struct TaskView {
    pub id: TaskId,
    pub url: String,
    /// `discovery`, `unit` or `feedPart`.
    pub kind: String,
    pub state: TaskState,
    /// How often it was sent.
    pub attempt: u32,
    pub failures: u32,
    pub worker: Option<String>,
    pub error_kind: Option<String>,
    pub error_detail: Option<String>,
    /// What was kept of the newest failure that left something.
    pub artefacts: Option<KeptArtefacts>,
    /// When it is due, while it is pending.
    pub run_at: DateTime<Utc>,
    pub finished_at: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone, Copy)]
pub struct TaskFilter {
    pub job: JobId,
    pub state: Option<TaskState>,
    pub after: Option<TaskId>,
    pub limit: u32,
}

/// The ledger at one moment, over all jobs.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct QueueView {
    pub pending: u32,
    /// Of the pending, those whose time has come.
    pub due: u32,
    pub dispatched: u32,
    pub frontier: u32,
    pub oldest_due_at: Option<DateTime<Utc>>,
    pub finished_last_minute: u32,
}

impl QueueView {
    pub fn live(&self) -> u32 {
        self.pending + self.dispatched
    }
}

pub async fn get_job(database: &Database, job: JobId) -> Result<JobView, CatalogueError> {
    let found = store::job(&mut *database.connection().await?, job).await?;
    found.ok_or(CatalogueError::NotFound { what: "scrape" })
}

pub async fn list_jobs(database: &Database, filter: JobFilter) -> Result<Vec<JobView>, CatalogueError> {
    Ok(store::jobs(&mut *database.connection().await?, filter).await?)
}

pub async fn list_tasks(database: &Database, filter: TaskFilter) -> Result<Vec<TaskView>, CatalogueError> {
    let mut connection = database.connection().await?;
    if store::job(&mut connection, filter.job).await?.is_none() {
        return Err(CatalogueError::NotFound { what: "scrape" });
    }
    Ok(store::tasks(&mut connection, filter).await?)
}

pub async fn queue_overview(database: &Database) -> Result<QueueView, CatalogueError> {
    Ok(store::queue(&mut *database.connection().await?).await?)
}
