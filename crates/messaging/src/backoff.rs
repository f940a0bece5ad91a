//! How long to wait before trying again: exponential, capped, jittered.

use std::time::Duration;

/// The wait before try number `attempt` (0 is the first retry): half of it fixed, half of it random, so that
/// neither all copies of a service return at once nor any of them hammers the broker.
pub(crate) fn delay(attempt: u32, first: Duration, cap: Duration) -> Duration {
    let whole = first.saturating_mul(1 << attempt.min(16)).min(cap);
    whole / 2 + (whole / 2).mul_f64(rand::random::<f64>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grows_to_the_cap_and_stays_there() {
        let (first, cap) = (Duration::from_millis(100), Duration::from_secs(2));
        assert!(delay(0, first, cap) <= first);
        assert!(delay(0, first, cap) >= first / 2);
        assert!(delay(u32::MAX, first, cap) <= cap);
        assert!(delay(u32::MAX, first, cap) >= cap / 2);
    }
}
