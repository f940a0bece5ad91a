//! SQL of the health of sources.

use crate::ingest::{TaskResult, present};
use chrono::{DateTime, Utc};
use diesel::{OptionalExtension, QueryableByName, sql_types as sql};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rmu_domain::{
    facts::{FactName, UnitFacts},
    ids::{SourceId, UniversityId},
    unit_code::UnitCode,
};
use rmu_postgres::DatabaseError;
use std::collections::BTreeSet;
use uuid::Uuid;

/// Drift is looked for among so many of the latest pages …
const WINDOW: i64 = 10;
/// … and found when so many of them went wrong.
const TOO_MANY: i64 = 5;
/// So many other pages must still give a fact before one page is believed to have lost it, ten for each that has not.
const WITNESSES: i64 = 10;

/// What is known of a source's state.
#[derive(Debug, Clone)]
pub(crate) struct Health {
    pub(crate) since: DateTime<Utc>,
    pub(crate) is_paused: bool,
    pub(crate) paused_at: Option<DateTime<Utc>>,
    pub(crate) reason: Option<String>,
    pub(crate) vanished: Vec<String>,
    pub(crate) accepted: Vec<String>,
    pub(crate) accepted_version: Option<i32>,
    pub(crate) canaries: Vec<String>,
}

impl Health {
    pub(crate) fn has_given_up(&self, fact: FactName, version: u32) -> bool {
        let version = i32::try_from(version).ok();
        self.accepted_version.is_some()
            && self.accepted_version == version
            && self.accepted.iter().any(|name| name == fact.as_str())
    }

    pub(crate) fn is_canary(&self, code: &UnitCode) -> bool {
        self.canaries.contains(&code.normalised().to_owned())
    }
}

#[derive(QueryableByName)]
struct HealthRow {
    #[diesel(sql_type = sql::Timestamptz)]
    since: DateTime<Utc>,
    #[diesel(sql_type = sql::Nullable<sql::Timestamptz>)]
    paused_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = sql::Nullable<sql::Text>)]
    reason: Option<String>,
    #[diesel(sql_type = sql::Array<sql::Text>)]
    vanished: Vec<String>,
    #[diesel(sql_type = sql::Array<sql::Text>)]
    accepted: Vec<String>,
    #[diesel(sql_type = sql::Nullable<sql::Integer>)]
    accepted_version: Option<i32>,
    #[diesel(sql_type = sql::Array<sql::Text>)]
    canaries: Vec<String>,
}

pub(crate) async fn of(connection: &mut AsyncPgConnection, source: SourceId) -> Result<Health, DatabaseError> {
    let row: Option<HealthRow> = diesel::sql_query(
        "SELECT since, paused_at, reason, vanished, accepted, accepted_version, canaries
         FROM source_health WHERE source_id = $1",
    )
    .bind::<sql::Uuid, _>(source.as_uuid())
    .get_result(connection)
    .await
    .optional()?;
    let row = row.unwrap_or(HealthRow {
        since: DateTime::UNIX_EPOCH,
        paused_at: None,
        reason: None,
        vanished: Vec::new(),
        accepted: Vec::new(),
        accepted_version: None,
        canaries: Vec::new(),
    });
    Ok(Health {
        since: row.since,
        is_paused: row.paused_at.is_some(),
        paused_at: row.paused_at,
        reason: row.reason,
        vanished: row.vanished,
        accepted: row.accepted,
        accepted_version: row.accepted_version,
        canaries: row.canaries,
    })
}

/// Why the source is paused, if it is.
pub(crate) async fn paused_reason(
    connection: &mut AsyncPgConnection,
    source: SourceId,
) -> Result<Option<String>, DatabaseError> {
    Ok(of(connection, source).await?.reason)
}

#[derive(QueryableByName)]
struct SourceIdRow {
    #[diesel(sql_type = sql::Uuid)]
    source_id: Uuid,
}

/// Sources of which nothing may be sent.
pub(crate) async fn paused(connection: &mut AsyncPgConnection) -> Result<Vec<Uuid>, DatabaseError> {
    let rows: Vec<SourceIdRow> =
        diesel::sql_query("SELECT source_id FROM source_health WHERE paused_at IS NOT NULL").load(connection).await?;
    Ok(rows.into_iter().map(|row| row.source_id).collect())
}

