//! SQL of dead letters.

use crate::dead_letters::{Bounds, DeadLetter, LetterFilter, LetterRoute, LetterState, NewDeadLetter, OpenLetter};
use chrono::{DateTime, Utc};
use diesel::{OptionalExtension, QueryableByName, sql_types as sql};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rmu_domain::ids::DeadLetterId;
use rmu_postgres::DatabaseError;
use serde_json::Value;
use uuid::Uuid;

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = sql::Uuid)]
    id: Uuid,
    #[diesel(sql_type = sql::Uuid)]
    message_id: Uuid,
    #[diesel(sql_type = sql::Text)]
    kind: String,
    #[diesel(sql_type = sql::Text)]
    reason: String,
    #[diesel(sql_type = sql::Text)]
    queue: String,
    #[diesel(sql_type = sql::Nullable<sql::Text>)]
    exchange: Option<String>,
    #[diesel(sql_type = sql::Nullable<sql::Text>)]
    routing_key: Option<String>,
    #[diesel(sql_type = sql::Jsonb)]
    deaths: Value,
    #[diesel(sql_type = sql::Integer)]
    body_bytes: i32,
    #[diesel(sql_type = sql::Bool)]
    complete: bool,
    #[diesel(sql_type = sql::Text)]
    state: String,
    #[diesel(sql_type = sql::Integer)]
    replays: i32,
    #[diesel(sql_type = sql::Timestamptz)]
    first_seen_at: DateTime<Utc>,
    #[diesel(sql_type = sql::Timestamptz)]
    last_seen_at: DateTime<Utc>,
    #[diesel(sql_type = sql::Nullable<sql::Timestamptz>)]
    last_replayed_at: Option<DateTime<Utc>>,
}

/// A row with what is only wanted of a single letter.
#[derive(QueryableByName)]
struct OpenRow {
    #[diesel(embed)]
    letter: Row,
    #[diesel(sql_type = sql::Jsonb)]
    properties: Value,
    #[diesel(sql_type = sql::Binary)]
    body: Vec<u8>,
}

const COLUMNS: &str = "id, message_id, kind, reason, queue, exchange, routing_key, deaths, body_bytes, complete, state,
    replays, first_seen_at, last_seen_at, last_replayed_at";

impl From<Row> for DeadLetter {
    fn from(row: Row) -> Self {
        Self {
            id: row.id.into(),
            message: row.message_id,
            kind: row.kind,
            reason: row.reason,
            queue: row.queue,
            route: row.exchange.zip(row.routing_key).map(|(exchange, key)| LetterRoute { exchange, key }),
            deaths: row.deaths,
            body_bytes: u32::try_from(row.body_bytes).unwrap_or_default(),
            complete: row.complete,
            // The table's own check allows only these names.
            state: LetterState::parse(&row.state).unwrap_or(LetterState::Waiting),
            replays: u32::try_from(row.replays).unwrap_or_default(),
            first_seen_at: row.first_seen_at,
            last_seen_at: row.last_seen_at,
            last_replayed_at: row.last_replayed_at,
        }
    }
}

impl From<OpenRow> for OpenLetter {
    fn from(row: OpenRow) -> Self {
        Self { letter: row.letter.into(), properties: row.properties, body: row.body }
    }
}

/// Adds a letter; one that is known already waits again, for what it died of last.
pub(crate) async fn upsert(connection: &mut AsyncPgConnection, letter: &NewDeadLetter) -> Result<(), DatabaseError> {
    let route = letter.route.as_ref();
    diesel::sql_query(
        "INSERT INTO dead_letters (id, message_id, kind, reason, queue, exchange, routing_key, deaths, properties,
             body, body_bytes, complete, state)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, length($10), $11, 'waiting')
         ON CONFLICT (message_id, queue) DO UPDATE SET
             kind = excluded.kind, reason = excluded.reason, exchange = excluded.exchange,
             routing_key = excluded.routing_key, deaths = excluded.deaths, properties = excluded.properties,
             body = excluded.body, body_bytes = excluded.body_bytes, complete = excluded.complete,
             state = 'waiting', last_seen_at = now()",
    )
    .bind::<sql::Uuid, _>(Uuid::from(DeadLetterId::new()))
    .bind::<sql::Uuid, _>(letter.message)
    .bind::<sql::Text, _>(&letter.kind)
    .bind::<sql::Text, _>(&letter.reason)
    .bind::<sql::Text, _>(&letter.queue)
    .bind::<sql::Nullable<sql::Text>, _>(route.map(|route| route.exchange.as_str()))
    .bind::<sql::Nullable<sql::Text>, _>(route.map(|route| route.key.as_str()))
    .bind::<sql::Jsonb, _>(&letter.deaths)
    .bind::<sql::Jsonb, _>(&letter.properties)
    .bind::<sql::Binary, _>(&letter.body)
    .bind::<sql::Bool, _>(letter.complete)
    .execute(connection)
    .await?;
    Ok(())
}

