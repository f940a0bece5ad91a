//! A type per kind of id, so that a review's id cannot be passed where a unit's is meant.

use crate::ParseError;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// A new id. Version 7: later ids sort later, which keeps index pages together.
            #[allow(clippy::new_without_default, reason = "an id is made on purpose, never by default")]
            pub fn new() -> Self {
                Self(Uuid::now_v7())
            }

            pub fn as_uuid(self) -> Uuid {
                self.0
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }

        impl From<$name> for Uuid {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = ParseError;

            fn from_str(text: &str) -> Result<Self, ParseError> {
                Uuid::try_parse(text).map(Self).map_err(|_| ParseError::new("must be a UUID"))
            }
        }
    )+};
}

ids! {
    /// An account of the auth service; other services know a person by this alone.
    AccountId,
    /// One line of the audit log.
    AuditEntryId,
    /// A review before a moderator, with everything that was decided about it.
    CaseId,
    /// What a moderator decided in a case.
    DecisionId,
    /// A message that could not be processed.
    DeadLetterId,
    /// A scrape job: one run over a source, started by an administrator or a schedule.
    JobId,
    /// A piece of news for one account.
    NotificationId,
    /// A review of a unit.
    ReviewId,
    /// A handbook site and the rules to read it.
    SourceId,
    /// A request of a person named in a review to take it down.
    TakedownId,
    /// One page (or one discovery step) of a job.
    TaskId,
    /// A unit of a university, over all its handbook years.
    UnitId,
    /// A university.
    UniversityId,
    /// What a handbook said of a unit, until it said something else.
    VersionId,
}

impl ReviewId {
    /// A new id that tells nothing, not even when it was made: ids of reviews are public, their authors are not.
    pub fn untraceable() -> Self {
        Self(Uuid::new_v4())
    }
}

impl NotificationId {
    /// A new id that tells nothing: whoever is told of a review must not learn when it was written.
    pub fn untraceable() -> Self {
        Self(Uuid::new_v4())
    }
}

impl AccountId {
    /// When the account was made, in seconds since 1970; `None` when the id does not tell.
    pub fn made_at(self) -> Option<u64> {
        self.0.get_timestamp().map(|time| time.to_unix().0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reviews_id_tells_nothing_and_an_accounts_when_it_was_made() {
        assert_eq!(ReviewId::untraceable().as_uuid().get_timestamp(), None);
        assert!(AccountId::new().made_at().is_some_and(|made| made > 1_700_000_000));
        assert_eq!(AccountId::from(Uuid::new_v4()).made_at(), None);
    }
}