/// What a new reading must not lose.
pub(crate) struct Stored {
    pub(crate) facts: BTreeSet<FactName>,
    pub(crate) fetched_at: DateTime<Utc>,
}

#[derive(QueryableByName)]
struct FactsRow {
    #[diesel(sql_type = sql::Jsonb)]
    facts: serde_json::Value,
    #[diesel(sql_type = sql::Timestamptz)]
    fetched_at: DateTime<Utc>,
    #[diesel(sql_type = sql::Text)]
    code: String,
}

/// The version that would be replaced: that of the same handbook year or, for a year that is new, the one that is
/// shown. `None` for a year older than the one shown, which replaces nothing.
pub(crate) async fn facts_to_keep(
    connection: &mut AsyncPgConnection,
    university: UniversityId,
    facts: &UnitFacts,
) -> Result<Option<Stored>, DatabaseError> {
    let year = facts.year.and_then(|year| i16::try_from(year.get()).ok());
    let row: Option<FactsRow> = diesel::sql_query(
        "SELECT v.facts, v.fetched_at, u.code
         FROM units u
         JOIN unit_versions v ON v.unit_id = u.id
         WHERE u.university_id = $1 AND u.code_normalised = $2
           AND (v.year IS NOT DISTINCT FROM $3
                OR (v.id = u.current_version AND coalesce(v.year, 0) <= coalesce($3, 0)))
         ORDER BY v.year IS NOT DISTINCT FROM $3 DESC, v.number DESC
         LIMIT 1",
    )
    .bind::<sql::Uuid, _>(university.as_uuid())
    .bind::<sql::Text, _>(facts.code.normalised())
    .bind::<sql::Nullable<sql::SmallInt>, _>(year)
    .get_result(connection)
    .await
    .optional()?;
    Ok(row.map(|row| Stored { facts: names_of(row.facts), fetched_at: row.fetched_at }))
}

/// What the page gave last, and of which unit; `None` for a page that never was a unit.
pub(crate) async fn facts_of_page(
    connection: &mut AsyncPgConnection,
    source: SourceId,
    target_key: &str,
) -> Result<Option<(UnitCode, BTreeSet<FactName>)>, DatabaseError> {
    let row: Option<FactsRow> = diesel::sql_query(
        "SELECT v.facts, v.fetched_at, u.code
         FROM source_pages p
         JOIN units u ON u.id = p.unit_id
         JOIN unit_versions v ON v.unit_id = p.unit_id AND v.year IS NOT DISTINCT FROM p.year
         WHERE p.source_id = $1 AND p.target_key = $2
         ORDER BY v.number DESC
         LIMIT 1",
    )
    .bind::<sql::Uuid, _>(source.as_uuid())
    .bind::<sql::Text, _>(target_key)
    .get_result(connection)
    .await
    .optional()?;
    Ok(row.and_then(|row| Some((UnitCode::parse(&row.code).ok()?, names_of(row.facts)))))
}

/// Facts that an older version of this program stored and this one cannot read have no names here.
fn names_of(facts: serde_json::Value) -> BTreeSet<FactName> {
    serde_json::from_value::<UnitFacts>(facts).map(|facts| present(&facts)).unwrap_or_default()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Kept,
    Lost,
    Unread,
}

impl Verdict {
    fn as_str(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Lost => "lost",
            Self::Unread => "unread",
        }
    }
}

/// How a page was read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reading<'a> {
    pub(crate) result: &'a TaskResult,
    pub(crate) target_key: &'a str,
    pub(crate) present: &'a BTreeSet<FactName>,
    pub(crate) lost: &'a BTreeSet<FactName>,
}

#[derive(QueryableByName)]
struct LostSince {
    #[diesel(sql_type = sql::Nullable<sql::Timestamptz>)]
    lost_since: Option<DateTime<Utc>>,
}

