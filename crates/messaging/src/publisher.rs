//! Publishing that knows whether the message arrived.

use crate::{
    connection::{Connection, ConnectionError},
    contracts::Contract,
    envelope::{Envelope, MAX_BODY_BYTES, short},
    topology::Route,
};
use lapin::{
    Channel, Confirmation, ErrorKind,
    options::{BasicPublishOptions, ConfirmSelectOptions},
};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::{Mutex, Semaphore},
    time::{Instant, timeout},
};

/// How long one message may take, waiting for a connection included.
pub const PUBLISH_LIMIT: Duration = Duration::from_secs(2);
const MAX_IN_FLIGHT: usize = 256;
const NOT_FOUND: u16 = 404;
const ACCESS_REFUSED: u16 = 403;

/// Publishes confirmed, one message a call. Clones share a channel and a bound on what is under way.
#[derive(Clone)]
pub struct Publisher {
    inner: Arc<Inner>,
}

struct Inner {
    connection: Connection,
    channel: Mutex<Option<Arc<Channel>>>,
    in_flight: Semaphore,
    limit: Duration,
}

/// Why a message may not have arrived. After [`PublishError::TimedOut`] and [`PublishError::Unavailable`] it
/// may have: whoever sends it again sends it with the same id.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    #[error("no queue takes messages for exchange {exchange:?} with key {key:?}")]
    Unroutable { exchange: String, key: String },
    #[error("the queue is full")]
    QueueFull,
    #[error("this user may not publish to exchange {exchange:?} with key {key:?}")]
    Forbidden { exchange: String, key: String },
    #[error("the broker did not confirm within the limit")]
    TimedOut,
    #[error("the broker is not available: {0}")]
    Unavailable(String),
    #[error("the message has {0} bytes, more than a message may have")]
    TooLarge(usize),
    #[error("the message cannot be written as JSON: {0}")]
    Encode(#[from] serde_json::Error),
}

impl PublishError {
    fn label(&self) -> &'static str {
        match self {
            Self::Unroutable { .. } => "unroutable",
            Self::QueueFull => "queue_full",
            Self::Forbidden { .. } => "forbidden",
            Self::TimedOut => "timed_out",
            Self::Unavailable(_) => "unavailable",
            Self::TooLarge(_) => "too_large",
            Self::Encode(_) => "encode",
        }
    }
}

impl Publisher {
    pub fn new(connection: Connection) -> Self {
        Self::with_limit(connection, PUBLISH_LIMIT)
    }

    pub fn with_limit(connection: Connection, limit: Duration) -> Self {
        let in_flight = Semaphore::new(MAX_IN_FLIGHT);
        Self { inner: Arc::new(Inner { connection, channel: Mutex::new(None), in_flight, limit }) }
    }

    /// Publishes `message` in the trace of the current span. `Ok` means that a queue has it (or, where the
    /// route does not ask for a reader, that the broker had it).
    pub async fn publish<M: Contract>(&self, route: &Route, message: &M) -> Result<(), PublishError> {
        self.send(route, &Envelope::of(message)?).await
    }

    /// Publishes an envelope as it is, such as a row of an outbox or a dead letter that is replayed.
    pub async fn send(&self, route: &Route, envelope: &Envelope) -> Result<(), PublishError> {
        let start = Instant::now();
        let result = if envelope.body.len() > MAX_BODY_BYTES {
            Err(PublishError::TooLarge(envelope.body.len()))
        } else {
            timeout(self.inner.limit, self.attempt(route, envelope)).await.unwrap_or(Err(PublishError::TimedOut))
        };
        if matches!(result, Err(PublishError::TimedOut)) {
            // A channel that keeps silent is not trusted with the next message.
            if let Ok(mut channel) = self.inner.channel.try_lock() {
                *channel = None;
            }
        }
        let exchange = route.exchange.to_string();
        let outcome = result.as_ref().err().map_or("confirmed", PublishError::label);
        metrics::counter!("rmu_messages_published_total", "exchange" => exchange, "outcome" => outcome).increment(1);
        metrics::histogram!("rmu_message_publish_seconds").record(start.elapsed());
        result
    }

    async fn attempt(&self, route: &Route, envelope: &Envelope) -> Result<(), PublishError> {
        let _permit = self.inner.in_flight.acquire().await.map_err(|error| unavailable(&error))?;
        let channel = self.channel().await.map_err(|error| unavailable(&error))?;
        let options = BasicPublishOptions { mandatory: route.must_arrive, ..Default::default() };
        let confirm = channel
            .basic_publish(short(&route.exchange), short(&route.key), options, &envelope.body, envelope.properties())
            .await;
        let confirmation = match confirm {
            Ok(confirm) => confirm.await,
            Err(error) => Err(error),
        };
        match confirmation {
            Ok(Confirmation::Ack(None)) => Ok(()),
            // The broker acknowledges what it gave back: the message went nowhere.
            Ok(Confirmation::Ack(Some(_))) => Err(unroutable(route)),
            Ok(Confirmation::Nack(_)) => Err(PublishError::QueueFull),
            Ok(Confirmation::NotRequested) => Err(PublishError::Unavailable("confirms are off".to_owned())),
            Err(error) => {
                self.forget(&channel).await;
                Err(refused(route, &error).unwrap_or_else(|| unavailable(&error)))
            }
        }
    }

    async fn channel(&self) -> Result<Arc<Channel>, ConnectionError> {
        let mut slot = self.inner.channel.lock().await;
        if let Some(channel) = slot.as_ref().filter(|channel| channel.status().connected()) {
            return Ok(channel.clone());
        }
        let channel = self.inner.connection.channel().await?;
        channel.confirm_select(ConfirmSelectOptions::default()).await?;
        Ok(slot.insert(Arc::new(channel)).clone())
    }

    async fn forget(&self, channel: &Arc<Channel>) {
        let mut slot = self.inner.channel.lock().await;
        if slot.as_ref().is_some_and(|current| Arc::ptr_eq(current, channel)) {
            *slot = None;
        }
    }
}

fn unavailable(error: &impl std::fmt::Display) -> PublishError {
    PublishError::Unavailable(error.to_string())
}

fn unroutable(route: &Route) -> PublishError {
    PublishError::Unroutable { exchange: route.exchange.to_string(), key: route.key.to_string() }
}

/// The broker closes a whole channel over one bad message. The others under way on it fail as well, but the
/// fault is not theirs: the broker's text names the exchange it is about.
fn refused(route: &Route, error: &lapin::Error) -> Option<PublishError> {
    let ErrorKind::ProtocolError(error) = error.kind() else { return None };
    let exchange = if route.exchange.is_empty() { "amq.default" } else { route.exchange.as_ref() };
    if !error.get_message().as_str().contains(&format!("'{exchange}'")) {
        return None;
    }
    match error.get_id() {
        NOT_FOUND => Some(unroutable(route)),
        ACCESS_REFUSED => {
            Some(PublishError::Forbidden { exchange: route.exchange.to_string(), key: route.key.to_string() })
        }
        _ => None,
    }
}
