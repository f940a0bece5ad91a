//! Health tells which part is down, serving goes on with what is up, and recovery needs no restart.

use crate::{TestGateway, gateway::LIMIT};
use reqwest::StatusCode;
use rmu_test_support::wait;
use serde_json::Value;

async fn health(gateway: &TestGateway) -> (StatusCode, Value) {
    let answer = gateway.get("/health").send().await.unwrap();
    (answer.status(), answer.json().await.unwrap())
}

async fn until_degraded(gateway: &TestGateway, status: StatusCode, parts: &[&str]) {
    wait::until(LIMIT, || async {
        let (found, body) = health(gateway).await;
        found == status && body["degraded"] == serde_json::json!(parts)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn names_every_part() {
    let gateway = TestGateway::start().await;
    until_degraded(&gateway, StatusCode::OK, &[]).await;
    let (_, body) = health(&gateway).await;
    for part in ["api", "database", "redis", "rabbitmq", "auth"] {
        assert_eq!(body[part], "ok", "{body}");
    }
    assert_eq!(body["workers"]["online"], 0);
    assert!(body["timestamp"].as_str().is_some_and(|text| text.ends_with('Z')), "{body}");
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_database_it_is_503_until_the_database_is_back() {
    let gateway = TestGateway::start().await;
    gateway.database.black_hole();
    until_degraded(&gateway, StatusCode::SERVICE_UNAVAILABLE, &["database"]).await;
    assert_eq!(gateway.get("/health/ready").send().await.unwrap().status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(gateway.get("/health/live").send().await.unwrap().status(), StatusCode::OK);
    gateway.database.restore();
    until_degraded(&gateway, StatusCode::OK, &[]).await;
    assert_eq!(gateway.get("/health/ready").send().await.unwrap().status(), StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_redis_requests_are_still_answered() {
    let gateway = TestGateway::start().await;
    gateway.redis.reset();
    until_degraded(&gateway, StatusCode::OK, &["redis"]).await;
    let me = gateway.get("/api/auth/me").bearer_auth(gateway.token("student", true)).send().await.unwrap();
    assert_eq!(me.status(), StatusCode::OK);
    gateway.redis.restore();
    until_degraded(&gateway, StatusCode::OK, &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_broker_auth_is_away_too_and_both_come_back() {
    let gateway = TestGateway::start().await;
    gateway.broker.reset();
    until_degraded(&gateway, StatusCode::OK, &["rabbitmq", "auth"]).await;
    let me = gateway.get("/api/auth/me").bearer_auth(gateway.token("student", true)).send().await.unwrap();
    assert_eq!(me.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(me.headers().contains_key("retry-after"));
    gateway.broker.restore();
    until_degraded(&gateway, StatusCode::OK, &[]).await;
}
