//! A site that hangs, beside one that does not.

use crate::world::{STEP_LIMIT, World};
use rmu_devstack::truth::faults;
use rmu_test_support::wait;
use serde_json::json;

const UNITS: usize = 20;

async fn ended(world: &World, source: &str) -> i64 {
    let ended = "SELECT count(*) FROM catalogue.scrape_tasks t JOIN catalogue.sources s ON s.id = t.source_id";
    world
        .count(&format!("{ended} WHERE s.slug = '{source}' AND (t.unit_id IS NOT NULL OR t.error_kind IS NOT NULL)"))
        .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_site_that_hangs_keeps_one_browser_and_the_others_are_read() {
    let mut world = World::start(UNITS).await;
    let hanging = world.handbooks.site("eastmoor");
    faults::switch(&hanging, &json!({"hangShare": 100})).await.unwrap();
    // More than the worker has browsers, and all of them first in the queue.
    let urls = world.addresses("eastmoor").await;
    world.post("/api/admin/scrapes", &json!({"source": "eastmoor-handbook", "urls": urls})).await;
    let _worker = world.worker(2).await;
    wait::until(STEP_LIMIT, || async { faults::injected(&hanging).await.unwrap().0 > 0 }).await;
    let urls = world.addresses("westhaven").await;
    world.post("/api/admin/scrapes", &json!({"source": "westhaven-handbook", "urls": urls})).await;
    wait::until(STEP_LIMIT * 3, || async { ended(&world, "westhaven-handbook").await > 0 }).await;
    let of_the_other = ended(&world, "eastmoor-handbook").await;
    assert!(of_the_other <= 1, "{of_the_other} pages were waited for first, half a minute each");
}
