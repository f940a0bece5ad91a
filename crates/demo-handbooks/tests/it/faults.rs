//! Each fault that a site can be told to have, and that it really has it.

use reqwest::{Client, StatusCode, redirect::Policy};
use rmu_demo_handbooks::{Running, ServeConfig, serve};
use serde_json::{Value, json};
use std::time::Duration;

struct Site {
    sites: Running,
    client: Client,
    /// A unit's page at each site.
    pages: Vec<(String, String)>,
}

impl Site {
    async fn start() -> Self {
        let sites = serve(ServeConfig { units: 110, ..ServeConfig::default() }).await.unwrap();
        let client = Client::builder().redirect(Policy::none()).timeout(Duration::from_secs(30)).build().unwrap();
        let addresses = &sites.addresses;
        let pages = [
            (&addresses.northfield, "/subject/2026/COMP2011"),
            (&addresses.eastmoor, "/subjects/31251.html"),
            (&addresses.westhaven, "/programs-courses/course.html?course_code=COMP2502"),
            (&addresses.southmere, "/2026/subjects/comp20003"),
        ];
        let pages = pages.iter().map(|(origin, path)| ((*origin).clone(), format!("{origin}{path}"))).collect();
        Self { sites, client, pages }
    }

    async fn set(&self, origin: &str, faults: Value) {
        let answer = self.client.post(format!("{origin}/_faults")).json(&faults).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{faults}");
    }

    async fn text(&self, url: &str) -> String {
        self.client.get(url).send().await.unwrap().text().await.unwrap()
    }

    async fn json(&self, url: &str) -> Value {
        self.client.get(url).send().await.unwrap().json().await.unwrap()
    }
}

#[tokio::test]
async fn every_site_spoils_its_pages_in_every_way() {
    let site = Site::start().await;
    for (origin, url) in &site.pages {
        let whole = site.text(url).await;
        for (fault, sign) in [
            ("scriptLoop", "<script>while (true) {}</script></body>"),
            ("alertLoop", "while (true) alert("),
            ("popUps", "window.open("),
            ("malformed", "</div></p><table><tr><p>"),
        ] {
            site.set(origin, json!({"spoil": {fault: 100}})).await;
            let page = site.text(url).await;
            assert!(page.contains(sign) && page != whole, "{fault} at {url}");
        }
        site.set(origin, json!({"spoil": {"nested": 100}})).await;
        assert_eq!(site.text(url).await.matches("<div>").count() - whole.matches("<div>").count(), 100_000, "{url}");
        site.set(origin, json!({"spoil": {"huge": 100}})).await;
        assert!(site.text(url).await.len() > (11 << 20), "{url}");

        site.set(origin, json!({"spoil": {"offSite": 100}})).await;
        let answer = site.client.get(url).send().await.unwrap();
        assert_eq!(
            (answer.status(), &answer.headers()["location"]),
            (StatusCode::FOUND, &"http://elsewhere.example/".parse().unwrap())
        );
        site.set(origin, json!({"spoil": {"download": 100}})).await;
        let answer = site.client.get(url).send().await.unwrap();
        assert!(answer.headers()["content-disposition"].to_str().unwrap().starts_with("attachment"), "{url}");

        site.set(origin, json!({"spoil": {"huge": 0}})).await;
        assert_eq!(site.text(url).await, whole, "what is off spoils nothing");
        let unknown = site.client.post(format!("{origin}/_faults")).json(&json!({"spoil": {"hugh": 1}}));
        assert_eq!(unknown.send().await.unwrap().status(), StatusCode::BAD_REQUEST);
    }
    site.sites.stop().await;
}

#[tokio::test]
async fn redirects_never_end() {
    let site = Site::start().await;
    let (origin, url) = &site.pages[1];
    site.set(origin, json!({"spoil": {"redirectLoop": 100}})).await;
    let mut seen = std::collections::BTreeSet::new();
    let mut next = url.clone();
    for _ in 0..30 {
        assert!(seen.insert(next.clone()), "{next} twice");
        let answer = site.client.get(&next).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::FOUND);
        next = format!("{origin}{}", answer.headers()["location"].to_str().unwrap());
    }
    site.sites.stop().await;
}