/// Notes the latest reading of a page, and returns since when it has been losing facts.
pub(crate) async fn note(
    connection: &mut AsyncPgConnection,
    reading: &Reading<'_>,
    verdict: Verdict,
) -> Result<Option<DateTime<Utc>>, DatabaseError> {
    let row: LostSince = diesel::sql_query(
        "INSERT INTO source_readings AS r (source_id, target_key, job_id, read_at, verdict, present, lost, lost_since)
         VALUES ($1, $2, $3, clock_timestamp(), $4, $5, $6, CASE WHEN $4 = 'lost' THEN clock_timestamp() END)
         ON CONFLICT (source_id, target_key) DO UPDATE SET
             job_id = excluded.job_id, read_at = excluded.read_at, verdict = excluded.verdict,
             present = excluded.present, lost = excluded.lost,
             lost_since = CASE WHEN $4 = 'lost' THEN coalesce(r.lost_since, excluded.lost_since) END
         RETURNING lost_since",
    )
    .bind::<sql::Uuid, _>(reading.result.source.as_uuid())
    .bind::<sql::Text, _>(reading.target_key)
    .bind::<sql::Uuid, _>(reading.result.job.as_uuid())
    .bind::<sql::Text, _>(verdict.as_str())
    .bind::<sql::Array<sql::Text>, _>(texts(reading.present))
    .bind::<sql::Array<sql::Text>, _>(texts(reading.lost))
    .get_result(connection)
    .await?;
    Ok(row.lost_since)
}

#[derive(QueryableByName)]
struct Fact {
    #[diesel(sql_type = sql::Text)]
    fact: String,
}

/// Of these facts those that too many of the latest pages which used to give them have lost.
pub(crate) async fn collapsed(
    connection: &mut AsyncPgConnection,
    source: SourceId,
    lost: &BTreeSet<FactName>,
    since: DateTime<Utc>,
) -> Result<BTreeSet<FactName>, DatabaseError> {
    let rows: Vec<Fact> = diesel::sql_query(
        "SELECT f.fact FROM unnest($2) AS f (fact)
         WHERE $4 <= (
             SELECT count(*) FILTER (WHERE latest.gone) FROM (
                 SELECT f.fact = ANY(r.lost) AS gone
                 FROM source_readings r
                 WHERE r.source_id = $1 AND r.read_at >= $3 AND r.verdict <> 'unread'
                   AND (f.fact = ANY(r.lost) OR f.fact = ANY(r.present))
                 ORDER BY r.read_at DESC LIMIT $5) latest)",
    )
    .bind::<sql::Uuid, _>(source.as_uuid())
    .bind::<sql::Array<sql::Text>, _>(texts(lost))
    .bind::<sql::Timestamptz, _>(since)
    .bind::<sql::BigInt, _>(TOO_MANY)
    .bind::<sql::BigInt, _>(WINDOW)
    .load(connection)
    .await?;
    Ok(rows.into_iter().filter_map(|row| row.fact.parse().ok()).collect())
}

/// When too many of the latest pages could not be read: what they used to give.
pub(crate) async fn unread(
    connection: &mut AsyncPgConnection,
    source: SourceId,
    since: DateTime<Utc>,
) -> Result<Option<BTreeSet<FactName>>, DatabaseError> {
    let rows: Vec<Fact> = diesel::sql_query(
        "WITH latest AS (
             SELECT verdict, lost FROM source_readings
             WHERE source_id = $1 AND read_at >= $2 ORDER BY read_at DESC LIMIT $4)
         SELECT DISTINCT fact FROM latest, unnest(lost) AS fact
         WHERE verdict = 'unread' AND $3 <= (SELECT count(*) FROM latest WHERE verdict = 'unread')",
    )
    .bind::<sql::Uuid, _>(source.as_uuid())
    .bind::<sql::Timestamptz, _>(since)
    .bind::<sql::BigInt, _>(TOO_MANY)
    .bind::<sql::BigInt, _>(WINDOW)
    .load(connection)
    .await?;
    let vanished: BTreeSet<FactName> = rows.into_iter().filter_map(|row| row.fact.parse().ok()).collect();
    Ok(Some(vanished).filter(|vanished| !vanished.is_empty()))
}

