//! One connection to the broker that mends itself.

mod supervisor;

use crate::topology::{Limits, Service};
use lapin::{Channel, uri::AMQPUri};
use std::{sync::Arc, time::Duration};
use tokio::{runtime::Handle, sync::watch, task::JoinHandle};
use tokio_util::sync::{CancellationToken, DropGuard};

/// Seconds between heartbeats unless the URL says otherwise: a broker that is gone without a word is noticed
/// after two of them.
const HEARTBEAT_SECONDS: u16 = 10;
const CLOSE_LIMIT: Duration = Duration::from_secs(2);

/// What of the topology is declared each time the connection comes up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Declare {
    Nothing,
    /// What the service owns; its broker user has no right to more.
    Owned(Service, Limits),
    /// Everything, as an administrator.
    Everything(Limits),
}

#[derive(Clone)]
pub struct ConnectionOptions {
    uri: AMQPUri,
    name: String,
    declare: Declare,
    runtime: Option<Handle>,
}

#[derive(Debug, thiserror::Error)]
pub enum ConnectionError {
    /// The URL itself is not in the message: it may hold a password.
    #[error("AMQP URL is not understood: {0}")]
    Url(String),
    #[error("no Tokio runtime to connect on")]
    NoRuntime,
    #[error("the connection to the broker was closed")]
    Closed,
    #[error("broker: {0}")]
    Broker(#[from] lapin::Error),
}

impl ConnectionOptions {
    /// `name` is what operators see in the broker's list of connections.
    pub fn new(url: &str, name: impl Into<String>) -> Result<Self, ConnectionError> {
        let mut uri: AMQPUri = url.parse().map_err(|reason: String| {
            // The parser quotes what it did not understand.
            ConnectionError::Url(reason.replace(url, "…"))
        })?;
        uri.query.heartbeat.get_or_insert(HEARTBEAT_SECONDS);
        Ok(Self { uri, name: name.into(), declare: Declare::Nothing, runtime: None })
    }

    #[must_use]
    pub fn declare(mut self, declare: Declare) -> Self {
        self.declare = declare;
        self
    }

    /// The runtime that owns the socket; by default the one that opens the connection. A service names its
    /// main runtime: the web workers' runtimes have one thread each, and what lives there stops when it is busy.
    #[must_use]
    pub fn on(mut self, runtime: Handle) -> Self {
        self.runtime = Some(runtime);
        self
    }
}

/// A handle to the connection; clones share it. It goes on reconnecting until it is closed or the last handle
/// is dropped.
#[derive(Clone)]
pub struct Connection {
    inner: Arc<Inner>,
}

struct Inner {
    live: watch::Receiver<Option<Arc<lapin::Connection>>>,
    stop: CancellationToken,
    supervisor: tokio::sync::Mutex<Option<JoinHandle<()>>>,
    _stop_on_drop: DropGuard,
}

impl Connection {
    /// Starts connecting and returns at once: a service starts without its broker and says that it is not ready.
    pub fn open(options: ConnectionOptions) -> Result<Self, ConnectionError> {
        let runtime = match &options.runtime {
            Some(runtime) => runtime.clone(),
            None => Handle::try_current().map_err(|_| ConnectionError::NoRuntime)?,
        };
        let stop = CancellationToken::new();
        let (sender, live) = watch::channel(None);
        let supervisor = runtime.spawn(supervisor::supervise(options, sender, stop.clone()));
        Ok(Self {
            inner: Arc::new(Inner {
                live,
                _stop_on_drop: stop.clone().drop_guard(),
                stop,
                supervisor: tokio::sync::Mutex::new(Some(supervisor)),
            }),
        })
    }

    /// Whether the connection is up and the topology declared, as of now.
    pub fn is_connected(&self) -> bool {
        self.inner.live.borrow().as_ref().is_some_and(|connection| connection.status().connected())
    }

    /// Waits until the connection is up; `false` when that took longer than `limit`.
    pub async fn wait_until_connected(&self, limit: Duration) -> bool {
        tokio::time::timeout(limit, self.live()).await.is_ok_and(|live| live.is_ok())
    }

    /// Ends it in order, within a limit. What still uses it fails from now on.
    pub async fn close(&self) {
        self.inner.stop.cancel();
        let Some(supervisor) = self.inner.supervisor.lock().await.take() else { return };
        if tokio::time::timeout(CLOSE_LIMIT + Duration::from_secs(1), supervisor).await.is_err() {
            tracing::warn!("broker connection did not close in time and is dropped");
        }
    }

    /// A new channel, as soon as the connection is up. Callers limit the wait.
    pub(crate) async fn channel(&self) -> Result<Channel, ConnectionError> {
        Ok(self.live().await?.create_channel().await?)
    }

    async fn live(&self) -> Result<Arc<lapin::Connection>, ConnectionError> {
        let mut live = self.inner.live.clone();
        let up = |connection: &Option<Arc<lapin::Connection>>| {
            connection.as_ref().is_some_and(|connection| connection.status().connected())
        };
        let connection = live.wait_for(up).await.map_err(|_| ConnectionError::Closed)?;
        connection.clone().ok_or(ConnectionError::Closed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_url_is_refused_without_being_quoted() {
        let Err(error) = ConnectionOptions::new("http://user:hunter2@host", "test") else { panic!("accepted") };
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
}
