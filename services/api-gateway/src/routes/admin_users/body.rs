//! Accounts as administrators see them, on the wire.

use chrono::{DateTime, Utc};
use rmu_messaging::contracts::accounts::{AccountRecordV1, BanV1};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// An account.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UserView {
    pub id: Uuid,
    #[schema(example = "ada@student.northfield.example")]
    pub email: String,
    #[schema(example = "ada")]
    pub nickname: String,
    /// `student`, `moderator` or `admin`.
    #[schema(example = "student")]
    pub role: String,
    pub email_verified: bool,
    pub university_id: Option<Uuid>,
    pub created_at: DateTime<Utc>,
    /// `null` unless a ban is in force.
    pub ban: Option<BanView>,
    /// How many sessions are open.
    #[schema(example = 1)]
    pub sessions: u32,
    /// When one of them was last used.
    pub last_used_at: Option<DateTime<Utc>>,
}

/// A ban in force.
#[derive(Serialize, ToSchema)]
pub struct BanView {
    #[schema(example = "Advertising in reviews.")]
    pub reason: String,
    pub since: DateTime<Utc>,
    /// `null`: until it is lifted.
    pub until: Option<DateTime<Utc>>,
    /// The administrator who decided it.
    pub by: Option<Uuid>,
}

/// Why, and for how long.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct BanBody {
    /// 1 to 1000 characters. The account is told them when it tries to sign in.
    #[schema(example = "Advertising in reviews.")]
    pub reason: String,
    /// When the ban ends by itself; without it, when it is lifted.
    #[schema(example = "2026-12-24T00:00:00Z")]
    pub until: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct RoleBody {
    /// `student`, `moderator` or `admin`.
    #[schema(example = "moderator")]
    pub role: String,
}

/// What ending sessions came to.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SessionsEndedView {
    /// How many were open.
    #[schema(example = 2)]
    pub ended: u32,
}

impl From<AccountRecordV1> for UserView {
    fn from(account: AccountRecordV1) -> Self {
        Self {
            id: account.account_id,
            email: account.email,
            nickname: account.nickname,
            role: account.role,
            email_verified: account.email_verified,
            university_id: account.university_id,
            created_at: account.created_at,
            ban: account.ban.map(BanView::from),
            sessions: account.sessions,
            last_used_at: account.last_used_at,
        }
    }
}

impl From<BanV1> for BanView {
    fn from(ban: BanV1) -> Self {
        Self { reason: ban.reason, since: ban.since, until: ban.until, by: ban.by }
    }
}
