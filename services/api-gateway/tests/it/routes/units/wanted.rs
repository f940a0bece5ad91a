//! `/api/units/wanted` and `POST /api/units/{unit}/review-requests`.

use super::get;
use crate::filled::{FilledGateway, answer};
use insta::assert_json_snapshot;
use reqwest::StatusCode;
use serde_json::{Value, json};

async fn ask(gateway: &FilledGateway, unit: &str, token: &str) -> (StatusCode, Value) {
    let request = gateway.post(&format!("/api/units/{unit}/review-requests"), &json!({}));
    answer(request.bearer_auth(token).send().await.unwrap()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unit_is_wanted_until_it_is_reviewed() {
    let gateway = FilledGateway::start().await;
    let (ada, bob) = (gateway.student(), gateway.student());
    assert_eq!(ask(&gateway, "09009", &ada).await.0, StatusCode::CREATED);
    let (status, again) = ask(&gateway, "09009", &ada).await;
    assert_eq!((status, &again["data"]["requests"]), (StatusCode::OK, &1.into()));
    assert_eq!(ask(&gateway, "FIT2004", &ada).await.0, StatusCode::CREATED);
    assert_eq!(ask(&gateway, "FIT2004", &bob).await.1["data"]["requests"], 2);
    let (status, body) = get(&gateway, "/api/units/wanted").await;
    assert_eq!(status, StatusCode::OK, "{body}");
    assert_json_snapshot!(body, { ".**.id" => "[id]" }, @r#"
    {
      "data": [
        {
          "requests": 2,
          "unit": {
            "code": "FIT2004",
            "id": "[id]",
            "title": "Algorithms",
            "university": {
              "id": "[id]",
              "name": "southbank",
              "slug": "southbank"
            }
          }
        },
        {
          "requests": 1,
          "unit": {
            "code": "09009",
            "id": "[id]",
            "title": "Café Management",
            "university": {
              "id": "[id]",
              "name": "northfield",
              "slug": "northfield"
            }
          }
        }
      ],
      "meta": {
        "page": {
          "limit": 20,
          "total": "2"
        }
      },
      "success": true
    }
    "#);
    let (_, north) = get(&gateway, "/api/units/wanted?university=northfield").await;
    assert_eq!(north["meta"]["page"]["total"], "1");

    let review = json!({
        "unitId": gateway.id_of("FIT2004").await,
        "ratings": { "overall": 5, "teaching": 4, "difficulty": 3, "workload": 2, "usefulness": 5 },
        "wouldRecommend": true, "session": "Autumn", "year": 2025,
    });
    let written = gateway.post("/api/reviews", &review).bearer_auth(&bob).send().await.unwrap();
    assert_eq!(written.status(), StatusCode::CREATED);
    let (_, left) = get(&gateway, "/api/units/wanted").await;
    assert_eq!(left["data"].as_array().unwrap().len(), 1, "{left}");
    let (status, refused) = ask(&gateway, "FIT2004", &ada).await;
    assert_eq!((status, &refused["error"]), (StatusCode::CONFLICT, &"conflict".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_verified_students_ask_and_only_for_units() {
    let gateway = FilledGateway::start().await;
    let unverified = gateway.token("student", false);
    assert_eq!(ask(&gateway, "09009", &unverified).await.1["error"], "email_not_verified");
    let student = gateway.student();
    for (unit, status) in
        [("99999", StatusCode::NOT_FOUND), ("31251", StatusCode::CONFLICT), ("none", StatusCode::BAD_REQUEST)]
    {
        assert_eq!(ask(&gateway, unit, &student).await.0, status, "{unit}");
    }
    for (query, error) in [("?cursor=x", "bad_cursor"), ("?university=nowhere", "invalid"), ("?limit=0", "invalid")] {
        let (status, refused) = get(&gateway, &format!("/api/units/wanted{query}")).await;
        assert_eq!((status, &refused["error"]), (StatusCode::BAD_REQUEST, &error.into()), "{query}");
    }
}
