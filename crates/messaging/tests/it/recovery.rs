//! Closed channels, killed connections, resets: everything mends itself.

use crate::support::{Collected, SOON, broker, connect};
use rmu_messaging::{
    Connection, Consumer, Context, Declare, Envelope, Limits, Outcome, Prefetch, Publisher,
    contracts::{Contract, scrape::ScrapeTaskV1},
    topology::{SCRAPE_TASKS, TASK_ROUTE},
};
use rmu_test_support::{
    broker::{TestVhost, call},
    chaos::ChaosProxy,
    wait,
};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};
use tokio_util::sync::CancellationToken;

async fn send_until_it_arrives(publisher: &Publisher) -> Envelope {
    let envelope = Envelope::of(&ScrapeTaskV1::example()).unwrap();
    wait::until(SOON, || async { publisher.send(&TASK_ROUTE, &envelope).await.is_ok() }).await;
    envelope
}

fn ids(connection: &Connection) -> Collected<uuid::Uuid> {
    Collected::from(connection, SCRAPE_TASKS, 8, |envelope, _| (envelope.id, Outcome::Ack))
}

#[tokio::test]
async fn a_killed_connection_comes_back_and_everything_goes_on() {
    let (vhost, connection) = broker().await;
    let publisher = Publisher::new(connection.clone());
    let received = ids(&connection);
    send_until_it_arrives(&publisher).await;
    received.wait_for(1).await;

    // The broker's list of connections lags behind.
    wait::until(SOON, || async { vhost.close_connections().await > 0 }).await;
    wait::until(SOON, || async { connection.is_connected() }).await;
    let second = send_until_it_arrives(&publisher).await;
    wait::until(SOON, || async { received.now().contains(&second.id) }).await;
}

#[tokio::test]
async fn a_reset_shows_as_not_connected_until_it_is_over() {
    let (vhost, _connection) = broker().await;
    let proxy = ChaosProxy::start(TestVhost::address()).await;
    let connection = connect(&proxy.in_front_of(&vhost.amqp_url()), Declare::Nothing).await;
    let publisher = Publisher::new(connection.clone());
    let received = ids(&connection);
    proxy.reset();
    wait::until(SOON, || async { !connection.is_connected() }).await;
    proxy.restore();
    wait::until(SOON, || async { connection.is_connected() }).await;
    let sent = send_until_it_arrives(&publisher).await;
    wait::until(SOON, || async { received.now().contains(&sent.id) }).await;
}

#[tokio::test]
async fn a_deleted_queue_closes_the_consumer_and_it_returns_with_the_queue() {
    let (vhost, connection) = broker().await;
    let publisher = Publisher::new(connection.clone());
    let received = ids(&connection);
    send_until_it_arrives(&publisher).await;
    received.wait_for(1).await;

    let path = format!("/api/queues/{}/{SCRAPE_TASKS}", vhost.name());
    call(reqwest::Method::DELETE, &path, None).await.unwrap();
    let redeclaring = connect(&vhost.amqp_url(), Declare::Everything(Limits::default())).await;
    let sent = send_until_it_arrives(&publisher).await;
    wait::until(SOON, || async { received.now().contains(&sent.id) }).await;
    redeclaring.close().await;
}

#[tokio::test]
async fn a_service_starts_before_its_broker() {
    let (vhost, _connection) = broker().await;
    let proxy = ChaosProxy::start(TestVhost::address()).await;
    proxy.reset();
    let url = proxy.in_front_of(&vhost.amqp_url());
    let connection = Connection::open(rmu_messaging::ConnectionOptions::new(&url, "test").unwrap()).unwrap();
    let received = ids(&connection);
    assert!(!connection.is_connected());
    proxy.restore();
    let sent = send_until_it_arrives(&Publisher::new(connection)).await;
    wait::until(SOON, || async { received.now().contains(&sent.id) }).await;
}

