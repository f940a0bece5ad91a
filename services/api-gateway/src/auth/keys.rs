//! The auth service's public keys, kept so that no request waits for it and nothing stops when it is away.

use crate::ApiError;
use jsonwebtoken::{DecodingKey, jwk::JwkSet};
use rmu_messaging::{contracts::auth::JwksV1, rpc};
use rmu_web::Problem;
use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};
use tokio::{sync::Mutex, time::Instant};
use tokio_util::sync::CancellationToken;

/// Keys are asked for so often without a reason.
const PERIOD: Duration = Duration::from_secs(60);
/// Until the first keys are there, and at most so often because of an unknown key id: anybody can make one up.
const RETRY: Duration = Duration::from_secs(3);

type Keys = HashMap<String, Arc<DecodingKey>>;

pub struct KeyStore {
    auth: rpc::Client,
    keys: RwLock<Arc<Keys>>,
    last_asked: Mutex<Option<Instant>>,
}

impl KeyStore {
    pub fn new(auth: rpc::Client) -> Self {
        Self { auth, keys: RwLock::default(), last_asked: Mutex::new(None) }
    }

    /// The key called `kid`; `None` when the auth service has no such key. An error only when there are no keys
    /// at all to judge by.
    pub async fn find(&self, kid: &str) -> Result<Option<Arc<DecodingKey>>, ApiError> {
        if let Some(key) = self.known().get(kid) {
            return Ok(Some(Arc::clone(key)));
        }
        self.refresh_once(kid).await;
        let known = self.known();
        if known.is_empty() {
            return Err(Problem::unavailable("auth service", "no public keys yet").into());
        }
        Ok(known.get(kid).cloned())
    }

    /// Asks the auth service. What is known stays in force when it does not answer or answers nonsense.
    pub async fn refresh(&self) -> bool {
        let keys = match self.auth.call(&JwksV1 {}).await {
            Ok(Ok(answer)) => parse(answer.jwks),
            Ok(Err(error)) => Err(format!("{error:?}")),
            Err(error) => Err(error.to_string()),
        };
        match keys {
            Ok(keys) => {
                *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
                true
            }
            Err(cause) => {
                tracing::warn!(cause, "the public keys could not be read");
                false
            }
        }
    }

    /// Those who meet an unknown key wait for one question together.
    async fn refresh_once(&self, kid: &str) {
        let mut last_asked = self.last_asked.lock().await;
        let just_asked = last_asked.is_some_and(|asked| asked.elapsed() < RETRY);
        if just_asked || self.known().contains_key(kid) {
            return;
        }
        self.refresh().await;
        *last_asked = Some(Instant::now());
    }

    fn known(&self) -> Arc<Keys> {
        Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Keys that are not for Ed25519 signatures are left out; without any that is, the answer is nonsense.
fn parse(jwks: serde_json::Value) -> Result<Keys, String> {
    let set: JwkSet = serde_json::from_value(jwks).map_err(|error| error.to_string())?;
    let keys: Keys = set
        .keys
        .iter()
        .filter(|jwk| jwk.common.key_algorithm == Some(jsonwebtoken::jwk::KeyAlgorithm::EdDSA))
        .filter_map(|jwk| Some((jwk.common.key_id.clone()?, Arc::new(DecodingKey::from_jwk(jwk).ok()?))))
        .collect();
    if keys.is_empty() { Err("no usable key in the set".to_owned()) } else { Ok(keys) }
}

/// Keeps the keys fresh until `stop`.
pub async fn refresh_until(keys: Arc<KeyStore>, stop: CancellationToken) {
    loop {
        let wait = if keys.refresh().await { PERIOD } else { RETRY };
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = stop.cancelled() => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rmu_messaging::contracts::{Contract, auth::KeysV1};

    #[test]
    fn the_contracts_example_is_a_key() {
        assert!(parse(KeysV1::example().jwks).unwrap().contains_key("2026-01"));
    }

    #[test]
    fn nonsense_never_replaces_keys() {
        for nonsense in [
            serde_json::json!({}),
            serde_json::json!({"keys": []}),
            serde_json::json!({"keys": [{"kty": "oct", "k": "AA", "kid": "x", "alg": "HS256"}]}),
        ] {
            assert!(parse(nonsense).is_err());
        }
    }
}
