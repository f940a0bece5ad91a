//! Texts that are nearly the same, found without reading all texts.
//!
//! A text is the set of its runs of [`SHINGLE`] letters; two texts are as similar as these sets overlap (Jaccard).
//! Of a set, the least of its hashes under many hash functions is kept (MinHash): two sets agree in one of them as
//! probably as they are similar. [`ROWS`] of them make a band; texts above [`NEAR_DUPLICATE`] share a whole band
//! almost surely, unrelated ones almost never. A shared band makes a candidate, and the sets decide.

use std::collections::BTreeSet;
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

/// How many characters are compared at once: few words of a language have so many in common by chance.
pub const SHINGLE: usize = 5;
/// Texts that are at least as similar are nearly the same.
pub const NEAR_DUPLICATE: f64 = 0.7;
pub const BANDS: usize = 12;
pub const ROWS: usize = 4;
/// A text of fewer different shingles says too little to be compared.
const FEWEST_SHINGLES: usize = 20;

/// A text as it is compared: case, punctuation and white space make no difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shingles(BTreeSet<u64>);

impl Shingles {
    /// `None` for a text that holds too little to be compared.
    pub fn of(text: &str) -> Option<Self> {
        let letters = comparable(text);
        let shingles: BTreeSet<u64> =
            letters.windows(SHINGLE).map(|shingle| xxh3_64(shingle.iter().collect::<String>().as_bytes())).collect();
        (shingles.len() >= FEWEST_SHINGLES).then_some(Self(shingles))
    }

    /// From 0 (nothing in common) to 1 (the same).
    #[allow(clippy::cast_precision_loss, reason = "a text of ours has a few thousand shingles")]
    pub fn similarity(&self, other: &Self) -> f64 {
        let common = self.0.intersection(&other.0).count();
        let all = self.0.len() + other.0.len() - common;
        common as f64 / all as f64
    }

    pub fn is_nearly(&self, other: &Self) -> bool {
        self.similarity(other) >= NEAR_DUPLICATE
    }

    /// What to look other texts up by: those that share any of these are worth comparing.
    ///
    /// Stored, so the numbers of a text may never change; a test holds them.
    #[allow(clippy::cast_possible_truncation, reason = "any 32 bits of the hash will do")]
    pub fn bands(&self) -> [i32; BANDS] {
        let mut seed = 0;
        std::array::from_fn(|band| {
            let mut rows = Vec::with_capacity(ROWS * 8);
            for _ in 0..ROWS {
                seed += 1;
                let hashes = self.0.iter().map(|shingle| xxh3_64_with_seed(&shingle.to_le_bytes(), seed));
                rows.extend_from_slice(&hashes.min().unwrap_or_default().to_le_bytes());
            }
            // The band is part of what is hashed, so that all bands can stand in one list.
            xxh3_64_with_seed(&rows, band as u64) as i32
        })
    }
}

fn comparable(text: &str) -> Vec<char> {
    let mut letters = Vec::with_capacity(text.len());
    for letter in text.chars().flat_map(char::to_lowercase) {
        if letter.is_alphanumeric() {
            letters.push(letter);
        } else if letters.last().is_some_and(|last| *last != ' ') {
            letters.push(' ');
        }
    }
    letters
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TEXT: &str = "The lectures follow the book closely, and the weekly quizzes keep you honest. The project is \
        where you learn most; start it early, because the last part takes longer than the first two together.";

    fn shingles(text: &str) -> Shingles {
        Shingles::of(text).unwrap()
    }

    fn meet(one: &Shingles, other: &Shingles) -> bool {
        one.bands().iter().any(|band| other.bands().contains(band))
    }

    #[test]
    fn dress_makes_no_difference() {
        let dressed = TEXT.to_uppercase().replace(' ', "  \n").replace('.', "!!!");
        assert_eq!(shingles(&dressed), shingles(TEXT));
    }

    #[test]
    fn a_few_changed_words_are_seen_through() {
        for changed in [
            TEXT.replace("quizzes", "tests"),
            TEXT.replace("start it early", "begin it soon"),
            format!("{TEXT} Recommended."),
            TEXT.replace("The lectures", "Lectures"),
        ] {
            let changed = shingles(&changed);
            assert!(changed.is_nearly(&shingles(TEXT)), "{}", changed.similarity(&shingles(TEXT)));
            assert!(meet(&changed, &shingles(TEXT)));
        }
    }

    #[test]
    fn another_text_on_the_same_matter_is_another() {
        let other = shingles(
            "Weekly quizzes and a large project in three parts. I liked the lectures, although they only repeat the \
             book; what I learned I learned from the project, and from starting it late.",
        );
        assert!(!other.is_nearly(&shingles(TEXT)), "{}", other.similarity(&shingles(TEXT)));
    }

    #[test]
    fn what_says_nothing_is_not_compared() {
        for text in ["!".repeat(100), "ha".repeat(50), String::new(), "too short to tell".to_owned()] {
            assert_eq!(Shingles::of(&text), None, "{text}");
        }
    }

    #[test]
    fn stored_bands_stay_comparable() {
        assert_eq!(shingles(TEXT).bands()[..3], [-977_945_003, 525_666_630, -645_683_507]);
    }

    proptest! {
        #[test]
        fn similarity_is_symmetric_and_bounded(one in "[a-z ]{60,200}", other in "[a-z ]{60,200}") {
            let (Some(one), Some(other)) = (Shingles::of(&one), Shingles::of(&other)) else { return Ok(()) };
            let similarity = one.similarity(&other);
            prop_assert!((0.0..=1.0).contains(&similarity));
            prop_assert_eq!(similarity.to_bits(), other.similarity(&one).to_bits());
            prop_assert_eq!(one.similarity(&one).to_bits(), 1.0_f64.to_bits());
        }

        /// One changed letter touches five shingles: in a text of two hundred letters the rest is the same.
        #[test]
        fn a_changed_letter_is_found(text in "([a-z]{3,9} ){30,60}", at in 0..1_usize << 16, letter in "[0-9]") {
            let mut letters: Vec<char> = text.chars().collect();
            let at = at % letters.len();
            letters[at] = letter.chars().next().unwrap_or('0');
            let (one, other) = (shingles(&text), shingles(&letters.iter().collect::<String>()));
            prop_assert!(one.is_nearly(&other));
            prop_assert!(meet(&one, &other));
        }

        #[test]
        fn unrelated_texts_do_not_meet(one in "([a-m]{3,9} ){30,60}", other in "([n-z]{3,9} ){30,60}") {
            prop_assert!(!shingles(&one).is_nearly(&shingles(&other)));
            prop_assert!(!meet(&shingles(&one), &shingles(&other)));
        }
    }
}
