//! How helpful readers find a review: a rank that a few votes do not win.
//!
//! The share of helpful votes alone would put a review with one vote above one with 99 of 100. The rank is the lower
//! end of the Wilson score interval: the share of all readers who would find the review helpful is, with a
//! confidence of 95 %, at least this high.

use crate::ParseError;

/// What a reader found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Vote {
    Helpful,
    NotHelpful,
}

impl Vote {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Helpful => "helpful",
            Self::NotHelpful => "notHelpful",
        }
    }

    pub fn parse(raw: &str) -> Result<Self, ParseError> {
        match raw {
            "helpful" => Ok(Self::Helpful),
            "notHelpful" => Ok(Self::NotHelpful),
            _ => Err(ParseError::new("must be helpful or notHelpful")),
        }
    }
}

/// The quantile of the normal distribution that belongs to a confidence of 95 %.
pub const Z: f64 = 1.96;
/// Ranks are whole numbers, so that two of them are equal or not: a share of 1 would be this rank.
pub const SCALE: f64 = 1_000_000.0;

/// The rank of a review with so many votes, from 0 to [`SCALE`]; without a helpful vote it is 0.
#[allow(clippy::cast_possible_truncation, reason = "the value lies between 0 and a million")]
pub fn rank(helpful: u32, not_helpful: u32) -> i32 {
    (lower_bound(helpful, not_helpful) * SCALE).round() as i32
}

fn lower_bound(helpful: u32, not_helpful: u32) -> f64 {
    if helpful == 0 {
        return 0.0;
    }
    let votes = f64::from(helpful) + f64::from(not_helpful);
    let share = f64::from(helpful) / votes;
    let centre = share + Z * Z / (2.0 * votes);
    let margin = Z * ((share * (1.0 - share) + Z * Z / (4.0 * votes)) / votes).sqrt();
    ((centre - margin) / (1.0 + Z * Z / votes)).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn many_good_votes_beat_one() {
        assert_eq!([rank(0, 0), rank(0, 50), rank(1, 0), rank(99, 1)], [0, 0, 206_543, 945_512]);
    }

    proptest! {
        #[test]
        fn a_helpful_vote_never_lowers_and_the_other_never_raises(helpful in 0..5000_u32, not_helpful in 0..5000_u32) {
            let now = rank(helpful, not_helpful);
            prop_assert!((0..=1_000_000).contains(&now));
            prop_assert!(rank(helpful + 1, not_helpful) >= now);
            prop_assert!(rank(helpful, not_helpful + 1) <= now);
        }

        #[test]
        fn of_equal_shares_the_better_known_ranks_higher(
            helpful in 1..500_u32, not_helpful in 0..500_u32, times in 2..9_u32,
        ) {
            prop_assert!(rank(helpful * times, not_helpful * times) > rank(helpful, not_helpful));
        }
    }
}
