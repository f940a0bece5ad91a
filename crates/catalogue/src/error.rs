//! What a use case of the catalogue can answer instead of a result.

use rmu_domain::ParseError;
use rmu_extraction::SourceErrors;
use rmu_postgres::{DatabaseError, MaybeTransient};
use std::time::Duration;

#[derive(Debug, thiserror::Error)]
pub enum CatalogueError {
    /// A value was refused; `field` is the name its sender gave it.
    #[error("{field}: {detail}")]
    Invalid { field: String, detail: String },
    /// Rules of a source were refused, each mistake with its place.
    #[error("definition: {0}")]
    BadSource(SourceErrors),
    /// There is no such thing; `what` is its kind, such as "unit".
    #[error("{what} not found")]
    NotFound { what: &'static str },
    /// The state of things does not allow it; the text may be shown.
    #[error("{detail}")]
    Conflict { kind: ConflictKind, detail: String },
    /// The ledger already holds as many live tasks as it may.
    #[error("{live} of {limit} tasks are waiting or running")]
    LimitReached { limit: u32, live: u32, retry_after: Duration },
    /// It was done just now; later it may be done again.
    #[error("it was done less than the allowed time ago")]
    TooSoon { retry_after: Duration },
    /// The caller may not do this to this thing.
    #[error("{detail}")]
    Forbidden { detail: &'static str },
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

/// Conflicts that a client may want to tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConflictKind {
    /// The name or pair exists already.
    AlreadyExists,
    /// A student reviews a unit once.
    AlreadyReviewed,
    /// An idempotency key was used before with another request.
    IdempotencyKeyReused,
    /// The sender bound the request to a revision that is no longer the latest.
    RevisionChanged,
    /// The thing's state forbids this step.
    WrongState,
    /// Several things answer to the name given.
    Ambiguous,
    /// Somebody decided it before.
    AlreadyDecided,
    /// Another moderator is at it.
    ClaimedByAnother,
    /// It is another thing now than the one that was looked at.
    Changed,
    /// There is one appeal, and it was made.
    AlreadyAppealed,
}

impl CatalogueError {
    pub fn invalid(field: impl Into<String>, error: &ParseError) -> Self {
        Self::Invalid { field: field.into(), detail: error.to_string() }
    }

    pub fn conflict(kind: ConflictKind, detail: impl Into<String>) -> Self {
        Self::Conflict { kind, detail: detail.into() }
    }
}

impl MaybeTransient for CatalogueError {
    fn is_transient(&self) -> bool {
        matches!(self, Self::Database(error) if error.is_transient())
    }
}
