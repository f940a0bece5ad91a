//! Accounts and sessions over HTTP.

use crate::{TestGateway, auth_service::GOOD_PASSWORD};
use reqwest::{StatusCode, header::SET_COOKIE};
use serde_json::{Value, json};

fn registration(email: &str) -> Value {
    json!({ "email": email, "password": GOOD_PASSWORD, "nickname": "ada" })
}

fn login(cookie: bool) -> Value {
    json!({ "email": "ada@student.northfield.example", "password": GOOD_PASSWORD, "cookie": cookie })
}

#[tokio::test(flavor = "multi_thread")]
async fn only_addresses_of_universities_may_register() {
    let gateway = TestGateway::start().await;
    gateway.add_university("northfield", "northfield.example").await;
    for (email, status) in [
        ("ada@northfield.example", StatusCode::ACCEPTED),
        ("ada@student.northfield.example", StatusCode::ACCEPTED),
        ("ada@notnorthfield.example", StatusCode::UNPROCESSABLE_ENTITY),
        ("ada@elsewhere.example", StatusCode::UNPROCESSABLE_ENTITY),
        ("nonsense", StatusCode::UNPROCESSABLE_ENTITY),
    ] {
        let answer = gateway.post("/api/auth/register", &registration(email)).send().await.unwrap();
        assert_eq!(answer.status(), status, "{email}");
        let body: Value = answer.json().await.unwrap();
        assert_eq!(body["success"], status == StatusCode::ACCEPTED);
        if status != StatusCode::ACCEPTED {
            assert_eq!(body["errors"][0]["field"], "email");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_get_both_tokens() {
    let gateway = TestGateway::start().await;
    let answer = gateway.post("/api/auth/login", &login(false)).send().await.unwrap();
    assert!(answer.headers().get(SET_COOKIE).is_none());
    let body: Value = answer.json().await.unwrap();
    assert_eq!(body["data"]["refreshToken"], "first");
    assert_eq!(body["data"]["tokenType"], "Bearer");
    assert!(body["data"]["csrfToken"].is_null());
    let refresh = |token: &str| gateway.post("/api/auth/refresh", &json!({ "refreshToken": token }));
    let next: Value = refresh("first").send().await.unwrap().json().await.unwrap();
    assert_eq!(next["data"]["refreshToken"], "second");
    let used = refresh("used up").send().await.unwrap();
    assert_eq!(used.status(), StatusCode::UNPROCESSABLE_ENTITY, "a token has no spaces");
    assert_eq!(refresh("used-up").send().await.unwrap().status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_web_session_is_a_cookie_that_is_not_enough_alone() {
    let gateway = TestGateway::start().await;
    let answer = gateway.post("/api/auth/login", &login(true)).send().await.unwrap();
    let cookies: Vec<String> =
        answer.headers().get_all(SET_COOKIE).iter().map(|value| value.to_str().unwrap().to_owned()).collect();
    let refresh = cookies.iter().find(|cookie| cookie.starts_with("__Host-rmu_refresh=first;")).unwrap();
    for attribute in ["HttpOnly", "Secure", "SameSite=Strict", "Path=/"] {
        assert!(refresh.contains(attribute), "{refresh}");
    }
    let body: Value = answer.json().await.unwrap();
    assert!(body["data"]["refreshToken"].is_null(), "no script sees it");
    let csrf = body["data"]["csrfToken"].as_str().unwrap();

    for path in ["/api/auth/refresh", "/api/auth/logout"] {
        let call = || gateway.call(reqwest::Method::POST, path).header("cookie", "__Host-rmu_refresh=first");
        let forged = call().send().await.unwrap();
        assert_eq!(forged.status(), StatusCode::FORBIDDEN, "{path}");
        assert_eq!(forged.json::<Value>().await.unwrap()["error"], "bad_csrf_token");
        assert_eq!(call().header("x-csrf-token", "x").send().await.unwrap().status(), StatusCode::FORBIDDEN);
        let own = call().header("x-csrf-token", csrf).send().await.unwrap();
        assert_eq!(own.status(), StatusCode::OK, "{path}");
        assert_eq!(own.headers().get_all(SET_COOKIE).iter().count(), 2, "{path} replaces or removes both cookies");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_credentials_and_bodies_are_the_clients_mistakes() {
    let gateway = TestGateway::start_without_auth(&[("LOGIN_LIMIT_PER_5_MINUTES", "100")]).await.with_auth().await;
    let mut wrong = login(false);
    wrong["password"] = "guessed".into();
    let answer = gateway.post("/api/auth/login", &wrong).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(answer.json::<Value>().await.unwrap()["error"], "bad_credentials");
    for (body, field) in [
        (json!({}), "email"),
        (json!({ "email": 1, "password": "x" }), "email"),
        (json!({ "email": "a\u{0}b@c.example", "password": "x" }), "email"),
        (json!({ "email": "a@c.example", "password": "x".repeat(600) }), "password"),
        (json!({ "email": "a@c.example", "password": "x", "cookie": "yes" }), "cookie"),
    ] {
        let answer = gateway.post("/api/auth/login", &body).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY, "{body}");
        assert_eq!(answer.json::<Value>().await.unwrap()["errors"][0]["field"], field);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing_ends_after_five_attempts() {
    let gateway = TestGateway::start().await;
    for attempt in 0..5 {
        let answer = gateway.post("/api/auth/login", &login(false)).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "attempt {attempt}");
        assert!(answer.headers()["ratelimit-policy"].to_str().unwrap().starts_with("\"login\";q=5;w=300"));
    }
    let answer = gateway.post("/api/auth/login", &login(false)).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!(answer.headers().contains_key("retry-after"));
    assert_eq!(answer.headers()["x-ratelimit-remaining"], "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn when_auth_does_not_answer_it_is_503_with_retry_after() {
    let gateway = TestGateway::start_without_auth(&[]).await;
    let answer = gateway.post("/api/auth/login", &login(false)).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(answer.headers().contains_key("retry-after"));
    assert_eq!(answer.json::<Value>().await.unwrap()["error"], "unavailable");
}