/// Whether enough other pages have given each of these facts since.
pub(crate) async fn still_given(
    connection: &mut AsyncPgConnection,
    source: SourceId,
    target_key: &str,
    lost: &BTreeSet<FactName>,
    since: DateTime<Utc>,
) -> Result<bool, DatabaseError> {
    let doubtful: Vec<Fact> = diesel::sql_query(
        "SELECT f.fact FROM unnest($3) AS f (fact)
         WHERE NOT (
             SELECT count(*) FILTER (WHERE f.fact = ANY(r.present)) >= $5
                AND count(*) FILTER (WHERE f.fact = ANY(r.present))
                    >= 10 * count(*) FILTER (WHERE f.fact = ANY(r.lost))
             FROM source_readings r
             WHERE r.source_id = $1 AND r.target_key <> $2 AND r.read_at > $4)",
    )
    .bind::<sql::Uuid, _>(source.as_uuid())
    .bind::<sql::Text, _>(target_key)
    .bind::<sql::Array<sql::Text>, _>(texts(lost))
    .bind::<sql::Timestamptz, _>(since)
    .bind::<sql::BigInt, _>(WITNESSES)
    .load(connection)
    .await?;
    Ok(doubtful.is_empty())
}

/// Pauses a source; one that is paused keeps its first reason.
pub(crate) async fn pause(
    connection: &mut AsyncPgConnection,
    source: SourceId,
    reason: &str,
    vanished: &BTreeSet<FactName>,
) -> Result<(), DatabaseError> {
    let paused = diesel::sql_query(
        "INSERT INTO source_health AS h (source_id, paused_at, reason, vanished)
         VALUES ($1, clock_timestamp(), $2, $3)
         ON CONFLICT (source_id) DO UPDATE SET
             paused_at = excluded.paused_at, reason = excluded.reason, vanished = excluded.vanished
         WHERE h.paused_at IS NULL",
    )
    .bind::<sql::Uuid, _>(source.as_uuid())
    .bind::<sql::Text, _>(reason)
    .bind::<sql::Array<sql::Text>, _>(texts(vanished))
    .execute(connection)
    .await?;
    if paused == 1 {
        tracing::error!(source_id = %source, reason, "a source's shape has changed; it is paused");
    }
    Ok(())
}

/// Lifts a pause; what was read before does not count any more.
pub(crate) async fn resume(connection: &mut AsyncPgConnection, source: SourceId) -> Result<(), DatabaseError> {
    diesel::sql_query(
        "UPDATE source_health SET paused_at = NULL, reason = NULL, vanished = '{}', since = clock_timestamp()
         WHERE source_id = $1",
    )
    .bind::<sql::Uuid, _>(source.as_uuid())
    .execute(connection)
    .await?;
    Ok(())
}

/// Gives facts up for one version of the rules, beside those given up for it before.
pub(crate) async fn accept(
    connection: &mut AsyncPgConnection,
    source: SourceId,
    facts: &[String],
    version: i32,
) -> Result<(), DatabaseError> {
    diesel::sql_query(
        "INSERT INTO source_health AS h (source_id, accepted, accepted_version) VALUES ($1, $2, $3)
         ON CONFLICT (source_id) DO UPDATE SET accepted_version = excluded.accepted_version,
             accepted = CASE WHEN h.accepted_version = excluded.accepted_version
                 THEN ARRAY(SELECT DISTINCT unnest(h.accepted || excluded.accepted) ORDER BY 1)
                 ELSE excluded.accepted END",
    )
    .bind::<sql::Uuid, _>(source.as_uuid())
    .bind::<sql::Array<sql::Text>, _>(facts)
    .bind::<sql::Integer, _>(version)
    .execute(connection)
    .await?;
    Ok(())
}

pub(crate) async fn set_canaries(
    connection: &mut AsyncPgConnection,
    source: SourceId,
    codes: &[String],
) -> Result<(), DatabaseError> {
    diesel::sql_query(
        "INSERT INTO source_health (source_id, canaries) VALUES ($1, $2)
         ON CONFLICT (source_id) DO UPDATE SET canaries = excluded.canaries",
    )
    .bind::<sql::Uuid, _>(source.as_uuid())
    .bind::<sql::Array<sql::Text>, _>(codes)
    .execute(connection)
    .await?;
    Ok(())
}

fn texts(facts: &BTreeSet<FactName>) -> Vec<String> {
    facts.iter().map(|fact| fact.as_str().to_owned()).collect()
}
