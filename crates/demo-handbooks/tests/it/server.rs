//! The sites over HTTP: robots, sitemaps, statistics and faults.

use reqwest::{Client, StatusCode};
use rmu_demo_handbooks::{Running, ServeConfig, serve};
use rmu_extraction::{Source, discover, discover_results};
use serde_json::{Value, json};
use std::time::Duration;

struct Reader {
    sites: Running,
    client: Client,
}

impl Reader {
    async fn start(units: u32) -> Self {
        let sites = serve(ServeConfig { units, ..ServeConfig::default() }).await.unwrap();
        let client = Client::builder().user_agent("test-reader").timeout(Duration::from_secs(10)).build().unwrap();
        Self { sites, client }
    }

    async fn get(&self, url: &str) -> (StatusCode, String) {
        let answer = self.client.get(url).send().await.unwrap();
        (answer.status(), answer.text().await.unwrap())
    }

    async fn json(&self, url: &str) -> Value {
        serde_json::from_str(&self.get(url).await.1).unwrap()
    }

    async fn set_faults(&self, origin: &str, faults: Value) -> StatusCode {
        self.client.post(format!("{origin}/_faults")).json(&faults).send().await.unwrap().status()
    }
}

#[tokio::test]
async fn every_unit_is_found_from_the_source_of_its_site() {
    let reader = Reader::start(300).await;
    let addresses = &reader.sites.addresses;
    for origin in [&addresses.northfield, &addresses.eastmoor, &addresses.westhaven, &addresses.southmere] {
        let source = reader.json(&format!("{origin}/_source.json")).await;
        let source = Source::parse(&source["source"]["definition"]).unwrap();
        let mut waiting = source.start_urls();
        let mut found = Vec::new();
        while let Some(url) = waiting.pop() {
            let (status, body) = reader.get(url.as_str()).await;
            assert_eq!(status, StatusCode::OK, "{url}");
            let named = match source.results_page(&url) {
                Some(page) => discover_results(&source, &page, &url, body.as_bytes()).unwrap(),
                None => discover(&source, &url, None, body.as_bytes()).unwrap(),
            };
            waiting.extend(named.discovery);
            found.extend(named.units);
        }
        let truth = reader.json(&format!("{origin}/_truth/units.json?year=2026")).await;
        let mut wanted: Vec<&str> =
            truth["units"].as_array().unwrap().iter().map(|u| u["facts"]["code"].as_str().unwrap()).collect();
        wanted.extend(truth["dead"].as_array().unwrap().iter().map(|code| code.as_str().unwrap()));
        let mut found: Vec<String> = found.iter().map(|unit| unit.code.normalised()).collect();
        wanted.sort_unstable();
        found.sort_unstable();
        if origin == &addresses.southmere {
            // Read in both orders, so that each is there twice.
            assert_eq!(found.len(), 2 * wanted.len());
            found.dedup();
        }
        assert_eq!(found, wanted);
    }
    reader.sites.stop().await;
}

#[tokio::test]
async fn the_truth_of_one_unit_is_that_of_all() {
    let reader = Reader::start(20).await;
    let origin = &reader.sites.addresses.northfield;
    let all = reader.json(&format!("{origin}/_truth/units.json?year=2025")).await;
    let one = reader.json(&format!("{origin}/_truth/units/COMP2011.json?year=2025")).await;
    assert!(all["units"].as_array().unwrap().contains(&one));
    assert_eq!((all["university"].as_str(), one["facts"]["year"].as_u64()), (Some("northfield"), Some(2025)));
    let (status, _) = reader.get(&format!("{origin}/_truth/units/NONE1.json")).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    let (_, robots) = reader.get(&format!("{origin}/robots.txt")).await;
    assert!(robots.contains("Disallow: /_truth\n") && robots.contains(&format!("Sitemap: {origin}/sitemap.xml")));
    reader.sites.stop().await;
}

#[tokio::test]
async fn unknown_units_come_as_error_pages_with_status_200() {
    let reader = Reader::start(5).await;
    let addresses = &reader.sites.addresses;
    let (status, page) = reader.get(&format!("{}/subject/2026/NONE0000", addresses.northfield)).await;
    assert!(status == StatusCode::OK && page.contains("ErrorPage404") && !page.contains("pageContent"));
    let (status, page) = reader.get(&format!("{}/subjects/99999.html", addresses.eastmoor)).await;
    assert!(status == StatusCode::OK && page.contains("<h1>Page Not Found</h1>"));
    let url = format!("{}/programs-courses/course.html?course_code=NONE0000", addresses.westhaven);
    let (status, page) = reader.get(&url).await;
    assert!(status == StatusCode::OK && page.contains("id=\"course-notfound\"") && !page.contains("course-title"));
    let (status, page) = reader.get(&format!("{}/2026/subjects/none00000", addresses.southmere)).await;
    assert!(status == StatusCode::OK && page.contains("id=\"page-not-found\""));
    let (status, _) = reader.get(&format!("{}/nothing", addresses.northfield)).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    reader.sites.stop().await;
}