#[tokio::test]
async fn bodies_flood_and_unfold() {
    let site = Site::start().await;
    let (origin, url) = &site.pages[2];
    site.set(origin, json!({"spoil": {"flood": 100}})).await;
    let mut answer = site.client.get(url).send().await.unwrap();
    assert_eq!(answer.content_length(), None, "nobody is told how much will come");
    let mut received = 0;
    while received < (64 << 20) {
        received += answer.chunk().await.unwrap().expect("a gigabyte is not over yet").len();
    }
    drop(answer);
    site.set(origin, json!({"spoil": {"gzipBomb": 100}})).await;
    // The client unfolds what it gets, and says how little came.
    let raw = Client::builder().no_gzip().build().unwrap().get(url).send().await.unwrap();
    assert_eq!(raw.headers()["content-encoding"], "gzip");
    assert!(raw.bytes().await.unwrap().len() < (1 << 20));
    assert_eq!(site.text(url).await.len(), 64 << 20);
    site.sites.stop().await;
}

#[tokio::test]
async fn a_share_of_the_pages_is_spoiled() {
    let site = Site::start().await;
    let (origin, url) = &site.pages[3];
    site.set(origin, json!({"spoil": {"popUps": 30}})).await;
    let mut spoiled = 0;
    for _ in 0..100 {
        spoiled += usize::from(site.text(url).await.contains("window.open("));
    }
    assert!((25..=35).contains(&spoiled), "{spoiled}");
    assert_eq!(site.json(&format!("{origin}/_stats")).await["faulty"], spoiled, "the site says how many there were");
    site.sites.stop().await;
}

#[tokio::test]
async fn sitemaps_break_too_and_follow_no_redesign() {
    let site = Site::start().await;
    for (origin, _) in [&site.pages[0], &site.pages[2]] {
        let url = format!("{origin}/sitemap.xml");
        let whole = site.text(&url).await;
        site.set(origin, json!({"truncateShare": 100})).await;
        let half = site.text(&url).await;
        assert!(whole.starts_with(&half) && half.len() < whole.len());
        site.set(origin, json!({"errorPageShare": 100})).await;
        assert!(site.text(&url).await.starts_with("<!DOCTYPE html>"));
        site.set(origin, json!({"redesigned": true})).await;
        assert_eq!(site.text(&url).await, whole);
    }
    site.sites.stop().await;
}

#[tokio::test]
async fn results_repeat_drop_and_never_end() {
    let site = Site::start().await;
    let origin = site.pages[3].0.clone();
    let page = |number: u32| format!("{origin}/search?types[]=subject&year=2026&order=asc&page={number}");
    let rows = |html: String| html.matches("search-results__result").count();
    let mut plain = vec![0];
    while plain.len() < 2 || plain.last() != Some(&0) {
        let number = u32::try_from(plain.len()).unwrap();
        plain.push(rows(site.text(&page(number)).await));
    }
    let last = u32::try_from(plain.len() - 2).unwrap();
    let before = plain[plain.len() - 3];
    assert!(last >= 5 && plain[1..=last as usize - 1].iter().all(|rows| *rows == 20), "{plain:?}");
    site.set(&origin, json!({"paging": {"dropShare": 50}})).await;
    assert!(rows(site.text(&page(last - 1)).await) < before);
    assert_eq!(rows(site.text(&page(1)).await), 20, "what is not deep is whole");
    site.set(&origin, json!({"paging": {"repeatShare": 100}})).await;
    assert_eq!(rows(site.text(&page(last)).await), before + plain[last as usize]);
    site.set(&origin, json!({"paging": {"endless": true}})).await;
    assert_eq!(rows(site.text(&page(999)).await), plain[last as usize]);
    site.sites.stop().await;
}

#[tokio::test]
async fn another_edition_has_other_names_and_fewer_retired_units() {
    let site = Site::start().await;
    for (origin, _) in &site.pages[1..3] {
        let now = site.json(&format!("{origin}/_truth/units.json")).await;
        site.set(origin, json!({"edition": 2024})).await;
        let before = site.json(&format!("{origin}/_truth/units.json")).await;
        let facts = |truth: &Value, name: &str| {
            truth["units"].as_array().unwrap().iter().map(|unit| unit["facts"][name].clone()).collect::<Vec<_>>()
        };
        assert_eq!((&now["year"], &before["year"]), (&json!(2026), &json!(2024)));
        assert_eq!(facts(&now, "code"), facts(&before, "code"));
        let renamed = facts(&now, "title").into_iter().zip(facts(&before, "title")).filter(|(a, b)| a != b).count();
        assert!((1..20).contains(&renamed), "{renamed} units of {origin} have another title");
        let not_offered = |truth: &Value| facts(truth, "offerings").iter().filter(|all| **all == json!([])).count();
        assert!(not_offered(&now) > not_offered(&before), "units were retired since at {origin}");
    }
    let (origin, url) = &site.pages[2];
    assert!(site.text(url).await.contains("id=\"course-edition\">2024<"), "{origin}");
    site.sites.stop().await;
}
