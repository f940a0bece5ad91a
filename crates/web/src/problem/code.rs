//! The closed set of error codes. A code may be added; none changes its meaning.

use actix_web::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, Type},
};

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $text:literal, $status:literal, $title:literal;)+) => {
        /// What went wrong, for programs.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum ErrorCode {
            $($(#[$doc])* #[serde(rename = $text)] $variant),+
        }

        impl ErrorCode {
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            /// The status it comes with unless the problem says otherwise.
            pub fn status(self) -> StatusCode {
                let number: u16 = match self { $(Self::$variant => $status),+ };
                StatusCode::from_u16(number).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
            }

            pub fn title(self) -> &'static str {
                match self { $(Self::$variant => $title),+ }
            }
        }
    };
}

codes! {
    /// The request could not be read at all.
    BadRequest = "bad_request", 400, "The request could not be read";
    /// Fields or parameters were refused; `errors` names them.
    Invalid = "invalid", 422, "Invalid values";
    BadCursor = "bad_cursor", 400, "The cursor cannot be used";
    Unauthenticated = "unauthenticated", 401, "Sign in first";
    BadCredentials = "bad_credentials", 401, "Wrong address or password";
    /// A link or refresh token that is unknown, used up or too old.
    BadToken = "bad_token", 401, "The token cannot be used";
    Forbidden = "forbidden", 403, "Not allowed";
    EmailNotVerified = "email_not_verified", 403, "Verify the e-mail address first";
    Banned = "banned", 403, "The account may only read";
    BadCsrfToken = "bad_csrf_token", 403, "The CSRF token is missing or wrong";
    NotFound = "not_found", 404, "Not found";
    MethodNotAllowed = "method_not_allowed", 405, "Method not allowed";
    RequestTimeout = "request_timeout", 408, "The request took too long to arrive";
    Conflict = "conflict", 409, "Conflicts with what is there";
    /// A code that exists at several universities; `candidates` lists them.
    Ambiguous = "ambiguous", 409, "More than one fits";
    /// The same Idempotency-Key with another request.
    IdempotencyMismatch = "idempotency_mismatch", 422, "The Idempotency-Key belongs to another request";
    /// `If-Match` names a state that is no longer there.
    PreconditionFailed = "precondition_failed", 412, "It has changed meanwhile";
    PayloadTooLarge = "payload_too_large", 413, "The body is too large";
    UriTooLong = "uri_too_long", 414, "The address is too long";
    UnsupportedMediaType = "unsupported_media_type", 415, "The media type is not supported";
    HeadersTooLarge = "headers_too_large", 431, "The headers are too large";
    RateLimited = "rate_limited", 429, "Too many requests";
    /// The scrape queue holds MAX_QUEUE_SIZE tasks.
    QueueFull = "queue_full", 429, "The queue is full";
    Internal = "internal", 500, "Internal error";
    Unavailable = "unavailable", 503, "Unavailable";
    ShuttingDown = "shutting_down", 503, "Shutting down";
}

/// By hand: the derive does not see names that a macro gave, and would publish those of the variants.
impl PartialSchema for ErrorCode {
    fn schema() -> RefOr<Schema> {
        let codes = Self::ALL.iter().map(|code| code.as_str());
        let schema = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(codes));
        schema.description(Some("What went wrong, for programs.")).into()
    }
}

impl ToSchema for ErrorCode {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_distinct_errors() {
        let mut names: Vec<&str> = ErrorCode::ALL.iter().map(|code| code.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ErrorCode::ALL.len());
        for code in ErrorCode::ALL {
            assert!(code.status().is_client_error() || code.status().is_server_error());
            assert_eq!(serde_json::to_value(code).unwrap(), code.as_str());
        }
    }

    #[test]
    fn what_is_published_is_what_is_sent() {
        let published = serde_json::to_value(ErrorCode::schema()).unwrap();
        assert_eq!(published["enum"], serde_json::to_value(ErrorCode::ALL).unwrap());
    }
}
