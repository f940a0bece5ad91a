//! Keeps the connection up: connects, declares, watches, and starts over, for as long as it is wanted.

use super::{CLOSE_LIMIT, ConnectionOptions, Declare};
use crate::{backoff, topology};
use futures_util::{Stream, StreamExt};
use lapin::{ConnectionProperties, Event};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::watch,
    time::{Instant, timeout},
};
use tokio_util::sync::CancellationToken;

const CONNECT_LIMIT: Duration = Duration::from_secs(5);
const DECLARE_LIMIT: Duration = Duration::from_secs(10);
const FIRST_DELAY: Duration = Duration::from_millis(100);
const LONGEST_DELAY: Duration = Duration::from_secs(2);
/// A connection that lived this long was a good one: the next failure starts with the shortest delay again.
const PROVEN_AFTER: Duration = Duration::from_secs(10);
/// Errors are told by events; this is the second look in case one was not.
const LOOK_EVERY: Duration = Duration::from_secs(1);

pub(super) async fn supervise(
    options: ConnectionOptions,
    live: watch::Sender<Option<Arc<lapin::Connection>>>,
    stop: CancellationToken,
) {
    let broker = format!("{}:{}", options.uri.authority.host, options.uri.authority.port);
    let connected = metrics::gauge!("rmu_amqp_connected");
    let mut failures = 0;
    loop {
        let opened = tokio::select! {
            () = stop.cancelled() => return,
            opened = open(&options) => opened,
        };
        let since = Instant::now();
        let reason = match opened {
            Err(reason) => reason,
            Ok((connection, events)) => {
                tracing::info!(broker, "broker connected");
                connected.set(1.0);
                live.send_replace(Some(connection.clone()));
                let lost = tokio::select! {
                    () = stop.cancelled() => None,
                    reason = lost(&connection, events) => Some(reason),
                };
                live.send_replace(None);
                connected.set(0.0);
                let Some(reason) = lost else {
                    close(&connection).await;
                    return;
                };
                reason
            }
        };
        if since.elapsed() >= PROVEN_AFTER {
            failures = 0;
        }
        let delay = backoff::delay(failures, FIRST_DELAY, LONGEST_DELAY);
        tracing::warn!(broker, reason, retry_in_ms = delay.as_millis(), "broker not connected");
        metrics::counter!("rmu_amqp_connection_failures_total").increment(1);
        failures = failures.saturating_add(1);
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(delay) => {}
        }
    }
}

type Opened = (Arc<lapin::Connection>, std::pin::Pin<Box<dyn Stream<Item = Event> + Send>>);

async fn open(options: &ConnectionOptions) -> Result<Opened, String> {
    let properties = ConnectionProperties::default().with_connection_name(options.name.as_str().into());
    let connection = timeout(CONNECT_LIMIT, lapin::Connection::connect_uri(options.uri.clone(), properties))
        .await
        .map_err(|_| "connecting took too long".to_owned())?
        .map_err(|error| error.to_string())?;
    let events = Box::pin(connection.events_listener());
    let (service, limits) = match options.declare {
        Declare::Nothing => return Ok((Arc::new(connection), events)),
        Declare::Owned(service, limits) => (Some(service), limits),
        Declare::Everything(limits) => (None, limits),
    };
    let declared = timeout(DECLARE_LIMIT, topology::declare(&connection, service, limits)).await;
    match declared {
        Ok(Ok(())) => Ok((Arc::new(connection), events)),
        Ok(Err(error)) => {
            close(&connection).await;
            Err(format!("topology could not be declared: {error}"))
        }
        Err(_) => Err("declaring the topology took too long".to_owned()),
    }
}

/// Waits for the end of the connection and says why.
async fn lost(connection: &lapin::Connection, mut events: impl Stream<Item = Event> + Unpin) -> String {
    loop {
        match timeout(LOOK_EVERY, events.next()).await {
            Ok(Some(Event::Error(error))) => {
                if !connection.status().connected() {
                    return error.to_string();
                }
                tracing::warn!(%error, "error on the broker connection");
            }
            Ok(Some(Event::ConnectionBlocked(reason))) => {
                tracing::error!(reason, "broker takes no more messages");
            }
            Ok(Some(Event::ConnectionUnblocked)) => tracing::info!("broker takes messages again"),
            Ok(Some(_)) => {}
            Ok(None) => return "connection ended".to_owned(),
            Err(_) => {}
        }
        if !connection.status().connected() {
            return "connection ended".to_owned();
        }
    }
}

async fn close(connection: &lapin::Connection) {
    if !matches!(timeout(CLOSE_LIMIT, connection.close(200, "closing".into())).await, Ok(Ok(()))) {
        tracing::debug!("broker connection was gone before it could be closed");
    }
}
