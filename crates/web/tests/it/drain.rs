//! A stop that loses nothing.

use crate::server::{client, forgetful_client, start};
use reqwest::{Client, StatusCode, header::CONNECTION};
use rmu_test_support::wait;
use rmu_web::lifecycle::Phase;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

const LIMIT: Duration = Duration::from_secs(20);

/// As a load balancer does: goes on sending until this copy is not ready, over connections that are kept and new
/// ones, and every request that was sent must be answered.
#[tokio::test(flavor = "multi_thread")]
async fn no_request_is_lost_over_kept_and_new_connections() {
    let server = start(Duration::from_secs(2), Duration::from_secs(30));
    let (stop, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let mut callers = Vec::new();
    for caller in 0..6 {
        let url = format!("{}/quick", server.url);
        let (stop, answered) = (Arc::clone(&stop), Arc::clone(&answered));
        callers.push(tokio::spawn(async move {
            // Half of the callers open a connection for each request.
            let client = if caller % 2 == 0 { client() } else { forgetful_client() };
            while !stop.load(Ordering::Acquire) {
                let answer = client.get(&url).send().await.expect("every request is answered");
                assert_eq!(answer.status(), StatusCode::OK);
                answered.fetch_add(1, Ordering::Relaxed);
            }
        }));
    }
    wait::until(LIMIT, || async { answered.load(Ordering::Relaxed) > 200 }).await;
    server.lifecycle.stop();
    wait::until(LIMIT, || async { server.lifecycle.phase() == Phase::NotReady }).await;
    let before = answered.load(Ordering::Relaxed);
    wait::until(LIMIT, || async { answered.load(Ordering::Relaxed) > before + 200 }).await;
    // The load balancer has noticed; the grace is not over yet.
    stop.store(true, Ordering::Release);
    for caller in callers {
        caller.await.unwrap();
    }
    server.running.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_flight_finishes_and_what_is_new_is_refused_politely() {
    let server = start(Duration::ZERO, Duration::from_secs(30));
    let (first, second) = (client(), client());
    // A connection that is kept from before the stop.
    assert_eq!(get(&second, &server.url, "/quick").await.status(), StatusCode::OK);
    let slow = tokio::spawn({
        let url = server.url.clone();
        async move { get(&first, &url, "/slow").await }
    });
    wait::until(LIMIT, || async { server.lifecycle.in_flight() == 1 }).await;
    server.lifecycle.stop();
    wait::until(LIMIT, || async { server.lifecycle.phase() == Phase::Refusing }).await;

    let refused = get(&second, &server.url, "/quick").await;
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(refused.headers()[CONNECTION], "close");
    assert!(refused.headers().contains_key("retry-after"));
    assert!(!server.running.is_finished(), "the slow request is still in flight");

    server.finish.add_permits(1);
    assert_eq!(slow.await.unwrap().text().await.unwrap(), "slow");
    server.running.await.unwrap().unwrap();
    assert!(client().get(format!("{}/quick", server.url)).send().await.is_err(), "the port is closed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_does_not_wait() {
    let server = start(Duration::ZERO, Duration::from_secs(600));
    let url = server.url.clone();
    let slow = tokio::spawn(async move { client().get(format!("{url}/slow")).send().await });
    wait::until(LIMIT, || async { server.lifecycle.in_flight() == 1 }).await;
    server.lifecycle.stop();
    server.lifecycle.stop();
    tokio::time::timeout(LIMIT, server.running).await.expect("it ends at once").unwrap().unwrap();
    assert!(slow.await.unwrap().is_err(), "nobody answers it any more");
}

async fn get(client: &Client, base: &str, path: &str) -> reqwest::Response {
    client.get(format!("{base}{path}")).send().await.unwrap()
}
