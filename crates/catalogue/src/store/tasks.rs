//! SQL of scrape tasks and of the frontier they come from.

use crate::{
    ledger::Target,
    store::schema::{scrape_tasks as tasks, source_pages, units},
};
use chrono::{DateTime, Utc};
use diesel::{prelude::*, sql_types as sql};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rmu_domain::{
    ids::{JobId, SourceId, TaskId, UnitId},
    scrape::{FailureKind, Priority, TaskState},
    unit_code::UnitCode,
};
use rmu_postgres::DatabaseError;
use serde_json::Value;
use uuid::Uuid;

/// The advisory lock of whatever adds live tasks; the number is arbitrary but fixed.
const LEDGER_LOCK: i64 = 7_311_046_213;

/// Waits for and takes the ledger's lock until the end of the transaction.
pub(crate) async fn lock_ledger(connection: &mut AsyncPgConnection) -> Result<(), DatabaseError> {
    diesel::sql_query("SELECT pg_advisory_xact_lock($1)")
        .bind::<sql::BigInt, _>(LEDGER_LOCK)
        .execute(connection)
        .await?;
    Ok(())
}

/// How many tasks are live, over all jobs. Exact for the holder of the ledger's lock: others may only end some.
pub(crate) async fn count_live(connection: &mut AsyncPgConnection) -> Result<u32, DatabaseError> {
    let live: i64 = tasks::table
        .filter(tasks::state.eq_any([TaskState::Pending.as_str(), TaskState::Dispatched.as_str()]))
        .count()
        .get_result(connection)
        .await?;
    Ok(u32::try_from(live).unwrap_or(u32::MAX))
}

pub(crate) async fn count_dispatched(connection: &mut AsyncPgConnection) -> Result<u32, DatabaseError> {
    let out: i64 =
        tasks::table.filter(tasks::state.eq(TaskState::Dispatched.as_str())).count().get_result(connection).await?;
    Ok(u32::try_from(out).unwrap_or(u32::MAX))
}

/// Says to whoever dispatches that there may be something to do; sent when the transaction commits.
pub(crate) async fn wake_up(connection: &mut AsyncPgConnection) -> Result<(), DatabaseError> {
    diesel::sql_query("SELECT pg_notify($1, '')")
        .bind::<sql::Text, _>(crate::ledger::WAKE_UP_CHANNEL)
        .execute(connection)
        .await?;
    Ok(())
}

/// Inserts tasks that are due now, leaving out targets that are live already or were in this job before.
pub(crate) async fn insert_pending(
    connection: &mut AsyncPgConnection,
    job: JobId,
    source: SourceId,
    priority: Priority,
    targets: &[Target],
) -> Result<i32, DatabaseError> {
    let now = Utc::now();
    let rows: Vec<_> = targets
        .iter()
        .map(|target| {
            (
                tasks::id.eq(TaskId::new().as_uuid()),
                tasks::job_id.eq(job.as_uuid()),
                tasks::source_id.eq(source.as_uuid()),
                tasks::target_key.eq(target.key()),
                tasks::target.eq(serde_json::to_value(target).unwrap_or_default()),
                tasks::state.eq(TaskState::Pending.as_str()),
                tasks::run_at.eq(now),
                tasks::priority.eq(priority.rank()),
            )
        })
        .collect();
    let inserted = diesel::insert_into(tasks::table).values(rows).on_conflict_do_nothing().execute(connection).await?;
    Ok(count(inserted))
}