/// Deletes what is beyond the bounds: replayed ones first, then the oldest.
pub(crate) async fn trim(connection: &mut AsyncPgConnection, bounds: Bounds) -> Result<u32, DatabaseError> {
    let dropped = diesel::sql_query(
        "DELETE FROM dead_letters WHERE id IN (
             SELECT id FROM (
                 SELECT id, row_number() OVER kept AS place, sum(body_bytes::bigint) OVER kept AS bytes
                 FROM dead_letters
                 WINDOW kept AS (ORDER BY state = 'replayed', id DESC ROWS UNBOUNDED PRECEDING)
             ) ranked
             WHERE place > $1 OR bytes > $2)",
    )
    .bind::<sql::BigInt, _>(i64::from(bounds.letters))
    .bind::<sql::BigInt, _>(i64::try_from(bounds.bytes).unwrap_or(i64::MAX))
    .execute(connection)
    .await?;
    Ok(u32::try_from(dropped).unwrap_or(u32::MAX))
}

pub(crate) async fn list(
    connection: &mut AsyncPgConnection,
    filter: &LetterFilter,
) -> Result<Vec<DeadLetter>, DatabaseError> {
    // Ids are made in the order of time.
    let rows: Vec<Row> = diesel::sql_query(format!(
        "SELECT {COLUMNS} FROM dead_letters
         WHERE ($1 IS NULL OR state = $1) AND ($2 IS NULL OR queue = $2) AND ($3 IS NULL OR id < $3)
         ORDER BY id DESC LIMIT $4"
    ))
    .bind::<sql::Nullable<sql::Text>, _>(filter.state.map(LetterState::as_str))
    .bind::<sql::Nullable<sql::Text>, _>(&filter.queue)
    .bind::<sql::Nullable<sql::Uuid>, _>(filter.after.map(Uuid::from))
    .bind::<sql::BigInt, _>(i64::from(filter.limit))
    .load(connection)
    .await?;
    Ok(rows.into_iter().map(DeadLetter::from).collect())
}

pub(crate) async fn open(
    connection: &mut AsyncPgConnection,
    id: DeadLetterId,
) -> Result<Option<OpenLetter>, DatabaseError> {
    one(connection, id, "").await
}

/// The same, and nobody else replays or discards it until the transaction ends.
pub(crate) async fn lock(
    connection: &mut AsyncPgConnection,
    id: DeadLetterId,
) -> Result<Option<OpenLetter>, DatabaseError> {
    one(connection, id, "FOR UPDATE").await
}

async fn one(
    connection: &mut AsyncPgConnection,
    id: DeadLetterId,
    locking: &'static str,
) -> Result<Option<OpenLetter>, DatabaseError> {
    let row: Option<OpenRow> =
        diesel::sql_query(format!("SELECT {COLUMNS}, properties, body FROM dead_letters WHERE id = $1 {locking}"))
            .bind::<sql::Uuid, _>(Uuid::from(id))
            .get_result(connection)
            .await
            .optional()?;
    Ok(row.map(OpenLetter::from))
}

pub(crate) async fn mark_replayed(connection: &mut AsyncPgConnection, id: DeadLetterId) -> Result<(), DatabaseError> {
    diesel::sql_query(
        "UPDATE dead_letters SET state = 'replayed', replays = replays + 1, last_replayed_at = clock_timestamp()
         WHERE id = $1",
    )
    .bind::<sql::Uuid, _>(Uuid::from(id))
    .execute(connection)
    .await?;
    Ok(())
}

pub(crate) async fn delete(connection: &mut AsyncPgConnection, id: DeadLetterId) -> Result<bool, DatabaseError> {
    let deleted = diesel::sql_query("DELETE FROM dead_letters WHERE id = $1")
        .bind::<sql::Uuid, _>(Uuid::from(id))
        .execute(connection)
        .await?;
    Ok(deleted == 1)
}

pub(crate) async fn count_waiting(connection: &mut AsyncPgConnection) -> Result<u32, DatabaseError> {
    #[derive(QueryableByName)]
    struct Waiting {
        #[diesel(sql_type = sql::BigInt)]
        waiting: i64,
    }
    let found: Waiting = diesel::sql_query("SELECT count(*) AS waiting FROM dead_letters WHERE state = 'waiting'")
        .get_result(connection)
        .await?;
    Ok(u32::try_from(found.waiting).unwrap_or(u32::MAX))
}

pub(crate) async fn replayable(
    connection: &mut AsyncPgConnection,
    queue: Option<&str>,
    limit: u32,
) -> Result<Vec<DeadLetterId>, DatabaseError> {
    #[derive(QueryableByName)]
    struct Id {
        #[diesel(sql_type = sql::Uuid)]
        id: Uuid,
    }
    let rows: Vec<Id> = diesel::sql_query(
        "SELECT id FROM dead_letters
         WHERE state = 'waiting' AND complete AND exchange IS NOT NULL AND ($1 IS NULL OR queue = $1)
         ORDER BY id LIMIT $2",
    )
    .bind::<sql::Nullable<sql::Text>, _>(queue)
    .bind::<sql::BigInt, _>(i64::from(limit))
    .load(connection)
    .await?;
    Ok(rows.into_iter().map(|row| row.id.into()).collect())
}
