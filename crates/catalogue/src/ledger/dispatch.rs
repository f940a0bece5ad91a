//! Handing due tasks and waiting messages to whoever publishes them.
//!
//! Rows are locked, published, marked and only then committed. A crash in between publishes again, which is
//! harmless, since a task's result counts once; a crash never loses one. How many tasks of a source are out at
//! once is bounded by its pace, so that none grows old in the broker and a lost broker loses little.

use crate::{
    CatalogueError,
    ledger::{Target, TraceHeaders},
    store::{dispatch as store, fetch_windows, health, outbox, tasks},
};
use chrono::{DateTime, TimeDelta, Utc};
use rmu_domain::ids::{JobId, SourceId, TaskId};
use rmu_postgres::Database;
use serde::{Deserialize, Serialize};
use std::{future::Future, sync::Arc};

/// A worker must have answered a task this long after it was sent.
pub const TASK_TIME_LIMIT: TimeDelta = TimeDelta::seconds(180);

/// A task as it is sent.
#[derive(Debug, Clone)]
pub struct DueTask {
    pub id: TaskId,
    pub job: JobId,
    /// Of this dispatch; the first is 1.
    pub attempt: u32,
    pub source: Arc<SourceSnapshot>,
    pub target: Target,
    pub known_hash: Option<String>,
    /// For entries of a feed, in their order, what the catalogue holds of each.
    pub known_entries: Vec<Option<String>>,
    /// It lost facts when it was read last: somebody will want to see it.
    pub is_in_doubt: bool,
    pub deadline: DateTime<Utc>,
    pub trace: TraceHeaders,
}

#[derive(Debug, Clone, PartialEq)]
pub struct SourceSnapshot {
    pub id: SourceId,
    pub slug: String,
    pub version: u32,
    pub definition: serde_json::Value,
}

/// Bounds of one round of dispatching.
#[derive(Debug, Clone, Copy)]
pub struct DispatchLimits {
    /// Tasks in one round: they are published together while their rows are locked.
    pub batch: u32,
    /// Tasks out with all workers at once.
    pub in_flight: u32,
    pub order: DispatchOrder,
}

/// Who goes first in one round; see [`crate::ledger::Turns`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum DispatchOrder {
    /// Urgent before normal before bulk.
    #[default]
    ByPriority,
    /// Whoever has waited longest.
    ByAge,
}

/// What workers are told beside tasks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum OutboxCommand {
    CancelJob { job_id: JobId },
    PauseJob { job_id: JobId },
    ResumeJob { job_id: JobId },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxMessage {
    pub id: i64,
    pub command: OutboxCommand,
    pub trace: TraceHeaders,
}

/// Sends one round of what is due at this moment; see [`dispatch_due_at`].
pub async fn dispatch_due<P, F>(
    database: &Database,
    limits: DispatchLimits,
    publish: P,
) -> Result<usize, CatalogueError>
where
    P: Fn(Vec<DueTask>) -> F + Send + Sync,
    F: Future<Output = Vec<TaskId>> + Send,
{
    dispatch_due_at(database, limits, Utc::now(), publish).await
}

/// Sends one round of due tasks, of sources whose pages may be fetched at the time `now`. `publish` gets them and returns the ids of those that the broker confirmed;
/// the others stay due. It must end within a few seconds, whatever happens, and may be called again with the
/// same tasks. Returns how many were sent.
pub async fn dispatch_due_at<P, F>(
    database: &Database,
    limits: DispatchLimits,
    now: DateTime<Utc>,
    publish: P,
) -> Result<usize, CatalogueError>
where
    P: Fn(Vec<DueTask>) -> F + Send + Sync,
    F: Future<Output = Vec<TaskId>> + Send,
{
    database
        .transaction(async |connection| {
            let out = tasks::count_dispatched(connection).await?;
            let room = limits.in_flight.saturating_sub(out).min(limits.batch);
            if room == 0 {
                return Ok(0);
            }
            let mut closed = fetch_windows::closed(connection, now).await?;
            closed.extend(health::paused(connection).await?);
            let claimed = store::claim_due(connection, room, limits.order, &closed).await?;
            if claimed.is_empty() {
                return Ok(0);
            }
            let deadline = Utc::now() + TASK_TIME_LIMIT;
            let due = store::load_due(connection, &claimed, deadline).await?;
            let sent = publish(due).await;
            Ok(store::mark_dispatched(connection, &sent, deadline).await?)
        })
        .await
}

/// Sends waiting messages in their order; `publish` returns the ids of those that the broker confirmed.
pub async fn dispatch_outbox<P, F>(database: &Database, limit: u32, publish: P) -> Result<usize, CatalogueError>
where
    P: Fn(Vec<OutboxMessage>) -> F + Send + Sync,
    F: Future<Output = Vec<i64>> + Send,
{
    if !outbox::any(&mut *database.connection().await?).await? {
        return Ok(0);
    }
    database
        .transaction(async |connection| {
            let messages = outbox::lock_oldest(connection, i64::from(limit)).await?;
            if messages.is_empty() {
                return Ok(0);
            }
            let sent = publish(messages).await;
            Ok(outbox::delete(connection, &sent).await?)
        })
        .await
}
