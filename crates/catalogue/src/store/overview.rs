//! SQL of what administrators see of the ledger.

use crate::{
    ledger::{JobFilter, JobView, QueueView, TaskFilter, TaskView},
    store::artefacts,
};
use chrono::{DateTime, Utc};
use diesel::{OptionalExtension, QueryableByName, sql_types as sql};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rmu_domain::{
    ids::JobId,
    scrape::{JobState, Priority, TaskState},
};
use rmu_postgres::DatabaseError;
use uuid::Uuid;

#[derive(QueryableByName)]
struct JobRow {
    #[diesel(sql_type = sql::Uuid)]
    id: Uuid,
    #[diesel(sql_type = sql::Text)]
    source: String,
    #[diesel(sql_type = sql::Text)]
    university: String,
    #[diesel(sql_type = sql::Text)]
    kind: String,
    #[diesel(sql_type = sql::Text)]
    state: String,
    #[diesel(sql_type = sql::BigInt)]
    revision: i64,
    #[diesel(sql_type = sql::Integer)]
    live: i32,
    #[diesel(sql_type = sql::BigInt)]
    dispatched: i64,
    #[diesel(sql_type = sql::Integer)]
    frontier: i32,
    #[diesel(sql_type = sql::Integer)]
    succeeded: i32,
    #[diesel(sql_type = sql::Integer)]
    unchanged: i32,
    #[diesel(sql_type = sql::Integer)]
    not_found: i32,
    #[diesel(sql_type = sql::Integer)]
    dead: i32,
    #[diesel(sql_type = sql::Integer)]
    cancelled: i32,
    #[diesel(sql_type = sql::Integer)]
    skipped: i32,
    #[diesel(sql_type = sql::Integer)]
    retries: i32,
    #[diesel(sql_type = sql::Integer)]
    versions_created: i32,
    #[diesel(sql_type = sql::Nullable<sql::Uuid>)]
    started_by: Option<Uuid>,
    #[diesel(sql_type = sql::Nullable<sql::Uuid>)]
    retry_of: Option<Uuid>,
    #[diesel(sql_type = sql::SmallInt)]
    priority: i16,
    #[diesel(sql_type = sql::Timestamptz)]
    created_at: DateTime<Utc>,
    #[diesel(sql_type = sql::Timestamptz)]
    updated_at: DateTime<Utc>,
    #[diesel(sql_type = sql::Nullable<sql::Timestamptz>)]
    finished_at: Option<DateTime<Utc>>,
}

const JOBS: &str = "
    SELECT j.*, s.slug AS source, u.slug AS university, (
        SELECT count(*) FROM scrape_tasks t WHERE t.job_id = j.id AND t.state = 'dispatched') AS dispatched
    FROM scrape_jobs j
    JOIN sources s ON s.id = j.source_id
    JOIN universities u ON u.id = s.university_id";

pub(crate) async fn job(connection: &mut AsyncPgConnection, id: JobId) -> Result<Option<JobView>, DatabaseError> {
    let row: Option<JobRow> = diesel::sql_query(format!("{JOBS} WHERE j.id = $1"))
        .bind::<sql::Uuid, _>(id.as_uuid())
        .get_result(connection)
        .await
        .optional()?;
    Ok(row.map(job_view))
}

pub(crate) async fn jobs(connection: &mut AsyncPgConnection, filter: JobFilter) -> Result<Vec<JobView>, DatabaseError> {
    // Ids are made in the order of time, so the order by id is newest first.
    let rows: Vec<JobRow> = diesel::sql_query(format!(
        "{JOBS} WHERE ($1 IS NULL OR j.state = $1) AND ($2 IS NULL OR j.id < $2) ORDER BY j.id DESC LIMIT $3"
    ))
    .bind::<sql::Nullable<sql::Text>, _>(filter.state.map(JobState::as_str))
    .bind::<sql::Nullable<sql::Uuid>, _>(filter.after.map(JobId::as_uuid))
    .bind::<sql::BigInt, _>(i64::from(filter.limit))
    .load(connection)
    .await?;
    Ok(rows.into_iter().map(job_view).collect())
}

fn job_view(row: JobRow) -> JobView {
    let count = |number: i32| u32::try_from(number).unwrap_or_default();
    let dispatched = u32::try_from(row.dispatched).unwrap_or_default();
    JobView {
        id: row.id.into(),
        source: row.source,
        university: row.university,
        kind: row.kind,
        // The table's own check allows only these names.
        state: JobState::parse(&row.state).unwrap_or(JobState::Failed),
        priority: Priority::from_rank(row.priority).unwrap_or(Priority::Normal),
        revision: row.revision,
        pending: count(row.live).saturating_sub(dispatched),
        dispatched,
        frontier: count(row.frontier),
        succeeded: count(row.succeeded),
        unchanged: count(row.unchanged),
        not_found: count(row.not_found),
        dead: count(row.dead),
        cancelled: count(row.cancelled),
        skipped: count(row.skipped),
        retries: count(row.retries),
        versions_created: count(row.versions_created),
        started_by: row.started_by.map(Into::into),
        retry_of: row.retry_of.map(Into::into),
        created_at: row.created_at,
        updated_at: row.updated_at,
        finished_at: row.finished_at,
    }
}

