//! SQL of units' versions as the ingest writes them.

use crate::store::{
    schema::{source_pages as pages, unit_versions as versions, units},
    sources::SourceVersion,
};
use chrono::{DateTime, Utc};
use diesel::{prelude::*, sql_types as sql};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rmu_domain::{
    facts::{UnitFacts, UnitRecord},
    ids::{SourceId, UnitId, UniversityId},
};
use rmu_postgres::DatabaseError;
use uuid::Uuid;

/// Finds the unit by its code or creates it; either way its row is locked until the transaction ends. Beside it the
/// unit that it goes on as, when the code is a former one.
pub(crate) async fn lock_unit(
    connection: &mut AsyncPgConnection,
    university: UniversityId,
    facts: &UnitFacts,
    seen_at: DateTime<Utc>,
) -> Result<(UnitId, Option<UnitId>), DatabaseError> {
    let (unit, goes_on_as): (Uuid, Option<Uuid>) = diesel::insert_into(units::table)
        .values((
            units::id.eq(UnitId::new().as_uuid()),
            units::university_id.eq(university.as_uuid()),
            units::code.eq(facts.code.as_str()),
            units::code_normalised.eq(facts.code.normalised()),
            units::title.eq(&facts.title),
            units::first_seen_at.eq(seen_at),
            units::last_seen_at.eq(seen_at),
        ))
        .on_conflict((units::university_id, units::code_normalised))
        .do_update()
        // Changes nothing but locks the row, which `DO NOTHING` would not.
        .set(units::first_seen_at.eq(units::first_seen_at))
        .returning((units::id, units::merged_into))
        .get_result(connection)
        .await?;
    Ok((unit.into(), goes_on_as.map(UnitId::from)))
}

/// The newest version of one handbook year.
#[derive(Debug, Clone, Queryable)]
pub(crate) struct Latest {
    pub(crate) id: Uuid,
    pub(crate) content_hash: String,
    pub(crate) fetched_at: DateTime<Utc>,
}

pub(crate) async fn latest_of_year(
    connection: &mut AsyncPgConnection,
    unit: UnitId,
    year: Option<i16>,
) -> Result<Option<Latest>, DatabaseError> {
    Ok(versions::table
        .filter(versions::unit_id.eq(unit.as_uuid()))
        .filter(versions::year.is_not_distinct_from(year))
        .order(versions::number.desc())
        .select((versions::id, versions::content_hash, versions::fetched_at))
        .first(connection)
        .await
        .optional()?)
}

pub(crate) struct NewVersion<'a> {
    pub(crate) unit: UnitId,
    pub(crate) year: Option<i16>,
    pub(crate) content_hash: &'a str,
    pub(crate) record: &'a UnitRecord,
    pub(crate) source: &'a SourceVersion,
    pub(crate) url: &'a str,
    pub(crate) fetched_at: DateTime<Utc>,
}

/// Adds a version of a locked unit.
pub(crate) async fn insert(connection: &mut AsyncPgConnection, new: NewVersion<'_>) -> Result<Uuid, DatabaseError> {
    let last: Option<i32> = versions::table
        .filter(versions::unit_id.eq(new.unit.as_uuid()))
        .select(diesel::dsl::max(versions::number))
        .get_result(connection)
        .await?;
    let id = Uuid::now_v7();
    diesel::insert_into(versions::table)
        .values((
            versions::id.eq(id),
            versions::unit_id.eq(new.unit.as_uuid()),
            versions::number.eq(last.unwrap_or(0) + 1),
            versions::year.eq(new.year),
            versions::content_hash.eq(new.content_hash),
            versions::facts.eq(json(&new.record.facts)?),
            versions::gaps.eq(json(&new.record.gaps)?),
            versions::origins.eq(json(&new.record.origins)?),
            versions::source_id.eq(new.source.source.as_uuid()),
            versions::source_version.eq(new.source.version),
            versions::url.eq(new.url),
            versions::fetched_at.eq(new.fetched_at),
            versions::confirmed_at.eq(new.fetched_at),
        ))
        .execute(connection)
        .await?;
    Ok(id)
}

/// Whether no later handbook year of the unit is known. Pages without a year count as older than any year.
pub(crate) async fn is_newest_year(
    connection: &mut AsyncPgConnection,
    unit: UnitId,
    year: Option<i16>,
) -> Result<bool, DatabaseError> {
    let newest: Option<i16> = versions::table
        .filter(versions::unit_id.eq(unit.as_uuid()))
        .select(diesel::dsl::max(versions::year))
        .get_result(connection)
        .await?;
    Ok(year >= newest)
}

/// The newest version said this; for lists, filters and search.
#[derive(AsChangeset)]
#[diesel(table_name = units, treat_none_as_null = true)]
pub(crate) struct Summary<'a> {
    pub(crate) code: &'a str,
    pub(crate) title: &'a str,
    pub(crate) year: Option<i16>,
    pub(crate) status: Option<&'a str>,
    pub(crate) credit_points_thousandths: Option<i32>,
    pub(crate) level: Option<i16>,
    pub(crate) study_level: Option<&'a str>,
    pub(crate) faculty: Option<&'a str>,
    pub(crate) school: Option<&'a str>,
    pub(crate) description: Option<&'a str>,
    pub(crate) sessions: Option<Vec<String>>,
    pub(crate) modes: Option<Vec<String>>,
    pub(crate) requisite_free: Option<bool>,
}