/// How many dead tasks of the job (or just this one) there are, and whether one of them is a discovery.
pub(crate) async fn count_dead(
    connection: &mut AsyncPgConnection,
    job: JobId,
    only: Option<TaskId>,
) -> Result<(u32, bool), DatabaseError> {
    #[derive(QueryableByName)]
    struct Dead {
        #[diesel(sql_type = sql::BigInt)]
        dead: i64,
        #[diesel(sql_type = sql::Bool)]
        discovers: bool,
    }
    let found: Dead = diesel::sql_query(
        "SELECT count(*) AS dead, coalesce(bool_or(target->>'kind' = 'discovery'), false) AS discovers
         FROM scrape_tasks WHERE job_id = $1 AND state = 'dead' AND ($2 IS NULL OR id = $2)",
    )
    .bind::<sql::Uuid, _>(job.as_uuid())
    .bind::<sql::Nullable<sql::Uuid>, _>(only.map(TaskId::as_uuid))
    .get_result(connection)
    .await?;
    Ok((u32::try_from(found.dead).unwrap_or(u32::MAX), found.discovers))
}

/// Gives the dead tasks of `of` to the new job `to`: the first become tasks, the others wait in its frontier.
/// Returns how many became tasks and how many wait.
pub(crate) async fn copy_dead(
    connection: &mut AsyncPgConnection,
    of: JobId,
    to: JobId,
    priority: Priority,
    only: Option<TaskId>,
    first: u32,
) -> Result<(i32, i32), DatabaseError> {
    #[derive(QueryableByName)]
    struct Copied {
        #[diesel(sql_type = sql::BigInt)]
        admitted: i64,
        #[diesel(sql_type = sql::BigInt)]
        waiting: i64,
    }
    let copied: Copied = diesel::sql_query(
        "WITH dead AS (
             SELECT id, source_id, target_key, target, row_number() OVER (ORDER BY id) AS place
             FROM scrape_tasks WHERE job_id = $1 AND state = 'dead' AND ($3 IS NULL OR id = $3)
         ), admitted AS (
             INSERT INTO scrape_tasks (id, job_id, source_id, target_key, target, state, run_at, priority)
             SELECT gen_random_uuid(), $2, source_id, target_key, target, 'pending', clock_timestamp(), $5
             FROM dead WHERE place <= $4 ORDER BY place
             ON CONFLICT DO NOTHING
             RETURNING id
         ), waiting AS (
             INSERT INTO scrape_frontier (job_id, target_key, target)
             SELECT $2, target_key, target FROM dead WHERE place > $4 ORDER BY place
             RETURNING id
         )
         SELECT (SELECT count(*) FROM admitted) AS admitted, (SELECT count(*) FROM waiting) AS waiting",
    )
    .bind::<sql::Uuid, _>(of.as_uuid())
    .bind::<sql::Uuid, _>(to.as_uuid())
    .bind::<sql::Nullable<sql::Uuid>, _>(only.map(TaskId::as_uuid))
    .bind::<sql::BigInt, _>(i64::from(first))
    .bind::<sql::SmallInt, _>(priority.rank())
    .get_result(connection)
    .await?;
    let whole = |number: i64| i32::try_from(number).unwrap_or(i32::MAX);
    Ok((whole(copied.admitted), whole(copied.waiting)))
}

/// How many tasks of these locked jobs are pending.
pub(crate) async fn count_pending(connection: &mut AsyncPgConnection, jobs: &[JobId]) -> Result<u32, DatabaseError> {
    let pending: i64 = tasks::table
        .filter(tasks::job_id.eq_any(jobs.iter().map(|job| job.as_uuid())))
        .filter(tasks::state.eq(TaskState::Pending.as_str()))
        .count()
        .get_result(connection)
        .await?;
    Ok(u32::try_from(pending).unwrap_or(u32::MAX))
}

/// The live task of a target, if there is one: there is never more.
pub(crate) async fn live_of_target(
    connection: &mut AsyncPgConnection,
    source: SourceId,
    target_key: &str,
) -> Result<Option<(TaskId, TaskState)>, DatabaseError> {
    let found: Option<(Uuid, String)> = tasks::table
        .filter(tasks::source_id.eq(source.as_uuid()).and(tasks::target_key.eq(target_key)))
        .filter(tasks::state.eq_any([TaskState::Pending.as_str(), TaskState::Dispatched.as_str()]))
        .select((tasks::id, tasks::state))
        .first(connection)
        .await
        .optional()?;
    Ok(found.and_then(|(id, state)| Some((id.into(), TaskState::parse(&state).ok()?))))
}

