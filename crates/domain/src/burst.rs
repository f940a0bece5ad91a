//! Reviews that come in bursts, as campaigns do.

use std::time::Duration;

/// Arrivals of this last hour count as coming at once.
pub const WINDOW: Duration = Duration::from_secs(3600);
/// So many reviews of one unit in a window are a burst, whoever wrote them.
pub const MANY: usize = 10;
/// An account younger than this when it reviews is fresh.
pub const FRESH: Duration = Duration::from_secs(7 * 24 * 3600);
/// Reviews of fresh accounts are counted over a day.
pub const FRESH_WINDOW: Duration = Duration::from_secs(24 * 3600);
/// So many reviews of one unit by fresh accounts are a burst.
pub const MANY_FRESH: usize = 6;

/// A review of the unit that came lately.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    /// How long ago it came.
    pub ago: Duration,
    /// How old its author's account was then, if that is known.
    pub account_age: Option<Duration>,
}

impl Arrival {
    fn is_fresh(self) -> bool {
        self.account_age.is_some_and(|age| age < FRESH)
    }
}

/// Whether a review that comes now, and is the first of `arrivals`, comes in a burst.
pub fn is_burst(arrivals: &[Arrival]) -> bool {
    let at_once = arrivals.iter().filter(|arrival| arrival.ago < WINDOW).count();
    let fresh = arrivals.iter().filter(|arrival| arrival.ago < FRESH_WINDOW && arrival.is_fresh()).count();
    at_once >= MANY || (fresh >= MANY_FRESH && arrivals.first().is_some_and(|newest| newest.is_fresh()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);
    const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);

    fn arrivals(count: u32, apart: Duration, account_age: Option<Duration>) -> Vec<Arrival> {
        (0..count).map(|number| Arrival { ago: apart * number, account_age }).collect()
    }

    #[test]
    fn many_at_once_are_a_burst() {
        assert!(!is_burst(&arrivals(9, MINUTE, Some(YEAR))));
        assert!(is_burst(&arrivals(10, MINUTE, Some(YEAR))));
        assert!(is_burst(&arrivals(10, MINUTE, None)));
        assert!(!is_burst(&arrivals(10, 10 * MINUTE, Some(YEAR))), "ten over an hour and a half are not");
    }

    #[test]
    fn a_few_by_fresh_accounts_are_a_burst() {
        assert!(!is_burst(&arrivals(5, 60 * MINUTE, Some(MINUTE))));
        assert!(is_burst(&arrivals(6, 60 * MINUTE, Some(MINUTE))));
        let mut by_an_old_one = arrivals(7, 60 * MINUTE, Some(MINUTE));
        by_an_old_one[0].account_age = Some(YEAR);
        assert!(!is_burst(&by_an_old_one), "who came before does not accuse an old account");
    }
}
