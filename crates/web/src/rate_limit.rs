//! Rate limits by the generic cell rate algorithm.
//!
//! Exact over all copies of a service while Redis answers: one script on the server's own clock decides. Without
//! Redis each copy limits by itself, more strictly; there is never no limit.

mod headers;
mod local;
mod middleware;
mod redis_gcra;

pub use middleware::{enforce, general};

use crate::Problem;
use local::LocalLimits;
use redis::aio::ConnectionManager;
use redis_gcra::SharedLimits;
use std::{sync::Arc, time::Duration};

/// So many in such a time, and what it is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Limit {
    pub name: &'static str,
    pub burst: u32,
    pub period: Duration,
}

impl Limit {
    pub const fn per_minute(name: &'static str, burst: u32) -> Self {
        Self { name, burst, period: Duration::from_secs(60) }
    }

    pub const fn per(name: &'static str, burst: u32, period: Duration) -> Self {
        Self { name, burst, period }
    }
}

/// Whether one request is let through, and how it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision {
    pub limit: Limit,
    pub admitted: bool,
    pub remaining: u32,
    /// Until the whole burst is there again.
    pub reset: Duration,
    /// Until one more is let through; zero when this one was.
    pub retry_after: Duration,
}

/// Asks for admission. Cheap to clone.
#[derive(Clone)]
pub struct RateLimiter {
    shared: Option<Arc<SharedLimits>>,
    local: Arc<LocalLimits>,
}

impl RateLimiter {
    /// Keys are `{prefix}rate:{limit}:{subject}`. Must be called on the service's main runtime.
    pub fn new(redis: ConnectionManager, prefix: &str) -> Self {
        Self { shared: Some(Arc::new(SharedLimits::new(redis, prefix))), local: Arc::default() }
    }

    /// Without Redis at all: only the stricter limits of this process.
    pub fn local_only() -> Self {
        Self { shared: None, local: Arc::default() }
    }

    /// Takes one from what `subject` has left under `limit`.
    pub async fn check(&self, limit: Limit, subject: &str) -> Decision {
        let shared = match &self.shared {
            Some(shared) => shared.check(limit, subject).await,
            None => None,
        };
        let (decision, by) = match shared {
            Some(decision) => (decision, "redis"),
            None => (self.local.check(limit, subject), "local"),
        };
        let outcome = if decision.admitted { "admitted" } else { "refused" };
        metrics::counter!("rmu_rate_limit_decisions_total", "limit" => limit.name, "by" => by, "outcome" => outcome)
            .increment(1);
        decision
    }
}

impl Decision {
    /// The refusal as a client sees it.
    pub fn into_problem(self) -> Problem {
        headers::refusal(&self)
    }
}
