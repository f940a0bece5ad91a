//! The scrape ledger: jobs over sources, their tasks, and every step a task can take.
//!
//! Postgres counts, the broker only carries. A task is live while pending or dispatched; live tasks never
//! exceed the limit, children of a discovery wait in the frontier until there is room. A job's counters change
//! in the transaction that changes its tasks, under the job's lock, so they always equal a recount.
//!
//! Locks are taken in one order: the ledger (an advisory lock, only by what adds live tasks), jobs, tasks.

mod artefacts;
mod clear;
mod control;
mod dispatch;
mod expansion;
mod frontier;
mod overview;
mod retry;
mod start;
mod sweep;
mod target;
mod turns;

pub use artefacts::{artefacts_of, forget_artefacts, unremembered_artefacts};
pub use clear::{ClearQueue, Cleared, Confirmation, clear_queue};
pub use control::{cancel_job, pause_job, resume_job};
pub use dispatch::{
    DispatchLimits, DispatchOrder, DueTask, OutboxCommand, OutboxMessage, SourceSnapshot, TASK_TIME_LIMIT,
    dispatch_due, dispatch_due_at, dispatch_outbox,
};
pub use frontier::admit_frontier;
pub use overview::{
    JobFilter, JobView, QueueView, TaskFilter, TaskView, get_job, list_jobs, list_tasks, queue_overview,
};
pub use retry::{RetryScrape, retry_scrape};
pub use start::{MAX_LISTED_TARGETS, Scope, StartScrape, Started, start_scrape};
pub use sweep::{Swept, sweep};
pub use target::{FeedEntry, Target};
pub use turns::Turns;

pub(crate) use expansion::Expansion;
pub(crate) use start::{insert_job, require_healthy, require_room, require_some, rules, start_in, take_a_turn};

use std::{collections::BTreeMap, time::Duration};

/// Headers that carry a trace on (`traceparent`, `tracestate`).
pub type TraceHeaders = BTreeMap<String, String>;

/// The channel on which the database says that something became due.
pub const WAKE_UP_CHANNEL: &str = "rmu_ledger";

/// How long somebody who met the limit should wait: tasks end every second, but not by the hundred.
pub(crate) const LIMIT_RETRY_AFTER: Duration = Duration::from_secs(5);

/// No handbook has this many pages; whatever finds more is going round in circles.
pub(crate) const MAX_TASKS_PER_JOB: i32 = 200_000;

/// A task that workers keep handing back (one stops, the job is paused) is given up after so many dispatches, so
/// that nothing loops for ever; outages, which count too, stay far below it.
pub(crate) const MAX_DISPATCHES: i32 = 10_000;