#[tokio::test]
async fn statistics_tell_documents_from_parts_and_agents_apart() {
    let reader = Reader::start(5).await;
    let origin = &reader.sites.addresses.northfield;
    for path in
        ["/robots.txt", "/subject/2026/COMP2011", "/subject/2026/COMP2011", "/api/assessment/2026/COMP2011.json"]
    {
        assert_eq!(reader.get(&format!("{origin}{path}")).await.0, StatusCode::OK);
    }
    reader.get(&format!("{origin}/_truth/units.json")).await;
    let statistics = reader.json(&format!("{origin}/_stats")).await;
    assert_eq!(statistics["requests"], 5);
    assert_eq!(statistics["documents"], 3);
    assert_eq!(statistics["truthVisits"], 1);
    assert_eq!(statistics["paths"]["/subject/2026/COMP2011"], 2);
    assert_eq!(statistics["agents"]["test-reader"]["documents"], 3);
    assert_eq!(statistics["agents"]["test-reader"]["maxConcurrentDocuments"], 1);
    assert!(statistics["agents"]["test-reader"]["leastGapMs"].is_u64());
    reader.client.delete(format!("{origin}/_stats")).send().await.unwrap();
    assert_eq!(reader.json(&format!("{origin}/_stats")).await["requests"], 0);
    reader.sites.stop().await;
}

#[tokio::test]
async fn documents_asked_for_at_once_are_seen_as_such() {
    let reader = Reader::start(5).await;
    let origin = &reader.sites.addresses.eastmoor;
    assert_eq!(reader.set_faults(origin, json!({"delayMs": 300})).await, StatusCode::OK);
    let url = format!("{origin}/subjects/31251.html");
    tokio::join!(reader.get(&url), reader.get(&url), reader.get(&url));
    let statistics = reader.json(&format!("{origin}/_stats")).await;
    assert_eq!(statistics["agents"]["test-reader"]["maxConcurrentDocuments"], 3);
    assert_eq!(statistics["agents"]["test-reader"]["leastPauseMs"], 0);
    reader.sites.stop().await;
}

#[tokio::test]
async fn faults_are_switched_on_and_off() {
    let reader = Reader::start(5).await;
    let origin = &reader.sites.addresses.eastmoor;
    let url = format!("{origin}/subjects/31251.html");
    let whole = reader.get(&url).await.1;

    reader.set_faults(origin, json!({"errorShare": 100})).await;
    assert_eq!(reader.get(&url).await.0, StatusCode::INTERNAL_SERVER_ERROR);
    reader.set_faults(origin, json!({"forbidAfter": 1})).await;
    assert_eq!((reader.get(&url).await.0, reader.get(&url).await.0), (StatusCode::OK, StatusCode::FORBIDDEN));
    reader.set_faults(origin, json!({"errorPageShare": 100})).await;
    assert!(reader.get(&url).await.1.contains("Page Not Found"));
    reader.set_faults(origin, json!({"truncateShare": 100})).await;
    let half = reader.get(&url).await.1;
    assert!(whole.starts_with(&half) && half.len() <= whole.len() / 2);
    reader.set_faults(origin, json!({"redesigned": true})).await;
    assert!(!reader.get(&url).await.1.contains("<em>Credit points</em>"));
    reader.set_faults(origin, json!({"hangShare": 100})).await;
    let hanging = reader.client.get(&url).timeout(Duration::from_millis(300)).send().await;
    assert!(hanging.is_err_and(|error| error.is_timeout()));

    assert_eq!(reader.set_faults(origin, json!({"unknown": 1})).await, StatusCode::BAD_REQUEST);
    reader.client.delete(format!("{origin}/_faults")).send().await.unwrap();
    assert_eq!(reader.get(&url).await, (StatusCode::OK, whole));
    reader.sites.stop().await;
}

#[tokio::test]
async fn robots_come_in_every_sort() {
    let reader = Reader::start(5).await;
    let origin = &reader.sites.addresses.northfield;
    for (fault, status, text) in [
        (json!("missing"), StatusCode::NOT_FOUND, ""),
        (json!("serverError"), StatusCode::SERVICE_UNAVAILABLE, ""),
        (json!("forbidden"), StatusCode::FORBIDDEN, ""),
        (json!("disallowAll"), StatusCode::OK, "Disallow: /\n"),
        (json!({"crawlDelay": 2}), StatusCode::OK, "Crawl-delay: 2\n"),
        (json!("normal"), StatusCode::OK, "Disallow: /_truth\n"),
    ] {
        reader.set_faults(origin, json!({"robots": fault})).await;
        let (found, robots) = reader.get(&format!("{origin}/robots.txt")).await;
        assert!(found == status && robots.contains(text), "{fault}: {found} {robots}");
    }
    reader.sites.stop().await;
}
