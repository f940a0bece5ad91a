//! What remains when everything but the database is lost.

use crate::{
    own_broker::OwnBroker,
    world::{STEP_LIMIT, World},
};
use reqwest::{Method, StatusCode};
use rmu_devstack::truth;
use rmu_messaging::topology::Limits;
use rmu_test_support::wait;
use serde_json::json;

const SITES: [&str; 2] = ["eastmoor", "westhaven"];
const UNITS: usize = 20;
/// As many as both sites have.
const FULL: u32 = 40;

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_outlives_the_brokers_data_what_redis_held_and_a_gateway() {
    let limits = Limits { max_queue_size: FULL };
    let mut broker = OwnBroker::start(limits).await;
    let mut world = World::start_on(broker.users(), UNITS, limits).await;
    let mut jobs = Vec::new();
    for site in SITES {
        let urls = world.addresses(site).await;
        let body = json!({"source": format!("{site}-handbook"), "urls": urls});
        jobs.push(world.post("/api/admin/scrapes", &body).await["id"].as_str().unwrap().to_owned());
    }
    let one_more = json!({"source": "northfield-handbook"});
    assert_eq!(post(&mut world, &one_more).await, StatusCode::TOO_MANY_REQUESTS);
    let out = "SELECT count(*) FROM catalogue.scrape_tasks WHERE state = 'dispatched'";
    wait::until(STEP_LIMIT, || async { world.count(out).await == 16 }).await;

    broker.lose_everything().await;
    assert!(world.flush_redis().await > 0);
    world.restart_gateway().await;
    assert_eq!(post(&mut world, &one_more).await, StatusCode::TOO_MANY_REQUESTS, "it is as full as it was");
    let worker = world.worker(2).await;
    assert_eq!(world.make_everything_overdue().await, 16, "nothing is answered that was lost");

    for job in world.ended(&jobs).await {
        assert_eq!((&job["state"], &job["counts"]["succeeded"]), (&json!("completed"), &json!(UNITS)), "{job}");
    }
    for site in SITES {
        let report = truth::compare(&mut world.anybody(), &world.handbooks.site(site)).await.unwrap();
        assert!(report.is_perfect(), "{site}: {report}");
    }
    let versions = world.count("SELECT count(*) FROM catalogue.unit_versions").await;
    assert_eq!(u32::try_from(versions).unwrap(), FULL, "applied twice would be a second version");
    assert_eq!(post(&mut world, &one_more).await, StatusCode::ACCEPTED, "there is room again");
    assert!(worker.service.terminate().await.success());
}

async fn post(world: &mut World, scrape: &serde_json::Value) -> StatusCode {
    world.admin.call(Method::POST, "/api/admin/scrapes", Some(scrape)).await.unwrap().status
}
