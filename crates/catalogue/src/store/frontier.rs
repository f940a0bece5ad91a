//! SQL of the frontier: children that wait for room.

use crate::{ledger::Target, store::tasks::count};
use diesel::{QueryableByName, sql_types as sql};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rmu_domain::ids::{JobId, SourceId};
use rmu_postgres::DatabaseError;

/// So many in one statement: its parameters must fit a message.
const CHUNK: usize = 2000;

/// Adds the children of a locked job that it does not know yet; how many those were.
pub(crate) async fn insert(
    connection: &mut AsyncPgConnection,
    job: JobId,
    children: &[Target],
) -> Result<i32, DatabaseError> {
    let mut inserted = 0;
    for chunk in children.chunks(CHUNK) {
        let keys: Vec<String> = chunk.iter().map(Target::key).collect();
        let targets: Vec<serde_json::Value> =
            chunk.iter().map(|target| serde_json::to_value(target).unwrap_or_default()).collect();
        inserted += diesel::sql_query(
            "INSERT INTO scrape_frontier (job_id, target_key, target)
             SELECT $1, child.target_key, child.target
             FROM unnest($2, $3) AS child (target_key, target)
             WHERE NOT EXISTS (SELECT FROM scrape_tasks t WHERE t.job_id = $1 AND t.target_key = child.target_key)
             ON CONFLICT DO NOTHING",
        )
        .bind::<sql::Uuid, _>(job.as_uuid())
        .bind::<sql::Array<sql::Text>, _>(keys)
        .bind::<sql::Array<sql::Jsonb>, _>(targets)
        .execute(connection)
        .await?;
    }
    Ok(count(inserted))
}

/// Turns up to `share` waiting children of a locked job into tasks, under the ledger's lock. Those that
/// another job is just reading are dropped. Returns how many left the frontier and how many became tasks.
pub(crate) async fn admit(
    connection: &mut AsyncPgConnection,
    job: JobId,
    source: SourceId,
    share: u32,
) -> Result<(i32, i32), DatabaseError> {
    #[derive(QueryableByName)]
    struct Moved {
        #[diesel(sql_type = sql::BigInt)]
        taken: i64,
        #[diesel(sql_type = sql::BigInt)]
        admitted: i64,
    }
    let moved: Moved = diesel::sql_query(
        "WITH taken AS (
             DELETE FROM scrape_frontier WHERE id IN (
                 SELECT id FROM scrape_frontier WHERE job_id = $1 ORDER BY id LIMIT $3)
             RETURNING id, target_key, target
         ), admitted AS (
             INSERT INTO scrape_tasks (id, job_id, source_id, target_key, target, state, run_at, priority)
             SELECT gen_random_uuid(), $1, $2, target_key, target, 'pending', clock_timestamp(), j.priority
             FROM taken JOIN scrape_jobs j ON j.id = $1 ORDER BY taken.id
             ON CONFLICT DO NOTHING
             RETURNING id
         )
         SELECT (SELECT count(*) FROM taken) AS taken, (SELECT count(*) FROM admitted) AS admitted",
    )
    .bind::<sql::Uuid, _>(job.as_uuid())
    .bind::<sql::Uuid, _>(source.as_uuid())
    .bind::<sql::BigInt, _>(i64::from(share))
    .get_result(connection)
    .await?;
    let whole = |number: i64| i32::try_from(number).unwrap_or(i32::MAX);
    Ok((whole(moved.taken), whole(moved.admitted)))
}

/// Empties the frontier of a locked job.
pub(crate) async fn clear(connection: &mut AsyncPgConnection, job: JobId) -> Result<i32, DatabaseError> {
    let cleared = diesel::sql_query("DELETE FROM scrape_frontier WHERE job_id = $1")
        .bind::<sql::Uuid, _>(job.as_uuid())
        .execute(connection)
        .await?;
    Ok(count(cleared))
}
