//! Errors as clients see them: RFC 9457 problems.
//!
//! A client gets a code from a closed set, a sentence, and the fields at fault. The cause of an internal error
//! is logged here, once, under the request's id; it never leaves the service.

mod body;
mod code;

pub use body::{FieldError, ProblemBody};
pub use code::ErrorCode;

use crate::request_id;
use actix_web::{
    HttpResponse, ResponseError,
    http::{StatusCode, header},
};
use serde_json::{Map, Value};
use std::fmt;

/// An error on its way to a client.
#[derive(Debug, Clone)]
pub struct Problem {
    code: ErrorCode,
    status: StatusCode,
    detail: String,
    errors: Vec<FieldError>,
    retry_after_seconds: Option<u64>,
    headers: Vec<(header::HeaderName, header::HeaderValue)>,
    extra: Map<String, Value>,
}

impl Problem {
    pub fn new(code: ErrorCode, detail: impl Into<String>) -> Self {
        Self {
            code,
            status: code.status(),
            detail: detail.into(),
            errors: Vec::new(),
            retry_after_seconds: None,
            headers: Vec::new(),
            extra: Map::new(),
        }
    }

    /// A field of the body was understood and refused: 422.
    pub fn invalid(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(ErrorCode::Invalid, "The request has invalid values.").with_error(field, detail)
    }

    /// A value of the query or path was refused: 400.
    pub fn invalid_parameter(name: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, ..Self::invalid(name, detail) }
    }

    pub fn not_found(what: impl fmt::Display) -> Self {
        Self::new(ErrorCode::NotFound, format!("There is no such {what}."))
    }

    pub fn conflict(detail: impl Into<String>) -> Self {
        Self::new(ErrorCode::Conflict, detail)
    }

    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(ErrorCode::Forbidden, detail)
    }

    pub fn unauthenticated(detail: impl Into<String>) -> Self {
        let challenge = header::HeaderValue::from_static("Bearer");
        Self::new(ErrorCode::Unauthenticated, detail).with_header(header::WWW_AUTHENTICATE, challenge)
    }

    /// A part of the system that this request needs does not answer; `cause` is logged.
    pub fn unavailable(part: &'static str, cause: impl fmt::Display) -> Self {
        tracing::warn!(part, cause = %cause, "unavailable");
        Self::new(ErrorCode::Unavailable, format!("The {part} does not answer. Try again shortly.")).with_retry_after(2)
    }

    /// Something of ours failed; `cause` is logged with all its causes and goes no further.
    pub fn internal(cause: impl fmt::Debug) -> Self {
        tracing::error!(cause = ?cause, "internal error");
        Self::new(ErrorCode::Internal, "Something failed on our side. The request id helps us find it.")
    }

    #[must_use]
    pub fn with_error(mut self, field: impl Into<String>, detail: impl Into<String>) -> Self {
        self.errors.push(FieldError { field: field.into(), detail: detail.into() });
        self
    }

    /// Seconds after which another attempt may succeed. Every 429 and 503 has them.
    #[must_use]
    pub fn with_retry_after(mut self, seconds: u64) -> Self {
        self.retry_after_seconds = Some(seconds.max(1));
        self
    }

    #[must_use]
    pub fn with_header(mut self, name: header::HeaderName, value: header::HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// A further member of the document, such as the candidates of an ambiguous code.
    #[must_use]
    pub fn with_extra(mut self, name: &str, value: Value) -> Self {
        self.extra.insert(name.to_owned(), value);
        self
    }

    pub fn code(&self) -> ErrorCode {
        self.code
    }

    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// What is sent.
    pub fn document(&self) -> ProblemBody {
        ProblemBody {
            problem_type: format!("urn:ratemyunit:problem:{}", self.code.as_str()),
            title: self.code.title().to_owned(),
            status: self.status.as_u16(),
            success: false,
            error: self.code,
            detail: self.detail.clone(),
            errors: self.errors.clone(),
            request_id: request_id::current().map(|id| id.as_str().to_owned()),
            extra: self.extra.clone(),
        }
    }

    fn retry_after(&self) -> Option<u64> {
        let must = matches!(self.status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE);
        self.retry_after_seconds.or(must.then_some(1))
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.as_str(), self.detail)
    }
}

impl std::error::Error for Problem {}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status);
        response.content_type("application/problem+json");
        response.insert_header((header::CACHE_CONTROL, "no-store"));
        if let Some(seconds) = self.retry_after() {
            response.insert_header((header::RETRY_AFTER, seconds));
        }
        for (name, value) in &self.headers {
            response.append_header((name.clone(), value.clone()));
        }
        match serde_json::to_vec(&self.document()) {
            Ok(bytes) => response.body(bytes),
            Err(_) => response.finish(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::body::to_bytes;

    #[actix_web::test]
    async fn a_problem_is_a_document_with_its_fields() {
        let problem = Problem::invalid("ratings.overall", "must be from 1 to 5");
        let response = problem.error_response();
        assert_eq!(response.status(), StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(response.headers().get(header::CONTENT_TYPE).unwrap(), "application/problem+json");
        let body: Value = serde_json::from_slice(&to_bytes(response.into_body()).await.unwrap()).unwrap();
        assert_eq!((&body["success"], &body["error"]), (&Value::Bool(false), &Value::from("invalid")));
        assert_eq!(body["errors"][0]["field"], "ratings.overall");
    }

    #[actix_web::test]
    async fn an_internal_cause_never_leaves() {
        let response = Problem::internal("password of the database is hunter2").error_response();
        let body = to_bytes(response.into_body()).await.unwrap();
        assert!(!String::from_utf8_lossy(&body).contains("hunter2"));
    }

    #[test]
    fn every_429_and_503_says_when_to_come_back() {
        for code in ErrorCode::ALL {
            let response = Problem::new(*code, "x").error_response();
            let asks = matches!(response.status().as_u16(), 429 | 503);
            assert_eq!(response.headers().contains_key(header::RETRY_AFTER), asks, "{code:?}");
        }
    }
}
