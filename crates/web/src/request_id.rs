//! The id of a request: taken from `X-Request-Id` when it is harmless, else new. Every answer and every
//! problem carries it.

use actix_web::{FromRequest, HttpMessage, HttpRequest, dev::Payload};
use std::{
    future::{Future, Ready, ready},
    rc::Rc,
};
use uuid::Uuid;

pub const HEADER: &str = "x-request-id";

tokio::task_local! {
    // Errors are turned into answers where no request is at hand.
    static CURRENT: RequestId;
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(Rc<str>);

impl RequestId {
    /// Only what can stand in a header, a log line and a query without quoting is taken over.
    pub(crate) fn from_header(value: Option<&str>) -> Self {
        let harmless = |text: &&str| {
            (8..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
        };
        match value.filter(harmless) {
            Some(text) => Self(text.into()),
            None => Self(Uuid::now_v7().to_string().into()),
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The id of the request that is being answered.
pub fn current() -> Option<RequestId> {
    CURRENT.try_with(Clone::clone).ok()
}

pub(crate) async fn scope<F: Future>(id: RequestId, future: F) -> F::Output {
    CURRENT.scope(id, future).await
}

impl FromRequest for RequestId {
    type Error = actix_web::Error;
    type Future = Ready<Result<Self, actix_web::Error>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let id = request.extensions().get::<Self>().cloned();
        ready(Ok(id.unwrap_or_else(|| Self::from_header(None))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_harmless_ids_are_taken_over() {
        assert_eq!(RequestId::from_header(Some("abcd-1234")).as_str(), "abcd-1234");
        for harmful in ["short", "a b c d e f g", "<script>alert", &"a".repeat(65)] {
            assert_ne!(RequestId::from_header(Some(harmful)).as_str(), harmful);
        }
    }
}
