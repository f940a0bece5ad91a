//! A student's review of a unit.

use crate::{ParseError, rating::Rating, text::parse_text, year::Year};
use serde::{Deserialize, Serialize};

/// The five ratings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ratings {
    pub overall: Rating,
    pub teaching: Rating,
    pub difficulty: Rating,
    pub workload: Rating,
    pub usefulness: Rating,
}

/// What a review says, valid by construction; who wrote it and of which unit stands beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewDraft {
    pub ratings: Ratings,
    pub would_recommend: bool,
    pub taken: Taken,
    pub text: Option<ReviewText>,
    pub shown_as: ShownAs,
}

/// When the unit was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    pub session: SessionName,
    pub year: Year,
}

/// "Autumn", "Semester 2", "S1-01": as the university names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionName(String);

impl SessionName {
    pub fn parse(raw: &str) -> Result<Self, ParseError> {
        let name = parse_text(raw, 1, 60)?;
        if name.contains(['\n', '\r', '\t']) {
            return Err(ParseError::new("must be one line"));
        }
        Ok(Self(name))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// 50 to 2000 characters, stored as written and escaped where shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewText(String);

impl ReviewText {
    pub fn parse(raw: &str) -> Result<Self, ParseError> {
        parse_text(raw, 50, 2000).map(Self)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// How the author appears. Anonymous unless chosen otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ShownAs {
    #[default]
    Anonymous,
    Nickname,
    VerifiedStudent,
}

impl ShownAs {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Anonymous => "anonymous",
            Self::Nickname => "nickname",
            Self::VerifiedStudent => "verifiedStudent",
        }
    }

    pub fn parse(raw: &str) -> Result<Self, ParseError> {
        match raw {
            "anonymous" => Ok(Self::Anonymous),
            "nickname" => Ok(Self::Nickname),
            "verifiedStudent" => Ok(Self::VerifiedStudent),
            _ => Err(ParseError::new("must be anonymous, nickname or verifiedStudent")),
        }
    }
}

/// Who sees a review. Only visible ones are listed and counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReviewState {
    Visible,
    /// Out of sight until a moderator has looked at it.
    Hidden,
    /// Out of sight for good, unless an appeal brings it back.
    Removed,
}

impl ReviewState {
    pub const ALL: [Self; 3] = [Self::Visible, Self::Hidden, Self::Removed];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Visible => "visible",
            Self::Hidden => "hidden",
            Self::Removed => "removed",
        }
    }

    pub fn parse(raw: &str) -> Result<Self, ParseError> {
        let known = Self::ALL.into_iter().find(|state| state.as_str() == raw);
        known.ok_or_else(|| ParseError::new("must be visible, hidden or removed"))
    }
}

/// What took a review out of sight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StateCause {
    /// As many independent reports as hide a review.
    Reports,
    /// A moderator's decision.
    Moderation,
    /// A ban of its author that was to take the author's reviews along.
    Ban,
    /// The author deleted a review that was out of sight and wrote anew.
    Resubmission,
    /// Two units became one, and the author has reviewed both.
    Merge,
}

impl StateCause {
    pub const ALL: [Self; 5] = [Self::Reports, Self::Moderation, Self::Ban, Self::Resubmission, Self::Merge];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reports => "reports",
            Self::Moderation => "moderation",
            Self::Ban => "ban",
            Self::Resubmission => "resubmission",
            Self::Merge => "merge",
        }
    }

    pub fn parse(raw: &str) -> Result<Self, ParseError> {
        let known = Self::ALL.into_iter().find(|cause| cause.as_str() == raw);
        known.ok_or_else(|| ParseError::new("must be reports, moderation, ban, resubmission or merge"))
    }
}
