//! SQL of schedules and of what became of their times.

use crate::schedules::{RunOutcome, ScheduleRun};
use chrono::{DateTime, Utc};
use diesel::{OptionalExtension, QueryableByName, sql_types as sql};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rmu_domain::{
    ids::{AccountId, JobId, SourceId},
    slug::Slug,
};
use rmu_postgres::DatabaseError;
use uuid::Uuid;

/// So many past times are kept of each source.
const KEPT: i64 = 50;

pub(crate) async fn set(
    connection: &mut AsyncPgConnection,
    source: SourceId,
    cron: &str,
    time_zone: &str,
    next_due_at: Option<DateTime<Utc>>,
    by: AccountId,
) -> Result<(), DatabaseError> {
    diesel::sql_query(
        "INSERT INTO source_schedules (source_id, cron, time_zone, enabled, next_due_at, created_by)
         VALUES ($1, $2, $3, $4 IS NOT NULL, $4, $5)
         ON CONFLICT (source_id) DO UPDATE SET
             cron = excluded.cron, time_zone = excluded.time_zone, enabled = excluded.enabled,
             next_due_at = excluded.next_due_at, updated_at = now()",
    )
    .bind::<sql::Uuid, _>(source.as_uuid())
    .bind::<sql::Text, _>(cron)
    .bind::<sql::Text, _>(time_zone)
    .bind::<sql::Nullable<sql::Timestamptz>, _>(next_due_at)
    .bind::<sql::Uuid, _>(by.as_uuid())
    .execute(connection)
    .await?;
    Ok(())
}

pub(crate) async fn delete(connection: &mut AsyncPgConnection, source: &Slug) -> Result<bool, DatabaseError> {
    let deleted = diesel::sql_query(
        "DELETE FROM source_schedules USING sources
         WHERE sources.id = source_schedules.source_id AND sources.slug = $1",
    )
    .bind::<sql::Text, _>(source.as_str())
    .execute(connection)
    .await?;
    Ok(deleted == 1)
}

pub(crate) struct Schedule {
    pub(crate) source: SourceId,
    pub(crate) cron: String,
    pub(crate) time_zone: String,
    pub(crate) next_due_at: Option<DateTime<Utc>>,
}

pub(crate) async fn find(connection: &mut AsyncPgConnection, source: &Slug) -> Result<Option<Schedule>, DatabaseError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = sql::Uuid)]
        source_id: Uuid,
        #[diesel(sql_type = sql::Text)]
        cron: String,
        #[diesel(sql_type = sql::Text)]
        time_zone: String,
        #[diesel(sql_type = sql::Nullable<sql::Timestamptz>)]
        next_due_at: Option<DateTime<Utc>>,
    }
    let row: Option<Row> = diesel::sql_query(
        "SELECT c.source_id, c.cron, c.time_zone, c.next_due_at
         FROM source_schedules c JOIN sources s ON s.id = c.source_id WHERE s.slug = $1",
    )
    .bind::<sql::Text, _>(source.as_str())
    .get_result(connection)
    .await
    .optional()?;
    Ok(row.map(|row| Schedule {
        source: row.source_id.into(),
        cron: row.cron,
        time_zone: row.time_zone,
        next_due_at: row.next_due_at,
    }))
}

pub(crate) async fn any_due(connection: &mut AsyncPgConnection, now: DateTime<Utc>) -> Result<bool, DatabaseError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = sql::Bool)]
        due: bool,
    }
    let row: Row = diesel::sql_query("SELECT EXISTS (SELECT FROM source_schedules WHERE next_due_at <= $1) AS due")
        .bind::<sql::Timestamptz, _>(now)
        .get_result(connection)
        .await?;
    Ok(row.due)
}

/// A schedule whose time has come.
#[derive(QueryableByName)]
struct DueRow {
    #[diesel(sql_type = sql::Uuid)]
    source_id: Uuid,
    #[diesel(sql_type = sql::Text)]
    slug: String,
    #[diesel(sql_type = sql::Text)]
    cron: String,
    #[diesel(sql_type = sql::Text)]
    time_zone: String,
    #[diesel(sql_type = sql::Timestamptz)]
    next_due_at: DateTime<Utc>,
}

pub(crate) struct Due {
    pub(crate) source: SourceId,
    pub(crate) slug: String,
    pub(crate) cron: String,
    pub(crate) time_zone: String,
    pub(crate) due_at: DateTime<Utc>,
}

