//! `PUT` and `DELETE /api/reviews/{id}`, `/api/me/reviews`.

use super::{post, review};
use crate::filled::{FilledGateway, answer};
use insta::assert_json_snapshot;
use reqwest::{Method, StatusCode};
use rmu_catalogue::reviews::{NewState, change_state};
use rmu_domain::{ids::ReviewId, review::StateCause};
use serde_json::{Value, json};

/// A review of FIT2004: its path, and the body that edits it.
async fn written(gateway: &FilledGateway, token: &str) -> (String, Value) {
    let mut body = review(gateway, "FIT2004").await;
    let (status, written) = post(gateway, token, &body).await;
    assert_eq!(status, StatusCode::CREATED, "{written}");
    body.as_object_mut().unwrap().remove("unitId");
    (format!("/api/reviews/{}", written["data"]["id"].as_str().unwrap()), body)
}

async fn put(
    gateway: &FilledGateway,
    path: &str,
    token: &str,
    if_match: Option<&str>,
    body: &Value,
) -> (StatusCode, Value, String) {
    let mut request = gateway.call(Method::PUT, path).bearer_auth(token).json(body);
    if let Some(tag) = if_match {
        request = request.header("if-match", tag);
    }
    let response = request.send().await.unwrap();
    let tag = response.headers().get("etag").map(|tag| tag.to_str().unwrap().to_owned()).unwrap_or_default();
    let (status, body) = answer(response).await;
    (status, body, tag)
}

async fn me(gateway: &FilledGateway, path: &str, token: &str) -> (StatusCode, Value) {
    answer(gateway.get(path).bearer_auth(token).send().await.unwrap()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_is_shown_and_its_author_sees_what_was() {
    let gateway = FilledGateway::start().await;
    let token = gateway.student();
    let (path, mut body) = written(&gateway, &token).await;
    let own = path.replace("/api/", "/api/me/");
    let first = gateway.get(&own).bearer_auth(&token).send().await.unwrap().headers()["etag"].clone();
    body["ratings"]["overall"] = 2.into();
    body["session"] = "Winter".into();
    let (status, edited, tag) = put(&gateway, &path, &token, first.to_str().ok(), &body).await;
    assert_eq!((status, tag.as_str()), (StatusCode::OK, "\"2\""), "{edited}");
    assert_json_snapshot!(edited["data"], {
        ".id" => "[id]", ".unitId" => "[id]", ".year" => "[year]", ".writtenOn" => "[day]", ".editedOn" => "[day]",
        ".createdAt" => "[time]", ".editedAt" => "[time]",
    }, @r#"
    {
      "author": {
        "shownAs": "anonymous"
      },
      "createdAt": "[time]",
      "editedAt": "[time]",
      "editedOn": "[day]",
      "id": "[id]",
      "inHandbook": false,
      "ratings": {
        "difficulty": 3,
        "overall": 2,
        "teaching": 4,
        "usefulness": 5,
        "workload": 2
      },
      "revision": 2,
      "session": "Winter",
      "state": "visible",
      "text": null,
      "unitCode": "FIT2004",
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
    let (_, shown) = answer(gateway.get(&path).send().await.unwrap()).await;
    assert_eq!((&shown["data"]["ratings"]["overall"], shown["data"]["editedOn"].is_string()), (&2.into(), true));
    assert_eq!(shown["data"]["revision"], Value::Null, "what was is for the author");
    let (_, kept) = me(&gateway, &format!("{own}/revisions"), &token).await;
    assert_eq!((&kept["data"][0]["revision"], &kept["data"][0]["ratings"]["overall"]), (&1.into(), &5.into()));

    let (status, stale, _) = put(&gateway, &path, &token, first.to_str().ok(), &body).await;
    assert_eq!((status, &stale["error"]), (StatusCode::PRECONDITION_FAILED, &"precondition_failed".into()));
    assert_eq!(put(&gateway, &path, &token, Some("W/\"2\""), &body).await.0, StatusCode::PRECONDITION_FAILED);
    assert_eq!(put(&gateway, &path, &token, Some("*"), &body).await.0, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_authors_edit_delete_and_see_the_past() {
    let gateway = FilledGateway::start().await;
    let (ada, eve) = (gateway.student(), gateway.student());
    let (path, mut body) = written(&gateway, &ada).await;
    let own = path.replace("/api/", "/api/me/");
    assert_eq!(put(&gateway, &path, &eve, None, &body).await.0, StatusCode::FORBIDDEN);
    let delete = |token: &str| gateway.call(Method::DELETE, &path).bearer_auth(token).send();
    assert_eq!(delete(&eve).await.unwrap().status(), StatusCode::FORBIDDEN);
    for path in [own.clone(), format!("{own}/revisions")] {
        assert_eq!(me(&gateway, &path, &eve).await.0, StatusCode::NOT_FOUND);
    }
    body["ratings"]["overall"] = 9.into();
    let (status, refused, _) = put(&gateway, &path, &ada, None, &body).await;
    assert_eq!((status, &refused["errors"][0]["field"]), (StatusCode::UNPROCESSABLE_ENTITY, &"ratings.overall".into()));
    assert_eq!(delete(&ada).await.unwrap().status(), StatusCode::NO_CONTENT);
    assert_eq!(delete(&ada).await.unwrap().status(), StatusCode::NOT_FOUND);
    assert_eq!(gateway.get(&path).send().await.unwrap().status(), StatusCode::NOT_FOUND);
    written(&gateway, &ada).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn authors_are_told_what_became_of_their_reviews() {
    let gateway = FilledGateway::start().await;
    let token = gateway.student();
    let (path, _) = written(&gateway, &token).await;
    let id: ReviewId = path.rsplit('/').next().unwrap().parse().unwrap();
    let removed = NewState::Removed { cause: StateCause::Moderation, reason: Some("It names a tutor.") };
    let database = &gateway.state.database;
    database.transaction(async |connection| change_state(connection, id, removed).await).await.unwrap();
    assert_eq!(gateway.get(&path).send().await.unwrap().status(), StatusCode::NOT_FOUND);
    let (_, listed) = me(&gateway, "/api/me/reviews", &token).await;
    let review = &listed["data"][0];
    assert_eq!(
        (&review["state"], &review["stateCause"], &review["stateReason"]),
        (&json!("removed"), &json!("moderation"), &json!("It names a tutor."))
    );
    assert!(review["stateChangedAt"].is_string());
    let (_, others) = me(&gateway, "/api/me/reviews", &gateway.student()).await;
    assert_eq!((&others["data"], &others["meta"]["page"]["total"]), (&json!([]), &"0".into()));
}
