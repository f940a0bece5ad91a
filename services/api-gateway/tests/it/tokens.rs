//! Which access tokens are believed.

use crate::{
    TestGateway,
    auth_service::{SigningKey, claims},
    gateway::LIMIT,
};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use reqwest::StatusCode;
use rmu_test_support::wait;
use serde_json::{Value, json};

const ME: &str = "/api/auth/me";

async fn status(gateway: &TestGateway, token: &str) -> StatusCode {
    gateway.get(ME).bearer_auth(token).send().await.unwrap().status()
}

fn with(name: &str, value: Value) -> Value {
    let mut claims = claims("student", true);
    claims[name] = value;
    claims
}

fn without(name: &str) -> Value {
    let mut claims = claims("student", true);
    claims.as_object_mut().unwrap().remove(name);
    claims
}

#[tokio::test(flavor = "multi_thread")]
async fn only_our_own_access_tokens_are_believed() {
    let gateway = TestGateway::start().await;
    let key = &gateway.key;
    assert_eq!(status(&gateway, &gateway.token("student", true)).await, StatusCode::OK);

    let header = |change: &dyn Fn(&mut Header)| {
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some("at+jwt".to_owned());
        header.kid = Some(key.kid.clone());
        change(&mut header);
        encode(&header, &claims("student", true), &key.key).unwrap()
    };
    let mut by_secret = Header::new(Algorithm::HS256);
    by_secret.typ = Some("at+jwt".to_owned());
    by_secret.kid = Some(key.kid.clone());
    let public = EncodingKey::from_secret(key.jwk()["x"].as_str().unwrap().as_bytes());
    let good = key.sign(&claims("student", true));
    let (signed, signature) = good.rsplit_once('.').unwrap();
    // {"alg":"none","typ":"at+jwt","kid":"test-key"}
    let unsigned = "eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0Iiwia2lkIjoidGVzdC1rZXkifQ";
    let payload = signed.split_once('.').unwrap().1;

    let refused = [
        ("signed with the public key as a secret", encode(&by_secret, &claims("student", true), &public).unwrap()),
        ("without a signature", format!("{unsigned}.{payload}.")),
        ("another issuer", key.sign(&with("iss", json!("somebody")))),
        ("no issuer", key.sign(&without("iss"))),
        ("another audience", key.sign(&with("aud", json!("somewhere")))),
        ("no audience", key.sign(&without("aud"))),
        ("expired", key.sign(&with("exp", json!(1_700_000_000)))),
        ("without an end", key.sign(&without("exp"))),
        ("not yet valid", key.sign(&with("nbf", json!(4_000_000_000_u64)))),
        ("a subject that is no account", key.sign(&with("sub", json!("root")))),
        ("an unknown role", key.sign(&with("role", json!("owner")))),
        ("another type", header(&|header| header.typ = Some("JWT".to_owned()))),
        ("no type", header(&|header| header.typ = None)),
        ("an unknown key", header(&|header| header.kid = Some("made-up".to_owned()))),
        ("no key id", header(&|header| header.kid = None)),
        ("another key under our name", SigningKey::new(&key.kid).sign(&claims("admin", true))),
        ("a changed payload", format!("{}A.{signature}", &signed[..signed.len() - 1])),
        ("nonsense", "a.b.c".to_owned()),
        ("endless", "a".repeat(5000)),
    ];
    for (what, token) in refused {
        assert_eq!(status(&gateway, &token).await, StatusCode::UNAUTHORIZED, "{what}");
    }
    for header in ["Basic YTpi", "Bearer", "Bearer ", "bogus"] {
        let answer = gateway.get(ME).header("authorization", header).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{header}");
        assert_eq!(answer.headers()["www-authenticate"], "Bearer");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn known_keys_are_enough_when_auth_is_away() {
    let mut gateway = TestGateway::start().await;
    gateway.stop_auth().await;
    let admin = gateway.token("admin", true);
    let answer = gateway.get("/admin/browser-pool/stats").bearer_auth(admin).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK, "no question to the auth service is needed");
    let me = gateway.get(ME).bearer_auth(gateway.token("student", true)).send().await.unwrap();
    assert_eq!(me.status(), StatusCode::SERVICE_UNAVAILABLE, "this one is");
    assert!(me.headers().contains_key("retry-after"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_key_is_found_when_a_token_names_it() {
    let gateway = TestGateway::start().await;
    let new = SigningKey::new("next-key");
    let token = new.sign(&claims("student", true));
    assert_eq!(status(&gateway, &token).await, StatusCode::UNAUTHORIZED);
    gateway.auth.as_ref().unwrap().published.lock().unwrap().push(new);
    wait::until(LIMIT, || async { status(&gateway, &token).await == StatusCode::OK }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_any_key_nobody_is_called_a_liar() {
    let gateway = TestGateway::start_without_auth(&[]).await;
    assert_eq!(status(&gateway, &gateway.token("student", true)).await, StatusCode::SERVICE_UNAVAILABLE);
}
