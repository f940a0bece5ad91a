//! Logging in, refreshing, logging out; and what the tokens are.

use crate::support::{Auth, PASSWORD, address};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, jwk::JwkSet};
use rmu_messaging::contracts::auth::{JwksV1, LogoutV1, MeV1, RefreshV1, RpcErrorV1};
use serde_json::Value;

async fn refresh(auth: &Auth, token: &str) -> Result<rmu_messaging::contracts::auth::TokensV1, RpcErrorV1> {
    auth.ask(RefreshV1 { refresh_token: token.to_owned() }).await
}

#[tokio::test]
async fn an_access_token_passes_with_the_published_key() {
    let auth = Auth::start().await;
    let (email, account) = auth.student().await;
    let tokens = auth.log_in(&email, PASSWORD).await.unwrap();
    assert_eq!((tokens.expires_in_seconds, &tokens.account), (600, &account));

    let keys: JwkSet = serde_json::from_value(auth.ask(JwksV1 {}).await.unwrap().jwks).unwrap();
    let header = jsonwebtoken::decode_header(&tokens.access_token).unwrap();
    assert_eq!((header.typ.as_deref(), header.alg), (Some("at+jwt"), Algorithm::EdDSA));
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_issuer(&["ratemyunit-auth"]);
    validation.set_audience(&["ratemyunit"]);
    let key = DecodingKey::from_jwk(keys.find(&header.kid.unwrap()).unwrap()).unwrap();
    let claims = jsonwebtoken::decode::<Value>(&tokens.access_token, &key, &validation).unwrap().claims;
    assert_eq!(claims["sub"], account.account_id.to_string());
    assert_eq!((&claims["role"], &claims["email_verified"]), (&Value::from("student"), &Value::from(true)));

    assert_eq!(auth.ask(MeV1 { account_id: account.account_id }).await, Ok(account));
    assert_eq!(auth.ask(MeV1 { account_id: uuid::Uuid::new_v4() }).await, Err(RpcErrorV1::BadToken));
}

#[tokio::test]
async fn wrong_address_and_wrong_password_are_told_alike() {
    let auth = Auth::start().await;
    let (email, _) = auth.student().await;
    for (email, password) in [(email.as_str(), "wrong horse battery"), (&address(), PASSWORD), ("no address", PASSWORD)]
    {
        assert_eq!(auth.log_in(email, password).await, Err(RpcErrorV1::BadCredentials), "{email}");
    }
}

#[tokio::test]
async fn a_refresh_token_is_good_once_and_its_reuse_ends_the_session() {
    let auth = Auth::start().await;
    let (email, _) = auth.student().await;
    let first = auth.log_in(&email, PASSWORD).await.unwrap();
    let other = auth.log_in(&email, PASSWORD).await.unwrap();
    let second = refresh(&auth, &first.refresh_token).await.unwrap();
    assert_ne!(first.refresh_token, second.refresh_token);
    let third = refresh(&auth, &second.refresh_token).await.unwrap();

    assert_eq!(refresh(&auth, &first.refresh_token).await, Err(RpcErrorV1::BadToken));
    assert_eq!(refresh(&auth, &third.refresh_token).await, Err(RpcErrorV1::BadToken), "the whole session has ended");
    assert!(refresh(&auth, &other.refresh_token).await.is_ok(), "another session is not concerned");
    assert_eq!(refresh(&auth, "made up").await, Err(RpcErrorV1::BadToken));
}

#[tokio::test]
async fn of_two_who_refresh_at_once_one_at_most_wins() {
    let auth = Auth::start().await;
    let (email, _) = auth.student().await;
    for _ in 0..5 {
        let token = auth.log_in(&email, PASSWORD).await.unwrap().refresh_token;
        let calls: Vec<_> = (0..4)
            .map(|_| {
                let (client, request) = (auth.client.clone(), RefreshV1 { refresh_token: token.clone() });
                tokio::spawn(async move { client.call(&request).await.unwrap() })
            })
            .collect();
        let mut winners = Vec::new();
        for call in calls {
            winners.extend(call.await.unwrap());
        }
        assert_eq!(winners.len(), 1);
        assert_eq!(refresh(&auth, &winners[0].refresh_token).await, Err(RpcErrorV1::BadToken), "the reuse was noticed");
    }
}

#[tokio::test]
async fn logging_out_ends_the_session_and_may_be_repeated() {
    let auth = Auth::start().await;
    let (email, _) = auth.student().await;
    let tokens = auth.log_in(&email, PASSWORD).await.unwrap();
    for token in [&tokens.refresh_token, &tokens.refresh_token, "unknown"] {
        auth.ask(LogoutV1 { refresh_token: token.to_owned() }).await.unwrap();
    }
    assert_eq!(refresh(&auth, &tokens.refresh_token).await, Err(RpcErrorV1::BadToken));
}

#[tokio::test]
async fn an_expired_session_is_over() {
    let auth = Auth::start().await;
    let (email, _) = auth.student().await;
    let tokens = auth.log_in(&email, PASSWORD).await.unwrap();
    auth.sql().await.execute("UPDATE sessions SET expires_at = now() - interval '1 second'", &[]).await.unwrap();
    assert_eq!(refresh(&auth, &tokens.refresh_token).await, Err(RpcErrorV1::BadToken));
}

#[tokio::test]
async fn sessions_of_one_account_are_bounded_and_the_oldest_goes_first() {
    let auth = Auth::start().await;
    let (email, _) = auth.student().await;
    let first = auth.log_in(&email, PASSWORD).await.unwrap();
    for _ in 0..20 {
        auth.log_in(&email, PASSWORD).await.unwrap();
    }
    let open = auth.sql().await.query_one("SELECT count(*) FROM sessions WHERE ended_at IS NULL", &[]).await.unwrap();
    assert_eq!(open.get::<_, i64>(0), 20);
    assert_eq!(refresh(&auth, &first.refresh_token).await, Err(RpcErrorV1::BadToken));
}
