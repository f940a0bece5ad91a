//! Site E, which is a feed, through the whole system: no browser is needed, and nothing is fetched for every part.

use crate::world::{SCRAPE_LIMIT, World};
use rmu_devstack::truth;
use rmu_test_support::wait;
use serde_json::{Value, json};

const UNITS: usize = 220;

async fn scrape(world: &mut World) -> Value {
    let job = world.post("/api/admin/scrapes", &json!({"source": "harbourview-handbook"})).await;
    let id = job["id"].as_str().unwrap().to_owned();
    world.ended(&[id]).await.remove(0)
}

async fn set_faults(site: &str, faults: &Value) {
    let told = reqwest::Client::new().post(format!("{site}/_faults")).json(faults).send().await.unwrap();
    assert!(told.status().is_success(), "{faults}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_unit_of_a_feed_is_as_the_feed_says_and_an_unchanged_feed_costs_no_version() {
    let mut world = World::start(UNITS).await;
    let site = world.handbooks.site("harbourview");
    let worker = world.worker(1).await;
    let job = scrape(&mut world).await;
    assert_eq!((&job["state"], &job["counts"]["dead"]), (&json!("completed"), &json!(0)), "{job}");
    let report = truth::compare(&mut world.anybody(), &site).await.unwrap();
    assert!(report.is_perfect(), "{report}");
    let parts = UNITS / 50;
    assert!(job["counts"]["total"].as_u64().unwrap() > parts as u64, "the feed was read in parts: {job}");
    let statistics = reqwest::get(format!("{site}/_stats")).await.unwrap().json::<Value>().await.unwrap();
    let fetched = statistics["paths"]["/feeds/xcri-1.xml"].as_u64().unwrap();
    assert!(fetched < parts as u64, "fetched {fetched} times for more than {parts} parts");

    let versions = world.count("SELECT count(*) FROM catalogue.unit_versions").await;
    assert_eq!(usize::try_from(versions).unwrap(), UNITS, "units entered twice have one version");
    let again = scrape(&mut world).await;
    assert_eq!((&again["state"], &again["counts"]["versionsCreated"]), (&json!("completed"), &json!(0)), "{again}");
    assert_eq!(world.count("SELECT count(*) FROM catalogue.unit_versions").await, versions);

    // A feed that is spoilt on the way is no reason to forget anything.
    set_faults(&site, &json!({"feed": "doctype"})).await;
    assert_eq!(scrape(&mut world).await["state"], "failed");
    set_faults(&site, &json!({"feed": "badEntries"})).await;
    let spoilt = world.post("/api/admin/scrapes", &json!({"source": "harbourview-handbook"})).await;
    // An entry that was a unit before is looked at again before it is believed to be none.
    let doubted =
        "SELECT count(*) FROM catalogue.scrape_tasks WHERE error_kind = 'drift' AND error_detail LIKE 'was a unit%'";
    wait::until(SCRAPE_LIMIT, || async { world.count(doubted).await > 0 }).await;
    let cancel = format!("/api/admin/scrapes/{}/cancel", spoilt["id"].as_str().unwrap());
    world.post(&cancel, &Value::Null).await;
    set_faults(&site, &json!({})).await;
    let report = truth::compare(&mut world.anybody(), &site).await.unwrap();
    assert!(report.is_perfect(), "{report}");
    assert!(worker.service.terminate().await.success());
}