/// Makes a version the one that the unit shows.
pub(crate) async fn show(
    connection: &mut AsyncPgConnection,
    unit: UnitId,
    version: Uuid,
    summary: &Summary<'_>,
    seen_at: DateTime<Utc>,
) -> Result<(), DatabaseError> {
    diesel::update(units::table.find(unit.as_uuid()))
        .set((summary, units::current_version.eq(version), units::last_seen_at.eq(seen_at)))
        .execute(connection)
        .await?;
    Ok(())
}

/// A page said again what this version says.
pub(crate) async fn confirm(
    connection: &mut AsyncPgConnection,
    version: Uuid,
    unit: UnitId,
    seen_at: DateTime<Utc>,
) -> Result<(), DatabaseError> {
    diesel::sql_query("UPDATE unit_versions SET confirmed_at = greatest(confirmed_at, $2) WHERE id = $1")
        .bind::<sql::Uuid, _>(version)
        .bind::<sql::Timestamptz, _>(seen_at)
        .execute(connection)
        .await?;
    diesel::sql_query("UPDATE units SET last_seen_at = greatest(last_seen_at, $2) WHERE id = $1")
        .bind::<sql::Uuid, _>(unit.as_uuid())
        .bind::<sql::Timestamptz, _>(seen_at)
        .execute(connection)
        .await?;
    Ok(())
}

/// Notes which unit and year a target led to.
pub(crate) async fn remember_page(
    connection: &mut AsyncPgConnection,
    source: SourceId,
    target_key: &str,
    unit: UnitId,
    year: Option<i16>,
    seen_at: DateTime<Utc>,
) -> Result<(), DatabaseError> {
    let found = (pages::unit_id.eq(unit.as_uuid()), pages::year.eq(year), pages::seen_at.eq(seen_at));
    diesel::insert_into(pages::table)
        .values((pages::source_id.eq(source.as_uuid()), pages::target_key.eq(target_key), found))
        .on_conflict((pages::source_id, pages::target_key))
        .do_update()
        .set(found)
        .execute(connection)
        .await?;
    Ok(())
}

/// Confirms the version that the page led to last time; false when nothing is known of the page.
pub(crate) async fn confirm_page(
    connection: &mut AsyncPgConnection,
    source: SourceId,
    target_key: &str,
    seen_at: DateTime<Utc>,
) -> Result<bool, DatabaseError> {
    let page: Option<(Uuid, Option<i16>)> = pages::table
        .find((source.as_uuid(), target_key))
        .select((pages::unit_id, pages::year))
        .first(connection)
        .await
        .optional()?;
    let Some((unit, year)) = page else { return Ok(false) };
    let Some(latest) = latest_of_year(connection, unit.into(), year).await? else { return Ok(false) };
    confirm(connection, latest.id, unit.into(), seen_at).await?;
    remember_page(connection, source, target_key, unit.into(), year, seen_at).await?;
    Ok(true)
}

/// Confirms the versions that entries of a feed led to last time, where these are still the newest and have the
/// same hash. Returns the keys of the entries of which nothing else is known.
pub(crate) async fn confirm_entries(
    connection: &mut AsyncPgConnection,
    source: SourceId,
    entries: &[(String, String)],
    seen_at: DateTime<Utc>,
) -> Result<Vec<String>, DatabaseError> {
    #[derive(QueryableByName)]
    struct Confirmed {
        #[diesel(sql_type = sql::Text)]
        target_key: String,
    }
    let (keys, hashes): (Vec<&str>, Vec<&str>) =
        entries.iter().map(|(key, hash)| (key.as_str(), hash.as_str())).unzip();
    let confirmed: Vec<Confirmed> = diesel::sql_query(
        "WITH said AS (
             SELECT p.target_key, p.unit_id, v.id AS version
             FROM unnest($2, $3) AS entry (target_key, content_hash)
             JOIN source_pages p ON p.source_id = $1 AND p.target_key = entry.target_key
             CROSS JOIN LATERAL (
                 SELECT v.id, v.content_hash FROM unit_versions v
                 WHERE v.unit_id = p.unit_id AND v.year IS NOT DISTINCT FROM p.year
                 ORDER BY v.number DESC LIMIT 1) v
             WHERE v.content_hash = entry.content_hash
         ), versions AS (
             UPDATE unit_versions v SET confirmed_at = greatest(confirmed_at, $4) FROM said WHERE v.id = said.version
         ), seen AS (
             UPDATE units u SET last_seen_at = greatest(last_seen_at, $4) FROM said WHERE u.id = said.unit_id
         ), pages AS (
             UPDATE source_pages p SET seen_at = greatest(seen_at, $4) FROM said
             WHERE p.source_id = $1 AND p.target_key = said.target_key
         )
         SELECT target_key FROM said",
    )
    .bind::<sql::Uuid, _>(source.as_uuid())
    .bind::<sql::Array<sql::Text>, _>(keys)
    .bind::<sql::Array<sql::Text>, _>(hashes)
    .bind::<sql::Timestamptz, _>(seen_at)
    .load(connection)
    .await?;
    let confirmed: std::collections::BTreeSet<String> = confirmed.into_iter().map(|row| row.target_key).collect();
    Ok(entries.iter().map(|(key, _)| key).filter(|key| !confirmed.contains(*key)).cloned().collect())
}

fn json<T: serde::Serialize>(value: &T) -> Result<serde_json::Value, DatabaseError> {
    serde_json::to_value(value)
        .map_err(|error| DatabaseError::Query(diesel::result::Error::SerializationError(Box::new(error))))
}
