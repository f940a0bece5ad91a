//! Several sites at once: each keeps its browser, however many tasks of one come together.

use crate::{
    site::{Site, page},
    support::limits,
    worker::{Worker, source_of, task, unit},
};
use futures_util::future::join_all;
use rmu_demo_handbooks::{ServeConfig, serve};
use rmu_messaging::contracts::scrape::{SourceSnapshotV1, TargetV1};
use rmu_scraper_worker::browser::PoolLimits;
use serde_json::{Value, json};
use std::time::Duration;
use uuid::Uuid;

/// Pages of units of a demo handbook.
async fn units_of(origin: &str, count: usize) -> Vec<TargetV1> {
    let truth: Value = reqwest::get(format!("{origin}/_truth/units.json")).await.unwrap().json().await.unwrap();
    let units = truth["units"].as_array().unwrap().iter().take(count);
    units.map(|listed| unit(format!("{origin}{}", listed["path"].as_str().unwrap()))).collect()
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
    let definition = json!({
        "origins": [long.origin],
        "start": [{ "kind": "sitemap", "url": long.url("/sitemap.xml") }],
        "unitUrl": "/subject/(?<code>[A-Za-z0-9-]+)$",
        "page": { "ready": ["h1"] },
        "politeness": { "minGapMs": 0 },
        "recognise": { "unit": [{ "css": "h1" }] },
        "facts": { "code": [{ "css": "h1" }], "title": [{ "css": "h1" }] }
    });
    let slow = SourceSnapshotV1 { source_id: Uuid::new_v4(), slug: "long".to_owned(), version: 1, definition };
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
