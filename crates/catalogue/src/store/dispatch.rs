//! SQL of sending tasks.

use crate::{
    ledger::{DispatchOrder, DueTask, SourceSnapshot, Target},
    store::schema::{scrape_tasks as tasks, source_versions, sources},
};
use chrono::{DateTime, Utc};
use diesel::{prelude::*, sql_types as sql};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rmu_domain::{ids::TaskId, scrape::TaskState};
use rmu_postgres::DatabaseError;
use serde_json::Value;
use std::{collections::HashMap, sync::Arc};
use uuid::Uuid;

/// Locks up to `limit` tasks that are due, of running jobs, within each source's window. Those that another
/// relay has locked are passed over.
///
/// Equally urgent ones go in turns from source to source, those with the fewest out first: pages of one host are read one
/// at a time, so whoever came first with many would else keep all workers waiting for its turns while other hosts are
/// idle. A turn is about four seconds' worth at the pace of the source, or its whole window: a browser serves one source, so
/// that each change costs a new one.
pub(crate) async fn claim_due(
    connection: &mut AsyncPgConnection,
    limit: u32,
    order: DispatchOrder,
    closed: &[Uuid],
) -> Result<Vec<TaskId>, DatabaseError> {
    #[derive(QueryableByName)]
    struct Claimed {
        #[diesel(sql_type = sql::Uuid)]
        id: Uuid,
    }
    // Within a source the order that its index serves.
    let (within, among) = match order {
        DispatchOrder::ByPriority => {
            ("t.priority, t.run_at, t.id", "due.priority, due.turn, due.sent, due.source_id, due.run_at, due.id")
        }
        DispatchOrder::ByAge => ("t.run_at, t.id", "due.run_at, due.id"),
    };
    let claimed: Vec<Claimed> = diesel::sql_query(format!(
        "WITH due AS (
             SELECT t.id, t.priority, t.run_at, s.id AS source_id, s.sent,
                 (s.sent + row_number() OVER (PARTITION BY s.id ORDER BY {within}) - 1) / s.run AS turn
             FROM (
                 SELECT s.id, s.dispatch_window,
                     -- Whatever an old definition has there, it must not stop the others.
                     greatest(1, floor(4000 / greatest(1,
                         CASE jsonb_typeof(v.definition #> '{{politeness,minGapMs}}')
                         WHEN 'number' THEN (v.definition #> '{{politeness,minGapMs}}')::numeric
                         ELSE 1000 END)))::bigint AS run,
                     (SELECT count(*) FROM scrape_tasks o
                      WHERE o.source_id = s.id AND o.state = 'dispatched') AS sent
                 FROM sources s
                 JOIN source_versions v ON v.source_id = s.id AND v.version = s.current_version
                 WHERE s.id <> ALL($2)
             ) s
             CROSS JOIN LATERAL (
                 SELECT t.id, t.priority, t.run_at
                 FROM scrape_tasks t
                 JOIN scrape_jobs j ON j.id = t.job_id AND j.state = 'running'
                 WHERE t.source_id = s.id AND t.state = 'pending' AND t.run_at <= clock_timestamp()
                 ORDER BY {within}
                 LIMIT least($1, greatest(0, s.dispatch_window - s.sent))
                 FOR UPDATE OF t SKIP LOCKED
             ) t
         )
         SELECT due.id FROM due ORDER BY {among} LIMIT $1"
    ))
    .bind::<sql::BigInt, _>(i64::from(limit))
    .bind::<sql::Array<sql::Uuid>, _>(closed)
    .load(connection)
    .await?;
    Ok(claimed.into_iter().map(|claimed| claimed.id.into()).collect())
}

#[derive(QueryableByName)]
struct Due {
    #[diesel(sql_type = sql::Uuid)]
    id: Uuid,
    #[diesel(sql_type = sql::Uuid)]
    job_id: Uuid,
    #[diesel(sql_type = sql::Uuid)]
    source_id: Uuid,
    #[diesel(sql_type = sql::Integer)]
    attempt: i32,
    #[diesel(sql_type = sql::Jsonb)]
    target: Value,
    #[diesel(sql_type = sql::Jsonb)]
    trace_headers: Value,
    #[diesel(sql_type = sql::Nullable<sql::Text>)]
    known_hash: Option<String>,
    #[diesel(sql_type = sql::Bool)]
    is_in_doubt: bool,
}

/// Everything a worker needs for the claimed tasks, in the order in which they were claimed: it is the queue's.
pub(crate) async fn load_due(
    connection: &mut AsyncPgConnection,
    claimed: &[TaskId],
    deadline: DateTime<Utc>,
) -> Result<Vec<DueTask>, DatabaseError> {
    let ids: Vec<Uuid> = claimed.iter().map(|id| id.as_uuid()).collect();
    let rows: Vec<Due> = diesel::sql_query(
        "SELECT t.id, t.job_id, t.source_id, t.attempt, t.target, j.trace_headers,
             t.error_kind IS NOT DISTINCT FROM 'drift' AS is_in_doubt, (
             SELECT v.content_hash
             FROM source_pages p
             JOIN unit_versions v ON v.unit_id = p.unit_id AND v.year IS NOT DISTINCT FROM p.year
             WHERE p.source_id = t.source_id AND p.target_key = t.target_key
             ORDER BY v.number DESC
             LIMIT 1
         ) AS known_hash
         FROM scrape_tasks t
         JOIN scrape_jobs j ON j.id = t.job_id
         WHERE t.id = ANY($1)
         ORDER BY array_position($1, t.id)",
    )
    .bind::<sql::Array<sql::Uuid>, _>(ids)
    .load(connection)
    .await?;
    let snapshots = snapshots(connection, &rows).await?;
    let known = known_entries(connection, &rows).await?;
    let due = |row: Due| {
        let source = snapshots.get(&row.source_id)?;
        let Ok(target) = serde_json::from_value::<Target>(row.target) else {
            // Written by us and by nobody else; left where it is, it shows up as a task that never starts.
            tracing::error!(task_id = %row.id, "task has an unreadable target");
            return None;
        };
        Some(DueTask {
            id: row.id.into(),
            job: row.job_id.into(),
            attempt: u32::try_from(row.attempt).unwrap_or_default() + 1,
            source: Arc::clone(source),
            known_entries: entry_keys(&target).map(|key| known.get(&(row.source_id, key)).cloned()).collect(),
            target,
            known_hash: row.known_hash,
            is_in_doubt: row.is_in_doubt,
            deadline,
            trace: serde_json::from_value(row.trace_headers).unwrap_or_default(),
        })
    };
    Ok(rows.into_iter().filter_map(due).collect())
}

/// The keys of the entries that a part of a feed names; none for other targets.
fn entry_keys(target: &Target) -> impl Iterator<Item = String> + '_ {
    let entries = match target {
        Target::FeedPart { url, entries } => Some(entries.iter().map(move |entry| entry.key(url))),
        Target::Discovery { .. } | Target::Unit { .. } => None,
    };
    entries.into_iter().flatten()
}

