//! The words of a query as a text search query.

use crate::search::{matches_beginnings, stems, words};

/// A word of a text search query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Term {
    word: String,
    /// Not as the beginning of words too.
    is_whole: bool,
}

impl Term {
    pub(super) fn whole(word: String) -> Self {
        Self { word, is_whole: true }
    }

    pub(super) fn beginning(word: String) -> Self {
        Self { is_whole: !matches_beginnings(&word), word }
    }

    pub(super) fn as_beginning(&self) -> Option<&str> {
        (!self.is_whole).then_some(self.word.as_str())
    }

    pub(super) fn made_whole(self) -> Self {
        Self { is_whole: true, ..self }
    }
}

/// What is looked for: for each word one of a few terms, in singular or plural.
pub(super) fn terms(words: &[String]) -> Vec<Vec<Term>> {
    words.iter().map(|word| looked_for(word, words.len())).collect()
}

/// One word of several. "and" and its like begin many words, and mean themselves unless they are all that was typed.
fn looked_for(word: &str, of: usize) -> Vec<Term> {
    if of > 1 && words::is_stop_word(word) {
        return vec![Term::whole(word.to_owned())];
    }
    with_variants(word).into_iter().map(Term::beginning).collect()
}

pub(super) fn with_variants(word: &str) -> Vec<String> {
    let mut all = vec![word.to_owned()];
    all.extend(stems::variants(word));
    all
}

/// A text search query for one word of each group.
pub(super) fn all_of(groups: &[Vec<Term>]) -> String {
    // Words are letters and digits only, so nothing in them can end the quotation.
    let term = |Term { word, is_whole }: &Term| {
        if *is_whole { format!("'{word}'") } else { format!("'{word}':*") }
    };
    let group = |words: &Vec<Term>| match words.as_slice() {
        [word] => term(word),
        words => format!("({})", words.iter().map(term).collect::<Vec<_>>().join(" | ")),
    };
    groups.iter().map(group).collect::<Vec<_>>().join(" & ")
}