pub(crate) async fn set_priority(
    connection: &mut AsyncPgConnection,
    id: TaskId,
    priority: Priority,
) -> Result<(), DatabaseError> {
    diesel::update(tasks::table.find(id.as_uuid()))
        .set(tasks::priority.eq(priority.rank()))
        .execute(connection)
        .await?;
    Ok(())
}

/// A task under its lock.
#[derive(Debug, Clone, Queryable)]
pub(crate) struct LockedTask {
    pub(crate) source: Uuid,
    pub(crate) target_key: String,
    pub(crate) target: Value,
    pub(crate) state: String,
    pub(crate) attempt: i32,
    pub(crate) failures: i32,
    pub(crate) dispatched_at: Option<DateTime<Utc>>,
    pub(crate) deadline: Option<DateTime<Utc>>,
}

pub(crate) async fn job_of(connection: &mut AsyncPgConnection, id: TaskId) -> Result<Option<JobId>, DatabaseError> {
    let job: Option<Uuid> = tasks::table.find(id.as_uuid()).select(tasks::job_id).first(connection).await.optional()?;
    Ok(job.map(JobId::from))
}

pub(crate) async fn lock(connection: &mut AsyncPgConnection, id: TaskId) -> Result<LockedTask, DatabaseError> {
    Ok(tasks::table
        .find(id.as_uuid())
        .select((
            tasks::source_id,
            tasks::target_key,
            tasks::target,
            tasks::state,
            tasks::attempt,
            tasks::failures,
            tasks::dispatched_at,
            tasks::deadline,
        ))
        .for_update()
        .first(connection)
        .await?)
}

/// How a task ended.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ending<'a> {
    pub(crate) state: TaskState,
    pub(crate) worker: Option<&'a str>,
    pub(crate) unit: Option<UnitId>,
    pub(crate) error: Option<(FailureKind, &'a str)>,
    /// Failed attempts, this one included.
    pub(crate) failures: i32,
}

pub(crate) async fn finish(
    connection: &mut AsyncPgConnection,
    id: TaskId,
    ending: Ending<'_>,
) -> Result<(), DatabaseError> {
    diesel::update(tasks::table.find(id.as_uuid()))
        .set((
            tasks::state.eq(ending.state.as_str()),
            tasks::finished_at.eq(Utc::now()),
            tasks::worker.eq(ending.worker),
            tasks::unit_id.eq(ending.unit.map(UnitId::as_uuid)),
            tasks::error_kind.eq(ending.error.map(|(kind, _)| kind.as_str())),
            tasks::error_detail.eq(ending.error.map(|(_, detail)| detail)),
            tasks::failures.eq(ending.failures),
        ))
        .execute(connection)
        .await?;
    Ok(())
}

/// A task that is tried again later.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Retry<'a> {
    pub(crate) run_at: DateTime<Utc>,
    pub(crate) attempt: i32,
    pub(crate) failures: i32,
    pub(crate) worker: Option<&'a str>,
    pub(crate) error: (FailureKind, &'a str),
}

pub(crate) async fn postpone(
    connection: &mut AsyncPgConnection,
    id: TaskId,
    retry: Retry<'_>,
) -> Result<(), DatabaseError> {
    diesel::update(tasks::table.find(id.as_uuid()))
        .set((
            tasks::state.eq(TaskState::Pending.as_str()),
            tasks::run_at.eq(retry.run_at),
            tasks::attempt.eq(retry.attempt),
            tasks::failures.eq(retry.failures),
            tasks::worker.eq(retry.worker),
            tasks::error_kind.eq(retry.error.0.as_str()),
            tasks::error_detail.eq(retry.error.1),
        ))
        .execute(connection)
        .await?;
    Ok(())
}

