//! Chance that follows from a seed: the same question asked twice has the same answer, in any order.

use rand::{RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A stream of random numbers for one purpose of one unit.
pub(crate) struct Stream(ChaCha8Rng);

impl Stream {
    pub(crate) fn of(seed: u64, purpose: &str, index: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(mix(hash(purpose) ^ mix(seed ^ mix(index)))))
    }

    /// A number under `bound`, which is taken for 1 when it is 0.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        // The remainder's bias does not matter at these bounds, and it stays the same over versions of `rand`.
        usize::try_from(self.0.next_u64() % (bound.max(1) as u64)).unwrap_or(0)
    }

    /// A number from `from` to `to`, both included.
    pub(crate) fn between(&mut self, from: usize, to: usize) -> usize {
        from + self.below(to.saturating_sub(from) + 1)
    }

    /// True `per_mille` times in a thousand.
    pub(crate) fn chance(&mut self, per_mille: usize) -> bool {
        self.below(1000) < per_mille
    }

    pub(crate) fn pick<'a, T: ?Sized>(&mut self, choices: &[&'a T]) -> &'a T {
        choices[self.below(choices.len())]
    }

    pub(crate) fn weighted<T: Copy>(&mut self, choices: &[(T, u32)]) -> T {
        let quantile = self.0.next_u64();
        weighted_at(choices, quantile)
    }

    /// `count` different numbers under `bound`, in ascending order.
    pub(crate) fn several(&mut self, count: usize, bound: usize) -> Vec<usize> {
        let mut all: Vec<usize> = (0..bound).collect();
        self.shuffle(&mut all);
        all.truncate(count);
        all.sort_unstable();
        all
    }

    pub(crate) fn shuffle<T>(&mut self, all: &mut [T]) {
        for last in (1..all.len()).rev() {
            let other = self.below(last + 1);
            all.swap(last, other);
        }
    }
}

/// The choice at `quantile` of 2⁶⁴ when choices are laid side by side by weight.
///
/// # Panics
/// With no choices at all; they are constants.
pub(crate) fn weighted_at<T: Copy>(choices: &[(T, u32)], quantile: u64) -> T {
    let total: u64 = choices.iter().map(|(_, weight)| u64::from(*weight)).sum();
    let point = (u128::from(quantile) * u128::from(total)) >> 64;
    let mut passed = 0u128;
    for (choice, weight) in choices {
        passed += u128::from(*weight);
        if point < passed {
            return *choice;
        }
    }
    choices[choices.len() - 1].0
}

/// A number for `index` such that any run of consecutive indices is spread evenly over the whole range, so
/// that a small catalogue has the shares of a large one. Different `purpose`s are independent.
pub(crate) fn spread(seed: u64, purpose: &str, index: u64) -> u64 {
    // Odd multiples of the golden ratio's fraction are spread as evenly as any sequence can be.
    const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;
    let start = mix(seed ^ hash(purpose));
    // Each purpose walks the indices in blocks of its own order; otherwise all would rise and fall together.
    let block = index / 64;
    let within = (index % 64) ^ (mix(start ^ block) % 64);
    start.wrapping_add((block * 64 + within).wrapping_mul(GOLDEN))
}

/// A well mixed number of the words of `text`.
pub(crate) fn hash(text: &str) -> u64 {
    mix(text
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325, |state, byte| (state ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)))
}

fn mix(mut state: u64) -> u64 {
    state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_question_has_the_same_answer() {
        let draw = |index| {
            let mut stream = Stream::of(7, "title", index);
            (0..5).map(|_| stream.below(1000)).collect::<Vec<_>>()
        };
        assert_eq!(draw(3), draw(3));
        assert_ne!(draw(3), draw(4));
    }

    #[test]
    fn a_small_catalogue_has_the_shares_of_a_large_one() {
        let choices = [("often", 790), ("seldom", 200), ("rare", 10)];
        for units in [300u64, 20_000] {
            let count =
                |wanted| (0..units).filter(|i| weighted_at(&choices, spread(1, "points", *i)) == wanted).count() as u64;
            assert!(count("often").abs_diff(units * 79 / 100) <= units / 50, "{}", count("often"));
            assert!(count("rare") >= units / 200, "{}", count("rare"));
        }
    }

    #[test]
    fn several_are_different_and_in_order() {
        let drawn = Stream::of(1, "outcomes", 1).several(6, 14);
        assert_eq!(drawn.len(), 6);
        assert!(drawn.windows(2).all(|pair| pair[0] < pair[1]));
    }
}
