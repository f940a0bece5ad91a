//! Facts under faults, with every part real: a short form of `make truth-faults`.

use crate::world::World;
use rmu_devstack::truth::{self, Report, faults, scrape};
use serde_json::{Value, json};

/// Few units, so more faults than `make truth-faults` injects: each site must meet some.
const UNITS: usize = 6;
const FAULTS_PER_CENT: u8 = 30;

/// Without those that cost minutes: where signs of readiness are waited for, half a page or an error page shows none, and
/// a unit that shows none any more is looked at again much later. `make truth-faults` has them too.
fn without_waits(world: &World, site: &str) -> Value {
    let mut faults = faults::mixed(FAULTS_PER_CENT);
    if site == world.handbooks.site("northfield") {
        faults["truncateShare"] = json!(0);
    }
    if [world.handbooks.site("northfield"), world.handbooks.site("southmere")].iter().any(|waits| waits == site) {
        faults["errorPageShare"] = json!(0);
    }
    faults
}

#[tokio::test(flavor = "multi_thread")]
async fn with_faults_on_every_site_all_facts_come_out_and_none_is_invented() {
    let mut world = World::start(UNITS).await;
    let worker = world.worker(2).await;
    let sources = world.admin.get("/api/admin/sources").await.unwrap();
    let sources: Vec<String> =
        sources.as_array().unwrap().iter().map(|source| source["slug"].as_str().unwrap().to_owned()).collect();
    for site in world.handbooks.sites() {
        faults::switch(&site, &without_waits(&world, &site)).await.unwrap();
    }

    let effort = scrape::with_retries(&mut world.admin, &sources).await.unwrap();

    let mut reports = Vec::new();
    for site in world.handbooks.sites() {
        let (documents, faulty) = faults::injected(&site).await.unwrap();
        // A feed is a document or two, which luck may spare.
        assert!(faulty > 0 || documents < 10, "{site}: {faulty} of {documents} documents had a fault");
        let report = truth::compare(&mut world.anybody(), &site).await.unwrap();
        assert!(report.invents_nothing(), "{site}: {report}");
        reports.push(report);
    }
    assert!(effort.retries > 0, "{effort}");
    let share = Report::share_right(&reports);
    assert!(share >= 0.99, "{share}: {effort}\n{}", reports.iter().map(Report::to_string).collect::<String>());
    assert!(worker.service.terminate().await.success(), "a drained worker ends well");
}
