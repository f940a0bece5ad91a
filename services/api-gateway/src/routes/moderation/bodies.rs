//! What moderators send.

use rmu_catalogue::moderation::{Decision, DecisionReason, Verdict};
use rmu_domain::{ParseError, notification::Reason};
use rmu_web::Problem;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// A review that somebody has to look at.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewCaseBody {
    pub review_id: Uuid,
}

/// The case of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct OpenedCaseBody {
    pub id: Uuid,
}

/// A decision about a review.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DecisionBody {
    /// `keep` or `hide` or `remove` of a visible review; `restore`, `hide` or `remove` of one that is out of sight.
    #[schema(example = "hide")]
    pub decision: String,
    /// `within_rules` for `keep` and `restore`; for the others `spam`, `abusive`, `inaccurate`,
    /// `personal_information`, `names_staff`, `not_about_unit`, `copied`, `coordinated` or `other`.
    #[schema(example = "personal_information")]
    pub reason: String,
    /// What the author is told: needed to hide or remove. 1 to 1000 characters.
    #[serde(default)]
    #[schema(example = "Please leave out the tutor's telephone number.", min_length = 1, max_length = 1000)]
    pub message: Option<String>,
    /// `revision` of the case as the moderator saw it.
    #[schema(example = 1, minimum = 1)]
    pub revision: i32,
}

impl DecisionBody {
    pub(super) fn parse(&self) -> Result<Verdict, Problem> {
        let refused = |field: &'static str| move |error: ParseError| Problem::invalid(field, error.to_string());
        Ok(Verdict {
            decision: Decision::parse(&self.decision).map_err(refused("decision"))?,
            reason: DecisionReason::parse(&self.reason).map_err(refused("reason"))?,
            words: self.message.as_deref().map(Reason::parse).transpose().map_err(refused("message"))?,
            seen: self.revision,
        })
    }
}
