//! `POST /api/reviews` and `/api/units/{unit}/reviews`.

use crate::{
    auth_service::claims,
    filled::{FilledGateway, answer},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::Datelike;
use insta::assert_json_snapshot;
use reqwest::StatusCode;
use serde_json::{Value, json};
use uuid::Uuid;

mod crowd;
mod own;
mod reports;
mod votes;

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
    assert_json_snapshot!(written["data"], { ".id" => "[id]", ".unitId" => "[id]", ".writtenOn" => "[day]", ".year" => "[year]" }, @r#"
    {
      "author": {
        "nickname": "ada",
        "shownAs": "nickname"
      },
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
      "votes": {
        "helpful": 0,
        "notHelpful": 0
      },
      "wouldRecommend": true,
      "writtenOn": "[day]",
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

/// A token of a student of the university that has FIT2004, and the account that it is of.
async fn student_of_southbank(gateway: &FilledGateway) -> (String, Uuid) {
    let (_, unit) = answer(gateway.get("/api/units/FIT2004").send().await.unwrap()).await;
    let mut claims = claims("student", true);
    // As the auth service makes them: such an id tells the moment at which the account was made.
    let account = Uuid::now_v7();
    claims["sub"] = account.to_string().into();
    claims["nickname"] = "a-telling-name".into();
    claims["university_id"] = unit["data"]["university"]["id"].clone();
    (gateway.key.sign(&claims), account)
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_learns_who_wrote() {
    let gateway = FilledGateway::start().await;
    let mut body = review(&gateway, "FIT2004").await;
    for shown_as in ["anonymous", "nickname", "verifiedStudent"] {
        body["shownAs"] = shown_as.into();
        let (token, account) = student_of_southbank(&gateway).await;
        let (status, written) = post(&gateway, &token, &body).await;
        assert_eq!(status, StatusCode::CREATED, "{written}");
        let path = format!("/api/reviews/{}", written["data"]["id"].as_str().unwrap());
        let (_, one) = answer(gateway.get(&path).send().await.unwrap()).await;
        assert_eq!(one["data"], written["data"]);
        for answer in [written.to_string(), one.to_string()] {
            assert!(!answer.contains(&account.to_string()), "{answer}");
            assert_eq!(answer.contains("a-telling-name"), shown_as == "nickname", "{answer}");
        }
    }
}

fn names_a_time(text: &str) -> bool {
    let is_time = |part: &[u8]| part[2] == b':' && [0, 1, 3, 4].iter().all(|at| part[*at].is_ascii_digit());
    text.as_bytes().windows(5).any(is_time)
}

/// Whoever saw somebody online at a moment, or knows when an account was made, finds nothing to join that with.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_is_shown_tells_the_moment_of_writing() {
    let gateway = FilledGateway::start().await;
    let body = review(&gateway, "FIT2004").await;
    let mut written = Vec::new();
    for _ in 0..8 {
        let (token, _) = student_of_southbank(&gateway).await;
        let mut body = body.clone();
        body["shownAs"] = "verifiedStudent".into();
        written.push(post(&gateway, &token, &body).await.1["data"]["id"].as_str().unwrap().to_owned());
    }
    let answered = gateway.get("/api/units/FIT2004/reviews?limit=7").send().await.unwrap();
    assert!(!answered.headers().contains_key("last-modified"));
    let (_, page) = answer(answered).await;
    let shown = page["data"].as_array().unwrap();
    let today = [chrono::Utc::now().date_naive(), chrono::Utc::now().date_naive() - chrono::Days::new(1)];
    for review in shown {
        let day: chrono::NaiveDate = review["writtenOn"].as_str().unwrap().parse().unwrap();
        assert!(today.contains(&day), "{review}");
        assert!(!names_a_time(&review.to_string()), "{review}");
        let id: Uuid = review["id"].as_str().unwrap().parse().unwrap();
        assert_eq!(id.get_timestamp(), None, "an id tells no time");
    }
    let order: Vec<&str> = shown.iter().map(|review| review["id"].as_str().unwrap()).collect();
    assert!(order.is_sorted_by(|one, next| one > next), "ids are drawn by lot, and reviews of a day stand by id");
    let cursor = page["meta"]["page"]["nextCursor"].as_str().unwrap();
    let place: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(cursor).unwrap()).unwrap();
    let numbers: Vec<u64> = place.as_object().unwrap().values().filter_map(Value::as_u64).collect();
    assert!(numbers.iter().all(|number| *number <= u64::from(u32::MAX)), "no cursor counts parts of a second: {place}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verified_student_is_one_of_that_university() {
    let gateway = FilledGateway::start().await;
    let (token, _) = student_of_southbank(&gateway).await;
    for (unit, token, status) in [
        ("FIT2004", &gateway.student(), StatusCode::UNPROCESSABLE_ENTITY),
        ("09009", &token, StatusCode::UNPROCESSABLE_ENTITY),
        ("FIT2004", &token, StatusCode::CREATED),
    ] {
        let mut body = review(&gateway, unit).await;
        body["shownAs"] = "verifiedStudent".into();
        let (found, answer) = post(&gateway, token, &body).await;
        assert_eq!(found, status, "{answer}");
        assert!(found == StatusCode::CREATED || answer["errors"][0]["field"] == "shownAs", "{answer}");
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
    for (sort, expected) in [("highest", [5, 3, 1]), ("lowest", [1, 3, 5])] {
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

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_filtered_and_refuse_what_they_do_not_know() {
    let gateway = FilledGateway::start().await;
    let mut body = review(&gateway, "31251?university=northfield").await;
    for (overall, session) in [(5, "Autumn"), (4, "autumn"), (5, "Winter")] {
        body["ratings"]["overall"] = overall.into();
        body["session"] = session.into();
        assert_eq!(post(&gateway, &gateway.student(), &body).await.0, StatusCode::CREATED);
    }
    let path = format!("/api/units/{}/reviews", body["unitId"].as_str().unwrap());
    for (query, total) in
        [("session=AUTUMN", "2"), ("rating=5", "2"), ("session=autumn&rating=5&sort=helpful", "1"), ("year=2020", "0")]
    {
        let (_, page) = answer(gateway.get(&format!("{path}?{query}")).send().await.unwrap()).await;
        assert_eq!(page["meta"]["page"]["total"], total, "{query}");
        assert_eq!(page["data"].as_array().unwrap().len().to_string(), total, "{query}");
    }
    for (query, field) in [
        ("sort=best", "sort"),
        ("rating=6", "rating"),
        ("rating=x", "rating"),
        ("session=", "session"),
        ("year=1", "year"),
    ] {
        let (status, refused) = answer(gateway.get(&format!("{path}?{query}")).send().await.unwrap()).await;
        assert_eq!((status, &refused["errors"][0]["field"]), (StatusCode::BAD_REQUEST, &field.into()), "{query}");
    }
}
