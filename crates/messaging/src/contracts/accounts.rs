//! What administrators ask of the auth service about accounts, and what owners ask about their own.

use super::{
    Contract,
    auth::{AcceptedV1, AccountV1, Request},
    events::ReviewsLeftV1,
    scrape::example_time,
};
use chrono::{DateTime, NaiveDate, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

const ACCOUNT: Uuid = Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_0004);
const ADMIN: Uuid = Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_0001);

/// An account as administrators see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccountRecordV1 {
    pub account_id: Uuid,
    pub email: String,
    pub nickname: String,
    /// `student`, `moderator` or `admin`.
    pub role: String,
    pub email_verified: bool,
    pub university_id: Option<Uuid>,
    pub created_at: DateTime<Utc>,
    /// Only a ban that is in force.
    pub ban: Option<BanV1>,
    /// Sessions that are open.
    pub sessions: u32,
    /// When one of them was last used.
    pub last_used_at: Option<DateTime<Utc>>,
}

/// A ban in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BanV1 {
    pub reason: String,
    pub since: DateTime<Utc>,
    /// Without it the ban is lifted by an administrator or never.
    pub until: Option<DateTime<Utc>>,
    /// The administrator.
    pub by: Option<Uuid>,
}

/// How many accounts came on a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccountsOfDayV1 {
    pub day: NaiveDate,
    pub registered: u32,
}

messages! {
    /// Accounts, the newest first. Whatever is absent is not asked for.
    ListAccountsV1 = "auth.accounts.list.v1" {
        /// How the address begins.
        email: Option<String> = Some("ada@".into()),
        /// How the nickname begins, in whatever case.
        nickname: Option<String> = None,
        role: Option<String> = Some("student".into()),
        /// `active`, `banned` or `unverified`.
        state: Option<String> = None,
        /// Only accounts older than this one.
        before: Option<Uuid> = None,
        /// 1 to 50.
        limit: u32 = 20,
    } -> AccountsV1;

    AccountsV1 = "auth.accounts.v1" {
        accounts: Vec<AccountRecordV1> = vec![AccountRecordV1::example()],
        /// `before` of the next page, if there is one.
        next: Option<Uuid> = None,
    };

    GetAccountV1 = "auth.accounts.get.v1" { account_id: Uuid = ACCOUNT } -> AccountRecordV1;

    /// Lets an account only read, for a term or until further notice, and ends its sessions. A ban in force is
    /// replaced.
    BanAccountV1 = "auth.accounts.ban.v1" {
        account_id: Uuid = ACCOUNT,
        /// 1 to 1000 characters that the account is told.
        reason: String = "Advertising in reviews.".into(),
        until: Option<DateTime<Utc>> = Some(example_time(86_400)),
        by: Uuid = ADMIN,
    } -> AccountRecordV1;

    /// Lifts a ban. Without one nothing changes.
    UnbanAccountV1 = "auth.accounts.unban.v1" { account_id: Uuid = ACCOUNT } -> AccountRecordV1;

    /// Refused for the last administrator.
    ChangeRoleV1 = "auth.accounts.change-role.v1" {
        account_id: Uuid = ACCOUNT,
        role: String = "moderator".into(),
    } -> AccountRecordV1;

    EndSessionsV1 = "auth.accounts.end-sessions.v1" { account_id: Uuid = ACCOUNT } -> SessionsEndedV1;

    SessionsEndedV1 = "auth.sessions-ended.v1" {
        /// How many were open.
        ended: u32 = 2,
    };

    /// Changes the caller's own nickname.
    RenameV1 = "auth.accounts.rename.v1" {
        account_id: Uuid = ACCOUNT,
        nickname: String = "lovelace".into(),
    } -> AccountV1;

    /// Deletes the caller's own account. Refused for the last administrator.
    DeleteAccountV1 = "auth.accounts.delete.v1" {
        account_id: Uuid = ACCOUNT,
        password: String = "correct horse battery".into(),
        reviews: ReviewsLeftV1 = ReviewsLeftV1::Anonymise,
    } -> AcceptedV1;

    /// Asks for totals, and for the days from one to another, both included: 366 at most.
    CountAccountsV1 = "auth.accounts.count.v1" {
        from: NaiveDate = example_time(0).date_naive(),
        until: NaiveDate = example_time(86_400).date_naive(),
    } -> AccountFiguresV1;

    /// Numbers alone: nobody can be told from them.
    AccountFiguresV1 = "auth.account-figures.v1" {
        total: u32 = 1200,
        verified: u32 = 1100,
        banned: u32 = 3,
        moderators: u32 = 4,
        admins: u32 = 2,
        /// Days without a registration are left out.
        days: Vec<AccountsOfDayV1> = vec![AccountsOfDayV1 { day: example_time(0).date_naive(), registered: 7 }],
    };
}

impl Contract for AccountRecordV1 {
    const TYPE: &'static str = "auth.account-record.v1";

    fn example() -> Self {
        Self {
            account_id: ACCOUNT,
            email: "ada@student.northfield.example".into(),
            nickname: "ada".into(),
            role: "student".into(),
            email_verified: true,
            university_id: Some(Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_0005)),
            created_at: example_time(0),
            ban: Some(BanV1 {
                reason: "Advertising in reviews.".into(),
                since: example_time(3600),
                until: Some(example_time(86_400)),
                by: Some(ADMIN),
            }),
            sessions: 0,
            last_used_at: None,
        }
    }
}
