//! Table `event_outbox`.

use super::schema::event_outbox;
use chrono::{DateTime, Utc};
use diesel::{
    ExpressionMethods, Insertable, QueryDsl, QueryableByName,
    sql_types::{BigInt, Integer, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rmu_postgres::DatabaseError;
use serde_json::Value;
use uuid::Uuid;

#[derive(Debug, Insertable)]
#[diesel(table_name = event_outbox)]
pub(crate) struct NewEvent<'a> {
    pub(crate) id: Uuid,
    pub(crate) exchange: &'a str,
    pub(crate) routing_key: &'a str,
    pub(crate) kind: &'a str,
    pub(crate) payload: Value,
    pub(crate) traceparent: Option<String>,
    pub(crate) tracestate: Option<String>,
}

/// An event that is ours to publish until its lease ends.
#[derive(Debug, Clone, QueryableByName)]
pub(crate) struct ClaimedEvent {
    #[diesel(sql_type = SqlUuid)]
    pub(crate) id: Uuid,
    #[diesel(sql_type = Text)]
    pub(crate) exchange: String,
    #[diesel(sql_type = Text)]
    pub(crate) routing_key: String,
    #[diesel(sql_type = Text)]
    pub(crate) kind: String,
    #[diesel(sql_type = Jsonb)]
    pub(crate) payload: Value,
    #[diesel(sql_type = Nullable<Text>)]
    pub(crate) traceparent: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub(crate) tracestate: Option<String>,
    /// This attempt included.
    #[diesel(sql_type = Integer)]
    pub(crate) attempts: i32,
}

pub(crate) async fn insert(connection: &mut AsyncPgConnection, new: &NewEvent<'_>) -> Result<(), DatabaseError> {
    diesel::insert_into(event_outbox::table).values(new).execute(connection).await?;
    Ok(())
}

/// Claims up to `count` due events, oldest first, until `lease_until`.
pub(crate) async fn claim(
    connection: &mut AsyncPgConnection,
    count: i64,
    lease_until: DateTime<Utc>,
) -> Result<Vec<ClaimedEvent>, DatabaseError> {
    const CLAIM: &str = "
        WITH due AS (
            SELECT id FROM event_outbox
            WHERE next_attempt_at <= now()
            ORDER BY next_attempt_at, id
            LIMIT $1
            FOR UPDATE SKIP LOCKED
        ), claimed AS (
            UPDATE event_outbox SET attempts = attempts + 1, next_attempt_at = $2
            WHERE id IN (SELECT id FROM due)
            RETURNING id, exchange, routing_key, kind, payload, traceparent, tracestate, attempts
        )
        SELECT * FROM claimed ORDER BY id";
    Ok(diesel::sql_query(CLAIM).bind::<BigInt, _>(count).bind::<Timestamptz, _>(lease_until).load(connection).await?)
}

pub(crate) async fn delete(connection: &mut AsyncPgConnection, id: Uuid) -> Result<(), DatabaseError> {
    diesel::delete(event_outbox::table.find(id)).execute(connection).await?;
    Ok(())
}

pub(crate) async fn postpone(
    connection: &mut AsyncPgConnection,
    id: Uuid,
    until: DateTime<Utc>,
) -> Result<(), DatabaseError> {
    diesel::update(event_outbox::table.find(id))
        .set(event_outbox::next_attempt_at.eq(until))
        .execute(connection)
        .await?;
    Ok(())
}
