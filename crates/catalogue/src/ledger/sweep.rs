//! What was sent and never answered is tried again; what is too old is forgotten.

use crate::{
    CatalogueError,
    ingest::{self, Failure},
    store::{
        idempotency,
        jobs::{self, Delta},
        tasks::{self, Retry},
    },
};
use chrono::{TimeDelta, Utc};
use rmu_domain::{
    ids::TaskId,
    scrape::{FailureKind, TaskState},
};
use rmu_postgres::Database;

/// Results travel and wait too: beyond the deadline this much longer.
const MARGIN: TimeDelta = TimeDelta::seconds(30);
const BATCH: i64 = 200;

/// What a sweep found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// Tasks that nobody answered. Each counts as a failed attempt, unless no worker answered anything.
    pub unanswered: u32,
    pub forgotten_keys: usize,
}

/// One sweep. Any number of copies may sweep at once.
pub async fn sweep(database: &Database) -> Result<Swept, CatalogueError> {
    let (overdue, forgotten_keys) = {
        let mut connection = database.connection().await?;
        let overdue = tasks::unanswered(&mut connection, Utc::now() - MARGIN, BATCH).await?;
        (overdue, idempotency::forget_old(&mut connection).await?)
    };
    let mut unanswered = 0;
    for task in overdue {
        if give_up_on(database, task).await? {
            unanswered += 1;
        }
    }
    Ok(Swept { unanswered, forgotten_keys })
}

/// Takes a dispatch for unanswered; false when an answer came after all.
async fn give_up_on(database: &Database, id: TaskId) -> Result<bool, CatalogueError> {
    database
        .transaction(async |connection| {
            let Some(job) = tasks::job_of(connection, id).await? else { return Ok(false) };
            if jobs::lock(connection, job).await?.is_none() {
                return Ok(false);
            }
            let task = tasks::lock(connection, id).await?;
            let overdue = task.deadline.is_some_and(|deadline| deadline < Utc::now() - MARGIN);
            if task.state != TaskState::Dispatched.as_str() || !overdue {
                return Ok(false);
            }
            if !tasks::any_answer_since(connection, task.dispatched_at).await? {
                // Nobody answers anything: the workers are away, and the page is not to blame, however long.
                let error = (FailureKind::Cancelled, "no worker was there");
                let again =
                    Retry { run_at: Utc::now(), attempt: task.attempt, failures: task.failures, worker: None, error };
                tasks::postpone(connection, id, again).await?;
                jobs::apply(connection, job, Delta { retries: 1, ..Delta::default() }).await?;
                return Ok(true);
            }
            let failure = Failure {
                kind: FailureKind::Timeout,
                detail: "no worker answered within the limit".to_owned(),
                retry_after: None,
            };
            ingest::fail(connection, job, id, &task, task.attempt, None, &failure).await?;
            Ok(true)
        })
        .await
}
