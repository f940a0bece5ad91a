//! What a moderator can decide about a review, and why.

use crate::{ParseError, review::ReviewState, text::parse_text};

/// What is to become of a review.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Decision {
    /// It is shown, and stays so.
    Keep,
    /// It is not shown until its author has changed it.
    Hide,
    /// It is not shown again.
    Remove,
    /// It was out of sight and is shown again.
    Restore,
}

impl Decision {
    pub const ALL: [Self; 4] = [Self::Keep, Self::Hide, Self::Remove, Self::Restore];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Keep => "keep",
            Self::Hide => "hide",
            Self::Remove => "remove",
            Self::Restore => "restore",
        }
    }

    pub fn parse(raw: &str) -> Result<Self, ParseError> {
        let known = Self::ALL.into_iter().find(|decision| decision.as_str() == raw);
        known.ok_or_else(|| ParseError::new("must be keep, hide, remove or restore"))
    }

    /// Where it leaves a review that stands so; `None` when it cannot be decided of such a one. What is out of
    /// sight already may be hidden or removed all the same: that is how a moderator confirms it.
    pub fn applied_to(self, review: ReviewState) -> Option<ReviewState> {
        match (self, review) {
            (Self::Keep, ReviewState::Visible) => Some(ReviewState::Visible),
            (Self::Restore, ReviewState::Hidden | ReviewState::Removed) => Some(ReviewState::Visible),
            (Self::Hide, _) => Some(ReviewState::Hidden),
            (Self::Remove, _) => Some(ReviewState::Removed),
            (Self::Keep, _) | (Self::Restore, ReviewState::Visible) => None,
        }
    }

    /// Whether its author must be told why, in words.
    pub fn needs_words(self) -> bool {
        matches!(self, Self::Hide | Self::Remove)
    }
}

/// Why, as a word that can be counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DecisionReason {
    /// The only one that goes with keeping and restoring; none of the others does.
    WithinRules,
    Spam,
    Abusive,
    Inaccurate,
    PersonalInformation,
    NamesStaff,
    NotAboutUnit,
    /// It is nearly another review.
    Copied,
    /// It is one of many by one hand.
    Coordinated,
    Other,
}

impl DecisionReason {
    pub const ALL: [Self; 10] = [
        Self::WithinRules,
        Self::Spam,
        Self::Abusive,
        Self::Inaccurate,
        Self::PersonalInformation,
        Self::NamesStaff,
        Self::NotAboutUnit,
        Self::Copied,
        Self::Coordinated,
        Self::Other,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::WithinRules => "within_rules",
            Self::Spam => "spam",
            Self::Abusive => "abusive",
            Self::Inaccurate => "inaccurate",
            Self::PersonalInformation => "personal_information",
            Self::NamesStaff => "names_staff",
            Self::NotAboutUnit => "not_about_unit",
            Self::Copied => "copied",
            Self::Coordinated => "coordinated",
            Self::Other => "other",
        }
    }

    /// What a reader is told when the moderator adds no words.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::WithinRules => "The review is within the rules.",
            Self::Spam => "The review is advertising, or nothing but noise.",
            Self::Abusive => "The review insults somebody.",
            Self::Inaccurate => "The review says what is not so.",
            Self::PersonalInformation => "The review tells what is private.",
            Self::NamesStaff => "The review names a person in a way that harms them.",
            Self::NotAboutUnit => "The review is not about the unit.",
            Self::Copied => "The review is nearly the same as another.",
            Self::Coordinated => "The review is one of several by one hand.",
            Self::Other => "The review is outside the rules.",
        }
    }

    pub fn parse(raw: &str) -> Result<Self, ParseError> {
        let known = Self::ALL.into_iter().find(|reason| reason.as_str() == raw);
        known.ok_or_else(|| {
            ParseError::new(
                "must be within_rules, spam, abusive, inaccurate, personal_information, names_staff, not_about_unit, \
                 copied, coordinated or other",
            )
        })
    }

    /// Refuses "within the rules" for what is taken out of sight, and the others for what is shown.
    pub fn for_decision(self, decision: Decision) -> Result<Self, ParseError> {
        match (self == Self::WithinRules, decision.needs_words()) {
            (true, true) => Err(ParseError::new("must say what is wrong with the review")),
            (false, false) => Err(ParseError::new("must be within_rules for a review that is shown")),
            _ => Ok(self),
        }
    }
}

/// Why an author does not agree: 20 to 2000 characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppealText(String);

impl AppealText {
    pub fn parse(raw: &str) -> Result<Self, ParseError> {
        parse_text(raw, 20, 2000).map(Self)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}
