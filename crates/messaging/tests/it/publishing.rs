//! The publisher: what `Ok` means, and each way in which it is not `Ok`.

use crate::support::{Collected, broker, connect};
use rmu_messaging::{
    Declare, Envelope, Limits, Outcome, PublishError, Publisher, Route,
    contracts::{Contract, control::WorkerControlV1, scrape::ScrapeTaskV1},
    topology::{CONTROL_ROUTE, SCRAPE_EXCHANGE, SCRAPE_TASKS, TASK_ROUTE},
};
use rmu_telemetry::context::trace_id;
use rmu_test_support::{broker::TestVhost, chaos::ChaosProxy};
use std::time::Duration;
use tracing::Instrument;

#[tokio::test]
async fn a_message_arrives_as_it_was_sent_in_the_trace_of_its_sender() {
    let (_vhost, connection) = broker().await;
    let publisher = Publisher::new(connection.clone());
    let span = tracing::info_span!("sender");
    let sender_trace = span.in_scope(|| trace_id(&tracing::Span::current()));
    publisher.publish(&TASK_ROUTE, &ScrapeTaskV1::example()).instrument(span).await.unwrap();

    let received = Collected::from(&connection, SCRAPE_TASKS, 1, |envelope, context| {
        let inside = trace_id(&tracing::Span::current());
        ((envelope, context, inside), Outcome::Ack)
    });
    let (envelope, context, inside) = received.wait_for(1).await.remove(0);
    assert_eq!(envelope.decode::<ScrapeTaskV1>().unwrap(), ScrapeTaskV1::example());
    assert!(!context.redelivered);
    assert_eq!(context.delivery_count, 0);
    assert!(sender_trace.is_some());
    assert_eq!(inside, sender_trace, "handler and sender are in one trace");
}

#[tokio::test]
async fn what_no_queue_takes_is_an_error() {
    let (_vhost, connection) = broker().await;
    let publisher = Publisher::new(connection);
    let nowhere = Route::new(SCRAPE_EXCHANGE, "nobody.reads.this");
    let sent = publisher.publish(&nowhere, &ScrapeTaskV1::example()).await;
    assert!(matches!(sent, Err(PublishError::Unroutable { .. })), "{sent:?}");
    // The channel is still good for the next one.
    publisher.publish(&TASK_ROUTE, &ScrapeTaskV1::example()).await.unwrap();
}

#[tokio::test]
async fn an_exchange_that_is_missing_is_an_error_and_spoils_nothing() {
    let (_vhost, connection) = broker().await;
    let publisher = Publisher::new(connection);
    let sent = publisher.publish(&Route::new("rmu.nothing", "x"), &ScrapeTaskV1::example()).await;
    assert!(matches!(sent, Err(PublishError::Unroutable { .. })), "{sent:?}");
    publisher.publish(&TASK_ROUTE, &ScrapeTaskV1::example()).await.unwrap();
}

#[tokio::test]
async fn a_broadcast_needs_no_listener() {
    let (_vhost, connection) = broker().await;
    Publisher::new(connection).publish(&CONTROL_ROUTE, &WorkerControlV1::example()).await.unwrap();
}

#[tokio::test]
async fn a_full_queue_is_an_error_of_its_own() {
    rmu_telemetry::testing::init();
    let vhost = TestVhost::new().await;
    let limits = Limits { max_queue_size: 5 };
    let connection = connect(&vhost.amqp_url(), Declare::Everything(limits)).await;
    let publisher = Publisher::new(connection);
    let mut refused = None;
    // The limit of a quorum queue is not exact, but it is a limit.
    for _ in 0..1000 {
        if let Err(error) = publisher.publish(&TASK_ROUTE, &ScrapeTaskV1::example()).await {
            refused = Some(error);
            break;
        }
    }
    assert!(matches!(refused, Some(PublishError::QueueFull)), "{refused:?}");
}

#[tokio::test]
async fn a_silent_broker_costs_no_more_than_the_limit() {
    let (vhost, _connection) = broker().await;
    let proxy = ChaosProxy::start(TestVhost::address()).await;
    let connection = connect(&proxy.in_front_of(&vhost.amqp_url()), Declare::Nothing).await;
    let publisher = Publisher::with_limit(connection, Duration::from_millis(300));
    publisher.publish(&TASK_ROUTE, &ScrapeTaskV1::example()).await.unwrap();
    proxy.black_hole();
    let sent = publisher.publish(&TASK_ROUTE, &ScrapeTaskV1::example()).await;
    assert!(matches!(sent, Err(PublishError::TimedOut)), "{sent:?}");
    proxy.restore();
    let envelope = Envelope::of(&ScrapeTaskV1::example()).unwrap();
    rmu_test_support::wait::until(crate::support::SOON, || async {
        publisher.send(&TASK_ROUTE, &envelope).await.is_ok()
    })
    .await;
}

#[tokio::test]
async fn what_is_absurdly_large_is_not_sent() {
    let (_vhost, connection) = broker().await;
    let mut envelope = Envelope::of(&ScrapeTaskV1::example()).unwrap();
    envelope.body = vec![b' '; 9 * 1024 * 1024];
    let sent = Publisher::new(connection).send(&TASK_ROUTE, &envelope).await;
    assert!(matches!(sent, Err(PublishError::TooLarge(_))), "{sent:?}");
}
