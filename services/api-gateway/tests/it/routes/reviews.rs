//! `POST /api/reviews` and `/api/units/{unit}/reviews`.

use crate::filled::{FilledGateway, answer};
use chrono::Datelike;
use insta::assert_json_snapshot;
use reqwest::StatusCode;
use serde_json::{Value, json};

async fn review(gateway: &FilledGateway, unit: &str) -> Value {
    json!({
        "unitId": gateway.id_of(unit).await,
        "ratings": { "overall": 5, "teaching": 4, "difficulty": 3, "workload": 2, "usefulness": 5 },
        "wouldRecommend": true,
        "session": "autumn",
        // What a score weighs depends on the day, so the session is always of this year.
        "year": chrono::Utc::now().year(),
    })
}

async fn post(gateway: &FilledGateway, token: &str, body: &Value) -> (StatusCode, Value) {
    answer(gateway.post("/api/reviews", body).bearer_auth(token).send().await.unwrap()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_review_is_shown_as_chosen_and_changes_the_score() {
    let gateway = FilledGateway::start().await;
    let mut other = review(&gateway, "09009").await;
    other["ratings"]["overall"] = 1.into();
    assert_eq!(post(&gateway, &gateway.student(), &other).await.0, StatusCode::CREATED);
    let mut body = review(&gateway, "31251?university=northfield").await;
    body["text"] = "<b>Hard</b> but fair: the project teaches more than the lectures do.".into();
    body["shownAs"] = "nickname".into();
    let (status, written) = post(&gateway, &gateway.student(), &body).await;
    assert_eq!(status, StatusCode::CREATED, "{written}");
    assert_json_snapshot!(written["data"], { ".id" => "[id]", ".unitId" => "[id]", ".createdAt" => "[time]", ".year" => "[year]" }, @r#"
    {
      "author": {
        "nickname": "ada",
        "shownAs": "nickname"
      },
      "createdAt": "[time]",
      "id": "[id]",
      "inHandbook": true,
      "ratings": {
        "difficulty": 3,
        "overall": 5,
        "teaching": 4,
        "usefulness": 5,
        "workload": 2
      },
      "session": "Autumn",
      "text": "<b>Hard</b> but fair: the project teaches more than the lectures do.",
      "unitCode": "31251",
      "unitId": "[id]",
      "wouldRecommend": true,
      "year": "[year]"
    }
    "#);
    let path = format!("/api/units/{}/reviews", body["unitId"].as_str().unwrap());
    let (_, listed) = answer(gateway.get(&path).send().await.unwrap()).await;
    assert_eq!(listed["data"], json!([written["data"]]));
    assert_eq!(listed["meta"]["page"]["total"], "1");

    let (_, unit) = answer(gateway.get("/api/units/31251?university=northfield").send().await.unwrap()).await;
    assert_json_snapshot!(unit["data"]["score"], @r#"
    {
      "difficulty": 3.0,
      "distribution": [
        0,
        0,
        0,
        0,
        1
      ],
      "overall": 3.33,
      "recent": {
        "difficulty": 3.0,
        "overall": 3.33,
        "reviews": 1,
        "teaching": 4.0,
        "usefulness": 5.0,
        "workload": 2.0
      },
      "reviews": 1,
      "teaching": 4.0,
      "usefulness": 5.0,
      "workload": 2.0,
      "wouldRecommend": 1.0
    }
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_learns_who_wrote() {
    let gateway = FilledGateway::start().await;
    let mut body = review(&gateway, "FIT2004").await;
    for shown_as in ["anonymous", "nickname", "verifiedStudent"] {
        body["shownAs"] = shown_as.into();
        let mut claims = crate::auth_service::claims("student", true);
        let account = uuid::Uuid::new_v4().to_string();
        claims["sub"] = account.clone().into();
        claims["nickname"] = "a-telling-name".into();
        let (status, written) = post(&gateway, &gateway.key.sign(&claims), &body).await;
        assert_eq!(status, StatusCode::CREATED, "{written}");
        let (_, listed) = answer(gateway.get("/api/units/FIT2004/reviews").send().await.unwrap()).await;
        for answer in [written.to_string(), listed["data"][0].to_string()] {
            assert!(!answer.contains(&account), "{answer}");
            assert_eq!(answer.contains("a-telling-name"), shown_as == "nickname", "{answer}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_review_is_refused_and_a_repeated_one_is_the_same() {
    let gateway = FilledGateway::start().await;
    let body = review(&gateway, "FIT2004").await;
    let token = gateway.student();
    let send = |key: &'static str, body: Value| {
        let request = gateway.post("/api/reviews", &body).bearer_auth(&token).header("idempotency-key", key);
        async move { answer(request.send().await.unwrap()).await }
    };
    let (status, first) = send("k-1", body.clone()).await;
    assert_eq!(status, StatusCode::CREATED);
    let (status, again) = send("k-1", body.clone()).await;
    assert_eq!((status, &again["data"]), (StatusCode::CREATED, &first["data"]));
    let mut changed = body.clone();
    changed["year"] = 2025.into();
    let (status, refused) = send("k-1", changed).await;
    assert_eq!((status, &refused["error"]), (StatusCode::UNPROCESSABLE_ENTITY, &"idempotency_mismatch".into()));
    let (status, refused) = send("k-2", body.clone()).await;
    assert_eq!((status, &refused["reason"]), (StatusCode::CONFLICT, &"already_reviewed".into()));
    let (status, _) = post(&gateway, &token, &body).await;
    assert_eq!(status, StatusCode::CONFLICT);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_verified_students_write() {
    let gateway = FilledGateway::start().await;
    let body = review(&gateway, "FIT2004").await;
    let anonymous = answer(gateway.post("/api/reviews", &body).send().await.unwrap()).await;
    assert_eq!(anonymous.0, StatusCode::UNAUTHORIZED);
    let (status, unverified) = post(&gateway, &gateway.token("student", false), &body).await;
    assert_eq!((status, &unverified["error"]), (StatusCode::FORBIDDEN, &"email_not_verified".into()));
    for role in ["moderator", "admin"] {
        let (status, _) = post(&gateway, &gateway.token(role, true), &body).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{role}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_that_is_wrong_is_named_at_once() {
    let gateway = FilledGateway::start().await;
    let mut body = review(&gateway, "FIT2004").await;
    body["ratings"]["overall"] = 6.into();
    body["ratings"]["usefulness"] = 0.into();
    body["year"] = 99_999_999.into();
    body["text"] = "too short".into();
    body["shownAs"] = "king".into();
    let (status, refused) = post(&gateway, &gateway.student(), &body).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_json_snapshot!(refused["errors"], @r#"
    [
      {
        "detail": "must be a whole number from 1 to 5",
        "field": "ratings.overall"
      },
      {
        "detail": "must be a whole number from 1 to 5",
        "field": "ratings.usefulness"
      },
      {
        "detail": "must be a year from 1990 to 2100",
        "field": "year"
      },
      {
        "detail": "must have at least 50 characters, has 9",
        "field": "text"
      },
      {
        "detail": "must be anonymous, nickname or verifiedStudent",
        "field": "shownAs"
      }
    ]
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_of_another_shape_is_refused_by_field() {
    let gateway = FilledGateway::start().await;
    let good = review(&gateway, "FIT2004").await;
    let token = gateway.student();
    let with = |path: &str, value: Value| {
        let mut body = good.clone();
        *body.pointer_mut(path).unwrap() = value;
        body
    };
    let mut extra = good.clone();
    extra["authorId"] = "me".into();
    for (body, status, field) in [
        (with("/unitId", json!("31251")), 422, "unitId"),
        (with("/unitId", json!(7)), 422, "unitId"),
        (with("/unitId", json!("01920000-0000-7000-8000-00000000ffff")), 404, ""),
        (with("/ratings", json!([5, 5, 5, 5, 5, 5])), 422, "ratings"),
        (with("/ratings/overall", json!("5")), 422, "ratings.overall"),
        (with("/ratings/overall", json!(4.5)), 422, "ratings.overall"),
        (with("/ratings/overall", json!(1e300)), 422, "ratings.overall"),
        (with("/ratings/overall", json!(null)), 422, "ratings.overall"),
        (with("/wouldRecommend", json!("yes")), 422, "wouldRecommend"),
        (with("/session", json!("")), 422, "session"),
        (with("/session", json!("a\u{0}b")), 422, "session"),
        (with("/session", json!("x".repeat(61))), 422, "session"),
        (with("/year", json!(-1)), 422, "year"),
        (with("/year", json!(2099)), 422, "year"),
        (extra, 422, "authorId"),
        (json!({}), 422, "unitId"),
        (json!([]), 422, "body"),
    ] {
        let (found, refused) = post(&gateway, &token, &body).await;
        assert_eq!(found, status, "{body}: {refused}");
        assert!(field.is_empty() || refused["errors"][0]["field"] == field, "{body}: {refused}");
    }
    for (raw, status) in [(&b"{"[..], 400), (b"", 400), (b"{\"unitId\": \"\xff\"}", 400), (&[b' '; 70_000], 413)] {
        let request = gateway.call(reqwest::Method::POST, "/api/reviews").bearer_auth(&token);
        let sent = request.header("content-type", "application/json").body(raw.to_vec()).send().await.unwrap();
        assert_eq!(sent.status(), status);
    }
    for key in ["", "with space"] {
        let request = gateway.post("/api/reviews", &good).bearer_auth(&token).header("idempotency-key", key);
        let (status, refused) = answer(request.send().await.unwrap()).await;
        assert_eq!((status, &refused["errors"][0]["field"]), (StatusCode::BAD_REQUEST, &"Idempotency-Key".into()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn reviews_are_sorted_and_paged() {
    let gateway = FilledGateway::start().await;
    let mut body = review(&gateway, "FIT2004").await;
    for overall in [3, 5, 1] {
        body["ratings"]["overall"] = overall.into();
        assert_eq!(post(&gateway, &gateway.student(), &body).await.0, StatusCode::CREATED);
    }
    for (sort, expected) in [("newest", [1, 5, 3]), ("highest", [5, 3, 1]), ("lowest", [1, 3, 5])] {
        let mut found = Vec::new();
        let mut path = format!("/api/units/FIT2004/reviews?sort={sort}&limit=2");
        loop {
            let (_, page) = answer(gateway.get(&path).send().await.unwrap()).await;
            found.extend(page["data"].as_array().unwrap().iter().map(|review| review["ratings"]["overall"].clone()));
            let Some(cursor) = page["meta"]["page"]["nextCursor"].as_str() else { break };
            path = format!("/api/units/FIT2004/reviews?sort={sort}&limit=2&cursor={cursor}");
        }
        assert_eq!(found, expected, "{sort}");
    }
}
