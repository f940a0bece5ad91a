//! States of the scrape ledger and kinds of failure.

use crate::ParseError;
use serde::{Deserialize, Serialize};

/// How many tasks of one source are out at once at most: a host gives one page at a time, and more are sent as soon as
/// results come in. A worker holds as many for each of its browsers, so that a source whose pages take long keeps one
/// browser and not all. Not more, since each counts as delivered when the worker is killed.
pub const MOST_TASKS_OUT: u16 = 8;

macro_rules! named {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$variant_doc])* #[serde(rename = $text)] $variant),+
        }

        impl $name {
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            pub fn parse(raw: &str) -> Result<Self, ParseError> {
                Self::ALL.iter().copied().find(|value| value.as_str() == raw)
                    .ok_or_else(|| ParseError::new(concat!("must be one of: ", $($text, " "),+).trim_end()))
            }
        }
    };
}

named! {
    /// A task's state. All but the first two are final.
    TaskState {
        Pending = "pending",
        Dispatched = "dispatched",
        Succeeded = "succeeded",
        Unchanged = "unchanged",
        NotFound = "not_found",
        Dead = "dead",
        Cancelled = "cancelled",
    }
}

named! {
    JobState {
        Running = "running",
        Paused = "paused",
        Completed = "completed",
        Failed = "failed",
        Cancelled = "cancelled",
    }
}

named! {
    /// Which tasks go first.
    Priority {
        /// Somebody waits for the answer.
        Urgent = "urgent",
        Normal = "normal",
        /// Whole handbooks.
        Bulk = "bulk",
    }
}

named! {
    /// Why a task failed: decides whether it is worth another attempt.
    FailureKind {
        Timeout = "timeout",
        Connection = "connection",
        HttpStatus = "http_status",
        RateLimited = "rate_limited",
        Blocked = "blocked",
        RobotsDisallowed = "robots_disallowed",
        NotAUnit = "not_a_unit",
        MissingFact = "missing_fact",
        TooLarge = "too_large",
        BadSource = "bad_source",
        BrowserCrashed = "browser_crashed",
        /// The page says less than is known, as if the site had been redesigned.
        Drift = "drift",
        Cancelled = "cancelled",
        Internal = "internal",
    }
}

impl Priority {
    /// Lower goes first.
    pub fn rank(self) -> i16 {
        match self {
            Self::Urgent => 0,
            Self::Normal => 1,
            Self::Bulk => 2,
        }
    }

    pub fn from_rank(rank: i16) -> Option<Self> {
        Self::ALL.iter().copied().find(|priority| priority.rank() == rank)
    }
}

impl TaskState {
    pub fn is_final(self) -> bool {
        !matches!(self, Self::Pending | Self::Dispatched)
    }
}

impl FailureKind {
    /// Whether trying again later may help. What robots.txt forbids or a broken rule misreads stays so.
    pub fn is_retryable(self) -> bool {
        match self {
            Self::Timeout
            | Self::Connection
            | Self::HttpStatus
            | Self::RateLimited
            | Self::Blocked
            | Self::BrowserCrashed
            | Self::MissingFact
            | Self::Drift
            | Self::Internal => true,
            Self::RobotsDisallowed | Self::NotAUnit | Self::TooLarge | Self::BadSource | Self::Cancelled => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_found_by_their_names() {
        for state in TaskState::ALL {
            assert_eq!(TaskState::parse(state.as_str()).unwrap(), *state);
            assert_eq!(serde_json::to_value(state).unwrap(), state.as_str());
        }
        assert!(TaskState::parse("lost").is_err());
    }

    #[test]
    fn priorities_are_ordered_by_their_rank() {
        let ranks: Vec<i16> = Priority::ALL.iter().map(|priority| priority.rank()).collect();
        assert!(ranks.is_sorted());
        for priority in Priority::ALL {
            assert_eq!(Priority::from_rank(priority.rank()), Some(*priority));
        }
        assert_eq!(Priority::from_rank(3), None);
    }
}
