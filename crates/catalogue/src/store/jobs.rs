//! SQL of scrape jobs and their counters.

use crate::{ledger::TraceHeaders, store::schema::scrape_jobs as jobs};
use chrono::{DateTime, Utc};
use diesel::{prelude::*, sql_types as sql};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rmu_domain::{
    ids::{AccountId, JobId, SourceId},
    scrape::{JobState, Priority, TaskState},
};
use rmu_postgres::DatabaseError;
use uuid::Uuid;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum JobKind {
    Discovery,
    List,
}

impl JobKind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Discovery => "discovery",
            Self::List => "list",
        }
    }
}

/// What a job's lock shows.
#[derive(Debug, Clone, Queryable)]
pub(crate) struct LockedJob {
    pub(crate) state: String,
    pub(crate) live: i32,
    pub(crate) frontier: i32,
    pub(crate) finished: i32,
}

/// Changes of a job's counters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Delta {
    pub(crate) live: i32,
    pub(crate) frontier: i32,
    pub(crate) succeeded: i32,
    pub(crate) unchanged: i32,
    pub(crate) not_found: i32,
    pub(crate) dead: i32,
    pub(crate) cancelled: i32,
    pub(crate) skipped: i32,
    pub(crate) retries: i32,
    pub(crate) versions_created: i32,
}

impl Delta {
    /// One task leaves the live ones for a final state.
    pub(crate) fn finished(state: TaskState) -> Self {
        let mut delta = Self { live: -1, ..Self::default() };
        match state {
            TaskState::Succeeded => delta.succeeded = 1,
            TaskState::Unchanged => delta.unchanged = 1,
            TaskState::NotFound => delta.not_found = 1,
            TaskState::Dead => delta.dead = 1,
            TaskState::Cancelled => delta.cancelled = 1,
            TaskState::Pending | TaskState::Dispatched => delta.live = 0,
        }
        delta
    }

    /// Both changes together.
    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            live: self.live + other.live,
            frontier: self.frontier + other.frontier,
            succeeded: self.succeeded + other.succeeded,
            unchanged: self.unchanged + other.unchanged,
            not_found: self.not_found + other.not_found,
            dead: self.dead + other.dead,
            cancelled: self.cancelled + other.cancelled,
            skipped: self.skipped + other.skipped,
            retries: self.retries + other.retries,
            versions_created: self.versions_created + other.versions_created,
        }
    }
}

/// A job to begin.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NewJob<'a> {
    pub(crate) id: JobId,
    pub(crate) source: SourceId,
    pub(crate) kind: JobKind,
    pub(crate) priority: Priority,
    pub(crate) started_by: Option<AccountId>,
    pub(crate) retry_of: Option<JobId>,
    pub(crate) trace: &'a TraceHeaders,
}

pub(crate) async fn insert(connection: &mut AsyncPgConnection, new: NewJob<'_>) -> Result<(), DatabaseError> {
    diesel::insert_into(jobs::table)
        .values((
            jobs::id.eq(new.id.as_uuid()),
            jobs::source_id.eq(new.source.as_uuid()),
            jobs::kind.eq(new.kind.as_str()),
            jobs::state.eq(JobState::Running.as_str()),
            jobs::started_by.eq(new.started_by.map(AccountId::as_uuid)),
            jobs::trace_headers.eq(serde_json::to_value(new.trace).unwrap_or_default()),
            jobs::live.eq(0),
            jobs::priority.eq(new.priority.rank()),
            jobs::retry_of.eq(new.retry_of.map(JobId::as_uuid)),
        ))
        .execute(connection)
        .await?;
    Ok(())
}

/// Takes the job's lock, which everything that changes one of its tasks' liveness holds.
pub(crate) async fn lock(connection: &mut AsyncPgConnection, id: JobId) -> Result<Option<LockedJob>, DatabaseError> {
    Ok(jobs::table
        .find(id.as_uuid())
        .select((
            jobs::state,
            jobs::live,
            jobs::frontier,
            jobs::succeeded + jobs::unchanged + jobs::not_found + jobs::dead + jobs::cancelled,
        ))
        .for_update()
        .first(connection)
        .await
        .optional()?)
}