/// Cancels what is live of a locked job; how many that were.
pub(crate) async fn cancel_live(connection: &mut AsyncPgConnection, job: JobId) -> Result<i32, DatabaseError> {
    cancel(connection, job, &[TaskState::Pending, TaskState::Dispatched]).await
}

/// Cancels what of a locked job is not with a worker; how many that were.
pub(crate) async fn cancel_pending(connection: &mut AsyncPgConnection, job: JobId) -> Result<i32, DatabaseError> {
    cancel(connection, job, &[TaskState::Pending]).await
}

async fn cancel(connection: &mut AsyncPgConnection, job: JobId, states: &[TaskState]) -> Result<i32, DatabaseError> {
    let cancelled = diesel::update(tasks::table)
        .filter(tasks::job_id.eq(job.as_uuid()))
        .filter(tasks::state.eq_any(states.iter().map(|state| state.as_str())))
        .set((tasks::state.eq(TaskState::Cancelled.as_str()), tasks::finished_at.eq(Utc::now())))
        .execute(connection)
        .await?;
    Ok(count(cancelled))
}

/// Dispatched tasks that nobody answered until `before`.
pub(crate) async fn unanswered(
    connection: &mut AsyncPgConnection,
    before: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<TaskId>, DatabaseError> {
    let found: Vec<Uuid> = tasks::table
        .filter(tasks::state.eq(TaskState::Dispatched.as_str()).and(tasks::deadline.lt(before)))
        .order(tasks::deadline)
        .limit(limit)
        .select(tasks::id)
        .load(connection)
        .await?;
    Ok(found.into_iter().map(TaskId::from).collect())
}

/// Whether any worker has ended any task after `moment`.
pub(crate) async fn any_answer_since(
    connection: &mut AsyncPgConnection,
    moment: Option<DateTime<Utc>>,
) -> Result<bool, DatabaseError> {
    let answered = tasks::table.filter(tasks::finished_at.gt(moment).and(tasks::worker.is_not_null()));
    Ok(diesel::select(diesel::dsl::exists(answered)).get_result(connection).await?)
}

/// Pages of a unit, and its entries in feeds, that earlier jobs found in this source.
pub(crate) async fn known_targets(
    connection: &mut AsyncPgConnection,
    source: SourceId,
    code: &UnitCode,
) -> Result<Vec<Target>, DatabaseError> {
    #[derive(QueryableByName)]
    struct Known {
        #[diesel(sql_type = sql::Jsonb)]
        target: Value,
    }
    let known: Vec<Known> = diesel::sql_query(
        "SELECT DISTINCT ON (p.target_key) t.target
         FROM source_pages p
         JOIN units u ON u.id = p.unit_id
         JOIN scrape_tasks t ON t.source_id = p.source_id AND t.target_key = p.target_key
         WHERE p.source_id = $1 AND u.code_normalised = $2
         ORDER BY p.target_key, t.created_at DESC
         LIMIT 20",
    )
    .bind::<sql::Uuid, _>(source.as_uuid())
    .bind::<sql::Text, _>(code.normalised())
    .load(connection)
    .await?;
    let pages = known.into_iter().filter_map(|known| serde_json::from_value(known.target).ok());
    let entries: Vec<String> = source_pages::table
        .inner_join(units::table.on(units::id.eq(source_pages::unit_id)))
        .filter(source_pages::source_id.eq(source.as_uuid()).and(units::code_normalised.eq(code.normalised())))
        .filter(source_pages::target_key.like("entry:%"))
        .order(source_pages::target_key)
        .limit(20)
        .select(source_pages::target_key)
        .load(connection)
        .await?;
    Ok(pages.chain(entries.iter().filter_map(|key| Target::from_key(key, None, None))).collect())
}

pub(crate) fn count(rows: usize) -> i32 {
    i32::try_from(rows).unwrap_or(i32::MAX)
}
