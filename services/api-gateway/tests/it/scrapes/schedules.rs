//! Schedules and fetch windows over HTTP.

use super::stage::{LIMIT, Stage, definition, url};
use reqwest::{Method, StatusCode};
use rmu_test_support::wait;
use serde_json::json;

const SCHEDULE: &str = "/api/admin/sources/northfield-handbook/schedule";
const WINDOW: &str = "/api/admin/sources/northfield-handbook/fetch-window";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_schedule_is_set_shown_run_and_taken_away() {
    let stage = Stage::new("100").await;
    assert_eq!(stage.get(SCHEDULE).await.0, StatusCode::NOT_FOUND);
    for (body, field) in [
        (json!({}), "cron"),
        (json!({"cron": "* * * * *"}), "cron"),
        (json!({"cron": "0 3 * * *", "timeZone": "Mars/Olympus"}), "timeZone"),
        (json!({"cron": "0 3 * * *", "every": 1}), "every"),
    ] {
        let (status, problem) = stage.call(Method::PUT, SCHEDULE, body).await;
        assert_eq!((status.as_u16(), &problem["errors"][0]["field"]), (422, &json!(field)), "{problem}");
    }
    let body = json!({"cron": "0 3 * * SUN", "timeZone": "Australia/Sydney"});
    let (status, set) = stage.call(Method::PUT, SCHEDULE, body).await;
    assert_eq!((status, set["data"]["nextRuns"].as_array().unwrap().len()), (StatusCode::OK, 5), "{set}");

    // Let its time come: the gateway's own scheduler does the rest.
    stage.sql("UPDATE source_schedules SET next_due_at = now()").await;
    let ran = wait::value(LIMIT, || async {
        let (_, body) = stage.get(SCHEDULE).await;
        body["data"]["runs"].get(0).cloned()
    })
    .await;
    assert_eq!(ran["outcome"], "started", "{ran}");
    let (_, scrape) = stage.get(&format!("/api/admin/scrapes/{}", ran["scrape"].as_str().unwrap())).await;
    assert_eq!((&scrape["data"]["kind"], &scrape["data"]["priority"]), (&json!("discovery"), &json!("bulk")));

    let (_, rests) = stage.call(Method::PUT, SCHEDULE, json!({"cron": "0 3 * * *", "enabled": false})).await;
    assert_eq!((&rests["data"]["enabled"], &rests["data"]["nextRuns"]), (&json!(false), &json!([])));
    assert_eq!(stage.call(Method::DELETE, SCHEDULE, json!({})).await.0, StatusCode::NO_CONTENT);
    assert_eq!(stage.call(Method::DELETE, SCHEDULE, json!({})).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn outside_of_its_hours_nothing_of_a_source_is_sent() {
    let stage = Stage::new("100").await;
    let taken = stage.take_tasks_without_answering();
    let hour = |offset: i64| (chrono::Utc::now() + chrono::TimeDelta::hours(offset)).format("%H:%M").to_string();
    let (status, set) = stage.call(Method::PUT, WINDOW, json!({"from": hour(6), "until": hour(7)})).await;
    assert_eq!((status, &set["data"]["openNow"]), (StatusCode::OK, &json!(false)), "{set}");
    let body = json!({"source": "northfield-handbook", "urls": [url("31251")]});
    stage.post("/api/admin/scrapes", body).await;
    // What was asked for later, of a source that is always open, shows that the relay has been there.
    let other = json!({"university": "northfield", "slug": "other-handbook", "definition": definition()});
    assert_eq!(stage.post("/api/admin/sources", other).await.0, StatusCode::CREATED);
    stage.post("/api/admin/scrapes", json!({"source": "other-handbook", "urls": [url("31252")]})).await;
    wait::until(LIMIT, || async { !taken.lock().unwrap().is_empty() }).await;
    let sources: Vec<String> = taken.lock().unwrap().iter().map(|task| task.source.slug.clone()).collect();
    assert_eq!(sources, ["other-handbook"]);
    assert_eq!(stage.get("/api/admin/queue").await.1["data"]["due"], 1);

    let (status, problem) = stage.call(Method::PUT, WINDOW, json!({"from": "25:00", "until": "06:00"})).await;
    assert_eq!((status.as_u16(), &problem["errors"][0]["field"]), (422, &json!("from")));
    assert_eq!(stage.get(WINDOW).await.1["data"]["timeZone"], "UTC");
    assert_eq!(stage.call(Method::DELETE, WINDOW, json!({})).await.0, StatusCode::NO_CONTENT);
    wait::until(LIMIT, || async { taken.lock().unwrap().len() == 2 }).await;
    assert_eq!(stage.get(WINDOW).await.0, StatusCode::NOT_FOUND);
}
