//! `/api/me`, `/api/notifications`, and what is done to units for oneself.

use crate::{
    auth_service::GOOD_PASSWORD,
    filled::{FilledGateway, answer},
};
use chrono::{DateTime, Utc};
use insta::assert_json_snapshot;
use reqwest::{Method, StatusCode};
use rmu_catalogue::{
    digests::{collect_next, dispatch},
    fanouts::tell_next,
};
use serde_json::{Value, json};
use std::sync::Mutex;

async fn call(gateway: &FilledGateway, method: Method, path: &str, token: &str) -> StatusCode {
    gateway.call(method, path).bearer_auth(token).send().await.unwrap().status()
}

async fn read(gateway: &FilledGateway, path: &str, token: &str) -> Value {
    let (status, body) = answer(gateway.get(path).bearer_auth(token).send().await.unwrap()).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    body
}

async fn review(gateway: &FilledGateway, code: &str) {
    let review = json!({
        "unitId": gateway.id_of(code).await,
        "ratings": { "overall": 5, "teaching": 4, "difficulty": 3, "workload": 2, "usefulness": 5 },
        "wouldRecommend": true, "session": "Autumn", "year": 2025,
    });
    let written = gateway.post("/api/reviews", &review).bearer_auth(gateway.student()).send().await.unwrap();
    assert_eq!(written.status(), StatusCode::CREATED);
    while tell_next(&gateway.state.database).await.unwrap() {}
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_followed_is_told_and_read() {
    let gateway = FilledGateway::start().await;
    let (ada, bob) = (gateway.student(), gateway.student());
    for _ in 0..2 {
        assert_eq!(call(&gateway, Method::PUT, "/api/units/FIT2004/follow", &ada).await, StatusCode::NO_CONTENT);
    }
    assert_eq!(call(&gateway, Method::PUT, "/api/units/09009/bookmark", &ada).await, StatusCode::NO_CONTENT);
    for (path, expected) in [
        ("/api/units/31251/follow", StatusCode::CONFLICT),
        ("/api/units/31251/follow?university=southbank", StatusCode::NO_CONTENT),
        ("/api/units/99999/bookmark", StatusCode::NOT_FOUND),
    ] {
        assert_eq!(call(&gateway, Method::PUT, path, &ada).await, expected, "{path}");
    }
    let path = "/api/units/31251/follow?university=southbank";
    assert_eq!(call(&gateway, Method::DELETE, path, &ada).await, StatusCode::NO_CONTENT);
    review(&gateway, "FIT2004").await;
    gateway.read_again("southbank", "FIT2004", 2027).await;
    while tell_next(&gateway.state.database).await.unwrap() {}

    let follows = read(&gateway, "/api/me/follows", &ada).await;
    assert_eq!(follows["data"][0]["unit"]["code"], "FIT2004");
    assert_eq!((&follows["data"].as_array().unwrap().len(), &follows["meta"]["page"]["total"]), (&1, &"1".into()));
    assert_eq!(read(&gateway, "/api/me/bookmarks", &ada).await["data"][0]["unit"]["code"], "09009");
    assert_eq!(read(&gateway, "/api/me/follows", &bob).await["data"], json!([]));

    let told = read(&gateway, "/api/notifications", &ada).await;
    assert_json_snapshot!(told, { ".**.id" => "[id]", ".**.on" => "[today]", ".**.reviewId" => "[id]" }, @r#"
    {
      "data": {
        "notifications": [
          {
            "facts": [
              "title",
              "creditPoints",
              "contacts"
            ],
            "id": "[id]",
            "kind": "handbookChange",
            "on": "[today]",
            "read": false,
            "unit": {
              "code": "FIT2004",
              "id": "[id]",
              "title": "Algorithms, as they were",
              "university": {
                "id": "[id]",
                "name": "southbank",
                "slug": "southbank"
              }
            },
            "year": 2027
          },
          {
            "id": "[id]",
            "kind": "newReview",
            "on": "[today]",
            "read": false,
            "reviewId": "[id]",
            "unit": {
              "code": "FIT2004",
              "id": "[id]",
              "title": "Algorithms, as they were",
              "university": {
                "id": "[id]",
                "name": "southbank",
                "slug": "southbank"
              }
            }
          }
        ],
        "unread": 2
      },
      "meta": {
        "page": {
          "limit": 20,
          "total": "2"
        }
      },
      "success": true
    }
    "#);
    let id = told["data"]["notifications"][1]["id"].as_str().unwrap();
    let one = format!("/api/notifications/{id}");
    assert_eq!(call(&gateway, Method::PUT, &format!("{one}/read"), &bob).await, StatusCode::NOT_FOUND);
    assert_eq!(call(&gateway, Method::PUT, &format!("{one}/read"), &ada).await, StatusCode::NO_CONTENT);
    let unread = read(&gateway, "/api/notifications?unread=true", &ada).await;
    assert_eq!((&unread["data"]["unread"], unread["data"]["notifications"].as_array().unwrap().len()), (&1.into(), 1));
    let all = gateway.post("/api/notifications/read", &json!({})).bearer_auth(&ada).send().await.unwrap();
    assert_eq!(answer(all).await.1["data"]["marked"], 1);
    assert_eq!(call(&gateway, Method::DELETE, &one, &ada).await, StatusCode::NO_CONTENT);
    assert_eq!(call(&gateway, Method::DELETE, &one, &ada).await, StatusCode::NOT_FOUND);
    assert_eq!(call(&gateway, Method::DELETE, "/api/notifications/x", &ada).await, StatusCode::NOT_FOUND);
    let broken = gateway.get("/api/notifications?cursor=x").bearer_auth(&ada).send().await.unwrap();
    assert_eq!(answer(broken).await.1["error"], "bad_cursor");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_daily_mail_is_ended_by_a_post_and_by_nothing_less() {
    let gateway = FilledGateway::start().await;
    let ada = gateway.student();
    let setting = async || read(&gateway, "/api/me/digest", &ada).await["data"]["digest"].clone();
    let set = async |digest: &str| {
        let put = gateway.call(Method::PUT, "/api/me/digest").json(&json!({ "digest": digest }));
        put.bearer_auth(&ada).send().await.unwrap().status()
    };
    assert_eq!(setting().await, "off");
    assert_eq!(set("hourly").await, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(set("daily").await, StatusCode::OK);
    assert_eq!(call(&gateway, Method::PUT, "/api/units/FIT2004/follow", &ada).await, StatusCode::NO_CONTENT);
    review(&gateway, "FIT2004").await;
    let ago = "now() - interval '2 days'";
    gateway.sql(&format!("UPDATE notifications SET created_at = {ago}")).await;
    gateway.sql("UPDATE digest_settings SET told_up_to = now() - interval '3 days'").await;
    let now: DateTime<Utc> = Utc::now();
    assert!(collect_next(&gateway.state.database, now).await.unwrap());
    let token = Mutex::new(String::new());
    let sent = dispatch(&gateway.state.database, 10, |digests| {
        token.lock().unwrap().clone_from(&digests[0].unsubscribe_token);
        async move { digests.iter().map(|digest| (digest.account, digest.day)).collect() }
    });
    assert_eq!(sent.await.unwrap(), 1);

    let link = format!("/api/digest/unsubscribe?token={}", token.lock().unwrap());
    let page = gateway.get(&link).send().await.unwrap();
    assert_eq!(
        (page.status(), &page.headers()["content-type"]),
        (StatusCode::OK, &"text/html; charset=utf-8".parse().unwrap())
    );
    assert!(page.text().await.unwrap().contains("<form method=\"post\">"));
    assert_eq!(setting().await, "daily", "following a link changes nothing");
    for link in ["/api/digest/unsubscribe?token=guessed", &link, &link] {
        let post = gateway.call(Method::POST, link).form(&[("List-Unsubscribe", "One-Click")]);
        assert_eq!(post.send().await.unwrap().status(), StatusCode::OK, "{link}");
        let expected = if link.ends_with("guessed") { "daily" } else { "off" };
        assert_eq!(setting().await, expected, "{link}");
    }
    assert_eq!(gateway.get("/api/digest/unsubscribe").send().await.unwrap().status(), StatusCode::BAD_REQUEST);
}

#[tokio::test(flavor = "multi_thread")]
async fn deleting_an_account_wants_its_password_and_a_choice() {
    let gateway = FilledGateway::start().await;
    let ada = gateway.student();
    let delete = async |body: Value| {
        let request = gateway.call(Method::DELETE, "/api/me").json(&body).bearer_auth(&ada);
        request.send().await.unwrap()
    };
    let wrong = answer(delete(json!({ "password": "wrong horse", "reviews": "remove" })).await).await;
    assert_eq!((wrong.0, &wrong.1["error"]), (StatusCode::UNAUTHORIZED, &"bad_credentials".into()));
    let unsaid = answer(delete(json!({ "password": GOOD_PASSWORD, "reviews": "keep" })).await).await;
    assert_eq!((unsaid.0, &unsaid.1["errors"][0]["field"]), (StatusCode::UNPROCESSABLE_ENTITY, &"reviews".into()));
    let gone = delete(json!({ "password": GOOD_PASSWORD, "reviews": "anonymise" })).await;
    assert_eq!(gone.status(), StatusCode::NO_CONTENT);
    let cookies: Vec<&str> =
        gone.headers().get_all("set-cookie").iter().map(|cookie| cookie.to_str().unwrap()).collect();
    assert!(cookies.len() == 2 && cookies.iter().all(|cookie| cookie.contains("Max-Age=0")), "{cookies:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_nickname_is_changed_if_it_is_one() {
    let gateway = FilledGateway::start().await;
    let ada = gateway.student();
    for (name, expected) in [(" lovelace ", StatusCode::OK), ("a<b>", StatusCode::UNPROCESSABLE_ENTITY)] {
        let put = gateway.call(Method::PUT, "/api/me/nickname").json(&json!({ "nickname": name }));
        let (status, body) = answer(put.bearer_auth(&ada).send().await.unwrap()).await;
        assert_eq!(status, expected, "{body}");
        assert!(status != StatusCode::OK || body["data"]["nickname"] == "lovelace", "{body}");
    }
}
