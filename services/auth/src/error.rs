//! What can go wrong in a use case, and how much of it a caller is told.

use chrono::{DateTime, Utc};
use rmu_domain::ParseError;
use rmu_messaging::contracts::auth::RpcErrorV1;
use rmu_postgres::{DatabaseError, MaybeTransient};

/// When a database or a queue is in trouble, this is soon enough to come back.
const RETRY_AFTER_SECONDS: u64 = 2;

/// The outcome of a use case that is not what was asked for. The inner texts are for the log.
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    #[error("{field} {detail}")]
    Invalid { field: &'static str, detail: ParseError },
    #[error("wrong address or password")]
    BadCredentials,
    #[error("unknown, used or outdated token")]
    BadToken,
    #[error("e-mail address not verified")]
    EmailNotVerified,
    #[error("the account is banned")]
    Banned { until: Option<DateTime<Utc>>, reason: Option<String> },
    #[error("there is no such account")]
    NotFound,
    /// The text may be shown.
    #[error("{0}")]
    Conflict(&'static str),
    #[error("too many passwords are being checked")]
    Busy,
    #[error(transparent)]
    Database(#[from] DatabaseError),
    #[error("{0}")]
    Internal(String),
}

impl AuthError {
    pub(crate) fn invalid(field: &'static str) -> impl FnOnce(ParseError) -> Self {
        move |detail| Self::Invalid { field, detail }
    }

    pub(crate) fn internal(error: impl std::fmt::Display) -> Self {
        Self::Internal(error.to_string())
    }

    /// What the caller is told. The cause is logged here, at the boundary, and nowhere else.
    pub(crate) fn into_answer(self) -> RpcErrorV1 {
        match self {
            Self::Invalid { field, detail } => {
                RpcErrorV1::Invalid { field: field.to_owned(), detail: detail.to_string() }
            }
            Self::BadCredentials => RpcErrorV1::BadCredentials,
            Self::BadToken => RpcErrorV1::BadToken,
            Self::EmailNotVerified => RpcErrorV1::EmailNotVerified,
            Self::Banned { until, reason } => RpcErrorV1::Banned { until, reason },
            Self::NotFound => RpcErrorV1::NotFound,
            Self::Conflict(detail) => RpcErrorV1::Conflict { detail: detail.to_owned() },
            Self::Busy => RpcErrorV1::Busy { retry_after_seconds: RETRY_AFTER_SECONDS },
            Self::Database(error @ (DatabaseError::Unavailable(_) | DatabaseError::Timeout(_))) => {
                tracing::error!(%error, "request failed for want of the database");
                RpcErrorV1::Busy { retry_after_seconds: RETRY_AFTER_SECONDS }
            }
            error @ (Self::Database(_) | Self::Internal(_)) => {
                tracing::error!(%error, "request failed");
                RpcErrorV1::Internal
            }
        }
    }
}

impl MaybeTransient for AuthError {
    fn is_transient(&self) -> bool {
        matches!(self, Self::Database(error) if error.is_transient())
    }
}
