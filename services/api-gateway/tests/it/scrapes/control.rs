//! Retrying, clearing and asking for a unit to be read again, over HTTP.

use super::stage::{LIMIT, Stage, token, unit, url};
use reqwest::StatusCode;
use rmu_messaging::contracts::scrape::{FailureV1, OutcomeV1, ScrapeTaskV1};
use rmu_test_support::wait;
use serde_json::json;
use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering},
};

fn too_large() -> OutcomeV1 {
    let (failure, detail) = ("too_large".to_owned(), "12 MiB".to_owned());
    OutcomeV1::Failed(FailureV1 { failure, detail, retry_after_seconds: None })
}

fn code(task: &ScrapeTaskV1) -> String {
    let rmu_messaging::contracts::scrape::TargetV1::Unit { url, .. } = &task.target else { panic!("{task:?}") };
    url.rsplit('/').next().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_failed_is_read_again_as_a_scrape_of_its_own() {
    let stage = Stage::new("100").await;
    let mended = Arc::new(AtomicBool::new(false));
    let is_mended = mended.clone();
    stage.work(move |task| match is_mended.load(Ordering::SeqCst) || code(task) == "31251" {
        true => unit(&code(task), "Data Structures"),
        false => too_large(),
    });
    let body = json!({"source": "northfield-handbook", "urls": [url("31251"), url("31252"), url("31253")]});
    let (_, _, body) = stage.post("/api/admin/scrapes", body).await;
    let path = format!("/api/admin/scrapes/{}", body["data"]["id"].as_str().unwrap());
    assert_eq!(stage.until_ended(&path).await["counts"]["dead"], 2);

    mended.store(true, Ordering::SeqCst);
    let (_, tasks) = stage.get(&format!("{path}/tasks?state=dead&limit=1")).await;
    let task = tasks["data"][0]["id"].as_str().unwrap();
    let (status, headers, one) = stage.post_with_key(&format!("{path}/tasks/{task}/retry"), &json!({}), "one").await;
    assert_eq!((status, &one["data"]["retryOf"]), (StatusCode::ACCEPTED, &body["data"]["id"]), "{one}");
    let again = stage.until_ended(headers["location"].to_str().unwrap()).await;
    assert_eq!((&again["counts"]["total"], &again["state"]), (&json!(1), &json!("completed")));

    let (status, headers, all) = stage.post_with_key(&format!("{path}/retry"), &json!({}), "all").await;
    assert_eq!(status, StatusCode::ACCEPTED, "{all}");
    assert_eq!(stage.until_ended(headers["location"].to_str().unwrap()).await["counts"]["dead"], 0);
    let (_, _, same) = stage.post_with_key(&format!("{path}/retry"), &json!({}), "all").await;
    assert_eq!(same["data"]["id"], all["data"]["id"], "the same key is the same scrape");
    let (status, _, problem) = stage.post(&format!("{}/retry", headers["location"].to_str().unwrap()), json!({})).await;
    assert_eq!((status, &problem["error"]), (StatusCode::CONFLICT, &json!("conflict")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_queue_is_cleared_only_with_a_confirmation() {
    let stage = Stage::new("100").await;
    let body = json!({"source": "northfield-handbook", "urls": [url("31251"), url("31252")]});
    let (_, _, body) = stage.post("/api/admin/scrapes", body).await;
    let path = format!("/api/admin/scrapes/{}", body["data"]["id"].as_str().unwrap());
    // Both are out with workers that never answer; what is added while the scrape is held waits.
    let taken = stage.take_tasks_without_answering();
    wait::until(LIMIT, || async { taken.lock().unwrap().len() == 2 }).await;
    let codes: Vec<String> = (0..40).map(|number| url(&format!("4{number:04}"))).collect();
    let (_, _, held) = stage.post("/api/admin/scrapes", json!({"source": "northfield-handbook", "urls": codes})).await;
    let held = held["data"]["id"].as_str().unwrap();
    let waiting = async || stage.get("/api/admin/queue").await.1["data"]["pending"].as_u64().unwrap();
    // Eight of a source are out at once: the others stay pending.
    wait::until(LIMIT, || async { waiting().await == 34 }).await;

    for (body, expected) in [
        (json!({}), StatusCode::UNPROCESSABLE_ENTITY),
        (json!({"confirm": false}), StatusCode::UNPROCESSABLE_ENTITY),
        (json!({"expected": 33}), StatusCode::CONFLICT),
        (json!({"confirm": true, "scrape": "00000000-0000-0000-0000-000000000000"}), StatusCode::NOT_FOUND),
    ] {
        let (status, _, problem) = stage.post("/api/admin/queue/clear", body.clone()).await;
        assert_eq!(status, expected, "{body}: {problem}");
        assert_eq!(waiting().await, 34);
    }
    let (status, _, cleared) = stage.post("/api/admin/queue/clear", json!({"expected": 34, "scrape": held})).await;
    assert_eq!((status, &cleared["data"]), (StatusCode::OK, &json!({"cancelled": 34, "scrapes": 1})), "{cleared}");
    assert_eq!(stage.get(&path).await.1["data"]["state"], "running");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_student_has_a_unit_read_again_before_everything_else() {
    let stage = Stage::new("100").await;
    let order = Arc::new(Mutex::new(Vec::new()));
    let seen = order.clone();
    stage.work(move |task| {
        seen.lock().unwrap().push(code(task));
        unit(&code(task), "Data Structures")
    });
    let body = json!({"source": "northfield-handbook", "urls": [url("31251")], "priority": "bulk"});
    let (_, _, body) = stage.post("/api/admin/scrapes", body).await;
    assert_eq!(body["data"]["priority"], "bulk", "{body}");
    stage.until_ended(&format!("/api/admin/scrapes/{}", body["data"]["id"].as_str().unwrap())).await;

    let (status, _, answer) = stage.post_as("/api/units/31251/refresh-requests", &token("student"), json!({})).await;
    assert_eq!((status, &answer["data"]["state"]), (StatusCode::ACCEPTED, &json!("queued")), "{answer}");
    wait::until(LIMIT, || async { *order.lock().unwrap() == ["31251", "31251"] }).await;
    let path = "/api/admin/scrapes?limit=1";
    wait::until(LIMIT, || async { stage.get(path).await.1["data"][0]["state"] == "completed" }).await;
    assert_eq!(stage.get(path).await.1["data"][0]["priority"], "urgent");

    let (status, headers, refused) =
        stage.post_as("/api/units/31251/refresh-requests", &token("student"), json!({})).await;
    assert_eq!((status, &refused["error"]), (StatusCode::TOO_MANY_REQUESTS, &json!("rate_limited")), "{refused}");
    let seconds: u64 = headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((3000..=3601).contains(&seconds), "{seconds}");
    let (status, ..) = stage.post_as("/api/units/99999/refresh-requests", &token("student"), json!({})).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    let (status, ..) =
        stage.post("/api/admin/scrapes", json!({"source": "northfield-handbook", "priority": "now"})).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_asks_only_so_often() {
    let stage = Stage::with_settings("100", &[("REFRESH_LIMIT_PER_HOUR", "2")]).await;
    stage.work(|task| unit(&code(task), "Data Structures"));
    let body = json!({"source": "northfield-handbook", "urls": [url("31251")]});
    let (_, _, body) = stage.post("/api/admin/scrapes", body).await;
    stage.until_ended(&format!("/api/admin/scrapes/{}", body["data"]["id"].as_str().unwrap())).await;
    let student = token("student");
    let mut details = Vec::new();
    for _ in 0..3 {
        let (_, _, answer) = stage.post_as("/api/units/31251/refresh-requests", &student, json!({})).await;
        details.push(answer["detail"].as_str().unwrap_or_default().to_owned());
    }
    assert_ne!(details[1], details[2], "the third is refused for the account, whatever the unit: {details:?}");
}
