//! What the auth service tells of accounts, and how soon requests feel it.

use crate::{TestGateway, auth_service::claims, filled::answer, gateway::LIMIT};
use chrono::{TimeDelta, Utc};
use reqwest::{Method, StatusCode};
use rmu_messaging::contracts::events::{AccountChangeV1, ReviewsLeftV1};
use rmu_test_support::wait;
use serde_json::{Value, json};
use uuid::Uuid;

struct Somebody {
    account: Uuid,
    token: String,
}

fn somebody(gateway: &TestGateway, role: &str) -> Somebody {
    let account = Uuid::new_v4();
    let mut claims = claims(role, true);
    claims["sub"] = account.to_string().into();
    Somebody { account, token: gateway.key.sign(&claims) }
}

/// Follows a unit that is not there: whoever may write learns so.
async fn write(gateway: &TestGateway, who: &Somebody) -> (StatusCode, Value) {
    let call = gateway.call(Method::PUT, &format!("/api/units/{}/follow", Uuid::new_v4()));
    answer(call.bearer_auth(&who.token).send().await.unwrap()).await
}

async fn until_writing_is(gateway: &TestGateway, who: &Somebody, expected: StatusCode) -> Value {
    wait::value(LIMIT, || async {
        let (status, body) = write(gateway, who).await;
        (status == expected).then_some(body)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_banned_account_may_only_read_though_its_token_is_good() {
    let gateway = TestGateway::start().await;
    let (ada, bob) = (somebody(&gateway, "student"), somebody(&gateway, "student"));
    let auth = gateway.auth.as_ref().unwrap();
    assert_eq!(write(&gateway, &ada).await.0, StatusCode::NOT_FOUND);
    let (now, until) = (Utc::now(), Utc::now() + TimeDelta::days(1));
    auth.tell(ada.account, AccountChangeV1::Banned { until: Some(until) }, now).await;
    let refused = until_writing_is(&gateway, &ada, StatusCode::FORBIDDEN).await;
    assert_eq!((&refused["error"], refused["until"].is_string()), (&"banned".into(), true), "{refused}");
    assert_eq!(write(&gateway, &bob).await.0, StatusCode::NOT_FOUND);
    for (who, expected) in [(&ada, StatusCode::FORBIDDEN), (&bob, StatusCode::NOT_FOUND)] {
        let call = gateway.call(Method::DELETE, &format!("/api/reviews/{}", Uuid::new_v4()));
        assert_eq!(call.bearer_auth(&who.token).send().await.unwrap().status(), expected);
    }
    for path in ["/api/me/follows", "/api/notifications", "/api/units"] {
        assert_eq!(gateway.get(path).bearer_auth(&ada.token).send().await.unwrap().status(), StatusCode::OK, "{path}");
    }
    // One that was on its way for long does not lift the ban.
    auth.tell(ada.account, AccountChangeV1::Unbanned, now - TimeDelta::seconds(1)).await;
    auth.tell(bob.account, AccountChangeV1::Banned { until: None }, now).await;
    until_writing_is(&gateway, &bob, StatusCode::FORBIDDEN).await;
    assert_eq!(write(&gateway, &ada).await.0, StatusCode::FORBIDDEN);
    auth.tell(ada.account, AccountChangeV1::Unbanned, now + TimeDelta::seconds(1)).await;
    until_writing_is(&gateway, &ada, StatusCode::NOT_FOUND).await;
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_right_that_was_taken_and_an_account_that_is_gone_are_refused() {
    let gateway = TestGateway::start().await;
    let (admin, gone) = (somebody(&gateway, "admin"), somebody(&gateway, "student"));
    let auth = gateway.auth.as_ref().unwrap();
    let create = async |slug: &str| {
        let body = json!({ "slug": slug, "name": slug, "emailDomains": [format!("{slug}.example")] });
        gateway.post("/api/admin/universities", &body).bearer_auth(&admin.token).send().await.unwrap().status()
    };
    assert_eq!(create("northfield").await, StatusCode::CREATED);
    let read = async || gateway.get("/api/admin/audit").bearer_auth(&admin.token).send().await.unwrap().status();
    assert_eq!(read().await, StatusCode::OK);
    auth.tell(admin.account, AccountChangeV1::RoleChanged { role: "moderator".to_owned() }, Utc::now()).await;
    wait::until(LIMIT, || async { create("northfield").await == StatusCode::FORBIDDEN }).await;
    assert_eq!(read().await, StatusCode::FORBIDDEN, "nor may what others may not see be read any longer");
    auth.tell(gone.account, AccountChangeV1::Deleted { reviews: ReviewsLeftV1::Anonymise }, Utc::now()).await;
    until_writing_is(&gateway, &gone, StatusCode::UNAUTHORIZED).await;
    gateway.stop().await;
}