#[derive(QueryableByName)]
struct TaskRow {
    #[diesel(sql_type = sql::Uuid)]
    id: Uuid,
    #[diesel(sql_type = sql::Text)]
    url: String,
    #[diesel(sql_type = sql::Text)]
    kind: String,
    #[diesel(sql_type = sql::Text)]
    state: String,
    #[diesel(sql_type = sql::Integer)]
    attempt: i32,
    #[diesel(sql_type = sql::Integer)]
    failures: i32,
    #[diesel(sql_type = sql::Nullable<sql::Text>)]
    worker: Option<String>,
    #[diesel(sql_type = sql::Nullable<sql::Text>)]
    error_kind: Option<String>,
    #[diesel(sql_type = sql::Nullable<sql::Text>)]
    error_detail: Option<String>,
    #[diesel(sql_type = sql::Nullable<sql::Integer>)]
    artefacts_attempt: Option<i32>,
    #[diesel(sql_type = sql::Bool)]
    artefacts_page: bool,
    #[diesel(sql_type = sql::Bool)]
    artefacts_screenshot: bool,
    #[diesel(sql_type = sql::Timestamptz)]
    run_at: DateTime<Utc>,
    #[diesel(sql_type = sql::Nullable<sql::Timestamptz>)]
    finished_at: Option<DateTime<Utc>>,
}

pub(crate) async fn tasks(
    connection: &mut AsyncPgConnection,
    filter: TaskFilter,
) -> Result<Vec<TaskView>, DatabaseError> {
    let rows: Vec<TaskRow> = diesel::sql_query(
        "SELECT id, target->>'url' AS url, target->>'kind' AS kind, state, attempt, failures, worker, error_kind,
                error_detail, artefacts_attempt, artefacts_page, artefacts_screenshot, run_at, finished_at
         FROM scrape_tasks
         WHERE job_id = $1 AND ($2 IS NULL OR state = $2) AND ($3 IS NULL OR id > $3)
         ORDER BY id LIMIT $4",
    )
    .bind::<sql::Uuid, _>(filter.job.as_uuid())
    .bind::<sql::Nullable<sql::Text>, _>(filter.state.map(TaskState::as_str))
    .bind::<sql::Nullable<sql::Uuid>, _>(filter.after.map(Uuid::from))
    .bind::<sql::BigInt, _>(i64::from(filter.limit))
    .load(connection)
    .await?;
    let view = |row: TaskRow| TaskView {
        id: row.id.into(),
        url: row.url,
        kind: row.kind,
        state: TaskState::parse(&row.state).unwrap_or(TaskState::Dead),
        attempt: u32::try_from(row.attempt).unwrap_or_default(),
        failures: u32::try_from(row.failures).unwrap_or_default(),
        worker: row.worker,
        error_kind: row.error_kind,
        error_detail: row.error_detail,
        artefacts: artefacts::kept(row.artefacts_attempt, row.artefacts_page, row.artefacts_screenshot),
        run_at: row.run_at,
        finished_at: row.finished_at,
    };
    Ok(rows.into_iter().map(view).collect())
}

#[derive(QueryableByName)]
struct QueueRow {
    #[diesel(sql_type = sql::BigInt)]
    pending: i64,
    #[diesel(sql_type = sql::BigInt)]
    due: i64,
    #[diesel(sql_type = sql::BigInt)]
    dispatched: i64,
    #[diesel(sql_type = sql::BigInt)]
    frontier: i64,
    #[diesel(sql_type = sql::Nullable<sql::Timestamptz>)]
    oldest_due_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = sql::BigInt)]
    finished_last_minute: i64,
}

pub(crate) async fn queue(connection: &mut AsyncPgConnection) -> Result<QueueView, DatabaseError> {
    let row: QueueRow = diesel::sql_query(
        "SELECT count(*) FILTER (WHERE state = 'pending') AS pending,
                count(*) FILTER (WHERE state = 'pending' AND run_at <= clock_timestamp()) AS due,
                count(*) FILTER (WHERE state = 'dispatched') AS dispatched,
                min(run_at) FILTER (WHERE state = 'pending' AND run_at <= clock_timestamp()) AS oldest_due_at,
                (SELECT coalesce(sum(j.frontier), 0)::bigint FROM scrape_jobs j
                 WHERE j.state IN ('running', 'paused')) AS frontier,
                (SELECT count(*) FROM scrape_tasks f
                 WHERE f.finished_at > clock_timestamp() - interval '1 minute') AS finished_last_minute
         FROM scrape_tasks
         WHERE state IN ('pending', 'dispatched')",
    )
    .get_result(connection)
    .await?;
    let count = |number: i64| u32::try_from(number).unwrap_or(u32::MAX);
    Ok(QueueView {
        pending: count(row.pending),
        due: count(row.due),
        dispatched: count(row.dispatched),
        frontier: count(row.frontier),
        oldest_due_at: row.oldest_due_at,
        finished_last_minute: count(row.finished_last_minute),
    })
}
