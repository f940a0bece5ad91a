//! Requests to the auth service and its answers.
//!
//! Every request has one answer type; what can be expected to go wrong is a value of [`RpcErrorV1`], so that a
//! caller never has to guess from a text.

use super::Contract;
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A request and the answer it gets.
pub trait Request: Contract {
    type Answer: Contract;
}

/// What every RPC answers with. Carried under type `auth.answer.v1`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum RpcAnswerV1<T> {
    Ok(T),
    Error(RpcErrorV1),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "code", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum RpcErrorV1 {
    /// A field was refused.
    Invalid {
        field: String,
        detail: String,
    },
    /// Wrong address or password; which of them is never said.
    BadCredentials,
    /// The token (link, refresh) is unknown, used up or too old.
    BadToken,
    EmailNotVerified,
    /// The account may only read, and nobody can sign in with it.
    Banned {
        /// When that ends by itself.
        until: Option<DateTime<Utc>>,
        /// In words of the administrator who decided it.
        reason: Option<String>,
    },
    /// There is no such account.
    NotFound,
    /// The state of things does not allow it; the text may be shown.
    Conflict {
        detail: String,
    },
    /// Too much password hashing waits already.
    Busy {
        retry_after_seconds: u64,
    },
    /// Something failed inside; the log of the auth service says what.
    Internal,
}

/// Somebody's account, as they may see it themselves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccountV1 {
    pub account_id: Uuid,
    pub email: String,
    pub nickname: String,
    /// `student`, `moderator` or `admin`.
    pub role: String,
    pub email_verified: bool,
    pub university_id: Option<Uuid>,
}

/// A pair of tokens. The refresh token is good once: using it again ends the session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TokensV1 {
    pub access_token: String,
    pub expires_in_seconds: u64,
    pub refresh_token: String,
    pub refresh_expires_in_seconds: u64,
    pub account: AccountV1,
}

messages! {
    /// Creates an account and mails a verification link. Answered alike whether or not the address is taken:
    /// who has an account is nobody's business; the owner of the address is told by mail.
    RegisterV1 = "auth.register.v1" {
        email: String = "ada@student.northfield.example".into(),
        password: String = "correct horse battery".into(),
        nickname: String = "ada".into(),
        /// The university whose domain the address belongs to, as the gateway found it.
        university_id: Uuid = Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_0005),
    } -> AcceptedV1;

    /// The token of a verification mail.
    VerifyEmailV1 = "auth.verify-email.v1" { token: String = "7cA0".into() } -> AccountV1;

    LoginV1 = "auth.login.v1" {
        email: String = "ada@student.northfield.example".into(),
        password: String = "correct horse battery".into(),
        user_agent: Option<String> = None,
    } -> TokensV1;

    RefreshV1 = "auth.refresh.v1" { refresh_token: String = "9fXk".into() } -> TokensV1;

    /// Ends the session of this refresh token. Unknown ones are answered alike.
    LogoutV1 = "auth.logout.v1" { refresh_token: String = "9fXk".into() } -> AcceptedV1;

    /// The account behind a verified access token's subject.
    MeV1 = "auth.me.v1" {
        account_id: Uuid = Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_0004),
    } -> AccountV1;

    /// The public keys with which access tokens are verified.
    JwksV1 = "auth.jwks.v1" {} -> KeysV1;

    AcceptedV1 = "auth.accepted.v1" {};

    KeysV1 = "auth.keys.v1" {
        /// A JSON Web Key Set (RFC 7517), keys of type OKP with curve Ed25519.
        jwks: serde_json::Value = serde_json::json!({ "keys": [{
            "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": "2026-01",
            "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
        }]}),
    };
}

impl Contract for AccountV1 {
    const TYPE: &'static str = "auth.account-view.v1";

    fn example() -> Self {
        Self {
            account_id: Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_0004),
            email: "ada@student.northfield.example".into(),
            nickname: "ada".into(),
            role: "student".into(),
            email_verified: true,
            university_id: Some(Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_0005)),
        }
    }
}

impl Contract for TokensV1 {
    const TYPE: &'static str = "auth.tokens.v1";

    fn example() -> Self {
        Self {
            access_token: "eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJFZERTQSJ9.e30.c2ln".into(),
            expires_in_seconds: 600,
            refresh_token: "9fXk".into(),
            refresh_expires_in_seconds: 2_592_000,
            account: AccountV1::example(),
        }
    }
}
