//! From what use cases and the auth service answer to what HTTP clients get.

use super::caller;
use actix_web::{HttpResponse, ResponseError, http::StatusCode};
use rmu_catalogue::{CatalogueError, ConflictKind};
use rmu_extraction::SourceErrors;
use rmu_messaging::{contracts::auth::RpcErrorV1, rpc::RpcError};
use rmu_postgres::DatabaseError;
use rmu_web::{ErrorCode, Problem};
use std::fmt;

/// The error of every handler: a problem, made from whatever went wrong by `?`.
#[derive(Debug)]
pub struct ApiError(Box<Problem>);

impl ApiError {
    pub fn problem(&self) -> &Problem {
        &self.0
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.0.status()
    }

    fn error_response(&self) -> HttpResponse {
        self.0.error_response()
    }
}

impl From<Problem> for ApiError {
    fn from(problem: Problem) -> Self {
        Self(Box::new(problem))
    }
}

impl From<DatabaseError> for ApiError {
    fn from(error: DatabaseError) -> Self {
        match &error {
            DatabaseError::Unavailable(_) | DatabaseError::Timeout(_) | DatabaseError::Conflict(_) => {
                Problem::unavailable("database", error).into()
            }
            _ => Problem::internal(error).into(),
        }
    }
}

impl From<CatalogueError> for ApiError {
    fn from(error: CatalogueError) -> Self {
        match error {
            CatalogueError::Invalid { field, detail } if field == "cursor" => {
                Problem::new(ErrorCode::BadCursor, "The cursor was not made by this list.")
                    .with_error(field, detail)
                    .into()
            }
            CatalogueError::Invalid { field, detail } => Problem::invalid(field, detail).into(),
            CatalogueError::BadSource(mistakes) => bad_source(&mistakes).into(),
            CatalogueError::NotFound { what } => Problem::not_found(what).into(),
            CatalogueError::Conflict { kind, detail } => conflict(kind, detail).into(),
            CatalogueError::LimitReached { retry_after, .. } => {
                Problem::new(ErrorCode::QueueFull, "The queue holds as many tasks as it may.")
                    .with_retry_after(retry_after.as_secs().max(1))
                    .into()
            }
            CatalogueError::TooSoon { retry_after } => {
                Problem::new(ErrorCode::RateLimited, "This was done a short while ago; it may be done again later.")
                    .with_retry_after(retry_after.as_secs() + 1)
                    .into()
            }
            CatalogueError::Forbidden { detail } => Problem::forbidden(detail).into(),
            CatalogueError::Database(error) => error.into(),
        }
    }
}

/// Every mistake at its place: `definition/facts/title/0/css`.
fn bad_source(mistakes: &SourceErrors) -> Problem {
    let problem = Problem::new(ErrorCode::Invalid, "The rules of the source have mistakes.");
    mistakes.0.iter().fold(problem, |problem, mistake| {
        problem.with_error(format!("definition{}", mistake.path), mistake.message.as_str())
    })
}

fn conflict(kind: ConflictKind, detail: String) -> Problem {
    let (code, reason) = match kind {
        ConflictKind::AlreadyExists => (ErrorCode::Conflict, "already_exists"),
        ConflictKind::AlreadyReviewed => (ErrorCode::Conflict, "already_reviewed"),
        ConflictKind::RevisionChanged => (ErrorCode::PreconditionFailed, "revision_changed"),
        ConflictKind::WrongState => (ErrorCode::Conflict, "wrong_state"),
        ConflictKind::AlreadyDecided => (ErrorCode::Conflict, "already_decided"),
        ConflictKind::ClaimedByAnother => (ErrorCode::Conflict, "claimed_by_another"),
        ConflictKind::Changed => (ErrorCode::Conflict, "changed"),
        ConflictKind::AlreadyAppealed => (ErrorCode::Conflict, "already_appealed"),
        ConflictKind::Ambiguous => (ErrorCode::Ambiguous, "ambiguous"),
        ConflictKind::IdempotencyKeyReused => (ErrorCode::IdempotencyMismatch, "idempotency_key_reused"),
    };
    Problem::new(code, detail).with_extra("reason", reason.into())
}

impl From<RpcError> for ApiError {
    fn from(error: RpcError) -> Self {
        match &error {
            RpcError::Malformed(_) => Problem::internal(error).into(),
            _ => Problem::unavailable("auth service", error).into(),
        }
    }
}

impl From<RpcErrorV1> for ApiError {
    fn from(error: RpcErrorV1) -> Self {
        let problem = match error {
            RpcErrorV1::Invalid { field, detail } => Problem::invalid(field, detail),
            RpcErrorV1::BadCredentials => {
                Problem::new(ErrorCode::BadCredentials, "The address and the password do not belong together.")
            }
            RpcErrorV1::BadToken => Problem::new(ErrorCode::BadToken, "The token is unknown, used up or too old."),
            RpcErrorV1::EmailNotVerified => {
                Problem::new(ErrorCode::EmailNotVerified, "Follow the link in the mail that was sent to you first.")
            }
            RpcErrorV1::Banned { until, reason } => {
                let problem = caller::banned(until);
                match reason {
                    Some(reason) => problem.with_extra("banReason", reason.into()),
                    None => problem,
                }
            }
            RpcErrorV1::NotFound => Problem::not_found("account"),
            RpcErrorV1::Conflict { detail } => Problem::new(ErrorCode::Conflict, detail),
            RpcErrorV1::Busy { retry_after_seconds } => {
                Problem::new(ErrorCode::Unavailable, "Too many people are signing in at this moment.")
                    .with_retry_after(retry_after_seconds)
            }
            RpcErrorV1::Internal => Problem::internal("the auth service failed; its log says why"),
        };
        problem.into()
    }
}