/// Locks the schedule that is due longest; those that another copy has locked are passed over.
pub(crate) async fn claim_due(
    connection: &mut AsyncPgConnection,
    now: DateTime<Utc>,
) -> Result<Option<Due>, DatabaseError> {
    let row: Option<DueRow> = diesel::sql_query(
        "SELECT c.source_id, s.slug, c.cron, c.time_zone, c.next_due_at
         FROM source_schedules c JOIN sources s ON s.id = c.source_id
         WHERE c.next_due_at <= $1
         ORDER BY c.next_due_at, c.source_id
         LIMIT 1
         FOR UPDATE OF c SKIP LOCKED",
    )
    .bind::<sql::Timestamptz, _>(now)
    .get_result(connection)
    .await
    .optional()?;
    Ok(row.map(|row| Due {
        source: row.source_id.into(),
        slug: row.slug,
        cron: row.cron,
        time_zone: row.time_zone,
        due_at: row.next_due_at,
    }))
}

/// Sets the next time of a locked schedule; without one it rests.
pub(crate) async fn set_next(
    connection: &mut AsyncPgConnection,
    source: SourceId,
    next_due_at: Option<DateTime<Utc>>,
) -> Result<(), DatabaseError> {
    diesel::sql_query("UPDATE source_schedules SET next_due_at = $2, enabled = $2 IS NOT NULL WHERE source_id = $1")
        .bind::<sql::Uuid, _>(source.as_uuid())
        .bind::<sql::Nullable<sql::Timestamptz>, _>(next_due_at)
        .execute(connection)
        .await?;
    Ok(())
}

pub(crate) async fn note(
    connection: &mut AsyncPgConnection,
    source: SourceId,
    run: &ScheduleRun,
) -> Result<(), DatabaseError> {
    diesel::sql_query(
        "INSERT INTO schedule_runs (source_id, due_at, ran_at, outcome, detail, job_id)
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind::<sql::Uuid, _>(source.as_uuid())
    .bind::<sql::Timestamptz, _>(run.due_at)
    .bind::<sql::Timestamptz, _>(run.ran_at)
    .bind::<sql::Text, _>(run.outcome.as_str())
    .bind::<sql::Nullable<sql::Text>, _>(&run.detail)
    .bind::<sql::Nullable<sql::Uuid>, _>(run.job.map(JobId::as_uuid))
    .execute(connection)
    .await?;
    diesel::sql_query(
        "DELETE FROM schedule_runs WHERE source_id = $1 AND due_at < (
             SELECT min(due_at) FROM (
                 SELECT due_at FROM schedule_runs WHERE source_id = $1 ORDER BY due_at DESC LIMIT $2) kept)",
    )
    .bind::<sql::Uuid, _>(source.as_uuid())
    .bind::<sql::BigInt, _>(KEPT)
    .execute(connection)
    .await?;
    Ok(())
}

pub(crate) async fn runs(
    connection: &mut AsyncPgConnection,
    source: SourceId,
) -> Result<Vec<ScheduleRun>, DatabaseError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = sql::Timestamptz)]
        due_at: DateTime<Utc>,
        #[diesel(sql_type = sql::Timestamptz)]
        ran_at: DateTime<Utc>,
        #[diesel(sql_type = sql::Text)]
        outcome: String,
        #[diesel(sql_type = sql::Nullable<sql::Text>)]
        detail: Option<String>,
        #[diesel(sql_type = sql::Nullable<sql::Uuid>)]
        job_id: Option<Uuid>,
    }
    let rows: Vec<Row> = diesel::sql_query(
        "SELECT due_at, ran_at, outcome, detail, job_id FROM schedule_runs
         WHERE source_id = $1 ORDER BY due_at DESC LIMIT $2",
    )
    .bind::<sql::Uuid, _>(source.as_uuid())
    .bind::<sql::BigInt, _>(KEPT)
    .load(connection)
    .await?;
    let run = |row: Row| ScheduleRun {
        due_at: row.due_at,
        ran_at: row.ran_at,
        outcome: RunOutcome::parse(&row.outcome),
        detail: row.detail,
        job: row.job_id.map(JobId::from),
    };
    Ok(rows.into_iter().map(run).collect())
}

/// Marks a point in the transaction to which a refused start goes back, with what it had written.
pub(crate) async fn savepoint(connection: &mut AsyncPgConnection) -> Result<(), DatabaseError> {
    diesel::sql_query("SAVEPOINT scheduled_start").execute(connection).await?;
    Ok(())
}

pub(crate) async fn back_to_savepoint(connection: &mut AsyncPgConnection) -> Result<(), DatabaseError> {
    diesel::sql_query("ROLLBACK TO SAVEPOINT scheduled_start").execute(connection).await?;
    Ok(())
}
