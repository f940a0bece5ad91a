//! Access tokens: EdDSA JWTs of ten minutes, and the public keys to check them with.

use crate::AuthError;
use jsonwebtoken::{
    Algorithm, EncodingKey, Header,
    jwk::{Jwk, JwkSet, KeyAlgorithm, PublicKeyUse, ThumbprintHash},
};
use rmu_messaging::contracts::auth::AccountV1;
use serde::Serialize;
use std::time::Duration;
use uuid::Uuid;

pub const ACCESS_TOKEN_LIFE: Duration = Duration::from_secs(600);
/// The type of RFC 9068: no other kind of token passes for an access token.
const TOKEN_TYPE: &str = "at+jwt";

/// Signs access tokens. The key's name is the thumbprint of its public half (RFC 7638), so that a new key has
/// a new name without anybody choosing one.
#[derive(Clone)]
pub struct TokenSigner {
    key: EncodingKey,
    public: Jwk,
    key_id: String,
    issuer: String,
    audience: String,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    aud: &'a str,
    sub: Uuid,
    iat: i64,
    exp: i64,
    jti: Uuid,
    role: &'a str,
    email_verified: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    university_id: Option<Uuid>,
    nickname: &'a str,
}

impl TokenSigner {
    /// `pem` is a PKCS#8 private key of type Ed25519. Also signs once, so that a key that cannot is found now.
    pub fn new(pem: &str, issuer: String, audience: String) -> Result<Self, String> {
        // Environment files hold one line a variable.
        let pem = pem.replace("\\n", "\n");
        let refused = |_| "must be a PKCS#8 private key (PEM) of type Ed25519".to_owned();
        let key = EncodingKey::from_ed_pem(pem.as_bytes()).map_err(refused)?;
        let mut public = Jwk::from_encoding_key(&key, Algorithm::EdDSA).map_err(refused)?;
        let key_id = public.thumbprint(ThumbprintHash::SHA256).map_err(refused)?;
        public.common.key_id = Some(key_id.clone());
        public.common.public_key_use = Some(PublicKeyUse::Signature);
        public.common.key_algorithm = Some(KeyAlgorithm::EdDSA);
        let signer = Self { key, public, key_id, issuer, audience };
        jsonwebtoken::encode(&signer.header(), &serde_json::json!({}), &signer.key).map_err(refused)?;
        Ok(signer)
    }

    /// A token for `account`.
    pub fn sign(&self, account: &AccountV1) -> Result<String, AuthError> {
        let now = chrono::Utc::now().timestamp();
        let life = i64::try_from(ACCESS_TOKEN_LIFE.as_secs()).unwrap_or(i64::MAX);
        let claims = Claims {
            iss: &self.issuer,
            aud: &self.audience,
            sub: account.account_id,
            iat: now,
            exp: now.saturating_add(life),
            jti: Uuid::new_v4(),
            role: &account.role,
            email_verified: account.email_verified,
            university_id: account.university_id,
            nickname: &account.nickname,
        };
        jsonwebtoken::encode(&self.header(), &claims, &self.key).map_err(AuthError::internal)
    }

    /// The public keys as a JSON Web Key Set.
    pub fn key_set(&self) -> Result<serde_json::Value, AuthError> {
        serde_json::to_value(JwkSet { keys: vec![self.public.clone()] }).map_err(AuthError::internal)
    }

    fn header(&self) -> Header {
        Header { typ: Some(TOKEN_TYPE.to_owned()), kid: Some(self.key_id.clone()), ..Header::new(Algorithm::EdDSA) }
    }
}

impl std::fmt::Debug for TokenSigner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenSigner").field("key_id", &self.key_id).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
