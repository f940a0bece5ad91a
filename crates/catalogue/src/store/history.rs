//! Reading the versions of one unit.

use crate::{
    history::{VersionKey, VersionNote},
    page::{PageLimit, Total},
    store::{cached_sql::CachedSql, counting::count_rows, error::broken},
};
use chrono::{DateTime, Utc};
use diesel::{QueryableByName, sql_types as sql};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rmu_domain::{
    facts::{Standing, UnitFacts},
    ids::UnitId,
    year::Year,
};
use rmu_postgres::DatabaseError;
use uuid::Uuid;

#[derive(Debug, QueryableByName)]
struct NoteRow {
    #[diesel(sql_type = sql::Uuid)]
    id: Uuid,
    #[diesel(sql_type = sql::Integer)]
    number: i32,
    #[diesel(sql_type = sql::Nullable<sql::SmallInt>)]
    year: Option<i16>,
    #[diesel(sql_type = sql::Text)]
    code: String,
    #[diesel(sql_type = sql::Text)]
    title: String,
    #[diesel(sql_type = sql::Text)]
    source_slug: String,
    #[diesel(sql_type = sql::Integer)]
    source_version: i32,
    #[diesel(sql_type = sql::Text)]
    url: String,
    #[diesel(sql_type = sql::Timestamptz)]
    fetched_at: DateTime<Utc>,
    #[diesel(sql_type = sql::Timestamptz)]
    confirmed_at: DateTime<Utc>,
    #[diesel(sql_type = sql::Bool)]
    is_shown: bool,
}

impl From<NoteRow> for VersionNote {
    fn from(row: NoteRow) -> Self {
        Self {
            id: row.id.into(),
            number: u32::try_from(row.number).unwrap_or_default(),
            year: row.year.and_then(|year| u16::try_from(year).ok()),
            code: row.code,
            title: row.title,
            source_slug: row.source_slug,
            rules_version: u32::try_from(row.source_version).unwrap_or_default(),
            url: row.url,
            fetched_at: row.fetched_at,
            confirmed_at: row.confirmed_at,
            is_shown: row.is_shown,
        }
    }
}

const NOTE: &str = "SELECT version.id, version.number, version.year, version.facts ->> 'code' AS code,
        version.facts ->> 'title' AS title, source.slug AS source_slug, version.source_version, version.url,
        version.fetched_at, version.confirmed_at, version.id IS NOT DISTINCT FROM unit.current_version AS is_shown";

const FROM: &str = "
    FROM unit_versions AS version
    JOIN units AS unit ON unit.id = version.unit_id
    JOIN sources AS source ON source.id = version.source_id
    WHERE version.unit_id = ";

/// The versions after a place (year and number), one more than the page holds when there are more. A page
/// without a year counts as older than any year.
pub(crate) async fn page(
    connection: &mut AsyncPgConnection,
    unit: UnitId,
    after: Option<(i16, i32)>,
    limit: PageLimit,
) -> Result<Vec<VersionNote>, DatabaseError> {
    let mut statement = CachedSql::new(NOTE).sql(FROM).uuid(unit);
    if let Some((year, number)) = after {
        statement = statement.sql(" AND (coalesce(version.year, 0), version.number) < (").small(year);
        statement = statement.sql(", ").integer(number).sql(")");
    }
    let rows: Vec<NoteRow> = statement
        .sql(" ORDER BY coalesce(version.year, 0) DESC, version.number DESC LIMIT ")
        .big(limit.and_one_more())
        .load(connection)
        .await?;
    Ok(rows.into_iter().map(VersionNote::from).collect())
}

#[derive(Debug, QueryableByName)]
struct StandingRow {
    #[diesel(sql_type = sql::Nullable<sql::Text>)]
    status: Option<String>,
    #[diesel(sql_type = sql::Nullable<sql::SmallInt>)]
    year: Option<i16>,
    #[diesel(sql_type = sql::Nullable<sql::SmallInt>)]
    newest_year: Option<i16>,
}

/// How the unit stands, and the newest handbook year of its university; `None` when there is no such unit.
pub(crate) async fn standing(
    connection: &mut AsyncPgConnection,
    unit: UnitId,
) -> Result<Option<(Standing, Option<Year>)>, DatabaseError> {
    let rows: Vec<StandingRow> = CachedSql::new("SELECT unit.status, unit.year, ")
        .sql(NEWEST_YEAR)
        .sql(" FROM units AS unit WHERE unit.id = ")
        .uuid(unit)
        .load(connection)
        .await?;
    Ok(rows.into_iter().next().map(|row| {
        let newest = year(row.newest_year);
        (Standing::of(row.status.as_deref(), year(row.year), newest), newest)
    }))
}

/// The newest handbook year of the university of `unit`; looked up in an index.
pub(crate) const NEWEST_YEAR: &str =
    "(SELECT max(other.year) FROM units AS other WHERE other.university_id = unit.university_id) AS newest_year";

pub(crate) fn year(year: Option<i16>) -> Option<Year> {
    year.and_then(|year| u16::try_from(year).ok()).and_then(|year| Year::new(year).ok())
}

pub(crate) async fn count(connection: &mut AsyncPgConnection, unit: UnitId) -> Result<Total, DatabaseError> {
    count_rows(connection, CachedSql::new("SELECT FROM unit_versions WHERE unit_id = ").uuid(unit)).await
}

#[derive(Debug, QueryableByName)]
struct VersionRow {
    #[diesel(embed)]
    note: NoteRow,
    #[diesel(sql_type = sql::Jsonb)]
    facts: serde_json::Value,
}

/// One version of the unit with its facts; of a year the last.
pub(crate) async fn version(
    connection: &mut AsyncPgConnection,
    unit: UnitId,
    key: VersionKey,
) -> Result<Option<(VersionNote, UnitFacts)>, DatabaseError> {
    let statement = CachedSql::new(NOTE).sql(", version.facts").sql(FROM).uuid(unit);
    let statement = match key {
        VersionKey::Id(id) => statement.sql(" AND version.id = ").uuid(id),
        VersionKey::Year(year) => statement
            .sql(" AND version.year = ")
            .small(i16::try_from(year.get()).unwrap_or(i16::MAX))
            .sql(" ORDER BY version.number DESC LIMIT 1"),
    };
    let rows: Vec<VersionRow> = statement.load(connection).await?;
    let Some(row) = rows.into_iter().next() else { return Ok(None) };
    let facts = serde_json::from_value(row.facts).map_err(broken)?;
    Ok(Some((row.note.into(), facts)))
}
