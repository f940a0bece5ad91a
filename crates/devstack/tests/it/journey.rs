//! The whole way, over HTTP, as its users go it: handbooks are scraped, units found, a unit reviewed.

use crate::world::{STEP_LIMIT, World, new_student};
use reqwest::{Method, StatusCode};
use rmu_devstack::truth;
use rmu_test_support::wait;
use serde_json::{Value, json};
use std::path::Path;

#[tokio::test(flavor = "multi_thread")]
async fn every_unit_of_every_handbook_is_as_the_handbook_says_and_a_student_reviews_one() {
    let mut world = World::start(25).await;
    let worker = world.worker(2).await;
    let jobs = world.scrape_all().await;
    for job in world.ended(&jobs).await {
        assert_eq!(job["state"], "completed", "{job}");
        assert_eq!(job["counts"]["dead"], 0, "{job}");
    }
    let mut reader = world.anybody();
    for site in world.handbooks.sites() {
        let report = truth::compare(&mut reader, &site).await.unwrap();
        assert!(report.is_perfect(), "{site}: {report}");
        let statistics = reqwest::get(format!("{site}/_stats")).await.unwrap().json::<Value>().await.unwrap();
        assert_eq!(statistics["maxConcurrentDocuments"], 1, "one page at a time per host: {statistics}");
    }

    all_universities_are_found(&mut reader).await;
    units_are_found_by_typing_their_codes(&mut world).await;
    a_student_reviews_a_unit(&mut world).await;

    assert!(worker.service.terminate().await.success(), "a drained worker ends well");
    assert_eq!(browsers_below(worker.state.path()), Vec::<String>::new());
}

async fn all_universities_are_found(reader: &mut Reader) {
    let found = reader.get("/api/units?search=and&limit=50").await.unwrap();
    let slugs: std::collections::BTreeSet<&str> =
        found.as_array().unwrap().iter().filter_map(|unit| unit["university"]["slug"].as_str()).collect();
    assert_eq!(
        slugs.into_iter().collect::<Vec<_>>(),
        ["eastmoor", "harbourview", "northfield", "southmere", "westhaven"]
    );
}

/// Site D once more, by its other way in: a box, results to click, and one address for all units.
async fn units_are_found_by_typing_their_codes(world: &mut World) {
    let site = world.handbooks.site("southmere");
    let definition = reqwest::get(format!("{site}/_source-find.json")).await.unwrap().json::<Value>().await.unwrap();
    let source = json!({"university": "southmere", "slug": "southmere-find", "definition": definition});
    world.post("/api/admin/sources", &source).await;
    let truth = reqwest::get(format!("{site}/_truth/units.json")).await.unwrap().json::<Value>().await.unwrap();
    let codes = truth["units"].as_array().unwrap().iter().take(4).map(|unit| unit["facts"]["code"].as_str().unwrap());
    let mut urls: Vec<String> = codes.map(|code| format!("{site}/find?unit={code}")).collect();
    urls.push(format!("{site}/find?unit=NONE10001"));
    let job = world.post("/api/admin/scrapes", &json!({"source": "southmere-find", "urls": urls})).await;
    let ended = world.ended(&[job["id"].as_str().unwrap().to_owned()]).await.remove(0);
    // Unchanged: what the box leads to says just what the units' own pages said.
    let counts = &ended["counts"];
    assert_eq!((&counts["unchanged"], &counts["notFound"]), (&json!(4), &json!(1)), "{ended}");
}

type Reader = rmu_devstack::stack::api::Api;

