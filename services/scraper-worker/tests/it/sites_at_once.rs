//! Several sites at once: each keeps its browser, however many tasks of one come together.

use crate::{
    site::{Site, page},
    support::limits,
    worker::{Worker, source_of, task, unit},
};
use chrono::Utc;
use futures_util::future::join_all;
use rmu_demo_handbooks::{ServeConfig, serve};
use rmu_messaging::{
    Outcome,
    contracts::{
        control::WorkerControlV1,
        scrape::{ScrapeTaskV1, SourceSnapshotV1, TargetV1},
    },
};
use rmu_scraper_worker::{browser::PoolLimits, task::Arrival};
use serde_json::{Value, json};
use std::time::Duration;
use uuid::Uuid;

/// Pages of units of a demo handbook.
async fn units_of(origin: &str, count: usize) -> Vec<TargetV1> {
    let truth: Value = reqwest::get(format!("{origin}/_truth/units.json")).await.unwrap().json().await.unwrap();
    let units = truth["units"].as_array().unwrap().iter().take(count);
    units.map(|listed| unit(format!("{origin}{}", listed["path"].as_str().unwrap()))).collect()
}

/// A source whose units are below `/subject/`.
fn source_at(site: &Site) -> SourceSnapshotV1 {
    let definition = json!({
        "origins": [site.origin],
        "start": [{ "kind": "sitemap", "url": site.url("/sitemap.xml") }],
        "unitUrl": "/subject/(?<code>[A-Za-z0-9-]+)$",
        "page": { "ready": ["h1"] },
        "politeness": { "minGapMs": 0 },
        "recognise": { "unit": [{ "css": "h1" }] },
        "facts": { "code": [{ "css": "h1" }], "title": [{ "css": "h1" }] }
    });
    SourceSnapshotV1 { source_id: Uuid::new_v4(), slug: "site".to_owned(), version: 1, definition }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tasks_of_one_site_do_not_take_the_browsers_of_others() {
    let handbooks = serve(ServeConfig { units: 10, min_gap_ms: 0, ..ServeConfig::default() }).await.unwrap();
    let worker = Worker::start(limits(3)).await;
    let origins = [&handbooks.addresses.eastmoor, &handbooks.addresses.westhaven];
    for _ in 0..2 {
        for origin in origins {
            let source = source_of(origin).await;
            // As many at once as there are browsers, and more: all of the same host.
            let units = units_of(origin, 6).await;
            join_all(units.into_iter().map(|unit| worker.run(task(&source, unit)))).await;
        }
    }
    let results = worker.results(100).await;
    assert!(results.iter().all(|result| result["outcome"]["kind"] == "unit"), "{results:?}");
    assert_eq!(results.len(), 24);
    let restarts = worker.pool.stats().restarts;
    assert!(restarts.is_empty(), "{restarts:?}");
    worker.stop().await;
    handbooks.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_site_that_takes_long_has_one_browser_and_the_others_are_read_meanwhile() {
    let handbooks = serve(ServeConfig { units: 10, min_gap_ms: 0, ..ServeConfig::default() }).await.unwrap();
    let (long, patient) = (Site::start().await, Duration::from_secs(100));
    // Longer than the test: whatever the machine, the others are read first.
    long.on("/subject/1", page("<h1>COMP1001 One</h1>").after(Duration::from_secs(600)));
    let worker = Worker::start(PoolLimits { page: patient, command: patient, ..limits(2) }).await;
    let slow = source_at(&long);
    let quick = source_of(&handbooks.addresses.eastmoor).await;
    let waiting = {
        // Far more than there are browsers.
        let runs = (1..=8).map(|number| worker.run(task(&slow, unit(long.url(&format!("/subject/{number}"))))));
        join_all(runs.collect::<Vec<_>>())
    };
    let others = async {
        crate::support::until("the first page of the slow site is asked for", async || long.requests("/subject/1") > 0)
            .await;
        let units = units_of(&handbooks.addresses.eastmoor, 6).await;
        join_all(units.into_iter().map(|unit| worker.run(task(&quick, unit)))).await;
    };
    tokio::select! {
        _ = waiting => panic!("the slow site was read first"),
        () = others => {}
    }
    assert_eq!(worker.results(100).await.len(), 6);
    for number in 2..=8 {
        assert_eq!(long.requests(&format!("/subject/{number}")), 0, "its pages are asked for one after the other");
    }
    assert!(!worker.pool.stats().restarts.contains_key("scope"), "each site keeps its browser");
    worker.stop().await;
    handbooks.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sites_that_share_a_browser_have_it_for_several_pages_each() {
    let handbooks = serve(ServeConfig { units: 20, min_gap_ms: 0, ..ServeConfig::default() }).await.unwrap();
    let worker = Worker::start(limits(1)).await;
    let (one, other) = (&handbooks.addresses.eastmoor, &handbooks.addresses.westhaven);
    let (of_one, of_other) = (source_of(one).await, source_of(other).await);
    let mut tasks = Vec::new();
    // As they come when each is sent as soon as another is done: in turns.
    for (left, right) in units_of(one, 8).await.into_iter().zip(units_of(other, 8).await) {
        tasks.extend([task(&of_one, left), task(&of_other, right)]);
    }
    join_all(tasks.into_iter().map(|task| worker.run(task))).await;
    let results = worker.results(100).await;
    assert_eq!(results.iter().filter(|result| result["outcome"]["kind"] == "unit").count(), 16, "{results:?}");
    // One is enough where eight pages take less than a run lasts.
    let changes = worker.pool.stats().restarts.get("scope").copied().unwrap_or_default();
    assert!((1..8).contains(&changes), "{changes} browsers were replaced for 16 pages");
    worker.stop().await;
    handbooks.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_when_its_job_is_paused_is_not_begun() {
    let (site, worker) = (Site::start().await, Worker::start(limits(1)).await);
    let source = source_at(&site);
    site.on("/subject/1", page("<h1>COMP1001 One</h1>").after(Duration::from_secs(2)));
    let (first, second) = (task(&source, unit(site.url("/subject/1"))), task(&source, unit(site.url("/subject/2"))));
    let paused = second.job_id;
    let pausing = async {
        crate::support::until("one is at work and one waits", async || {
            let slots = worker.politeness.slots();
            (slots.at_work, slots.waiting) == (1, 1)
        })
        .await;
        worker.jobs.apply(&WorkerControlV1::PauseJob { job_id: paused });
    };
    tokio::join!(worker.run(first), worker.run(second), pausing);
    let results = worker.results(100).await;
    let of_paused = results.iter().find(|result| result["jobId"] == paused.to_string()).unwrap();
    assert_eq!(of_paused["outcome"]["failure"], "cancelled", "{of_paused}");
    assert_eq!(site.requests("/subject/2"), 0);
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_when_the_broker_is_lost_is_left_to_those_who_get_it_next() {
    let (site, worker) = (Site::start().await, Worker::start(limits(1)).await);
    let source = source_at(&site);
    site.on("/subject/1", page("<h1>COMP1001 One</h1>").after(Duration::from_secs(2)));
    let (first, second) = (task(&source, unit(site.url("/subject/1"))), task(&source, unit(site.url("/subject/2"))));
    let arrival = Arrival::default();
    let lose = async {
        crate::support::until("one is at work and one waits", async || {
            let slots = worker.politeness.slots();
            (slots.at_work, slots.waiting) == (1, 1)
        })
        .await;
        arrival.lost.cancel();
    };
    // Both came over the channel that is lost.
    let (at_work, waited, ()) = tokio::join!(
        worker.handler.clone().handle(first, arrival.clone()),
        worker.handler.clone().handle(second, arrival.clone()),
        lose
    );
    assert_eq!((at_work, waited), (Outcome::Ack, Outcome::Release));
    assert_eq!(worker.results(100).await.len(), 1, "a page that was read is told of, though it will be read again");
    assert_eq!(site.requests("/subject/2"), 0);
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_for_which_no_browser_starts_is_handed_back_without_blame() {
    let (site, worker) = (Site::start().await, Worker::start_with("/bin/false", limits(1)).await);
    let source = source_at(&site);
    worker.run(task(&source, unit(site.url("/subject/1")))).await;
    let results = worker.results(100).await;
    let outcome = &results[0]["outcome"];
    assert_eq!(outcome["failure"], "cancelled", "{outcome}");
    assert!(outcome["detail"].as_str().unwrap().contains("could not be started"), "{outcome}");
    assert!(outcome["retryAfterSeconds"].as_u64() > Some(0), "not before the breaker lets anybody try: {outcome}");
    assert_eq!(site.requests("/subject/1"), 0);
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_waited_too_long_is_not_to_blame_unless_a_worker_died_meanwhile() {
    let (site, worker) = (Site::start().await, Worker::start(limits(1)).await);
    let source = source_at(&site);
    for (came_before, expected) in [(false, "cancelled"), (true, "timeout")] {
        let expired = ScrapeTaskV1 { deadline: Utc::now(), ..task(&source, unit(site.url("/subject/1"))) };
        worker.run_delivered(expired, came_before).await;
        assert_eq!(worker.results(1).await[0]["outcome"]["failure"], expected);
    }
    assert_eq!(site.connections(), 0);
    worker.stop().await;
}
