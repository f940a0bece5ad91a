//! What an account is to be told by mail. The gateway knows what, the auth service knows where to.

use super::{Contract, scrape::example_time};
use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The digest of one account for one day. However often it comes, one mail is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DigestV1 {
    pub account_id: Uuid,
    pub day: NaiveDate,
    /// At most 20, the newest first.
    pub items: Vec<DigestItemV1>,
    /// How many unread notifications there are beside these.
    pub more: u32,
    /// Ends the digests of this account for whoever has it.
    pub unsubscribe_token: String,
}

/// One notification, without anything that a person wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DigestItemV1 {
    pub unit_id: Uuid,
    pub unit_code: String,
    pub unit_title: String,
    pub university: String,
    /// What happened, such as `newReview`. An unknown one is told in general words.
    pub kind: String,
    /// For `handbookChange`: the facts that changed.
    #[serde(default)]
    pub facts: Vec<String>,
}

impl Contract for DigestV1 {
    const TYPE: &'static str = "auth.digest.v1";

    fn example() -> Self {
        Self {
            account_id: Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_0004),
            day: example_time(0).date_naive(),
            items: vec![DigestItemV1 {
                unit_id: Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_0006),
                unit_code: "31251".into(),
                unit_title: "Data Structures and Algorithms".into(),
                university: "University of Northfield".into(),
                kind: "handbookChange".into(),
                facts: vec!["assessments".into()],
            }],
            more: 0,
            unsubscribe_token: "b3BlbiBzZXNhbWUgb3BlbiBzZXNhbWUgb3BlbiBzZXM".into(),
        }
    }
}
