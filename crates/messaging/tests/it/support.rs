//! What the tests of this crate share.

use rmu_messaging::{Connection, ConnectionOptions, Consumer, Declare, Envelope, Limits, Outcome, Prefetch};
use rmu_test_support::{broker::TestVhost, wait};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub(crate) const SOON: Duration = Duration::from_secs(20);

/// A vhost with the whole topology, and an administrator's connection to it.
pub(crate) async fn broker() -> (TestVhost, Connection) {
    rmu_telemetry::testing::init();
    let vhost = TestVhost::new().await;
    let connection = connect(&vhost.amqp_url(), Declare::Everything(Limits::default())).await;
    (vhost, connection)
}

pub(crate) async fn connect(url: &str, declare: Declare) -> Connection {
    let options = ConnectionOptions::new(url, "test").unwrap().declare(declare);
    let connection = Connection::open(options).unwrap();
    assert!(connection.wait_until_connected(SOON).await, "no connection");
    connection
}

/// What a consumer got, and the running consumer.
pub(crate) struct Collected<T> {
    seen: Arc<Mutex<Vec<T>>>,
    pub(crate) stop: CancellationToken,
    pub(crate) running: JoinHandle<()>,
}

impl<T: Clone + Send + 'static> Collected<T> {
    /// Consumes `queue`; `look` says what to keep of a message and what becomes of it.
    pub(crate) fn from(
        connection: &Connection,
        queue: &'static str,
        prefetch: impl Into<Prefetch>,
        look: impl Fn(Envelope, rmu_messaging::Context) -> (T, Outcome) + Send + Sync + 'static,
    ) -> Self {
        let (seen, stop) = (Arc::new(Mutex::new(Vec::new())), CancellationToken::new());
        let sink = seen.clone();
        let handler = move |envelope: Envelope, context: rmu_messaging::Context| {
            let (kept, outcome) = look(envelope, context);
            sink.lock().unwrap().push(kept);
            async move { outcome }
        };
        let consumer = Consumer::new(connection, queue, prefetch);
        let running = tokio::spawn(consumer.run_envelopes(handler, stop.clone()));
        Self { seen, stop, running }
    }

    pub(crate) fn now(&self) -> Vec<T> {
        self.seen.lock().unwrap().clone()
    }

    /// Waits until there are `count`.
    pub(crate) async fn wait_for(&self, count: usize) -> Vec<T> {
        wait::until(SOON, || async { self.now().len() >= count }).await;
        self.now()
    }
}
