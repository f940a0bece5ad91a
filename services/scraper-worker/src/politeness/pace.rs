//! How fast a host is visited, beyond what its source asks for: slower when it is slow or refuses, and not at all
//! for a while when it refuses everything. Kept beside the host's turn, so that all workers go by it.

use super::GateError;
use crate::fetch::{FetchError, Fetched};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::time::Instant;

/// What became of a visit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Went {
    /// The host answered as asked, after this long.
    Well(Duration),
    /// 403, 429, 503, or no answer; and how long the host asked to be left alone.
    Refused(Option<Duration>),
    /// Nothing that tells how the host is.
    Unclear,
}

impl Went {
    /// How a plain request went.
    pub(super) fn of_fetch(fetched: &Result<Fetched, FetchError>, latency: Duration) -> Self {
        match fetched {
            Ok(fetched) => Self::of_status(fetched.status, fetched.retry_after, latency),
            Err(FetchError::TimedOut(_) | FetchError::Unreachable(_)) => Self::Refused(None),
            Err(FetchError::TooLarge(_) | FetchError::NotAllowed(_) | FetchError::TooManyRedirects) => Self::Unclear,
        }
    }

    /// Sites throttle with 403 as often as with 429.
    pub fn of_status(status: u16, asked: Option<Duration>, latency: Duration) -> Self {
        match status {
            403 | 429 | 503 => Self::Refused(asked),
            0..500 => Self::Well(latency),
            _ => Self::Unclear,
        }
    }
}

/// The bounds within which a host's pace moves.
#[derive(Debug, Clone, Copy)]
pub struct PaceLimits {
    /// A host that answers within this needs no longer pause for its latency.
    pub quick: Duration,
    /// The gap from which doubling starts where a source asks for none.
    pub least_gap: Duration,
    pub longest_gap: Duration,
    /// Refusals in a row after which the host is left alone.
    pub refusals: u32,
    pub first_closed: Duration,
    pub longest_closed: Duration,
    /// The most that a host's own `Retry-After` counts.
    pub longest_asked: Duration,
    /// A host that has refused everything for longer than this fails its tasks instead of postponing them: they
    /// must end some day.
    pub patience: Duration,
}

impl Default for PaceLimits {
    fn default() -> Self {
        Self {
            quick: Duration::from_secs(1),
            least_gap: Duration::from_millis(100),
            longest_gap: Duration::from_secs(60),
            refusals: 5,
            first_closed: Duration::from_secs(30),
            longest_closed: Duration::from_secs(15 * 60),
            longest_asked: Duration::from_secs(3600),
            patience: Duration::from_secs(3600),
        }
    }
}

/// How long a pace that nothing is added to is remembered.
pub(super) const REMEMBERED: Duration = Duration::from_secs(3600);

/// Hosts that are slowed or left alone, as this worker last heard. For statistics only.
#[derive(Clone, Default)]
pub(super) struct SlowHosts {
    hosts: Arc<Mutex<BTreeMap<String, SlowHost>>>,
}

/// A host that is visited more slowly than its source asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlowHost {
    pub gap: Duration,
    pub closed_until: Option<Instant>,
}

const MOST_SLOW_HOSTS: usize = 100;

impl SlowHosts {
    pub(super) fn heard(&self, host: &str, gap: Duration, closed: Duration) {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        if gap.is_zero() && closed.is_zero() {
            hosts.remove(host);
        } else if hosts.len() < MOST_SLOW_HOSTS || hosts.contains_key(host) {
            let closed_until = (!closed.is_zero()).then(|| Instant::now() + closed);
            hosts.insert(host.to_owned(), SlowHost { gap, closed_until });
        }
    }

    pub(super) fn all(&self) -> BTreeMap<String, SlowHost> {
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl GateError {
    /// How long to stay away, if that is known.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Paused { left, .. } | Self::Closed { left, .. } => Some(*left),
            Self::Busy { .. } | Self::Unreachable(_) => None,
        }
    }
}
