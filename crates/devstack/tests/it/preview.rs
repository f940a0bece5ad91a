//! A page tried against the draft of a source: real worker, real browser, nothing stored.

use crate::world::{STEP_LIMIT, World};
use base64::{Engine, engine::general_purpose::STANDARD};
use reqwest::{Method, StatusCode};
use rmu_devstack::stack::api::Api;
use rmu_test_support::wait;
use serde_json::{Value, json};

const FEED: &str = "harbourview-handbook";
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

pub(crate) async fn tried(world: &World, body: &Value) -> Value {
    // Until the worker has reported, nobody is known to try pages.
    let answer = wait::value(STEP_LIMIT * 3, || async {
        let answer = world.admin.clone().call(Method::POST, "/api/admin/sources/preview", Some(body)).await.unwrap();
        (answer.status != StatusCode::SERVICE_UNAVAILABLE).then_some(answer)
    })
    .await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    answer.data().unwrap()
}

/// The source as it is, with a place tried first where nothing is.
async fn draft(world: &World, slug: &str) -> Value {
    let mut definition =
        world.admin.clone().get(&format!("/api/admin/sources/{slug}")).await.unwrap()["definition"].take();
    let rules = definition["facts"]["title"].as_array_mut().unwrap();
    rules.insert(0, json!(if slug == FEED { json!({"xml": "ofNoEntry"}) } else { json!({"css": ".of-no-page"}) }));
    definition
}

/// A feed has no page to see; its entries are named by their codes.
async fn entries_of_a_feed_too(world: &World) {
    let (site, draft) = (world.handbooks.site("harbourview"), draft(world, FEED).await);
    let feed = draft["start"][0]["url"].as_str().unwrap().to_owned();
    let truth = Api::new(&site).unwrap().call(Method::GET, "/_truth/units.json", None).await.unwrap().body;
    let code = |unit: &Value| unit["facts"]["code"].as_str().unwrap().to_owned();
    let units = truth["units"].as_array().unwrap();
    let unit = units.iter().find(|unit| units.iter().filter(|other| code(other) == code(unit)).count() == 1).unwrap();
    let preview = tried(world, &json!({"url": feed, "definition": draft, "code": code(unit)})).await;
    assert_eq!(preview["verdict"]["kind"], "unit", "{preview}");
    facts_are_as_the_site_means_them(&preview, unit);
    let nobody = tried(world, &json!({"url": feed, "source": FEED, "code": "NONE99999"})).await;
    assert_eq!(nobody["verdict"]["kind"], "notFound", "{nobody}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_is_tried_against_a_draft_and_nothing_is_stored() {
    let world = World::start(4).await;
    let worker = world.worker(1).await;
    for (site, slug) in world.handbooks.sites().iter().zip(["northfield-handbook", "eastmoor-handbook"]) {
        let draft = draft(&world, slug).await;
        let truth = Api::new(site).unwrap().call(Method::GET, "/_truth/units.json", None).await.unwrap().body;
        for unit in truth["units"].as_array().unwrap().iter().take(2) {
            let url = format!("{site}{}", unit["path"].as_str().unwrap());
            let preview = tried(&world, &json!({"url": url, "definition": draft})).await;
            assert_eq!((&preview["verdict"]["kind"], &preview["url"]), (&json!("unit"), &json!(url)), "{preview}");
            is_as_the_site_means_it(&preview, unit);
        }
        let robots = tried(&world, &json!({"url": format!("{site}/_truth/units.json"), "definition": draft})).await;
        assert_eq!(robots["verdict"]["failure"], "robots_disallowed", "{robots}");
        let statistics = reqwest::get(format!("{site}/_stats")).await.unwrap().json::<Value>().await.unwrap();
        assert_eq!(statistics["maxConcurrentDocuments"], 1, "{statistics}");
    }
    entries_of_a_feed_too(&world).await;
    let about = format!("{}/about", world.handbooks.sites()[1]);
    let other = tried(&world, &json!({"url": about, "source": "eastmoor-handbook"})).await;
    assert_ne!(other["verdict"]["kind"], "unit", "{other}");
    for table in ["units", "unit_versions", "scrape_tasks"] {
        assert_eq!(world.count(&format!("SELECT count(*) FROM catalogue.{table}")).await, 0, "{table}");
    }
    assert!(worker.service.terminate().await.success(), "a drained worker ends well");
}

/// The page was read as the site means it, and looked at.
fn is_as_the_site_means_it(preview: &Value, unit: &Value) {
    facts_are_as_the_site_means_them(preview, unit);
    let picture = STANDARD.decode(preview["screenshot"]["data"].as_str().unwrap()).unwrap();
    assert!(picture.starts_with(PNG) && picture.len() > 1000, "{} bytes", picture.len());
}

/// Every fact has the value that the site means, or the reason why there is none, and says where it stood.
fn facts_are_as_the_site_means_them(preview: &Value, unit: &Value) {
    let facts = preview["facts"].as_array().unwrap();
    assert_eq!(facts.len(), 16, "{preview}");
    for fact in facts {
        let name = fact["fact"].as_str().unwrap();
        assert_eq!(fact["value"], unit["facts"][name], "{name}: {fact}");
        assert_eq!(fact["gap"], unit["gaps"][name]["reason"], "{name}: {fact}");
        if !fact["value"].is_null() {
            let (rules, found) = (fact["rules"].as_array().unwrap(), fact["found"].as_array().unwrap());
            assert!(!rules.is_empty() && !found.is_empty(), "{name}: {fact}");
            assert!(found.iter().all(|piece| piece["kind"] == "address" || piece["path"].is_string()), "{fact}");
        }
    }
    let title = facts.iter().find(|fact| fact["fact"] == "title").unwrap();
    let outcomes: Vec<_> = title["tried"].as_array().unwrap().iter().map(|rule| &rule["outcome"]).collect();
    assert_eq!(outcomes, ["absent", "value"], "{title}");
    assert!(title["found"][0]["raw"].as_str().unwrap().contains(unit["facts"]["title"].as_str().unwrap()), "{title}");
}
