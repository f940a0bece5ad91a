//! The consumer loop: what happens to messages that are wrong, handlers that fail, and at the end.

use crate::support::{Collected, SOON, broker};
use rmu_messaging::{
    Consumer, Context, Envelope, Outcome, Prefetch, Publisher, Service,
    consumer::Death,
    contracts::{Contract, control::WorkerControlV1, scrape::ScrapeTaskV1},
    topology::{CONTROL_ROUTE, DEAD_LETTERS, SCRAPE_TASKS, TASK_ROUTE},
};
use rmu_test_support::wait;
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::sync::{Notify, Semaphore};
use tokio_util::sync::CancellationToken;

fn task() -> Envelope {
    Envelope::of(&ScrapeTaskV1::example()).unwrap()
}

async fn next_death(connection: &rmu_messaging::Connection) -> (Envelope, Death) {
    let dead =
        Collected::from(connection, DEAD_LETTERS, 1, |envelope, context| ((envelope, context.death), Outcome::Ack));
    let (envelope, death) = dead.wait_for(1).await.remove(0);
    dead.stop.cancel();
    dead.running.await.unwrap();
    (envelope, death.expect("a dead letter says why"))
}

#[tokio::test]
async fn what_cannot_be_decoded_becomes_a_dead_letter_with_the_reason() {
    let (_vhost, connection) = broker().await;
    let publisher = Publisher::new(connection.clone());
    let stop = CancellationToken::new();
    let handler = |_: ScrapeTaskV1, _: Context| async { Outcome::Ack };
    tokio::spawn(Consumer::new(&connection, SCRAPE_TASKS, 1).run(handler, stop.clone()));

    let malformed = Envelope { body: b"{\"taskId\": 7".to_vec(), ..task() };
    publisher.send(&TASK_ROUTE, &malformed).await.unwrap();
    let (envelope, death) = next_death(&connection).await;
    assert_eq!((envelope.id, &envelope.body), (malformed.id, &malformed.body), "it is kept as it was");
    assert_eq!(death.queue, SCRAPE_TASKS);
    assert!(death.reason.contains("scrape.task.v1"), "{}", death.reason);
    assert_eq!(death.route.map(|route| route.key), Some(TASK_ROUTE.key.clone()), "it can be replayed");

    let unknown = Envelope { kind: "scrape.task.v99".into(), ..task() };
    publisher.send(&TASK_ROUTE, &unknown).await.unwrap();
    let (_, death) = next_death(&connection).await;
    assert!(death.reason.contains("scrape.task.v99"), "{}", death.reason);
    stop.cancel();
}

#[tokio::test]
async fn a_handler_that_always_panics_ends_at_the_delivery_limit() {
    let (_vhost, connection) = broker().await;
    Publisher::new(connection.clone()).send(&TASK_ROUTE, &task()).await.unwrap();
    let (stop, tries) = (CancellationToken::new(), Arc::new(AtomicUsize::new(0)));
    let counted = tries.clone();
    let handler = move |_: ScrapeTaskV1, _: Context| {
        let counted = counted.clone();
        async move {
            counted.fetch_add(1, Ordering::SeqCst);
            panic!("as a handler may")
        }
    };
    tokio::spawn(Consumer::new(&connection, SCRAPE_TASKS, 1).run(handler, stop.clone()));
    let (_, death) = next_death(&connection).await;
    assert_eq!((death.reason.as_str(), death.queue.as_str()), ("delivery_limit", SCRAPE_TASKS));
    assert_eq!((death.history[0].queue.as_str(), death.history[0].count), (SCRAPE_TASKS, 1));
    assert!(death.history[0].time.is_some(), "the broker says when");
    assert_eq!(death.route.map(|route| route.key), Some(TASK_ROUTE.key.clone()));
    assert_eq!(tries.load(Ordering::SeqCst), 6, "the first delivery and five more");
    stop.cancel();
}

#[tokio::test]
async fn a_retried_message_comes_again_and_says_so() {
    let (_vhost, connection) = broker().await;
    Publisher::new(connection.clone()).send(&TASK_ROUTE, &task()).await.unwrap();
    let seen = Collected::from(&connection, SCRAPE_TASKS, 1, |_, context| {
        let outcome = if context.redelivered { Outcome::Ack } else { Outcome::retry("not yet") };
        ((context.redelivered, context.delivery_count), outcome)
    });
    assert_eq!(seen.wait_for(2).await, [(false, 0), (true, 1)]);
}

#[tokio::test]
async fn a_handler_that_takes_too_long_is_ended_and_its_message_tried_again() {
    let (_vhost, connection) = broker().await;
    Publisher::new(connection.clone()).send(&TASK_ROUTE, &task()).await.unwrap();
    let (stop, done) = (CancellationToken::new(), Arc::new(Notify::new()));
    let told = done.clone();
    let handler = move |_: ScrapeTaskV1, context: Context| {
        let told = told.clone();
        async move {
            if !context.redelivered {
                std::future::pending::<()>().await;
            }
            told.notify_one();
            Outcome::Ack
        }
    };
    let consumer = Consumer::new(&connection, SCRAPE_TASKS, 1).handler_limit(Duration::from_millis(100));
    tokio::spawn(consumer.run(handler, stop.clone()));
    tokio::time::timeout(SOON, done.notified()).await.unwrap();
    stop.cancel();
}

