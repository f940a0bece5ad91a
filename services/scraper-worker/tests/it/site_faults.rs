//! Every fault that a demo site can be told to have, met by whole tasks: each ends as what it is, and the next good
//! page is read by a whole pool.

use crate::{
    support::short_limits,
    worker::{Worker, source_of, task, unit},
};
use rmu_demo_handbooks::{Running, ServeConfig, serve};
use rmu_messaging::contracts::scrape::{SourceSnapshotV1, TargetV1};
use rmu_test_support::wait;
use serde_json::{Value, json};
use std::time::Duration;

struct Site {
    sites: Running,
    origin: String,
    source: SourceSnapshotV1,
    page: String,
}

impl Site {
    /// A site by itself: robots.txt and a host's refusals are remembered by its address.
    async fn start() -> Self {
        let sites = serve(ServeConfig { units: 20, min_gap_ms: 0, ..ServeConfig::default() }).await.unwrap();
        let origin = sites.addresses.eastmoor.clone();
        let source = source_of(&origin).await;
        let truth: Value = reqwest::get(format!("{origin}/_truth/units.json")).await.unwrap().json().await.unwrap();
        let page = format!("{origin}{}", truth["units"][0]["path"].as_str().unwrap());
        Self { sites, origin, source, page }
    }

    async fn set(&self, faults: &Value) {
        let answer = reqwest::Client::new().post(format!("{}/_faults", self.origin)).json(faults).send().await.unwrap();
        assert!(answer.status().is_success(), "{faults}");
    }

    /// What became of a task, in one word.
    async fn outcome(&self, worker: &Worker, target: TargetV1) -> String {
        worker.run(task(&self.source, target)).await;
        let result = worker.results(1).await.remove(0);
        let outcome = &result["outcome"];
        let word = if outcome["kind"] == "failed" { &outcome["failure"] } else { &outcome["kind"] };
        word.as_str().unwrap().to_owned()
    }

    async fn unit(&self, worker: &Worker) -> String {
        self.outcome(worker, unit(self.page.clone())).await
    }

    async fn listing(&self, worker: &Worker) -> String {
        self.outcome(worker, TargetV1::Discovery { url: format!("{}/numerical.html", self.origin) }).await
    }
}

/// Every permit is back, and a good page is still a unit.
async fn stays_whole(worker: &Worker, site: &Site, after: &Value) {
    wait::until(Duration::from_secs(30), || async { worker.pool.free() == 1 }).await;
    site.set(&json!({})).await;
    assert_eq!(site.unit(worker).await, "unit", "after {after}");
}

/// Whether a page is found too large, or its signs never come, or its time is over or its browser's memory used up first,
/// is the machine's affair.
const HEAVY: &[&str] = &["too_large", "missing_fact", "timeout", "browser_crashed"];

#[tokio::test(flavor = "multi_thread")]
async fn a_unit_under_every_fault_of_its_page() {
    let worker = Worker::start(short_limits(1)).await;
    // All of them are met before any is judged. Of a file to keep nothing is seen: no
    // document, or none with a sign of a unit.
    let mut wrong = Vec::new();
    for (faults, expected) in [
        (json!({"delayMs": 300}), &["unit"][..]),
        (json!({"errorShare": 100}), &["http_status"]),
        (json!({"errorPageShare": 100}), &["notFound"]),
        (json!({"forbidAfter": 0}), &["rate_limited"]),
        (json!({"truncateShare": 100}), &["connection"]),
        (json!({"redesigned": true}), &["not_a_unit"]),
        (json!({"hangShare": 100}), &["timeout"]),
        (json!({"edition": 2024}), &["unit"]),
        (json!({"spoil": {"malformed": 100}}), &["connection"]),
        (json!({"spoil": {"huge": 100}}), HEAVY),
        (json!({"spoil": {"flood": 100}}), HEAVY),
        (json!({"spoil": {"gzipBomb": 100}}), HEAVY),
        (json!({"spoil": {"offSite": 100}}), &["connection"]),
        (json!({"spoil": {"redirectLoop": 100}}), &["connection"]),
        (json!({"spoil": {"scriptLoop": 100}}), &["timeout"]),
        (json!({"spoil": {"alertLoop": 100}}), &["timeout"]),
        (json!({"spoil": {"popUps": 100}}), &["unit"]),
        (json!({"spoil": {"download": 100}}), &["not_a_unit", "missing_fact"]),
        (json!({"spoil": {"nested": 100}}), &["not_a_unit", "missing_fact", "timeout"]),
    ] {
        let site = Site::start().await;
        site.set(&faults).await;
        let outcome = site.unit(&worker).await;
        if !expected.contains(&outcome.as_str()) {
            wrong.push(format!("{faults}: {outcome} instead of {expected:?}"));
        }
        stays_whole(&worker, &site, &faults).await;
        site.sites.stop().await;
    }
    worker.stop().await;
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listing_under_every_fault_that_it_can_have() {
    let worker = Worker::start(short_limits(1)).await;
    for (faults, expected) in [
        (json!({}), "children"),
        (json!({"errorShare": 100}), "http_status"),
        (json!({"errorPageShare": 100}), "blocked"),
        (json!({"forbidAfter": 0}), "rate_limited"),
        (json!({"truncateShare": 100}), "connection"),
        (json!({"spoil": {"malformed": 100}}), "connection"),
        (json!({"spoil": {"huge": 100}}), "too_large"),
        (json!({"spoil": {"flood": 100}}), "too_large"),
        (json!({"spoil": {"gzipBomb": 100}}), "too_large"),
        (json!({"spoil": {"offSite": 100}}), "bad_source"),
        (json!({"spoil": {"redirectLoop": 100}}), "bad_source"),
        // None of our affair: no script runs, and nothing is kept.
        (json!({"spoil": {"scriptLoop": 100}}), "children"),
    ] {
        let site = Site::start().await;
        // As read for a page before, so that the fault meets the listing.
        assert_eq!(site.unit(&worker).await, "unit");
        site.set(&faults).await;
        assert_eq!(site.listing(&worker).await, expected, "{faults}");
        site.sites.stop().await;
    }
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn robots_in_every_variant() {
    let worker = Worker::start(short_limits(1)).await;
    for (robots, expected) in [
        (json!("normal"), "unit"),
        (json!("missing"), "unit"),
        (json!("serverError"), "connection"),
        (json!("forbidden"), "unit"),
        (json!("disallowAll"), "robots_disallowed"),
        (json!({"crawlDelay": 1}), "unit"),
        (json!({"crawlDelay": 3600}), "robots_disallowed"),
    ] {
        let site = Site::start().await;
        site.set(&json!({"robots": robots})).await;
        assert_eq!(site.unit(&worker).await, expected, "{robots}");
        site.sites.stop().await;
    }
    worker.stop().await;
}