#[tokio::test]
async fn a_handler_interrupted_with_its_connection_gets_the_message_again() {
    let (vhost, connection) = broker().await;
    let proxy = ChaosProxy::start(TestVhost::address()).await;
    let shaky = connect(&proxy.in_front_of(&vhost.amqp_url()), Declare::Nothing).await;
    let sent = send_until_it_arrives(&Publisher::new(connection)).await;
    let stop = CancellationToken::new();
    let (seen, mut redelivered) = tokio::sync::mpsc::unbounded_channel();
    let handler = move |envelope: Envelope, context: Context| {
        seen.send((envelope.id, context.redelivered)).unwrap();
        async move {
            if !context.redelivered {
                // As long as the connection takes to be lost; the acknowledgement then has no channel to go by.
                tokio::time::sleep(std::time::Duration::from_millis(300)).await;
            }
            Outcome::Ack
        }
    };
    tokio::spawn(Consumer::new(&shaky, SCRAPE_TASKS, 1).run_envelopes(handler, stop.clone()));
    assert_eq!(redelivered.recv().await, Some((sent.id, false)));
    proxy.reset();
    wait::until(SOON, || async { !shaky.is_connected() }).await;
    proxy.restore();
    let again = tokio::time::timeout(SOON, redelivered.recv()).await.unwrap();
    assert_eq!(again, Some((sent.id, true)));
    stop.cancel();
}

#[tokio::test]
async fn a_queue_with_other_arguments_is_used_as_it_is() {
    let (vhost, _connection) = broker().await;
    let other = Declare::Everything(Limits { max_queue_size: 77 });
    let connection = connect(&vhost.amqp_url(), other).await;
    send_until_it_arrives(&Publisher::new(connection)).await;
}

#[tokio::test]
async fn closing_ends_it_for_good() {
    let (_vhost, connection) = broker().await;
    connection.close().await;
    assert!(!connection.is_connected());
    let sent = Publisher::new(connection).publish(&TASK_ROUTE, &ScrapeTaskV1::example()).await;
    assert!(matches!(sent, Err(rmu_messaging::PublishError::Unavailable(_))), "{sent:?}");
}

/// A consumer that is full with its first message, which is not answered before its channel is lost.
struct Waiting {
    prefetch: Prefetch,
    begun: Arc<AtomicUsize>,
    told: Arc<AtomicUsize>,
    others: Arc<AtomicUsize>,
}

impl Waiting {
    async fn start(connection: &Connection) -> Self {
        let (begun, told, others) = <(Arc<AtomicUsize>, Arc<AtomicUsize>, Arc<AtomicUsize>)>::default();
        let waiting =
            Self { prefetch: Prefetch::new(1), begun: begun.clone(), told: told.clone(), others: others.clone() };
        let handler = move |_: ScrapeTaskV1, context: Context| {
            let (begun, told, others) = (begun.clone(), told.clone(), others.clone());
            async move {
                if begun.fetch_add(1, Ordering::SeqCst) == 0 {
                    context.lost.cancelled().await;
                    told.fetch_add(1, Ordering::SeqCst);
                    return Outcome::Release;
                }
                others.fetch_add(1, Ordering::SeqCst);
                Outcome::Ack
            }
        };
        let consumer = Consumer::new(connection, SCRAPE_TASKS, waiting.prefetch.clone());
        tokio::spawn(consumer.run(handler, CancellationToken::new()));
        send_until_it_arrives(&Publisher::new(connection.clone())).await;
        wait::until(SOON, || async { waiting.begun.load(Ordering::SeqCst) == 1 }).await;
        waiting
    }

    async fn others(&self, count: usize) {
        wait::until(SOON, || async { self.others.load(Ordering::SeqCst) >= count }).await;
    }
}

#[tokio::test]
async fn a_handler_is_told_that_its_message_will_come_again() {
    let (vhost, connection) = broker().await;
    let waiting = Waiting::start(&connection).await;
    wait::until(SOON, || async { vhost.close_connections().await > 0 }).await;
    waiting.others(1).await;
    assert_eq!(waiting.told.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_handler_keeps_its_message_when_another_channel_takes_the_place_of_its_own() {
    let (vhost, connection) = broker().await;
    let waiting = Waiting::start(&connection).await;
    waiting.prefetch.set(3);
    send_until_it_arrives(&Publisher::new(connection.clone())).await;
    waiting.others(1).await;
    assert_eq!(waiting.told.load(Ordering::SeqCst), 0);
    wait::until(SOON, || async { vhost.close_connections().await > 0 }).await;
    wait::until(SOON, || async { waiting.told.load(Ordering::SeqCst) == 1 }).await;
}
