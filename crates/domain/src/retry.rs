//! When a failed task is tried again: full jitter under a growing cap.

use std::time::Duration;

/// After this many attempts a task is dead and waits for an administrator.
pub const MAX_ATTEMPTS: u32 = 5;

const FIRST_CAP: Duration = Duration::from_secs(2);
const LAST_CAP: Duration = Duration::from_secs(300);
/// No site may postpone a task further than this by asking for it.
const LONGEST_ASKED: Duration = Duration::from_secs(3600);

/// How long to wait after failed attempt number `attempt` (1 is the first).
///
/// `fraction` in `0.0..1.0` is the caller's random number: full jitter spreads retries evenly, so that the
/// tasks of a site that was down do not return all at once. What the site asked for (`Retry-After`) is a
/// floor, since coming earlier is both rude and useless.
pub fn retry_delay(attempt: u32, fraction: f64, asked: Option<Duration>) -> Duration {
    let doublings = attempt.saturating_sub(1).min(16);
    let cap = FIRST_CAP.saturating_mul(1 << doublings).min(LAST_CAP);
    let jittered = cap.mul_f64(fraction.clamp(0.0, 1.0));
    asked.unwrap_or_default().min(LONGEST_ASKED) + jittered
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cap_doubles_and_ends() {
        assert_eq!(retry_delay(1, 1.0, None), Duration::from_secs(2));
        assert_eq!(retry_delay(3, 1.0, None), Duration::from_secs(8));
        assert_eq!(retry_delay(u32::MAX, 1.0, None), LAST_CAP);
    }

    #[test]
    fn jitter_reaches_down_to_nothing() {
        assert_eq!(retry_delay(4, 0.0, None), Duration::ZERO);
    }

    #[test]
    fn what_the_site_asked_for_is_a_floor_with_a_limit() {
        assert_eq!(retry_delay(1, 0.0, Some(Duration::from_secs(30))), Duration::from_secs(30));
        assert_eq!(retry_delay(1, 0.0, Some(Duration::from_secs(1 << 40))), LONGEST_ASKED);
    }
}
