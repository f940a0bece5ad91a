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
    /// The host was asked for nothing.
    Nowhere,
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
    heard_at: Instant,
}

const MOST_SLOW_HOSTS: usize = 100;

impl SlowHosts {
    pub(super) fn heard(&self, host: &str, gap: Duration, closed: Duration) {
        let now = Instant::now();
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        hosts.retain(|_, slow| slow.heard_at + REMEMBERED > now);
        if gap.is_zero() && closed.is_zero() {
            hosts.remove(host);
        } else if hosts.len() < MOST_SLOW_HOSTS || hosts.contains_key(host) {
            let closed_until = (!closed.is_zero()).then(|| now + closed);
            hosts.insert(host.to_owned(), SlowHost { gap, closed_until, heard_at: now });
        }
    }

    pub(super) fn all(&self) -> BTreeMap<String, SlowHost> {
        let now = Instant::now();
        let hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        hosts
            .iter()
            .filter(|(_, slow)| slow.heard_at + REMEMBERED > now)
            .map(|(host, slow)| (host.clone(), *slow))
            .collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn hosts_are_shown_until_they_are_well_or_not_heard_of_any_more() {
        let (slow, second) = (SlowHosts::default(), Duration::from_secs(1));
        slow.heard("a.example", second, Duration::ZERO);
        slow.heard("b.example", second, second);
        slow.heard("a.example", Duration::ZERO, Duration::ZERO);
        assert_eq!(slow.all().keys().collect::<Vec<_>>(), ["b.example"]);
        tokio::time::advance(REMEMBERED + second).await;
        assert!(slow.all().is_empty());
        for number in 0..2 * MOST_SLOW_HOSTS {
            slow.heard(&number.to_string(), second, second);
        }
        assert_eq!(slow.all().len(), MOST_SLOW_HOSTS);
    }

    #[test]
    fn statuses_say_how_a_host_is() {
        let (latency, asked) = (Duration::from_millis(30), Some(Duration::from_secs(7)));
        for status in [200, 304, 404, 410] {
            assert_eq!(Went::of_status(status, None, latency), Went::Well(latency), "{status}");
        }
        for status in [403, 429, 503] {
            assert_eq!(Went::of_status(status, asked, latency), Went::Refused(asked), "{status}");
        }
        assert_eq!(Went::of_status(500, None, latency), Went::Unclear);
    }
}
