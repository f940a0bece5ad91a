//! SQL of what administrators see of a source's health.

use crate::source_health::{Canary, PausedSource, RunHealth};
use chrono::{DateTime, Utc};
use diesel::{QueryableByName, sql_types as sql};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rmu_domain::{facts::FactName, ids::SourceId, scrape::JobState};
use rmu_postgres::DatabaseError;
use std::collections::HashMap;
use uuid::Uuid;

const RUNS: i64 = 10;

/// How many of so many give each fact.
pub(crate) struct Fill {
    total: i64,
    by_fact: HashMap<String, i64>,
}

impl Fill {
    pub(crate) fn share(&self, fact: FactName) -> Option<f64> {
        let count = |number: i64| f64::from(u32::try_from(number).unwrap_or(u32::MAX));
        let given = self.by_fact.get(fact.as_str()).copied().unwrap_or_default();
        (self.total > 0).then(|| count(given) / count(self.total))
    }
}

#[derive(QueryableByName)]
struct FillRow {
    #[diesel(sql_type = sql::Text)]
    fact: String,
    #[diesel(sql_type = sql::BigInt)]
    given: i64,
    #[diesel(sql_type = sql::BigInt)]
    total: i64,
}

/// Every unit has a code, so that there is a row whenever there is a unit.
fn fill(rows: Vec<FillRow>) -> Fill {
    let total = rows.iter().map(|row| row.total).max().unwrap_or_default();
    Fill { total, by_fact: rows.into_iter().map(|row| (row.fact, row.given)).collect() }
}

/// Over the units that this source shows.
pub(crate) async fn baseline(connection: &mut AsyncPgConnection, source: SourceId) -> Result<Fill, DatabaseError> {
    let rows = diesel::sql_query(
        "WITH shown AS (
             SELECT v.facts FROM units u JOIN unit_versions v ON v.id = u.current_version WHERE v.source_id = $1)
         SELECT f.key AS fact, count(*) AS given, (SELECT count(*) FROM shown) AS total
         FROM shown, jsonb_each(shown.facts) AS f
         WHERE f.value <> 'null'
         GROUP BY f.key",
    )
    .bind::<sql::Uuid, _>(source.as_uuid())
    .load(connection)
    .await?;
    Ok(fill(rows))
}

/// Over the pages that the latest run has read.
pub(crate) async fn latest(connection: &mut AsyncPgConnection, source: SourceId) -> Result<Fill, DatabaseError> {
    let rows = diesel::sql_query(
        "WITH latest AS (
             SELECT present FROM source_readings
             WHERE source_id = $1 AND job_id = (
                 SELECT job_id FROM source_readings WHERE source_id = $1 ORDER BY read_at DESC LIMIT 1))
         SELECT fact, count(*) AS given, (SELECT count(*) FROM latest) AS total
         FROM latest, unnest(latest.present || ARRAY['']) AS fact
         GROUP BY fact",
    )
    .bind::<sql::Uuid, _>(source.as_uuid())
    .load(connection)
    .await?;
    Ok(fill(rows))
}

#[derive(QueryableByName)]
struct RunRow {
    #[diesel(sql_type = sql::Uuid)]
    id: Uuid,
    #[diesel(sql_type = sql::Text)]
    state: String,
    #[diesel(sql_type = sql::Timestamptz)]
    created_at: DateTime<Utc>,
    #[diesel(sql_type = sql::Integer)]
    read: i32,
    #[diesel(sql_type = sql::Integer)]
    not_found: i32,
    #[diesel(sql_type = sql::Integer)]
    dead: i32,
}

pub(crate) async fn runs(
    connection: &mut AsyncPgConnection,
    source: SourceId,
) -> Result<Vec<RunHealth>, DatabaseError> {
    let rows: Vec<RunRow> = diesel::sql_query(
        "SELECT id, state, created_at, succeeded + unchanged AS read, not_found, dead
         FROM scrape_jobs WHERE source_id = $1 ORDER BY id DESC LIMIT $2",
    )
    .bind::<sql::Uuid, _>(source.as_uuid())
    .bind::<sql::BigInt, _>(RUNS)
    .load(connection)
    .await?;
    let count = |number: i32| u32::try_from(number).unwrap_or_default();
    let run = |row: RunRow| RunHealth {
        job: row.id.into(),
        // The table's own check allows only these names.
        state: JobState::parse(&row.state).unwrap_or(JobState::Failed),
        started_at: row.created_at,
        read: count(row.read),
        not_found: count(row.not_found),
        dead: count(row.dead),
    };
    Ok(rows.into_iter().map(run).collect())
}

#[derive(QueryableByName)]
struct CanaryRow {
    #[diesel(sql_type = sql::Text)]
    code: String,
    #[diesel(sql_type = sql::Nullable<sql::Text>)]
    verdict: Option<String>,
    #[diesel(sql_type = sql::Nullable<sql::Timestamptz>)]
    read_at: Option<DateTime<Utc>>,
}

/// How each canary was read last, at its worst where it has several pages.
pub(crate) async fn canaries(
    connection: &mut AsyncPgConnection,
    source: SourceId,
    codes: &[String],
) -> Result<Vec<Canary>, DatabaseError> {
    let rows: Vec<CanaryRow> = diesel::sql_query(
        "SELECT DISTINCT ON (c.code) c.code, r.verdict, r.read_at
         FROM unnest($2) AS c (code)
         LEFT JOIN units u ON u.code_normalised = c.code
         LEFT JOIN source_pages p ON p.unit_id = u.id AND p.source_id = $1
         LEFT JOIN source_readings r ON r.source_id = p.source_id AND r.target_key = p.target_key
         ORDER BY c.code, r.verdict = 'kept' NULLS LAST, r.read_at DESC",
    )
    .bind::<sql::Uuid, _>(source.as_uuid())
    .bind::<sql::Array<sql::Text>, _>(codes)
    .load(connection)
    .await?;
    Ok(rows.into_iter().map(|row| Canary { code: row.code, verdict: row.verdict, read_at: row.read_at }).collect())
}

#[derive(QueryableByName)]
struct PausedRow {
    #[diesel(sql_type = sql::Text)]
    slug: String,
    #[diesel(sql_type = sql::Text)]
    reason: String,
}

pub(crate) async fn paused(connection: &mut AsyncPgConnection) -> Result<Vec<PausedSource>, DatabaseError> {
    let rows: Vec<PausedRow> = diesel::sql_query(
        "SELECT s.slug, h.reason FROM source_health h JOIN sources s ON s.id = h.source_id
         WHERE h.paused_at IS NOT NULL ORDER BY s.slug",
    )
    .load(connection)
    .await?;
    Ok(rows.into_iter().map(|row| PausedSource { slug: row.slug, reason: row.reason }).collect())
}