/// Of which source an unlocked job is, and its state.
pub(crate) async fn source_and_state(
    connection: &mut AsyncPgConnection,
    id: JobId,
) -> Result<Option<(SourceId, String)>, DatabaseError> {
    let found: Option<(Uuid, String)> =
        jobs::table.find(id.as_uuid()).select((jobs::source_id, jobs::state)).first(connection).await.optional()?;
    Ok(found.map(|(source, state)| (source.into(), state)))
}

#[derive(QueryableByName)]
struct Wanted {
    #[diesel(sql_type = sql::Uuid)]
    id: Uuid,
    #[diesel(sql_type = sql::Text)]
    wanted: String,
}

const WANTED: &str = "SELECT j.id, CASE WHEN h.paused_at IS NULL THEN 'running' ELSE 'paused' END AS wanted
     FROM scrape_jobs j JOIN source_health h ON h.source_id = j.source_id
     WHERE ((j.state = 'running' AND h.paused_at IS NOT NULL) OR (j.state = 'paused' AND j.held AND h.paused_at IS NULL))";

/// Jobs whose state does not follow that of their source.
pub(crate) async fn unsettled(connection: &mut AsyncPgConnection) -> Result<Vec<JobId>, DatabaseError> {
    let rows: Vec<Wanted> = diesel::sql_query(format!("{WANTED} ORDER BY j.id LIMIT 200")).load(connection).await?;
    Ok(rows.into_iter().map(|row| row.id.into()).collect())
}

/// The state that a locked job's source wants of it, if it is another one.
pub(crate) async fn wanted_by_source(
    connection: &mut AsyncPgConnection,
    id: JobId,
) -> Result<Option<JobState>, DatabaseError> {
    let row: Option<Wanted> = diesel::sql_query(format!("{WANTED} AND j.id = $1"))
        .bind::<sql::Uuid, _>(id.as_uuid())
        .get_result(connection)
        .await
        .optional()?;
    Ok(row.and_then(|row| JobState::parse(&row.wanted).ok()))
}

/// Notes whether a locked job is paused for its source's sake.
pub(crate) async fn set_held(connection: &mut AsyncPgConnection, id: JobId, held: bool) -> Result<(), DatabaseError> {
    diesel::update(jobs::table.find(id.as_uuid())).set(jobs::held.eq(held)).execute(connection).await?;
    Ok(())
}

pub(crate) async fn has_open_discovery(
    connection: &mut AsyncPgConnection,
    source: SourceId,
) -> Result<bool, DatabaseError> {
    let open = jobs::table
        .filter(jobs::source_id.eq(source.as_uuid()).and(jobs::kind.eq(JobKind::Discovery.as_str())))
        .filter(jobs::state.eq_any([JobState::Running.as_str(), JobState::Paused.as_str()]));
    Ok(diesel::select(diesel::dsl::exists(open)).get_result(connection).await?)
}

/// Jobs that have not ended, or just this one if it has not, locked in the order of their ids.
pub(crate) async fn lock_open(
    connection: &mut AsyncPgConnection,
    only: Option<JobId>,
) -> Result<Vec<JobId>, DatabaseError> {
    let mut open = jobs::table
        .filter(jobs::state.eq_any([JobState::Running.as_str(), JobState::Paused.as_str()]))
        .order(jobs::id)
        .select(jobs::id)
        .into_boxed();
    if let Some(job) = only {
        open = open.filter(jobs::id.eq(job.as_uuid()));
    }
    let ids: Vec<Uuid> = open.load(connection).await?;
    let locked: Vec<Uuid> = jobs::table
        .filter(jobs::id.eq_any(ids))
        .filter(jobs::state.eq_any([JobState::Running.as_str(), JobState::Paused.as_str()]))
        .order(jobs::id)
        .select(jobs::id)
        .for_update()
        .load(connection)
        .await?;
    Ok(locked.into_iter().map(JobId::from).collect())
}

/// A locked job of which something waits to become tasks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WaitingJob {
    pub(crate) id: JobId,
    pub(crate) source: SourceId,
    pub(crate) priority: Priority,
}

