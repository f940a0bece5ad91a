//! What travels over HTTP for scrapes.

use crate::routes::code_templates::CodeTemplateBody;
use chrono::{DateTime, Utc};
use rmu_catalogue::ledger::{JobView, TaskView};
use rmu_domain::{
    artefact::KeptArtefacts,
    ids::{AccountId, JobId},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// What to scrape.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct StartScrapeBody {
    /// The source's slug.
    #[schema(example = "northfield-handbook")]
    pub source: String,
    /// Just these pages of units; at most 1000 together with `codes`.
    pub urls: Option<Vec<String>>,
    /// Just these units, whose pages are known from earlier scrapes.
    pub codes: Option<Vec<String>>,
    /// `urgent`, `normal` (by default for `urls` and `codes`) or `bulk` (by default for whole handbooks).
    pub priority: Option<String>,
    /// Every code of a template, whether there is a unit of it or not; not together with `urls` or `codes`.
    pub template: Option<CodeTemplateBody>,
    /// With `template`: the handbook years, where the source's addresses name one; else the source's own.
    pub years: Option<Vec<u16>>,
}

/// A scrape job.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ScrapeBody {
    pub id: Uuid,
    /// The source's slug.
    pub source: String,
    /// The university's slug.
    pub university: String,
    /// `discovery` or `list`.
    pub kind: String,
    /// `running`, `paused`, `completed`, `failed` (nothing but failures came of it) or `cancelled`.
    pub state: String,
    /// `urgent`, `normal` or `bulk`: which go first.
    pub priority: String,
    pub counts: ScrapeCounts,
    pub started_by: Option<Uuid>,
    /// The scrape whose dead tasks this one reads again.
    pub retry_of: Option<Uuid>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub finished_at: Option<DateTime<Utc>>,
}

/// Exact counts of a job's tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ScrapeCounts {
    /// Every page known of so far.
    pub total: u32,
    /// Of these, those that need nothing more.
    pub ended: u32,
    /// Waiting for their time or for a worker.
    pub pending: u32,
    /// With workers, or on their way to them.
    pub dispatched: u32,
    /// Found, and waiting until the queue has room.
    pub frontier: u32,
    /// Read: something new was stored, or pages were discovered.
    pub succeeded: u32,
    /// Read, and just as before.
    pub unchanged: u32,
    pub not_found: u32,
    /// Given up after five attempts, or because another attempt cannot help.
    pub dead: u32,
    pub cancelled: u32,
    /// Left out: named twice, being read by another job, or not of this site.
    pub skipped: u32,
    pub retries: u32,
    /// New versions of units.
    pub versions_created: u32,
}

impl From<JobView> for ScrapeBody {
    fn from(job: JobView) -> Self {
        Self {
            id: job.id.into(),
            state: job.state.as_str().to_owned(),
            priority: job.priority.as_str().to_owned(),
            counts: ScrapeCounts {
                total: job.total(),
                ended: job.ended(),
                pending: job.pending,
                dispatched: job.dispatched,
                frontier: job.frontier,
                succeeded: job.succeeded,
                unchanged: job.unchanged,
                not_found: job.not_found,
                dead: job.dead,
                cancelled: job.cancelled,
                skipped: job.skipped,
                retries: job.retries,
                versions_created: job.versions_created,
            },
            source: job.source,
            university: job.university,
            kind: job.kind,
            started_by: job.started_by.map(AccountId::as_uuid),
            retry_of: job.retry_of.map(JobId::as_uuid),
            created_at: job.created_at,
            updated_at: job.updated_at,
            finished_at: job.finished_at,
        }
    }
}

/// One page of a job.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct TaskBody {
    pub id: Uuid,
    pub url: String,
    /// `discovery`, `unit` or `feedPart` (some entries of a feed, which count as one task).
    pub kind: String,
    /// `pending`, `dispatched`, `succeeded`, `unchanged`, `not_found`, `dead` or `cancelled`.
    pub state: String,
    /// How often it was sent to a worker.
    pub attempts: u32,
    /// How many attempts failed.
    pub failures: u32,
    /// Who answered last.
    pub worker: Option<String>,
    /// The last error.
    pub error: Option<TaskError>,
    /// What is kept of the newest failure that left something, to be had below `artefacts/`.
    pub artefacts: Option<TaskArtefacts>,
    /// When it is due, while it is pending.
    pub run_at: Option<DateTime<Utc>>,
    pub finished_at: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct TaskError {
    /// Such as `timeout`, `rate_limited`, `blocked`, `robots_disallowed` or `missing_fact`.
    pub kind: String,
    pub detail: String,
}

/// A saved page and a screenshot; either may be missing.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct TaskArtefacts {
    /// Of which attempt.
    pub attempt: u32,
    pub page: bool,
    pub screenshot: bool,
}

impl From<KeptArtefacts> for TaskArtefacts {
    fn from(kept: KeptArtefacts) -> Self {
        let KeptArtefacts { attempt, page, screenshot } = kept;
        Self { attempt, page, screenshot }
    }
}

impl From<TaskView> for TaskBody {
    fn from(task: TaskView) -> Self {
        let pending = task.state == rmu_domain::scrape::TaskState::Pending;
        let detail = task.error_detail.unwrap_or_default();
        Self {
            id: task.id.into(),
            url: task.url,
            kind: task.kind,
            state: task.state.as_str().to_owned(),
            attempts: task.attempt,
            failures: task.failures,
            worker: task.worker,
            error: task.error_kind.map(|kind| TaskError { kind, detail }),
            artefacts: task.artefacts.map(TaskArtefacts::from),
            run_at: pending.then_some(task.run_at),
            finished_at: task.finished_at,
        }
    }
}
