//! Results that repeat rows, drop rows and never end, read by a real worker.

use crate::world::World;
use rmu_devstack::truth::{self, faults};
use serde_json::json;

/// Three pages of results, of which faults concern the last two.
const UNITS: usize = 45;

#[tokio::test(flavor = "multi_thread")]
async fn results_that_repeat_drop_and_never_end_give_every_unit_once() {
    let mut world = World::start(UNITS).await;
    let worker = world.worker(2).await;
    let site = world.handbooks.site("southmere");
    let paging = json!({"repeatShare": 60, "dropShare": 30, "endless": true});
    faults::switch(&site, &json!({"paging": paging})).await.unwrap();
    let job = world.post("/api/admin/scrapes", &json!({"source": "southmere-handbook"})).await;
    let job = world.ended(&[job["id"].as_str().unwrap().to_owned()]).await.remove(0);
    assert_eq!((&job["state"], &job["counts"]["dead"]), (&json!("completed"), &json!(0)), "{job}");
    // What one order drops, the other one has in its first half.
    let report = truth::compare(&mut world.anybody(), &site).await.unwrap();
    assert!(report.is_perfect(), "{report}");
    let versions = world.count("SELECT count(*) FROM catalogue.unit_versions").await;
    assert_eq!(usize::try_from(versions).unwrap(), report.units, "a row that repeats is read once");
    assert!(worker.service.terminate().await.success(), "a drained worker ends well");
}
