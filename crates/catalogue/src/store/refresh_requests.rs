//! SQL of requests to read a unit again.

use chrono::{DateTime, Utc};
use diesel::{OptionalExtension, QueryableByName, sql_types as sql};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rmu_domain::{
    ids::{AccountId, SourceId, TaskId, UnitId},
    unit_code::UnitCode,
    year::Year,
};
use rmu_postgres::DatabaseError;
use uuid::Uuid;

/// Where what is shown of a unit was read.
pub(crate) struct Page {
    pub(crate) source: SourceId,
    pub(crate) target_key: String,
    pub(crate) code: Option<UnitCode>,
    pub(crate) year: Option<Year>,
    pub(crate) enabled: bool,
}

pub(crate) enum Found {
    Page(Page),
    NoPage,
    NoUnit,
}

pub(crate) async fn page(connection: &mut AsyncPgConnection, unit: UnitId) -> Result<Found, DatabaseError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = sql::Text)]
        code: String,
        #[diesel(sql_type = sql::Nullable<sql::SmallInt>)]
        year: Option<i16>,
        #[diesel(sql_type = sql::Nullable<sql::Uuid>)]
        source_id: Option<Uuid>,
        #[diesel(sql_type = sql::Nullable<sql::Text>)]
        target_key: Option<String>,
        #[diesel(sql_type = sql::Nullable<sql::Bool>)]
        enabled: Option<bool>,
    }
    let row: Option<Row> = diesel::sql_query(
        "SELECT u.code, v.year, p.source_id, p.target_key, s.enabled
         FROM units u
         LEFT JOIN unit_versions v ON v.id = u.current_version
         LEFT JOIN source_pages p ON p.unit_id = u.id AND p.source_id = v.source_id
             AND p.year IS NOT DISTINCT FROM v.year
         LEFT JOIN sources s ON s.id = p.source_id
         WHERE u.id = $1
         ORDER BY p.seen_at DESC NULLS LAST
         LIMIT 1",
    )
    .bind::<sql::Uuid, _>(unit.as_uuid())
    .get_result(connection)
    .await
    .optional()?;
    let Some(row) = row else { return Ok(Found::NoUnit) };
    let (Some(source), Some(target_key), Some(enabled)) = (row.source_id, row.target_key, row.enabled) else {
        return Ok(Found::NoPage);
    };
    Ok(Found::Page(Page {
        source: source.into(),
        target_key,
        code: UnitCode::parse(&row.code).ok(),
        year: row.year.and_then(|year| u16::try_from(year).ok()).and_then(|year| Year::new(year).ok()),
        enabled,
    }))
}

pub(crate) struct Last {
    pub(crate) requested_at: DateTime<Utc>,
    pub(crate) is_live: bool,
}

pub(crate) async fn last(connection: &mut AsyncPgConnection, unit: UnitId) -> Result<Option<Last>, DatabaseError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = sql::Timestamptz)]
        requested_at: DateTime<Utc>,
        #[diesel(sql_type = sql::Bool)]
        is_live: bool,
    }
    let row: Option<Row> = diesel::sql_query(
        "SELECT r.requested_at, t.state IN ('pending', 'dispatched') AS is_live
         FROM refresh_requests r JOIN scrape_tasks t ON t.id = r.task_id
         WHERE r.unit_id = $1",
    )
    .bind::<sql::Uuid, _>(unit.as_uuid())
    .get_result(connection)
    .await
    .optional()?;
    Ok(row.map(|row| Last { requested_at: row.requested_at, is_live: row.is_live }))
}

pub(crate) async fn remember(
    connection: &mut AsyncPgConnection,
    unit: UnitId,
    task: TaskId,
    account: AccountId,
    requested_at: DateTime<Utc>,
) -> Result<(), DatabaseError> {
    diesel::sql_query(
        "INSERT INTO refresh_requests (unit_id, task_id, account_id, requested_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (unit_id) DO UPDATE SET
             task_id = excluded.task_id, account_id = excluded.account_id, requested_at = excluded.requested_at",
    )
    .bind::<sql::Uuid, _>(unit.as_uuid())
    .bind::<sql::Uuid, _>(task.as_uuid())
    .bind::<sql::Uuid, _>(account.as_uuid())
    .bind::<sql::Timestamptz, _>(requested_at)
    .execute(connection)
    .await?;
    Ok(())
}
