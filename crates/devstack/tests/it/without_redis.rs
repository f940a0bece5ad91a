//! A worker that loses Redis, and with it what it knows of other workers.

use crate::world::{STEP_LIMIT, World};
use rmu_devstack::truth::faults;
use rmu_test_support::{chaos::ChaosProxy, redis, wait};
use serde_json::json;

const UNITS: usize = 20;
/// Of those that are out, one is at work.
const WAITING: i64 = 7;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_in_a_worker_is_handed_back_when_it_loses_redis() {
    let mut world = World::start(UNITS).await;
    let site = world.handbooks.site("eastmoor");
    faults::switch(&site, &json!({"hangShare": 100})).await.unwrap();
    let urls = world.addresses("eastmoor").await;
    let job = world.post("/api/admin/scrapes", &json!({"source": "eastmoor-handbook", "urls": urls})).await;
    let job = job["id"].as_str().unwrap().to_owned();
    let proxy = ChaosProxy::start_for(&redis::url()).await;
    let worker = world.worker_at(1, proxy.in_front_of(&redis::url())).await;
    wait::until(STEP_LIMIT, || async { faults::injected(&site).await.unwrap().0 > 0 }).await;

    proxy.reset();
    let handed_back = "SELECT count(*) FROM catalogue.scrape_tasks WHERE error_kind = 'cancelled' AND failures = 0";
    wait::until(STEP_LIMIT, || async { world.count(handed_back).await >= WAITING }).await;

    proxy.restore();
    faults::switch(&site, &json!({})).await.unwrap();
    let job = world.ended(&[job]).await.remove(0);
    assert_eq!((&job["state"], &job["counts"]["succeeded"]), (&json!("completed"), &json!(UNITS)), "{job}");
    assert!(worker.service.terminate().await.success());
}