async fn a_student_reviews_a_unit(world: &mut World) {
    let mut student = world.anybody();
    let email = format!("ada-{}@student.northfield.example", rmu_devstack::random::hex(6).unwrap());
    new_student(&mut student, &email, "correct horse battery", "ada").await;
    let me = student.get("/api/auth/me").await.unwrap();
    assert_eq!((&me["email"], &me["role"]), (&json!(email), &json!("student")));

    let found = student.get("/api/units?search=design&university=northfield").await.unwrap();
    let unit = found[0].clone();
    let path = format!("/api/units/{}", unit["id"].as_str().unwrap());
    let before = student.get(&path).await.unwrap();
    assert_eq!(before["score"]["reviews"], 0);

    let review = json!({
        "unitId": unit["id"],
        "ratings": {"overall": 5, "teaching": 4, "difficulty": 3, "workload": 2, "usefulness": 5},
        "wouldRecommend": true,
        "session": "Semester 1",
        "year": 2025,
        "text": "Clear lectures, honest assessments and more <b>proofs</b> than one would expect from the title.",
    });
    let nobody = world.anybody().call(Method::POST, "/api/reviews", Some(&review)).await.unwrap();
    assert_eq!(nobody.status, StatusCode::UNAUTHORIZED);
    let written = student.call(Method::POST, "/api/reviews", Some(&review)).await.unwrap();
    assert_eq!(written.status, StatusCode::CREATED, "{written:?}");

    let after = student.get(&path).await.unwrap();
    assert_eq!(after["score"]["reviews"], 1);
    assert!(after["score"]["overall"].as_f64().unwrap() > 3.0, "{}", after["score"]);
    let again = student.call(Method::POST, "/api/reviews", Some(&review)).await.unwrap();
    assert_eq!(again.status, StatusCode::CONFLICT, "{again:?}");
    let reviews = world.anybody().get(&format!("{path}/reviews")).await.unwrap();
    assert_eq!(reviews.as_array().unwrap().len(), 1);
    assert!(!reviews.to_string().contains("ada"), "the author chose to be anonymous: {reviews}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_killed_in_the_middle_of_a_scrape_loses_nothing() {
    let mut world = World::start(25).await;
    let first = world.worker(2).await;
    let jobs = world.scrape_all().await;
    let admin = world.admin.clone();
    let path = format!("/api/admin/scrapes/{}", jobs[0]);
    wait::until(STEP_LIMIT, || async {
        admin.clone().get(&path).await.unwrap()["counts"]["succeeded"].as_u64().is_some_and(|done| done >= 3)
    })
    .await;
    assert!(!browsers_below(first.state.path()).is_empty(), "pages are being read when the worker dies");
    first.service.kill().await;
    wait::until(STEP_LIMIT, || async { browsers_below(first.state.path()).is_empty() }).await;

    let second = world.worker(2).await;
    for job in world.ended(&jobs).await {
        assert_eq!(job["state"], "completed", "{job}");
        let counts = &job["counts"];
        assert_eq!(
            (&counts["dead"], &counts["pending"], &counts["dispatched"]),
            (&json!(0), &json!(0), &json!(0)),
            "{job}"
        );
    }
    let mut reader = world.anybody();
    for site in world.handbooks.sites() {
        let report = truth::compare(&mut reader, &site).await.unwrap();
        assert!(report.is_perfect(), "{site}: {report}");
    }
    // Applied twice would be a second version of a unit that did not change.
    let units = world.count("SELECT count(*) FROM catalogue.units").await;
    assert_eq!(world.count("SELECT count(*) FROM catalogue.unit_versions").await, units);
    assert!(second.service.terminate().await.success());
    assert_eq!(browsers_below(second.state.path()), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_trace_leads_from_the_request_to_the_page() {
    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    let mut world = World::start(2).await;
    let worker = world.worker(1).await;
    let mut admin = world.admin.clone();
    // Logged in once more, to have the token at hand for a request with a header of its own.
    let token = admin.get("/api/auth/me").await.map(|_| admin.token().unwrap().to_owned()).unwrap();
    let answer = reqwest::Client::new()
        .post(format!("{}/api/admin/scrapes", world.gateway.url()))
        .bearer_auth(token)
        .header("traceparent", format!("00-{TRACE}-00f067aa0ba902b7-01"))
        .json(&json!({"source": "eastmoor-handbook"}))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), StatusCode::ACCEPTED);
    let job = answer.json::<Value>().await.unwrap()["data"]["id"].as_str().unwrap().to_owned();
    world.ended(&[job]).await;
    let in_trace = |log: &str, words: &str| log.lines().any(|line| line.contains(TRACE) && line.contains(words));
    assert!(in_trace(&world.gateway.log(), "/api/admin/scrapes"), "the request is in the trace");
    let log = worker.service.log();
    assert!(in_trace(&log, "page read") && in_trace(&log, "url.full"), "so is the page load: {log}");
}

/// Processes that work in `state`, by their command lines.
pub(crate) fn browsers_below(state: &Path) -> Vec<String> {
    let marker = state.display().to_string();
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    processes
        .filter_map(|process| std::fs::read(process.path().join("cmdline")).ok())
        .map(|line| String::from_utf8_lossy(&line).replace('\0', " "))
        .filter(|line| line.contains(&marker))
        .collect()
}
