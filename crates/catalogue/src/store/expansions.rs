//! SQL of expansions: templates whose codes wait for room.

use crate::ledger::Expansion;
use diesel::{OptionalExtension, QueryableByName, sql_types as sql};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rmu_domain::ids::JobId;
use rmu_postgres::DatabaseError;
use serde_json::Value;

/// What is left of a template.
#[derive(Debug, QueryableByName)]
pub(crate) struct Waiting {
    #[diesel(sql_type = sql::BigInt)]
    pub(crate) id: i64,
    #[diesel(sql_type = sql::Jsonb)]
    pub(crate) template: Value,
    #[diesel(sql_type = sql::Jsonb)]
    pub(crate) years: Value,
    #[diesel(sql_type = sql::Integer)]
    pub(crate) next: i32,
    #[diesel(sql_type = sql::Integer)]
    pub(crate) total: i32,
}

pub(crate) async fn insert(
    connection: &mut AsyncPgConnection,
    job: JobId,
    expansion: &Expansion,
    total: i32,
) -> Result<(), DatabaseError> {
    diesel::sql_query("INSERT INTO scrape_expansions (job_id, template, years, total) VALUES ($1, $2, $3, $4)")
        .bind::<sql::Uuid, _>(job.as_uuid())
        .bind::<sql::Jsonb, _>(serde_json::to_value(&expansion.template).unwrap_or_default())
        .bind::<sql::Jsonb, _>(serde_json::to_value(&expansion.years).unwrap_or_default())
        .bind::<sql::Integer, _>(total)
        .execute(connection)
        .await?;
    Ok(())
}

/// The oldest of a locked job.
pub(crate) async fn first(connection: &mut AsyncPgConnection, job: JobId) -> Result<Option<Waiting>, DatabaseError> {
    let query = "SELECT id, template, years, next, total FROM scrape_expansions WHERE job_id = $1 ORDER BY id LIMIT 1";
    Ok(diesel::sql_query(query).bind::<sql::Uuid, _>(job.as_uuid()).get_result(connection).await.optional()?)
}

/// Notes how far it has come; one that is used up goes.
pub(crate) async fn advance(
    connection: &mut AsyncPgConnection,
    waiting: &Waiting,
    next: i32,
) -> Result<(), DatabaseError> {
    let query = if next < waiting.total {
        "UPDATE scrape_expansions SET next = $2 WHERE id = $1"
    } else {
        "DELETE FROM scrape_expansions WHERE id = $1 AND $2 >= total"
    };
    diesel::sql_query(query)
        .bind::<sql::BigInt, _>(waiting.id)
        .bind::<sql::Integer, _>(next)
        .execute(connection)
        .await?;
    Ok(())
}

/// Drops those of a locked job; how many codes were left.
pub(crate) async fn clear(connection: &mut AsyncPgConnection, job: JobId) -> Result<i32, DatabaseError> {
    #[derive(QueryableByName)]
    struct Left {
        #[diesel(sql_type = sql::BigInt)]
        left: i64,
    }
    let query = "WITH dropped AS (DELETE FROM scrape_expansions WHERE job_id = $1 RETURNING total - next AS codes)
                 SELECT coalesce(sum(codes), 0)::bigint AS left FROM dropped";
    let Left { left } = diesel::sql_query(query).bind::<sql::Uuid, _>(job.as_uuid()).get_result(connection).await?;
    Ok(i32::try_from(left).unwrap_or(i32::MAX))
}
