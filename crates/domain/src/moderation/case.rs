//! The states of a case, and every step from one to another.
//!
//! A case is a chain of decisions about one review: the first, one for each edited resubmission, and one about an
//! appeal. What is not a step here cannot happen.

use super::Decision;
use crate::{ParseError, ids::AccountId, review::ReviewState};
use std::time::Duration;

/// So long a case is kept for the moderator who took it.
pub const CASE_CLAIM: Duration = Duration::from_secs(15 * 60);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CaseState {
    /// It waits for its first decision.
    Open,
    /// Its author has changed the hidden review; it waits for the next one.
    Resubmitted,
    /// Its author does not agree; it waits for another moderator.
    Appealed,
    Decided,
}

impl CaseState {
    pub const ALL: [Self; 4] = [Self::Open, Self::Resubmitted, Self::Appealed, Self::Decided];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Resubmitted => "resubmitted",
            Self::Appealed => "appealed",
            Self::Decided => "decided",
        }
    }

    pub fn parse(raw: &str) -> Result<Self, ParseError> {
        let known = Self::ALL.into_iter().find(|state| state.as_str() == raw);
        known.ok_or_else(|| ParseError::new("must be open, resubmitted, appealed or decided"))
    }

    pub fn waits(self) -> bool {
        self != Self::Decided
    }
}

/// A decision as a later step must know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ruling {
    pub decision: Decision,
    pub by: AccountId,
}

/// A moderator who is at a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    pub by: AccountId,
    /// Whether its time has passed.
    pub is_over: bool,
}

/// What a step depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Case {
    pub state: CaseState,
    pub review: ReviewState,
    /// Nobody, once the author's account is gone.
    pub author: Option<AccountId>,
    /// The latest decision of the chain.
    pub last: Option<Ruling>,
    /// Whether there was an appeal, decided or not.
    pub was_appealed: bool,
    pub claim: Option<Claim>,
}

/// Why a step is not possible.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// A moderator does not decide about a review of their own.
    OwnReview,
    /// Whoever made a decision does not decide about the appeal against it.
    SameModerator,
    /// Another moderator is at it.
    Claimed,
    NotClaimed,
    AlreadyDecided,
    /// Such a decision cannot be made about a review that stands so.
    NotPossible(Decision, ReviewState),
    /// There is no decision against the review.
    NothingToAppeal,
    AlreadyAppealed,
    /// A decision is still to come.
    StillWaiting,
    /// A removed review comes back by an appeal alone.
    Removed,
}

/// What a decision leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decided {
    pub case: Case,
    /// Of an appeal: whether the review is shown again.
    pub appeal_granted: Option<bool>,
}

impl Case {
    /// A review that comes before the moderators for the first time.
    pub fn new(review: ReviewState, author: Option<AccountId>) -> Self {
        Self { state: CaseState::Open, review, author, last: None, was_appealed: false, claim: None }
    }

    /// Whether `moderator` may be at this case at all.
    pub fn open_to(&self, moderator: AccountId) -> Result<(), Refusal> {
        if self.author == Some(moderator) {
            return Err(Refusal::OwnReview);
        }
        if !self.state.waits() {
            return Err(Refusal::AlreadyDecided);
        }
        if self.state == CaseState::Appealed && self.last.is_some_and(|last| last.by == moderator) {
            return Err(Refusal::SameModerator);
        }
        match self.claim {
            Some(claim) if claim.by != moderator && !claim.is_over => Err(Refusal::Claimed),
            _ => Ok(()),
        }
    }

    /// Keeps the case for a moderator for [`CASE_CLAIM`]; whoever has it already has it anew.
    pub fn claim(self, by: AccountId) -> Result<Self, Refusal> {
        self.open_to(by)?;
        Ok(Self { claim: Some(Claim { by, is_over: false }), ..self })
    }

    /// Gives it back to the others.
    pub fn release(self, by: AccountId) -> Result<Self, Refusal> {
        match self.claim {
            Some(claim) if claim.by == by => Ok(Self { claim: None, ..self }),
            _ => Err(Refusal::NotClaimed),
        }
    }

    pub fn decide(self, decision: Decision, by: AccountId) -> Result<Decided, Refusal> {
        self.open_to(by)?;
        if self.review == ReviewState::Removed && self.state != CaseState::Appealed && decision != Decision::Remove {
            return Err(Refusal::Removed);
        }
        let review = decision.applied_to(self.review).ok_or(Refusal::NotPossible(decision, self.review))?;
        let appeal_granted = (self.state == CaseState::Appealed).then_some(review == ReviewState::Visible);
        let last = Some(Ruling { decision, by });
        Ok(Decided { case: Self { state: CaseState::Decided, review, last, claim: None, ..self }, appeal_granted })
    }

    /// The author has changed the review. A case that waits goes on waiting: its moderator will see the new text.
    pub fn resubmit(self) -> Result<Self, Refusal> {
        match (self.state, self.review) {
            (_, ReviewState::Removed) => Err(Refusal::Removed),
            (CaseState::Decided, ReviewState::Hidden) => {
                Ok(Self { state: CaseState::Resubmitted, claim: None, ..self })
            }
            _ => Ok(self),
        }
    }

    /// The author does not agree with the latest decision.
    pub fn appeal(self) -> Result<Self, Refusal> {
        if self.was_appealed {
            return Err(Refusal::AlreadyAppealed);
        }
        if self.state.waits() {
            return Err(Refusal::StillWaiting);
        }
        let is_against = self.last.is_some_and(|last| last.decision.needs_words());
        if !is_against || self.review == ReviewState::Visible {
            return Err(Refusal::NothingToAppeal);
        }
        Ok(Self { state: CaseState::Appealed, was_appealed: true, claim: None, ..self })
    }
}

#[cfg(test)]
#[path = "case_tests.rs"]
mod tests;
