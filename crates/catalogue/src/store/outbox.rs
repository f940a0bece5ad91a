//! SQL of the outbox.

use crate::{
    ledger::{OutboxCommand, OutboxMessage, TraceHeaders},
    store::schema::outbox,
};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rmu_postgres::DatabaseError;
use serde_json::Value;

const KIND: &str = "worker.control";

pub(crate) async fn insert(
    connection: &mut AsyncPgConnection,
    command: &OutboxCommand,
    trace: &TraceHeaders,
) -> Result<(), DatabaseError> {
    diesel::insert_into(outbox::table)
        .values((
            outbox::kind.eq(KIND),
            outbox::payload.eq(serde_json::to_value(command).unwrap_or_default()),
            outbox::trace_headers.eq(serde_json::to_value(trace).unwrap_or_default()),
        ))
        .execute(connection)
        .await?;
    Ok(())
}

/// The oldest messages, locked. Others wait for them, so that a pause and its resume keep their order.
pub(crate) async fn lock_oldest(
    connection: &mut AsyncPgConnection,
    limit: i64,
) -> Result<Vec<OutboxMessage>, DatabaseError> {
    let rows: Vec<(i64, Value, Value)> = outbox::table
        .filter(outbox::kind.eq(KIND))
        .order(outbox::id)
        .limit(limit)
        .select((outbox::id, outbox::payload, outbox::trace_headers))
        .for_update()
        .load(connection)
        .await?;
    let read = |(id, payload, trace)| {
        let command = serde_json::from_value(payload).ok()?;
        Some(OutboxMessage { id, command, trace: serde_json::from_value(trace).unwrap_or_default() })
    };
    Ok(rows.into_iter().filter_map(read).collect())
}

pub(crate) async fn any(connection: &mut AsyncPgConnection) -> Result<bool, DatabaseError> {
    Ok(diesel::select(diesel::dsl::exists(outbox::table.filter(outbox::kind.eq(KIND)))).get_result(connection).await?)
}

pub(crate) async fn delete(connection: &mut AsyncPgConnection, ids: &[i64]) -> Result<usize, DatabaseError> {
    Ok(diesel::delete(outbox::table.filter(outbox::id.eq_any(ids))).execute(connection).await?)
}
