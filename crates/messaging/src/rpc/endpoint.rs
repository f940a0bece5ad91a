//! Who can be asked, and how answers come back.

use super::{ANSWER_TYPE, PREVIEW_ANSWER_TYPE};
use crate::topology::{
    AUTH_RPC, AUTH_RPC_ROUTE, PREVIEW_ANSWER_KEY, PREVIEW_ROUTE, Route, SCRAPE_EXCHANGE, SCRAPE_PREVIEWS,
};
use std::time::Duration;

/// How long a caller of the auth service waits for an answer; the request expires in the broker at the same time.
pub const RPC_LIMIT: Duration = Duration::from_secs(2);

/// A queue of requests.
#[derive(Debug)]
pub struct Endpoint {
    pub(super) request: Route,
    pub(super) queue: &'static str,
    pub(super) answers: Answers,
    pub(super) answer_type: &'static str,
    /// How long a caller waits.
    pub(super) limit: Duration,
    /// A request that is not answered by then has no caller any more.
    pub(super) handler_limit: Duration,
}

/// How answers come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answers {
    /// By the broker's direct reply-to. Whoever answers needs the right to the default exchange, and with it to every
    /// queue by name.
    Direct,
    /// By a topic exchange, to a queue of the caller's own under a key that begins so. Whoever answers needs the right
    /// to such keys alone.
    Topic { exchange: &'static str, key: &'static str },
}

/// The auth service.
pub static AUTH: Endpoint = Endpoint {
    request: AUTH_RPC_ROUTE,
    queue: AUTH_RPC,
    answers: Answers::Direct,
    answer_type: ANSWER_TYPE,
    limit: RPC_LIMIT,
    handler_limit: Duration::from_secs(5),
};

/// Any worker, to try a page. A worker opens pages of strangers, so that it gets no right to the default exchange.
pub static PREVIEWS: Endpoint = Endpoint {
    request: PREVIEW_ROUTE,
    queue: SCRAPE_PREVIEWS,
    answers: Answers::Topic { exchange: SCRAPE_EXCHANGE, key: PREVIEW_ANSWER_KEY },
    answer_type: PREVIEW_ANSWER_TYPE,
    limit: Duration::from_secs(60),
    handler_limit: Duration::from_secs(58),
};
