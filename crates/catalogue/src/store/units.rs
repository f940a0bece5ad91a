//! Reading one unit.

use crate::{
    search::UniversityName,
    store::{
        cached_sql::CachedSql,
        error::broken,
        history::{NEWEST_YEAR, year},
    },
    units::{Candidate, Reading},
};
use chrono::{DateTime, Utc};
use diesel::{QueryableByName, sql_types as sql};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rmu_domain::{facts::UnitRecord, ids::UnitId, unit_code::UnitCode};
use rmu_postgres::DatabaseError;
use uuid::Uuid;

/// One code at more universities than this is told apart by name, not by a list.
const MOST_CANDIDATES: i64 = 50;

/// A unit as it is named wherever it is not the subject itself.
#[derive(Debug, QueryableByName)]
pub(crate) struct CandidateRow {
    #[diesel(sql_type = sql::Uuid)]
    id: Uuid,
    #[diesel(sql_type = sql::Text)]
    code: String,
    #[diesel(sql_type = sql::Text)]
    title: String,
    #[diesel(sql_type = sql::Uuid)]
    university_id: Uuid,
    #[diesel(sql_type = sql::Text)]
    university_slug: String,
    #[diesel(sql_type = sql::Text)]
    university_name: String,
}

const CANDIDATE: &str = "SELECT unit.id, unit.code, unit.title, university.id AS university_id,
        university.slug AS university_slug, university.name AS university_name
    FROM units AS unit JOIN universities AS university ON university.id = unit.university_id
    WHERE ";

pub(crate) async fn candidate(
    connection: &mut AsyncPgConnection,
    id: UnitId,
) -> Result<Option<Candidate>, DatabaseError> {
    // A unit that goes on under another code is that one.
    let rows: Vec<CandidateRow> = CachedSql::new(CANDIDATE)
        .sql("unit.id = (SELECT coalesce(merged_into, id) FROM units WHERE id = ")
        .uuid(id)
        .sql(")")
        .load(connection)
        .await?;
    Ok(rows.into_iter().next().map(Candidate::from))
}

/// The units that have the code, or had it before, however it is spelt.
pub(crate) async fn candidates(
    connection: &mut AsyncPgConnection,
    code: &UnitCode,
) -> Result<Vec<Candidate>, DatabaseError> {
    let rows: Vec<CandidateRow> = CachedSql::new(CANDIDATE)
        .sql("unit.id IN (SELECT coalesce(merged_into, id) FROM units WHERE code_normalised = ")
        .text(code.normalised())
        .sql(") ORDER BY university.slug LIMIT ")
        .big(MOST_CANDIDATES)
        .load(connection)
        .await?;
    Ok(rows.into_iter().map(Candidate::from).collect())
}

impl From<CandidateRow> for Candidate {
    fn from(row: CandidateRow) -> Self {
        Self {
            id: row.id.into(),
            code: row.code,
            title: row.title,
            university: UniversityName {
                id: row.university_id.into(),
                slug: row.university_slug,
                name: row.university_name,
            },
        }
    }
}

#[derive(Debug, QueryableByName)]
struct VersionRow {
    #[diesel(sql_type = sql::Integer)]
    number: i32,
    #[diesel(sql_type = sql::Jsonb)]
    facts: serde_json::Value,
    #[diesel(sql_type = sql::Jsonb)]
    gaps: serde_json::Value,
    #[diesel(sql_type = sql::Jsonb)]
    origins: serde_json::Value,
    #[diesel(sql_type = sql::Uuid)]
    source_id: Uuid,
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
    #[diesel(sql_type = sql::Timestamptz)]
    first_seen_at: DateTime<Utc>,
    #[diesel(sql_type = sql::Timestamptz)]
    last_seen_at: DateTime<Utc>,
    #[diesel(sql_type = sql::Nullable<sql::SmallInt>)]
    newest_year: Option<i16>,
}

const VERSION: &str = "SELECT version.number, version.facts, version.gaps, version.origins, version.source_id,
        source.slug AS source_slug, version.source_version, version.url, version.fetched_at, version.confirmed_at,
        unit.first_seen_at, unit.last_seen_at, ";

const OF_UNITS: &str = "
    FROM units AS unit
    JOIN unit_versions AS version ON version.id = unit.current_version
    JOIN sources AS source ON source.id = version.source_id
    ";

/// The version that the unit's row points at.
pub(crate) async fn newest(
    connection: &mut AsyncPgConnection,
    unit: UnitId,
) -> Result<Option<(UnitRecord, Reading)>, DatabaseError> {
    let rows: Vec<VersionRow> = CachedSql::new(VERSION)
        .sql(NEWEST_YEAR)
        .sql(OF_UNITS)
        .sql("WHERE unit.id = ")
        .uuid(unit)
        .load(connection)
        .await?;
    rows.into_iter().next().map(VersionRow::into_parts).transpose()
}

/// A unit as its newest version says, as far as its own rows tell.
pub(crate) struct Detail {
    pub(crate) unit: Candidate,
    pub(crate) record: UnitRecord,
    pub(crate) read: Reading,
    pub(crate) formerly: Vec<String>,
}

#[derive(Debug, QueryableByName)]
struct DetailRow {
    #[diesel(embed)]
    unit: CandidateRow,
    #[diesel(embed)]
    version: VersionRow,
    #[diesel(sql_type = sql::Array<sql::Text>)]
    formerly: Vec<String>,
}

/// Several units, in any order; of those that go on under another code, the ones that they go on as.
pub(crate) async fn details(
    connection: &mut AsyncPgConnection,
    units: &[UnitId],
) -> Result<Vec<Detail>, DatabaseError> {
    let rows: Vec<DetailRow> = details_statement(units).load(connection).await?;
    let detail = |row: DetailRow| {
        let (record, read) = row.version.into_parts()?;
        Ok(Detail { unit: row.unit.into(), record, read, formerly: row.formerly })
    };
    rows.into_iter().map(detail).collect()
}

pub(super) fn details_statement(units: &[UnitId]) -> CachedSql {
    CachedSql::new(VERSION)
        .sql(NEWEST_YEAR)
        .sql(
            ", unit.id, unit.code, unit.title, university.id AS university_id, university.slug AS university_slug,
               university.name AS university_name,
               ARRAY(SELECT former.code FROM units AS former WHERE former.merged_into = unit.id
                     ORDER BY former.code_normalised) AS formerly",
        )
        .sql(OF_UNITS)
        .sql(
            "JOIN universities AS university ON university.id = unit.university_id
             WHERE unit.id IN (SELECT coalesce(asked.merged_into, asked.id) FROM units AS asked WHERE asked.id",
        )
        .one_of(&units.iter().map(|unit| unit.as_uuid()).collect::<Vec<_>>())
        .sql(")")
}

impl VersionRow {
    fn into_parts(self) -> Result<(UnitRecord, Reading), DatabaseError> {
        let record = UnitRecord {
            facts: serde_json::from_value(self.facts).map_err(broken)?,
            gaps: serde_json::from_value(self.gaps).map_err(broken)?,
            origins: serde_json::from_value(self.origins).map_err(broken)?,
        };
        let read = Reading {
            version: u32::try_from(self.number).unwrap_or_default(),
            source: self.source_id.into(),
            source_slug: self.source_slug,
            rules_version: u32::try_from(self.source_version).unwrap_or_default(),
            url: self.url,
            fetched_at: self.fetched_at,
            confirmed_at: self.confirmed_at,
            first_seen_at: self.first_seen_at,
            last_seen_at: self.last_seen_at,
            newest_handbook: year(self.newest_year),
        };
        Ok((record, read))
    }
}
