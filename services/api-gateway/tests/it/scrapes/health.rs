//! A site that changes its shape, seen over HTTP.

use super::stage::{LIMIT, Stage, unit, url};
use reqwest::{Method, StatusCode};
use rmu_messaging::contracts::scrape::{OutcomeV1, TargetV1};
use rmu_test_support::wait;
use serde_json::json;
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

const SOURCE: &str = "/api/admin/sources/northfield-handbook";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_that_drifts_is_paused_shown_and_accepted() {
    let stage = Stage::new("100").await;
    let redesigned = Arc::new(AtomicBool::new(false));
    let is_redesigned = redesigned.clone();
    stage.work(move |task| {
        let TargetV1::Unit { url, .. } = &task.target else { panic!("{task:?}") };
        let mut outcome = unit(url.rsplit('/').next().unwrap(), "Data Structures");
        if let OutcomeV1::Unit { facts, .. } = &mut outcome
            && is_redesigned.load(Ordering::SeqCst)
        {
            facts.description = None;
        }
        outcome
    });
    let codes: Vec<String> = (0..12).map(|number| format!("312{number:02}")).collect();
    let urls: Vec<String> = codes.iter().map(|code| url(code)).collect();
    let body = json!({"source": "northfield-handbook", "urls": urls});
    let (_, _, first) = stage.post("/api/admin/scrapes", body.clone()).await;
    stage.until_ended(&format!("/api/admin/scrapes/{}", first["data"]["id"].as_str().unwrap())).await;
    let (status, healthy) = stage.call(Method::PUT, &format!("{SOURCE}/canaries"), json!({"codes": ["31200"]})).await;
    assert_eq!((status, &healthy["data"]["state"]), (StatusCode::OK, &json!("healthy")), "{healthy}");
    assert_eq!(healthy["data"]["canaries"][0]["code"], "31200");
    assert_eq!(healthy["data"]["runs"][0]["successRate"], 1.0);

    redesigned.store(true, Ordering::SeqCst);
    let (_, _, second) = stage.post("/api/admin/scrapes", body).await;
    let scrape = format!("/api/admin/scrapes/{}", second["data"]["id"].as_str().unwrap());
    wait::until(LIMIT, || async { stage.get(&scrape).await.1["data"]["state"] == "paused" }).await;
    let (_, paused) = stage.get(&format!("{SOURCE}/health")).await;
    assert_eq!((&paused["data"]["state"], &paused["data"]["vanished"]), (&json!("paused"), &json!(["description"])));
    assert!(paused["data"]["reason"].as_str().unwrap().contains("description"), "{paused}");
    for code in &codes {
        let (_, shown) = stage.get(&format!("/api/units/{code}")).await;
        assert!(shown.to_string().contains("\"description\":\""), "{shown}");
    }
    let (status, _, problem) = stage.post(&format!("{scrape}/resume"), json!({})).await;
    assert_eq!((status, &problem["error"]), (StatusCode::CONFLICT, &json!("conflict")), "{problem}");

    let (status, problem) = stage.call(Method::POST, &format!("{SOURCE}/accept"), json!({"facts": ["weather"]})).await;
    assert_eq!((status.as_u16(), &problem["errors"][0]["field"]), (422, &json!("facts[0]")));
    let (status, accepted) = stage.call(Method::POST, &format!("{SOURCE}/accept"), json!({})).await;
    assert_eq!((status, &accepted["data"]["accepted"]), (StatusCode::OK, &json!(["description"])), "{accepted}");
    stage.sql("UPDATE scrape_tasks SET run_at = now() WHERE state = 'pending'").await;
    let job = stage.until_ended(&scrape).await;
    assert_eq!((&job["state"], &job["counts"]["dead"]), (&json!("completed"), &json!(0)), "{job}");
    let (status, resumed) = stage.call(Method::POST, &format!("{SOURCE}/resume"), json!({})).await;
    assert_eq!((status, &resumed["data"]["state"]), (StatusCode::OK, &json!("healthy")));
    assert_eq!(stage.get("/api/admin/sources/nowhere/health").await.0, StatusCode::NOT_FOUND);
}
