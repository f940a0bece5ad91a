//! Limits of this process alone, for the time without Redis: a quarter of the shared ones, since other copies
//! let the same client through as well.

use super::{Decision, Limit};
use governor::{
    DefaultKeyedRateLimiter, Quota,
    clock::{Clock, DefaultClock},
};
use std::{
    collections::HashMap,
    num::NonZeroU32,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

const SHARE: u32 = 4;
/// Subjects kept per limit before those whose time has passed are dropped.
const SUBJECTS: usize = 10_000;

type Keyed = Arc<DefaultKeyedRateLimiter<String>>;

#[derive(Default)]
pub(super) struct LocalLimits(RwLock<HashMap<Limit, Keyed>>);

impl LocalLimits {
    pub(super) fn check(&self, limit: Limit, subject: &str) -> Decision {
        let burst = (limit.burst / SHARE).max(1);
        let limiter = self.limiter(limit, burst);
        if limiter.len() > SUBJECTS {
            limiter.retain_recent();
        }
        let limit = Limit { burst, ..limit };
        match limiter.check_key(&subject.to_owned()) {
            Ok(()) => {
                Decision { limit, admitted: true, remaining: 0, reset: limit.period, retry_after: Duration::ZERO }
            }
            Err(refused) => {
                let retry_after = refused.wait_time_from(DefaultClock::default().now());
                Decision { limit, admitted: false, remaining: 0, reset: limit.period, retry_after }
            }
        }
    }

    fn limiter(&self, limit: Limit, burst: u32) -> Keyed {
        if let Some(known) = self.0.read().unwrap_or_else(PoisonError::into_inner).get(&limit) {
            return known.clone();
        }
        let mut limits = self.0.write().unwrap_or_else(PoisonError::into_inner);
        limits.entry(limit).or_insert_with(|| Arc::new(DefaultKeyedRateLimiter::keyed(quota(limit, burst)))).clone()
    }
}

fn quota(limit: Limit, burst: u32) -> Quota {
    let burst = NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN);
    // A period of zero would be no limit; nobody configures one.
    Quota::with_period(limit.period / burst.get()).unwrap_or(Quota::per_hour(NonZeroU32::MIN)).allow_burst(burst)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quarter_and_then_no_more() {
        let limits = LocalLimits::default();
        let limit = Limit::per("login", 8, Duration::from_secs(3600));
        let admitted = (0..20).filter(|_| limits.check(limit, "a").admitted).count();
        assert_eq!(admitted, 2);
        assert!(limits.check(limit, "b").admitted, "another subject has its own");
        let refused = limits.check(limit, "a");
        assert!(refused.retry_after > Duration::ZERO);
    }

    #[test]
    fn the_smallest_limit_stays_one() {
        let limits = LocalLimits::default();
        let limit = Limit::per("forgot", 3, Duration::from_secs(3600));
        assert_eq!((0..5).filter(|_| limits.check(limit, "a").admitted).count(), 1);
    }
}