/// What the catalogue holds of entries of feeds, by source and key.
async fn known_entries(
    connection: &mut AsyncPgConnection,
    rows: &[Due],
) -> Result<HashMap<(Uuid, String), String>, DatabaseError> {
    #[derive(QueryableByName)]
    struct Known {
        #[diesel(sql_type = sql::Uuid)]
        source_id: Uuid,
        #[diesel(sql_type = sql::Text)]
        target_key: String,
        #[diesel(sql_type = sql::Text)]
        content_hash: String,
    }
    let (mut sources, mut keys) = (Vec::new(), Vec::new());
    for row in rows {
        let Ok(target) = serde_json::from_value::<Target>(row.target.clone()) else { continue };
        for key in entry_keys(&target) {
            sources.push(row.source_id);
            keys.push(key);
        }
    }
    if keys.is_empty() {
        return Ok(HashMap::new());
    }
    let known: Vec<Known> = diesel::sql_query(
        "SELECT p.source_id, p.target_key, v.content_hash
         FROM unnest($1, $2) AS wanted (source_id, target_key)
         JOIN source_pages p ON p.source_id = wanted.source_id AND p.target_key = wanted.target_key
         CROSS JOIN LATERAL (
             SELECT v.content_hash FROM unit_versions v
             WHERE v.unit_id = p.unit_id AND v.year IS NOT DISTINCT FROM p.year
             ORDER BY v.number DESC LIMIT 1) v",
    )
    .bind::<sql::Array<sql::Uuid>, _>(sources)
    .bind::<sql::Array<sql::Text>, _>(keys)
    .load(connection)
    .await?;
    Ok(known.into_iter().map(|known| ((known.source_id, known.target_key), known.content_hash)).collect())
}

async fn snapshots(
    connection: &mut AsyncPgConnection,
    rows: &[Due],
) -> Result<HashMap<Uuid, Arc<SourceSnapshot>>, DatabaseError> {
    let mut ids: Vec<Uuid> = rows.iter().map(|row| row.source_id).collect();
    ids.sort_unstable();
    ids.dedup();
    let found: Vec<(Uuid, String, i32, Value)> = sources::table
        .inner_join(source_versions::table)
        .filter(source_versions::version.eq(sources::current_version))
        .filter(sources::id.eq_any(ids))
        .select((sources::id, sources::slug, sources::current_version, source_versions::definition))
        .load(connection)
        .await?;
    let snapshot = |(id, slug, version, definition): (Uuid, String, i32, Value)| {
        let version = u32::try_from(version).unwrap_or_default();
        (id, Arc::new(SourceSnapshot { id: id.into(), slug, version, definition }))
    };
    Ok(found.into_iter().map(snapshot).collect())
}

pub(crate) async fn mark_dispatched(
    connection: &mut AsyncPgConnection,
    sent: &[TaskId],
    deadline: DateTime<Utc>,
) -> Result<usize, DatabaseError> {
    let ids: Vec<Uuid> = sent.iter().map(|id| id.as_uuid()).collect();
    Ok(diesel::update(tasks::table.filter(tasks::id.eq_any(ids)))
        .set((
            tasks::state.eq(TaskState::Dispatched.as_str()),
            tasks::attempt.eq(tasks::attempt + 1),
            tasks::dispatched_at.eq(Utc::now()),
            tasks::deadline.eq(deadline),
        ))
        .execute(connection)
        .await?)
}
