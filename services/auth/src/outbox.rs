//! Events that must not be lost: written with what they tell of, published by a loop until the broker has them.

use crate::{
    AuthContext,
    store::event_outbox::{self, ClaimedEvent, NewEvent},
};
use chrono::{TimeDelta, Utc};
use rmu_domain::retry::retry_delay;
use rmu_messaging::{
    Envelope, Publisher, Route,
    contracts::{
        Contract,
        events::{AccountChangeV1, AccountChangedV1},
    },
    topology::account_event_route,
    trace_context::{self, TraceHeaders},
};
use rmu_postgres::{AsyncPgConnection, DatabaseError};
use std::time::Duration;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

const LOOK_EVERY: Duration = Duration::from_secs(2);
const BATCH: i64 = 50;
const LEASE: TimeDelta = TimeDelta::seconds(120);

/// Writes an event into the transaction of `connection`, which must hold the account: of two changes of one account
/// the later one says so.
pub(crate) async fn write_account_event(
    connection: &mut AsyncPgConnection,
    account_id: Uuid,
    change: AccountChangeV1,
) -> Result<(), DatabaseError> {
    let route = account_event_route(change.name());
    let trace = trace_context::current();
    let event = AccountChangedV1 { account_id, change, at: Utc::now() };
    let payload = serde_json::to_value(event).map_err(|error| DatabaseError::Config(error.to_string()))?;
    let new = NewEvent {
        id: Uuid::now_v7(),
        exchange: &route.exchange,
        routing_key: &route.key,
        kind: AccountChangedV1::TYPE,
        payload,
        traceparent: trace.traceparent,
        tracestate: trace.tracestate,
    };
    event_outbox::insert(connection, &new).await
}

/// Publishes what is written until `stop`.
pub(crate) async fn run(context: AuthContext, publisher: Publisher, stop: CancellationToken) {
    loop {
        match publish_due(&context, &publisher, &stop).await {
            // There may be more.
            Ok(published) if published == BATCH && !stop.is_cancelled() => continue,
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "events could not be read or marked"),
        }
        tokio::select! {
            () = stop.cancelled() => return,
            _ = timeout(LOOK_EVERY, context.events_waiting.notified()) => {}
        }
    }
}

async fn publish_due(
    context: &AuthContext,
    publisher: &Publisher,
    stop: &CancellationToken,
) -> Result<i64, DatabaseError> {
    let claimed = event_outbox::claim(&mut *context.database.connection().await?, BATCH, Utc::now() + LEASE).await?;
    let mut published = 0;
    for event in claimed {
        // What is left of the batch is due again when the lease ends.
        if stop.is_cancelled() {
            break;
        }
        publish(context, publisher, event).await?;
        published += 1;
    }
    Ok(published)
}

async fn publish(context: &AuthContext, publisher: &Publisher, event: ClaimedEvent) -> Result<(), DatabaseError> {
    let trace = TraceHeaders { traceparent: event.traceparent, tracestate: event.tracestate };
    let body = event.payload.to_string().into_bytes();
    let envelope = Envelope::from_parts(event.id, event.kind, body, trace);
    let sent = publisher.send(&Route::new(event.exchange, event.routing_key), &envelope).await;
    let mut connection = context.database.connection().await?;
    match sent {
        Ok(()) => event_outbox::delete(&mut connection, event.id).await,
        Err(error) => {
            let attempts = u32::try_from(event.attempts).unwrap_or(u32::MAX);
            tracing::warn!(event_id = %event.id, attempts, %error, "event was not published and is tried again");
            let delay = retry_delay(attempts, rand::random(), None);
            event_outbox::postpone(&mut connection, event.id, Utc::now() + delay).await
        }
    }
}
