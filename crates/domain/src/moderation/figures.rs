//! What is published about moderation: sums of a month, and none so small that it tells of somebody.

/// A number from 1 to below this is not shown.
pub const SMALLEST_SHOWN: u32 = 5;

/// Sums of one month that is over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MonthFigures {
    pub reports: u32,
    pub kept: u32,
    pub hidden: u32,
    pub removed: u32,
    pub restored: u32,
    pub appeals: u32,
    pub appeals_decided: u32,
    pub appeals_granted: u32,
    pub takedowns: u32,
    pub takedowns_decided: u32,
    pub takedowns_upheld: u32,
    /// How long half of the decisions took at most.
    pub median_seconds_to_decision: Option<u64>,
}

/// The number if it can be shown: nothing, or so many that nobody can be singled out.
pub fn shown(number: u32) -> Option<u32> {
    (number == 0 || number >= SMALLEST_SHOWN).then_some(number)
}

impl MonthFigures {
    /// A part of a sum is hidden with its complement: of 20 appeals of which 18 were granted, the two others
    /// could be found by taking one from the other.
    pub fn shown_part(part: u32, whole: u32) -> Option<u32> {
        let rest = whole.saturating_sub(part);
        shown(whole).and_then(|_| shown(part)).filter(|_| shown(rest).is_some())
    }

    /// Of few decisions the median is the time of one of them.
    pub fn shown_median(&self) -> Option<u64> {
        let decisions = self.kept + self.hidden + self.removed + self.restored;
        self.median_seconds_to_decision.filter(|_| decisions >= SMALLEST_SHOWN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_small_number_can_be_read_or_reckoned(part in 0..30_u32, more in 0..30_u32) {
            let whole = part + more;
            let small = |number: u32| (1..SMALLEST_SHOWN).contains(&number);
            prop_assert_eq!(shown(whole).is_none(), small(whole));
            if let (Some(whole), Some(part)) = (shown(whole), MonthFigures::shown_part(part, whole)) {
                prop_assert!(!small(part) && !small(whole - part));
            }
        }
    }

    #[test]
    fn a_median_of_few_is_not_shown() {
        let few = MonthFigures { kept: 4, median_seconds_to_decision: Some(60), ..MonthFigures::default() };
        assert_eq!(few.shown_median(), None);
        assert_eq!(MonthFigures { hidden: 1, ..few }.shown_median(), Some(60));
    }
}
