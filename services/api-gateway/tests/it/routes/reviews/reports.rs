//! `POST /api/reviews/{id}/reports`.

use super::{post, review};
use crate::filled::{FilledGateway, answer};
use reqwest::StatusCode;
use serde_json::{Value, json};

async fn report(gateway: &FilledGateway, id: &str, token: &str, body: &Value) -> (StatusCode, Value) {
    let request = gateway.post(&format!("/api/reviews/{id}/reports"), body).bearer_auth(token);
    answer(request.send().await.unwrap()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_hide_a_review_and_name_nobody() {
    let gateway = FilledGateway::start().await;
    let ada = gateway.student();
    let (_, written) = post(&gateway, &ada, &review(&gateway, "FIT2004").await).await;
    let id = written["data"]["id"].as_str().unwrap();
    let spam = json!({ "reason": "spam" });
    assert_eq!(report(&gateway, id, &ada, &spam).await.0, StatusCode::FORBIDDEN);
    let bob = gateway.student();
    for (body, field) in [
        (json!({ "reason": "rude" }), "reason"),
        (json!({ "reason": "other" }), "text"),
        (json!({ "reason": "spam", "text": "x".repeat(1001) }), "text"),
        (json!({ "reason": "spam", "reporter": "me" }), "reporter"),
    ] {
        let (status, refused) = report(&gateway, id, &bob, &body).await;
        assert_eq!(
            (status, &refused["errors"][0]["field"]),
            (StatusCode::UNPROCESSABLE_ENTITY, &field.into()),
            "{body}"
        );
    }
    let (status, taken) = report(&gateway, id, &bob, &spam).await;
    assert_eq!((status, &taken["data"]), (StatusCode::CREATED, &json!({ "reviewId": id })));
    assert_eq!(report(&gateway, id, &bob, &spam).await.0, StatusCode::OK);
    let other = json!({ "reason": "other", "text": "It is about the cafeteria." });
    assert_eq!(report(&gateway, id, &gateway.student(), &other).await.0, StatusCode::CREATED);
    let path = format!("/api/reviews/{id}");
    assert_eq!(gateway.get(&path).send().await.unwrap().status(), StatusCode::OK);
    assert_eq!(report(&gateway, id, &gateway.student(), &spam).await.0, StatusCode::CREATED);
    assert_eq!(gateway.get(&path).send().await.unwrap().status(), StatusCode::NOT_FOUND);
    let own = gateway.get("/api/me/reviews").bearer_auth(&ada).send().await.unwrap();
    let (_, own) = answer(own).await;
    assert_eq!((&own["data"][0]["state"], &own["data"][0]["stateCause"]), (&json!("hidden"), &json!("reports")));
    assert_eq!(report(&gateway, id, &gateway.student(), &spam).await.0, StatusCode::NOT_FOUND);
}
