//! Readers report reviews that break the rules.

use crate::{ParseError, text::parse_text};

/// What is wrong with a review.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReportReason {
    Spam,
    Abusive,
    Inaccurate,
    PersonalInformation,
    Other,
}

impl ReportReason {
    pub const ALL: [Self; 5] = [Self::Spam, Self::Abusive, Self::Inaccurate, Self::PersonalInformation, Self::Other];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Spam => "spam",
            Self::Abusive => "abusive",
            Self::Inaccurate => "inaccurate",
            Self::PersonalInformation => "personal_information",
            Self::Other => "other",
        }
    }

    pub fn parse(raw: &str) -> Result<Self, ParseError> {
        let known = Self::ALL.into_iter().find(|reason| reason.as_str() == raw);
        known.ok_or_else(|| ParseError::new("must be spam, abusive, inaccurate, personal_information or other"))
    }
}

/// In a reporter's own words: 1 to 1000 characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportText(String);

impl ReportText {
    pub fn parse(raw: &str) -> Result<Self, ParseError> {
        parse_text(raw, 1, 1000).map(Self)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A report, valid by construction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    reason: ReportReason,
    text: Option<ReportText>,
}

impl Report {
    pub fn new(reason: ReportReason, text: Option<ReportText>) -> Result<Self, ParseError> {
        if reason == ReportReason::Other && text.is_none() {
            return Err(ParseError::new("must say what is wrong when the reason is other"));
        }
        Ok(Self { reason, text })
    }

    pub fn reason(&self) -> ReportReason {
        self.reason
    }

    pub fn text(&self) -> Option<&ReportText> {
        self.text.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_must_say_what() {
        let text = ReportText::parse("It reviews the cafeteria.").unwrap();
        for reason in ReportReason::ALL {
            assert_eq!(ReportReason::parse(reason.as_str()), Ok(reason));
            assert_eq!(Report::new(reason, None).is_ok(), reason != ReportReason::Other);
            assert!(Report::new(reason, Some(text.clone())).is_ok());
        }
    }
}
