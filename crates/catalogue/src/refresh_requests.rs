//! A student says that what is known of a unit is wrong: its page is read again before everything else.

use crate::{
    CatalogueError, ConflictKind,
    ledger::{Target, TraceHeaders, insert_job, require_healthy, require_room, require_some, take_a_turn},
    store::{
        jobs::{self, JobKind, NewJob},
        refresh_requests as store, tasks,
    },
};
use chrono::{DateTime, TimeDelta, Utc};
use rmu_domain::{
    ids::{AccountId, JobId, UnitId},
    scrape::{Priority, TaskState},
};
use rmu_postgres::{AsyncPgConnection, Database};

/// One unit is read again at most once in this time, whoever asks.
pub const REFRESH_PAUSE: TimeDelta = TimeDelta::hours(1);

#[derive(Debug, Clone)]
pub struct RefreshRequest {
    pub unit: UnitId,
    pub account: AccountId,
    pub trace: TraceHeaders,
    pub now: DateTime<Utc>,
}

/// What becomes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refresh {
    pub unit: UnitId,
    pub state: RefreshState,
    /// When it was asked for first.
    pub requested_at: DateTime<Utc>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefreshState {
    /// The page will be read next.
    Queued,
    /// A worker has the page, or will have it soon: somebody asked before, or a scrape of the handbook is there.
    UnderWay,
}

/// Has the page of a unit read again, urgently. While that is under way there is no second one.
pub async fn request_refresh(
    database: &Database,
    limit: u32,
    request: &RefreshRequest,
) -> Result<Refresh, CatalogueError> {
    let _turn = take_a_turn().await?;
    database.transaction(async |connection| refresh(connection, limit, request).await).await
}

async fn refresh(
    connection: &mut AsyncPgConnection,
    limit: u32,
    request: &RefreshRequest,
) -> Result<Refresh, CatalogueError> {
    let wrong_state = |detail: &str| CatalogueError::conflict(ConflictKind::WrongState, detail);
    let page = match store::page(connection, request.unit).await? {
        store::Found::Page(page) => page,
        store::Found::NoPage => return Err(wrong_state("the page of this unit is not known")),
        store::Found::NoUnit => return Err(CatalogueError::NotFound { what: "unit" }),
    };
    if !page.enabled {
        return Err(wrong_state("the handbook of this unit is not being read at the moment"));
    }
    require_healthy(connection, page.source).await?;
    // Under the ledger's lock two requests for one unit come one after the other.
    tasks::lock_ledger(connection).await?;
    if let Some(last) = store::last(connection, request.unit).await? {
        let refresh = |state| Refresh { unit: request.unit, state, requested_at: last.requested_at };
        if last.is_live {
            return Ok(refresh(RefreshState::UnderWay));
        }
        let retry_after = last.requested_at + REFRESH_PAUSE - request.now;
        if retry_after > TimeDelta::zero() {
            return Err(CatalogueError::TooSoon { retry_after: retry_after.to_std().unwrap_or_default() });
        }
    }
    let target = Target::from_key(&page.target_key, page.code, page.year)
        .ok_or_else(|| wrong_state("this unit cannot be read by itself"))?;
    let found = tasks::live_of_target(connection, page.source, &page.target_key).await?;
    let (task, state) = match found {
        Some((task, TaskState::Dispatched)) => (task, RefreshState::UnderWay),
        Some((task, _)) => {
            tasks::set_priority(connection, task, Priority::Urgent).await?;
            (task, RefreshState::Queued)
        }
        None => {
            require_room(connection, limit, 1).await?;
            let job = JobId::new();
            let new = NewJob {
                id: job,
                source: page.source,
                kind: JobKind::List,
                priority: Priority::Urgent,
                started_by: Some(request.account),
                retry_of: None,
                trace: &request.trace,
            };
            insert_job(connection, new).await?;
            let admitted = tasks::insert_pending(connection, job, page.source, Priority::Urgent, &[target]).await?;
            require_some(admitted)?;
            jobs::apply(connection, job, jobs::Delta { live: admitted, ..Default::default() }).await?;
            let (task, _) = tasks::live_of_target(connection, page.source, &page.target_key)
                .await?
                .ok_or(CatalogueError::NotFound { what: "task" })?;
            (task, RefreshState::Queued)
        }
    };
    store::remember(connection, request.unit, task, request.account, request.now).await?;
    tasks::wake_up(connection).await?;
    Ok(Refresh { unit: request.unit, state, requested_at: request.now })
}
