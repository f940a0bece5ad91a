//! The score of a unit: the published formula and its constants.
//!
//! Each review counts with a weight that halves with every [`HALF_LIFE_YEARS`] of the session's age. The mean
//! is shrunk to the university's own mean as if [`PRIOR_REVIEWS`] reviews of just that value existed, so that
//! a single enthusiastic review does not make the best unit of the university.

/// A review of a session this many years ago counts half.
pub const HALF_LIFE_YEARS: f64 = 3.0;
/// How many average reviews are added to every unit.
pub const PRIOR_REVIEWS: f64 = 5.0;
/// The mean assumed of a university that has no reviews yet: the middle of the scale.
pub const NEUTRAL: f64 = 3.0;

/// The weight of a review of a session `age_years` ago; a future session counts as now.
pub fn weight(age_years: f64) -> f64 {
    0.5_f64.powf(age_years.max(0.0) / HALF_LIFE_YEARS)
}

/// The shrunk mean of ratings whose weighted sum is `sum` over the total `weight`.
pub fn shrunk_mean(sum: f64, weight: f64, university_mean: f64) -> f64 {
    (sum + PRIOR_REVIEWS * university_mean) / (weight + PRIOR_REVIEWS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn without_reviews_the_score_is_the_universitys_mean() {
        assert!((shrunk_mean(0.0, 0.0, 3.7) - 3.7).abs() < 1e-9);
    }

    #[test]
    fn a_review_loses_half_its_weight_in_a_half_life() {
        assert!((weight(HALF_LIFE_YEARS) - 0.5).abs() < 1e-9);
        assert!((weight(-1.0) - 1.0).abs() < 1e-9);
    }

    proptest! {
        #[test]
        fn the_score_lies_between_the_mean_of_the_reviews_and_the_prior(
            mean in 1.0..5.0_f64, total in 0.01..1000.0_f64, prior in 1.0..5.0_f64,
        ) {
            let score = shrunk_mean(mean * total, total, prior);
            prop_assert!(score >= mean.min(prior) - 1e-9 && score <= mean.max(prior) + 1e-9);
        }
    }
}
