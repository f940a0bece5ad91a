//! What can go wrong with a database, in the few kinds that a use case tells apart.

use diesel::result::{DatabaseErrorKind, Error};

/// A database error. Its texts are for logs, never for a client.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// A settings mistake, found before anything is contacted.
    #[error("{0}")]
    Config(String),
    /// The database cannot be reached, or no connection became free in time.
    #[error("database unavailable: {0}")]
    Unavailable(String),
    /// A statement, a lock or a transaction took longer than its limit.
    #[error("database time-out: {0}")]
    Timeout(String),
    #[error("row not found")]
    NotFound,
    /// The value of a unique constraint or index is taken; which one decides what the caller is told.
    #[error("unique constraint {constraint} violated")]
    Unique { constraint: String },
    #[error("check constraint {constraint} violated")]
    Check { constraint: String },
    #[error("foreign key {constraint} violated")]
    ForeignKey { constraint: String },
    /// Two transactions were in each other's way; the same work may succeed when done again.
    #[error("transaction conflict: {0}")]
    Conflict(String),
    #[error("query failed: {0}")]
    Query(#[source] Error),
    #[error("migration failed: {0}")]
    Migration(String),
}

/// Errors of use cases say whether the transaction is worth repeating.
pub trait MaybeTransient {
    fn is_transient(&self) -> bool;
}

impl MaybeTransient for DatabaseError {
    fn is_transient(&self) -> bool {
        matches!(self, Self::Conflict(_))
    }
}

impl DatabaseError {
    /// Whether this is a violation of the unique constraint (or index) `name`.
    pub fn is_unique_violation_of(&self, name: &str) -> bool {
        matches!(self, Self::Unique { constraint } if constraint == name)
    }
}

impl From<Error> for DatabaseError {
    fn from(error: Error) -> Self {
        let Error::DatabaseError(kind, information) = &error else {
            return match error {
                Error::NotFound => Self::NotFound,
                Error::BrokenTransactionManager => Self::Unavailable("connection broke in a transaction".to_owned()),
                other => Self::Query(other),
            };
        };
        let constraint = || information.constraint_name().unwrap_or_default().to_owned();
        let message = information.message();
        match kind {
            DatabaseErrorKind::UniqueViolation => Self::Unique { constraint: constraint() },
            DatabaseErrorKind::CheckViolation => Self::Check { constraint: constraint() },
            DatabaseErrorKind::ForeignKeyViolation => Self::ForeignKey { constraint: constraint() },
            DatabaseErrorKind::SerializationFailure => Self::Conflict(message.to_owned()),
            DatabaseErrorKind::UnableToSendCommand | DatabaseErrorKind::ClosedConnection => {
                Self::Unavailable(message.to_owned())
            }
            // Diesel keeps no SQLSTATE, so these are known by the words of the server's untranslated messages.
            _ if message.starts_with("deadlock detected") => Self::Conflict(message.to_owned()),
            _ if message.starts_with("canceling statement due to") => Self::Timeout(message.to_owned()),
            _ if message.starts_with("terminating connection")
                || message.starts_with("the database system is")
                || message.starts_with("sorry, too many clients") =>
            {
                Self::Unavailable(message.to_owned())
            }
            _ => Self::Query(error),
        }
    }
}

impl From<bb8::RunError<diesel_async::pooled_connection::PoolError>> for DatabaseError {
    fn from(error: bb8::RunError<diesel_async::pooled_connection::PoolError>) -> Self {
        match error {
            bb8::RunError::TimedOut => Self::Unavailable("no connection became free in time".to_owned()),
            bb8::RunError::User(error) => Self::Unavailable(error.to_string()),
        }
    }
}
