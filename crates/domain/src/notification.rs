//! What somebody is told about a unit: a closed set of news, each small and complete in itself.

use crate::{
    ParseError,
    facts::FactName,
    ids::{CaseId, ReviewId, UnitId, VersionId},
    text::parse_text,
    year::Year,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// One piece of news and the unit it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    pub unit: UnitId,
    pub news: News,
}

/// What happened. A kind may be added; none changes its meaning, because news are kept as they were told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum News {
    /// Somebody reviewed a unit that the reader follows.
    NewReview { review: ReviewId },
    /// A review came of a unit that the reader had asked one for.
    RequestedReview { review: ReviewId },
    /// The handbook says something else of a unit that the reader follows.
    HandbookChange { version: VersionId, year: Option<Year>, facts: Vec<FactName> },
    /// A moderator decided about the reader's review.
    ReviewDecided { review: ReviewId, decision: ReviewDecision, reason: Reason },
    /// Another moderator decided about the reader's appeal.
    AppealDecided { review: ReviewId, outcome: AppealOutcome, reason: Reason },
    /// A review that the reader reported was dealt with. What was done to its author is not said.
    ReportHandled { review: ReviewId, outcome: ReportOutcome },
    /// To admins: an appeal waits and no moderator was here lately but the one who decided.
    AppealNeedsAnother { review: ReviewId, case: CaseId },
}

impl News {
    pub fn kind(&self) -> &'static str {
        match self {
            Self::NewReview { .. } => "newReview",
            Self::RequestedReview { .. } => "requestedReview",
            Self::HandbookChange { .. } => "handbookChange",
            Self::ReviewDecided { .. } => "reviewDecided",
            Self::AppealDecided { .. } => "appealDecided",
            Self::ReportHandled { .. } => "reportHandled",
            Self::AppealNeedsAnother { .. } => "appealNeedsAnother",
        }
    }

    /// What happens once and is told once, whoever tells it and however often. `None` for what may happen again
    /// to the same thing.
    pub fn occasion(&self) -> Option<Uuid> {
        match self {
            // The same for both: who asked for a review and follows the unit is told of it once.
            Self::NewReview { review } | Self::RequestedReview { review } => Some(review.as_uuid()),
            Self::HandbookChange { version, .. } => Some(version.as_uuid()),
            Self::AppealNeedsAnother { case, .. } => Some(case.as_uuid()),
            Self::ReviewDecided { .. } | Self::AppealDecided { .. } | Self::ReportHandled { .. } => None,
        }
    }
}

/// What a moderator did with a review.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ReviewDecision {
    /// It was held back and is shown again.
    Kept,
    /// It is not shown until its author has changed it.
    Hidden,
    /// It is not shown again.
    Removed,
}

impl ReviewDecision {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Hidden => "hidden",
            Self::Removed => "removed",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum AppealOutcome {
    /// The review is shown again.
    Granted,
    /// The decision stands.
    Refused,
}

impl AppealOutcome {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Granted => "granted",
            Self::Refused => "refused",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ReportOutcome {
    /// Something was done about the review.
    ActedOn,
    /// The review is within the rules.
    NoViolation,
}

impl ReportOutcome {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ActedOn => "actedOn",
            Self::NoViolation => "noViolation",
        }
    }
}

/// Why somebody decided so, in words that those concerned may read: 1 to 1000 characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Reason(String);

impl Reason {
    pub const MAX: usize = 1000;

    pub fn parse(raw: &str) -> Result<Self, ParseError> {
        parse_text(raw, 1, Self::MAX).map(Self)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Reason {
    type Error = ParseError;

    fn try_from(raw: String) -> Result<Self, ParseError> {
        Self::parse(&raw)
    }
}

impl From<Reason> for String {
    fn from(reason: Reason) -> Self {
        reason.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one_of_each() -> Vec<News> {
        let review = ReviewId::new();
        let reason = Reason::parse("It names a tutor.").unwrap();
        vec![
            News::NewReview { review },
            News::RequestedReview { review },
            News::HandbookChange {
                version: VersionId::new(),
                year: Year::new(2026).ok(),
                facts: vec![FactName::Assessments],
            },
            News::ReviewDecided { review, decision: ReviewDecision::Hidden, reason: reason.clone() },
            News::AppealDecided { review, outcome: AppealOutcome::Granted, reason },
            News::ReportHandled { review, outcome: ReportOutcome::NoViolation },
            News::AppealNeedsAnother { review, case: CaseId::new() },
        ]
    }

    #[test]
    fn news_are_kept_under_their_kind() {
        for news in one_of_each() {
            let kept = serde_json::to_value(&news).unwrap();
            assert_eq!(kept["kind"], news.kind());
            assert_eq!(serde_json::from_value::<News>(kept).unwrap(), news);
        }
    }

    #[test]
    fn the_longest_news_have_a_bound() {
        let longest = Reason::parse(&"\u{10ffff}".repeat(Reason::MAX)).unwrap();
        let news = News::ReviewDecided { review: ReviewId::new(), decision: ReviewDecision::Removed, reason: longest };
        assert!(serde_json::to_string(&news).unwrap().len() < 8192);
        assert!(Reason::parse(&"a".repeat(Reason::MAX + 1)).is_err());
    }
}
