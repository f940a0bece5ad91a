//! Fair moderation: why a review comes before a moderator, and what may become of it.

mod case;
mod decision;
mod figures;
mod takedown;

pub use case::{CASE_CLAIM, Case, CaseState, Claim, Decided, Refusal, Ruling};
pub use decision::{AppealText, Decision, DecisionReason};
pub use figures::{MonthFigures, SMALLEST_SHOWN, shown};
pub use takedown::{Contact, Effect, Grounds, PersonName, TakedownRefusal, TakedownState};

use crate::ParseError;

/// Why a review is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CaseCause {
    /// As many independent reports as hide a review until somebody looked.
    Reports,
    /// Its text is nearly that of another.
    NearDuplicate,
    /// It is one of many that came at once.
    Burst,
    /// A moderator found it.
    Moderator,
    /// A person named in it asked for it to be taken down.
    TakeDown,
    /// Its author deleted a review that was out of sight and wrote anew.
    Resubmission,
}

impl CaseCause {
    pub const ALL: [Self; 6] =
        [Self::Reports, Self::NearDuplicate, Self::Burst, Self::Moderator, Self::TakeDown, Self::Resubmission];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reports => "reports",
            Self::NearDuplicate => "near_duplicate",
            Self::Burst => "burst",
            Self::Moderator => "moderator",
            Self::TakeDown => "take_down",
            Self::Resubmission => "resubmission",
        }
    }

    pub fn parse(raw: &str) -> Result<Self, ParseError> {
        let known = Self::ALL.into_iter().find(|cause| cause.as_str() == raw);
        known.ok_or_else(|| {
            ParseError::new("must be reports, near_duplicate, burst, moderator, take_down or resubmission")
        })
    }
}
