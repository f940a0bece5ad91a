//! Sites that are relaunched between two scrapes, read by a real worker: the source pauses, nothing known is lost, and
//! it goes on when somebody has looked.

use crate::world::{SCRAPE_LIMIT, World};
use rmu_devstack::truth::{self, faults};
use rmu_test_support::wait;
use serde_json::{Value, json};

/// As few as it takes to call it drift where no unit is watched.
const UNITS: usize = 6;

/// A site, whether one unit of it is watched (a page whose signs never come costs eight seconds, so one has to
/// do), and facts that vanish.
const SITES: [Redesigned; 5] = [
    ("northfield", true, &["title", "description"]),
    ("eastmoor", false, &["title", "creditPoints"]),
    ("westhaven", true, &["title", "description"]),
    ("southmere", false, &["title", "creditPoints"]),
    // An entry without what it must have says no more than that.
    ("harbourview", false, &["title"]),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_redesigned_site_is_paused_says_what_vanished_and_loses_nothing() {
    let mut world = World::start(UNITS).await;
    let worker = world.worker(4).await;
    let first = world.scrape_all().await;
    for job in world.ended(&first).await {
        assert_eq!((&job["state"], &job["counts"]["dead"]), (&json!("completed"), &json!(0)), "{job}");
    }
    let versions = world.count("SELECT count(*) FROM catalogue.unit_versions").await;
    for (name, watched, _) in SITES {
        let site = world.handbooks.site(name);
        if watched {
            watch_one_unit(&mut world, name, &site).await;
        }
        faults::switch(&site, &json!({"redesigned": true})).await.unwrap();
    }

    let second = world.scrape_all().await;
    let second = redesigned(&mut world, &second).await;
    for (name, _, vanishing) in SITES {
        let health = until_paused(&world, name).await;
        let vanished = health["vanished"].as_array().unwrap();
        for fact in vanishing {
            assert!(vanished.contains(&json!(fact)), "{name}: {fact} has vanished: {health}");
            assert!(health["reason"].as_str().unwrap().contains(fact), "{name}: the reason says so: {health}");
        }
    }
    for (job, _) in &second {
        let path = format!("/api/admin/scrapes/{job}");
        let admin = world.admin.clone();
        wait::until(SCRAPE_LIMIT, || async { admin.clone().get(&path).await.unwrap()["state"] == "paused" }).await;
    }
    nothing_is_lost(&world, versions).await;

    // Two of them are as they were before; of the others somebody says that this is how they are now.
    for (name, watched, vanishing) in SITES {
        if watched {
            faults::switch(&world.handbooks.site(name), &json!({})).await.unwrap();
            world.post(&health_of(name, "resume"), &json!({})).await;
        } else {
            let health = world.post(&health_of(name, "accept"), &json!({})).await;
            assert!(health["accepted"].as_array().unwrap().contains(&json!(vanishing.last())), "{name}: {health}");
        }
    }
    for (job, (name, watched, _)) in &second {
        if *watched {
            let job = ended_when_due(&world, job).await;
            let counts = &job["counts"];
            assert_eq!((&job["state"], &counts["dead"]), (&json!("completed"), &json!(0)), "{name}: {job}");
            assert_eq!(counts["versionsCreated"], 0, "{name}: nothing had changed: {job}");
        } else {
            // Without its title no page is a unit, whatever is given up: it pauses again.
            world.make_everything_due().await;
            until_paused(&world, name).await;
        }
    }
    nothing_is_lost(&world, versions).await;
    assert!(worker.service.terminate().await.success(), "a drained worker ends well");
}

/// Waits for the end of a job, as if the time for which its tasks wait passed at once: also those that were with a
/// worker when the source went on, and come back with what the site was before.
async fn ended_when_due(world: &World, job: &str) -> Value {
    let (admin, path) = (world.admin.clone(), format!("/api/admin/scrapes/{job}"));
    wait::value(SCRAPE_LIMIT, || async {
        world.make_everything_due().await;
        let job = admin.clone().get(&path).await.unwrap();
        (job["state"] == "completed").then_some(job)
    })
    .await
}

fn health_of(name: &str, what: &str) -> String {
    format!("/api/admin/sources/{name}-handbook/{what}")
}

type Redesigned = (&'static str, bool, &'static [&'static str]);

/// The jobs over sites that were relaunched, with these.
async fn redesigned(world: &mut World, jobs: &[String]) -> Vec<(String, Redesigned)> {
    let mut found = Vec::new();
    for id in jobs {
        let job = world.admin.get(&format!("/api/admin/scrapes/{id}")).await.unwrap();
        found.extend(SITES.iter().find(|(name, ..)| job["university"] == *name).map(|site| (id.clone(), *site)));
    }
    found
}

async fn watch_one_unit(world: &mut World, name: &str, site: &str) {
    let truth: Value = reqwest::get(format!("{site}/_truth/units.json")).await.unwrap().json().await.unwrap();
    let full = truth["units"].as_array().unwrap().iter().find(|unit| !unit["facts"]["description"].is_null()).unwrap();
    let body = json!({"codes": [full["facts"]["code"]]});
    let answer = world.admin.call(reqwest::Method::PUT, &health_of(name, "canaries"), Some(&body)).await.unwrap();
    answer.data().unwrap();
}

async fn until_paused(world: &World, name: &str) -> Value {
    let (admin, path) = (world.admin.clone(), health_of(name, "health"));
    wait::value(SCRAPE_LIMIT, || async {
        let health = admin.clone().get(&path).await.unwrap();
        (health["state"] == "paused").then_some(health)
    })
    .await
}

/// Every unit is as the sites meant it before their relaunch, and no version was added.
async fn nothing_is_lost(world: &World, versions: i64) {
    for (name, ..) in SITES {
        let report = truth::compare(&mut world.anybody(), &world.handbooks.site(name)).await.unwrap();
        assert!(report.is_perfect(), "{name}: {report}");
    }
    assert_eq!(world.count("SELECT count(*) FROM catalogue.unit_versions").await, versions);
}
