//! What travels over HTTP for accounts and sessions.

use crate::routes::session::csrf_token;
use rmu_messaging::contracts::auth::{AccountV1, TokensV1};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

#[derive(Deserialize, ToSchema)]
pub struct RegisterBody {
    #[schema(example = "ada@student.northfield.example")]
    pub email: String,
    /// 10 to 128 characters.
    pub password: String,
    #[schema(example = "ada")]
    pub nickname: String,
}

#[derive(Deserialize, ToSchema)]
pub struct VerifyEmailBody {
    pub token: String,
}

#[derive(Deserialize, ToSchema)]
pub struct LoginBody {
    #[schema(example = "ada@student.northfield.example")]
    pub email: String,
    pub password: String,
    /// For web pages: keep the refresh token in an HttpOnly cookie.
    #[serde(default)]
    pub cookie: bool,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RefreshBody {
    /// May be left out when the session is a cookie.
    pub refresh_token: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct Accepted {
    pub accepted: bool,
}

impl Accepted {
    pub(super) fn yes() -> Self {
        Self { accepted: true }
    }
}

/// An account, as its owner sees it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccountView {
    pub account_id: Uuid,
    pub email: String,
    pub nickname: String,
    /// `student`, `moderator` or `admin`.
    pub role: String,
    pub email_verified: bool,
    pub university_id: Option<Uuid>,
}

/// A session that was begun or continued.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionView {
    pub access_token: String,
    /// Always `Bearer`.
    pub token_type: &'static str,
    pub expires_in_seconds: u64,
    /// Good once. Absent when it came as a cookie.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
    pub refresh_expires_in_seconds: u64,
    /// Only with a cookie: to be sent as `X-CSRF-Token`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub csrf_token: Option<String>,
    pub account: AccountView,
}

impl SessionView {
    pub(super) fn new(tokens: TokensV1, as_cookie: bool) -> Self {
        let csrf_token = as_cookie.then(|| csrf_token(&tokens.refresh_token));
        Self {
            access_token: tokens.access_token,
            token_type: "Bearer",
            expires_in_seconds: tokens.expires_in_seconds,
            refresh_token: (!as_cookie).then_some(tokens.refresh_token),
            refresh_expires_in_seconds: tokens.refresh_expires_in_seconds,
            csrf_token,
            account: tokens.account.into(),
        }
    }
}

impl From<AccountV1> for AccountView {
    fn from(account: AccountV1) -> Self {
        Self {
            account_id: account.account_id,
            email: account.email,
            nickname: account.nickname,
            role: account.role,
            email_verified: account.email_verified,
            university_id: account.university_id,
        }
    }
}
