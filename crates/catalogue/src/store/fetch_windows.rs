//! SQL of fetch windows.

use crate::fetch_windows::FetchWindow;
use chrono::{DateTime, Utc};
use diesel::{OptionalExtension, QueryableByName, sql_types as sql};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rmu_domain::{ids::SourceId, slug::Slug};
use rmu_postgres::DatabaseError;
use uuid::Uuid;

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = sql::Uuid)]
    source_id: Uuid,
    #[diesel(sql_type = sql::SmallInt)]
    from_minute: i16,
    #[diesel(sql_type = sql::SmallInt)]
    until_minute: i16,
    #[diesel(sql_type = sql::Text)]
    time_zone: String,
}

impl Row {
    /// `None` for a zone that only another version of this program knows.
    fn window(&self) -> Option<FetchWindow> {
        let minute = |minute: i16| u16::try_from(minute).unwrap_or_default();
        let zone = self.time_zone.parse().ok()?;
        Some(FetchWindow { from: minute(self.from_minute), until: minute(self.until_minute), zone })
    }
}

pub(crate) async fn set(
    connection: &mut AsyncPgConnection,
    source: SourceId,
    window: FetchWindow,
) -> Result<(), DatabaseError> {
    let minute = |minute: u16| i16::try_from(minute).unwrap_or_default();
    diesel::sql_query(
        "INSERT INTO source_fetch_windows (source_id, from_minute, until_minute, time_zone) VALUES ($1, $2, $3, $4)
         ON CONFLICT (source_id) DO UPDATE SET from_minute = excluded.from_minute,
             until_minute = excluded.until_minute, time_zone = excluded.time_zone, updated_at = now()",
    )
    .bind::<sql::Uuid, _>(source.as_uuid())
    .bind::<sql::SmallInt, _>(minute(window.from))
    .bind::<sql::SmallInt, _>(minute(window.until))
    .bind::<sql::Text, _>(window.time_zone())
    .execute(connection)
    .await?;
    Ok(())
}

pub(crate) async fn delete(connection: &mut AsyncPgConnection, source: &Slug) -> Result<bool, DatabaseError> {
    let deleted = diesel::sql_query(
        "DELETE FROM source_fetch_windows USING sources
         WHERE sources.id = source_fetch_windows.source_id AND sources.slug = $1",
    )
    .bind::<sql::Text, _>(source.as_str())
    .execute(connection)
    .await?;
    Ok(deleted == 1)
}

pub(crate) async fn find(
    connection: &mut AsyncPgConnection,
    source: &Slug,
) -> Result<Option<FetchWindow>, DatabaseError> {
    let row: Option<Row> = diesel::sql_query(
        "SELECT w.source_id, w.from_minute, w.until_minute, w.time_zone
         FROM source_fetch_windows w JOIN sources s ON s.id = w.source_id WHERE s.slug = $1",
    )
    .bind::<sql::Text, _>(source.as_str())
    .get_result(connection)
    .await
    .optional()?;
    Ok(row.as_ref().and_then(Row::window))
}

/// Sources whose pages may not be fetched at this moment. A window that cannot be read is closed: a site that asked
/// for hours must not be visited at others.
pub(crate) async fn closed(connection: &mut AsyncPgConnection, now: DateTime<Utc>) -> Result<Vec<Uuid>, DatabaseError> {
    let rows: Vec<Row> =
        diesel::sql_query("SELECT source_id, from_minute, until_minute, time_zone FROM source_fetch_windows")
            .load(connection)
            .await?;
    let is_closed = |row: &Row| !row.window().is_some_and(|window| window.is_open(now));
    Ok(rows.into_iter().filter(is_closed).map(|row| row.source_id).collect())
}
