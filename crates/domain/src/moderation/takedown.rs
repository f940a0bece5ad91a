//! Requests of people named in a review to take it down.

use super::Decision;
use crate::{ParseError, text::parse_text};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TakedownState {
    Received,
    /// A moderator has taken it up.
    UnderReview,
    Upheld,
    Refused,
    /// Whoever asked no longer does.
    Withdrawn,
}

/// Why a step of a request is not possible.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TakedownRefusal {
    /// Upheld, refused and withdrawn are final.
    Closed,
    /// Another moderator has taken it up.
    Taken,
}

impl TakedownState {
    pub const ALL: [Self; 5] = [Self::Received, Self::UnderReview, Self::Upheld, Self::Refused, Self::Withdrawn];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::UnderReview => "under_review",
            Self::Upheld => "upheld",
            Self::Refused => "refused",
            Self::Withdrawn => "withdrawn",
        }
    }

    pub fn parse(raw: &str) -> Result<Self, ParseError> {
        let known = Self::ALL.into_iter().find(|state| state.as_str() == raw);
        known.ok_or_else(|| ParseError::new("must be received, under_review, upheld, refused or withdrawn"))
    }

    pub fn is_closed(self) -> bool {
        matches!(self, Self::Upheld | Self::Refused | Self::Withdrawn)
    }

    /// A moderator takes it up; whoever has it already keeps it.
    pub fn take(self) -> Result<Self, TakedownRefusal> {
        if self.is_closed() { Err(TakedownRefusal::Closed) } else { Ok(Self::UnderReview) }
    }

    pub fn decide(self, upheld: bool) -> Result<Self, TakedownRefusal> {
        match (self.is_closed(), upheld) {
            (true, _) => Err(TakedownRefusal::Closed),
            (false, true) => Ok(Self::Upheld),
            (false, false) => Ok(Self::Refused),
        }
    }

    pub fn withdraw(self) -> Result<Self, TakedownRefusal> {
        if self.is_closed() { Err(TakedownRefusal::Closed) } else { Ok(Self::Withdrawn) }
    }
}

/// What becomes of the review when a request is upheld.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Effect {
    /// Its author may change it.
    Hide,
    Remove,
}

impl Effect {
    pub fn as_str(self) -> &'static str {
        self.decision().as_str()
    }

    pub fn parse(raw: &str) -> Result<Self, ParseError> {
        match raw {
            "hide" => Ok(Self::Hide),
            "remove" => Ok(Self::Remove),
            _ => Err(ParseError::new("must be hide or remove")),
        }
    }

    pub fn decision(self) -> Decision {
        match self {
            Self::Hide => Decision::Hide,
            Self::Remove => Decision::Remove,
        }
    }
}

macro_rules! bounded_texts {
    ($($(#[$doc:meta])* $name:ident: $min:literal to $max:literal;)+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $name(String);

        impl $name {
            pub fn parse(raw: &str) -> Result<Self, ParseError> {
                parse_text(raw, $min, $max).map(Self)
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
    )+};
}

bounded_texts! {
    /// Who asks.
    PersonName: 2 to 200;
    /// How they can be reached: an address or a telephone number.
    Contact: 5 to 254;
    /// What is wrong with the review, and why it concerns them.
    Grounds: 20 to 2000;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_closed_stays_so() {
        for state in TakedownState::ALL {
            assert_eq!(TakedownState::parse(state.as_str()), Ok(state));
            let steps = [state.take(), state.decide(true), state.decide(false), state.withdraw()];
            for step in steps {
                assert_eq!(step == Err(TakedownRefusal::Closed), state.is_closed(), "{state:?}");
            }
        }
    }
}