/// Running jobs with a frontier, oldest first, locked in the order of their ids.
pub(crate) async fn lock_with_frontier(connection: &mut AsyncPgConnection) -> Result<Vec<WaitingJob>, DatabaseError> {
    let mut waiting: Vec<Uuid> = jobs::table
        .filter(jobs::state.eq("running").and(jobs::frontier.gt(0)))
        .order(jobs::created_at)
        .select(jobs::id)
        .limit(50)
        .load(connection)
        .await?;
    waiting.sort_unstable();
    let locked: Vec<(Uuid, Uuid, i16)> = jobs::table
        .filter(jobs::id.eq_any(waiting).and(jobs::state.eq("running")).and(jobs::frontier.gt(0)))
        .order(jobs::id)
        .select((jobs::id, jobs::source_id, jobs::priority))
        .for_update()
        .load(connection)
        .await?;
    let waiting = locked.into_iter().map(|(id, source, rank)| WaitingJob {
        id: id.into(),
        source: source.into(),
        priority: Priority::from_rank(rank).unwrap_or(Priority::Bulk),
    });
    Ok(waiting.collect())
}

/// How many pages of these locked jobs wait to become tasks.
pub(crate) async fn count_waiting(connection: &mut AsyncPgConnection, of: &[JobId]) -> Result<u32, DatabaseError> {
    let of: Vec<Uuid> = of.iter().map(|job| job.as_uuid()).collect();
    let waiting: Option<i64> =
        jobs::table.filter(jobs::id.eq_any(of)).select(diesel::dsl::sum(jobs::frontier)).get_result(connection).await?;
    Ok(u32::try_from(waiting.unwrap_or_default()).unwrap_or(u32::MAX))
}

pub(crate) async fn any_with_frontier(connection: &mut AsyncPgConnection) -> Result<bool, DatabaseError> {
    let waiting = jobs::table.filter(jobs::state.eq("running").and(jobs::frontier.gt(0)));
    Ok(diesel::select(diesel::dsl::exists(waiting)).get_result(connection).await?)
}

/// Applies `delta`, and completes the job when nothing of it is live or waits any more. A job of which
/// nothing but failures came is failed.
pub(crate) async fn apply(connection: &mut AsyncPgConnection, id: JobId, delta: Delta) -> Result<(), DatabaseError> {
    let changed = diesel::sql_query(
        "UPDATE scrape_jobs SET
             live = live + $2, frontier = frontier + $3, succeeded = succeeded + $4, unchanged = unchanged + $5,
             not_found = not_found + $6, dead = dead + $7, cancelled = cancelled + $8, skipped = skipped + $9,
             retries = retries + $10, versions_created = versions_created + $11,
             revision = revision + 1, updated_at = clock_timestamp(),
             state = CASE
                 WHEN state NOT IN ('running', 'paused') OR live + $2 > 0 OR frontier + $3 > 0 THEN state
                 WHEN dead + $7 > 0 AND succeeded + unchanged + not_found + $4 + $5 + $6 = 0 THEN 'failed'
                 ELSE 'completed' END,
             finished_at = CASE
                 WHEN state NOT IN ('running', 'paused') OR live + $2 > 0 OR frontier + $3 > 0 THEN finished_at
                 ELSE clock_timestamp() END
         WHERE id = $1",
    )
    .bind::<sql::Uuid, _>(id.as_uuid())
    .bind::<sql::Integer, _>(delta.live)
    .bind::<sql::Integer, _>(delta.frontier)
    .bind::<sql::Integer, _>(delta.succeeded)
    .bind::<sql::Integer, _>(delta.unchanged)
    .bind::<sql::Integer, _>(delta.not_found)
    .bind::<sql::Integer, _>(delta.dead)
    .bind::<sql::Integer, _>(delta.cancelled)
    .bind::<sql::Integer, _>(delta.skipped)
    .bind::<sql::Integer, _>(delta.retries)
    .bind::<sql::Integer, _>(delta.versions_created)
    .execute(connection)
    .await?;
    if changed == 1 { Ok(()) } else { Err(DatabaseError::NotFound) }
}

/// Sets the state of a locked job.
pub(crate) async fn set_state(
    connection: &mut AsyncPgConnection,
    id: JobId,
    state: JobState,
    finished_at: Option<DateTime<Utc>>,
) -> Result<(), DatabaseError> {
    diesel::update(jobs::table.find(id.as_uuid()))
        .set((
            jobs::state.eq(state.as_str()),
            jobs::finished_at.eq(finished_at),
            jobs::updated_at.eq(Utc::now()),
            jobs::revision.eq(jobs::revision + 1),
        ))
        .execute(connection)
        .await?;
    Ok(())
}