#[tokio::test]
async fn stopping_lets_running_handlers_finish_and_returns_the_rest() {
    let (vhost, connection) = broker().await;
    let publisher = Publisher::new(connection.clone());
    for _ in 0..3 {
        publisher.send(&TASK_ROUTE, &task()).await.unwrap();
    }
    let (stop, started, gate) = (CancellationToken::new(), Arc::new(AtomicUsize::new(0)), Arc::new(Semaphore::new(0)));
    let (counted, closed) = (started.clone(), gate.clone());
    let handler = move |_: ScrapeTaskV1, _: Context| {
        let (counted, closed) = (counted.clone(), closed.clone());
        async move {
            counted.fetch_add(1, Ordering::SeqCst);
            closed.acquire().await.unwrap().forget();
            Outcome::Ack
        }
    };
    let running = tokio::spawn(Consumer::new(&connection, SCRAPE_TASKS, 2).run(handler, stop.clone()));
    wait::until(SOON, || async { started.load(Ordering::SeqCst) == 2 }).await;
    stop.cancel();
    gate.add_permits(2);
    tokio::time::timeout(SOON, running).await.unwrap().unwrap();
    assert_eq!(started.load(Ordering::SeqCst), 2, "nothing new was begun");
    wait::until(SOON, || async { vhost.ready_messages(SCRAPE_TASKS).await == Some(1) }).await;
}

#[tokio::test]
async fn a_drain_that_takes_too_long_gives_the_messages_back() {
    let (vhost, connection) = broker().await;
    Publisher::new(connection.clone()).send(&TASK_ROUTE, &task()).await.unwrap();
    let (stop, started) = (CancellationToken::new(), Arc::new(Notify::new()));
    let told = started.clone();
    let handler = move |_: ScrapeTaskV1, _: Context| {
        told.notify_one();
        std::future::pending::<Outcome>()
    };
    let consumer = Consumer::new(&connection, SCRAPE_TASKS, 1).drain_limit(Duration::from_millis(50));
    let running = tokio::spawn(consumer.run(handler, stop.clone()));
    tokio::time::timeout(SOON, started.notified()).await.unwrap();
    stop.cancel();
    tokio::time::timeout(SOON, running).await.unwrap().unwrap();
    wait::until(SOON, || async { vhost.ready_messages(SCRAPE_TASKS).await == Some(1) }).await;
}

#[tokio::test]
async fn prefetch_bounds_what_runs_at_once_and_may_change() {
    let (_vhost, connection) = broker().await;
    let publisher = Publisher::new(connection.clone());
    for _ in 0..6 {
        publisher.send(&TASK_ROUTE, &task()).await.unwrap();
    }
    let prefetch = Prefetch::new(0);
    let (stop, now, gate) = (CancellationToken::new(), Arc::new(AtomicUsize::new(0)), Arc::new(Semaphore::new(0)));
    let (counted, closed) = (now.clone(), gate.clone());
    let handler = move |_: ScrapeTaskV1, _: Context| {
        let (counted, closed) = (counted.clone(), closed.clone());
        async move {
            counted.fetch_add(1, Ordering::SeqCst);
            closed.acquire().await.unwrap().forget();
            counted.fetch_sub(1, Ordering::SeqCst);
            Outcome::Ack
        }
    };
    let running = tokio::spawn(Consumer::new(&connection, SCRAPE_TASKS, prefetch.clone()).run(handler, stop.clone()));
    prefetch.set(2);
    wait::until(SOON, || async { now.load(Ordering::SeqCst) == 2 }).await;
    prefetch.set(4);
    wait::until(SOON, || async { now.load(Ordering::SeqCst) == 4 }).await;
    prefetch.set(0);
    gate.add_permits(4);
    wait::until(SOON, || async { now.load(Ordering::SeqCst) == 0 }).await;
    prefetch.set(1);
    wait::until(SOON, || async { now.load(Ordering::SeqCst) == 1 }).await;
    gate.add_permits(2);
    wait::until(SOON, || async { gate.available_permits() == 0 }).await;
    stop.cancel();
    running.await.unwrap();
}

#[tokio::test]
async fn every_exclusive_reader_gets_every_broadcast() {
    let (_vhost, connection) = broker().await;
    let publisher = Publisher::new(connection.clone());
    let (stop, seen) = (CancellationToken::new(), Arc::new(AtomicUsize::new(0)));
    for _ in 0..2 {
        let counted = seen.clone();
        let handler = move |_: WorkerControlV1, _: Context| {
            counted.fetch_add(1, Ordering::SeqCst);
            async { Outcome::Ack }
        };
        tokio::spawn(Consumer::exclusive(&connection, Service::Worker, [CONTROL_ROUTE]).run(handler, stop.clone()));
    }
    // Whoever is not bound yet misses a broadcast, so that it is repeated until both are.
    wait::until(SOON, || async {
        let before = seen.load(Ordering::SeqCst);
        publisher.publish(&CONTROL_ROUTE, &WorkerControlV1::example()).await.unwrap();
        let both = || async { seen.load(Ordering::SeqCst) >= before + 2 };
        tokio::time::timeout(Duration::from_millis(200), wait::until(SOON, both)).await.is_ok()
    })
    .await;
    stop.cancel();
}
