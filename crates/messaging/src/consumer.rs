//! A loop that takes messages from a queue and hands them to a handler, for as long as it is wanted: over
//! closed channels and restarts of the broker.

mod process;
mod session;
mod settle;
mod source;

use crate::{
    connection::Connection,
    contracts::Contract,
    envelope::Envelope,
    publisher::Publisher,
    topology::{Route, Service},
};
pub use process::{Context, Death, DeathRecord};
use source::Source;
pub(crate) use source::declare_exclusive;
use std::{future::Future, sync::Arc, time::Duration};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

const DEFAULT_HANDLER_LIMIT: Duration = Duration::from_secs(300);
const DEFAULT_DRAIN_LIMIT: Duration = Duration::from_secs(25);

/// What became of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Done; the broker forgets it.
    Ack,
    /// Not now: back to the queue after a short, growing pause. Each time counts towards the queue's delivery
    /// limit, after which the broker dead-letters it.
    Retry { reason: String },
    /// Back to the queue at once and without blame, such as at a shutdown. (Brokers before 4.3 count it.)
    Release,
    /// Never: to the dead letters with the reason.
    Dead { reason: String },
}

impl Outcome {
    pub fn retry(reason: impl std::fmt::Display) -> Self {
        Self::Retry { reason: reason.to_string() }
    }

    pub fn dead(reason: impl std::fmt::Display) -> Self {
        Self::Dead { reason: reason.to_string() }
    }
}

/// How many messages are handled at once. May be changed while the consumer runs; 0 pauses it.
#[derive(Debug, Clone)]
pub struct Prefetch(Arc<watch::Sender<u16>>);

impl Prefetch {
    pub fn new(count: u16) -> Self {
        Self(Arc::new(watch::Sender::new(count)))
    }

    pub fn set(&self, count: u16) {
        self.0.send_if_modified(|current| std::mem::replace(current, count) != count);
    }

    pub fn get(&self) -> u16 {
        *self.0.borrow()
    }
}

impl From<u16> for Prefetch {
    fn from(count: u16) -> Self {
        Self::new(count)
    }
}

/// A consumer, not yet running.
#[derive(Clone)]
pub struct Consumer {
    connection: Connection,
    source: Source,
    prefetch: Prefetch,
    handler_limit: Duration,
    drain_limit: Duration,
}

impl Consumer {
    /// Reads a durable queue, up to `prefetch` messages at once.
    pub fn new(connection: &Connection, queue: &'static str, prefetch: impl Into<Prefetch>) -> Self {
        Self::over(connection, Source::Durable(queue), prefetch.into())
    }

    /// Reads a queue of its own, bound to `routes`, which lives as long as the connection: what was sent in
    /// between is missed. One message at a time, in order.
    pub fn exclusive(connection: &Connection, service: Service, routes: impl IntoIterator<Item = Route>) -> Self {
        let routes = routes.into_iter().collect();
        Self::over(connection, Source::Exclusive { service, routes }, Prefetch::new(1))
    }

    fn over(connection: &Connection, source: Source, prefetch: Prefetch) -> Self {
        Self {
            connection: connection.clone(),
            source,
            prefetch,
            handler_limit: DEFAULT_HANDLER_LIMIT,
            drain_limit: DEFAULT_DRAIN_LIMIT,
        }
    }

    /// How long a handler may take; after that it is dropped and the message tried again.
    #[must_use]
    pub fn handler_limit(mut self, limit: Duration) -> Self {
        self.handler_limit = limit;
        self
    }

    /// How long running handlers may go on once the consumer is stopped.
    #[must_use]
    pub fn drain_limit(mut self, limit: Duration) -> Self {
        self.drain_limit = limit;
        self
    }

    /// Runs until `stop`, then lets running handlers finish. Messages that are no `M` become dead letters
    /// with the reason.
    pub async fn run<M, H, F>(self, handler: H, stop: CancellationToken)
    where
        M: Contract,
        H: Fn(M, Context) -> F + Send + Sync + 'static,
        F: Future<Output = Outcome> + Send + 'static,
    {
        let handler = Arc::new(handler);
        let decode = move |envelope: Envelope, context: Context| {
            let handler = handler.clone();
            async move {
                match envelope.decode::<M>() {
                    Ok(message) => handler(message, context).await,
                    Err(error) => Outcome::dead(error),
                }
            }
        };
        self.run_envelopes(decode, stop).await;
    }

    /// As [`Consumer::run`], for queues with messages of several types.
    pub async fn run_envelopes<H, F>(self, handler: H, stop: CancellationToken)
    where
        H: Fn(Envelope, Context) -> F + Send + Sync + 'static,
        F: Future<Output = Outcome> + Send + 'static,
    {
        let dead = Publisher::new(self.connection.clone());
        session::run(self, Arc::new(handler), dead, stop).await;
    }
}
