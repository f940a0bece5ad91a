//! How text becomes words that can be found: the same folding for what is stored and for what is asked.
//!
//! Folding takes away case, accents and compatibility forms. It is done here and not in the database, so that
//! a hit can be highlighted in the text as it was written: every word remembers where it stood.

use std::ops::Range;
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// Longer words are cut, in the index as in the query: nobody types them, and the index refuses the absurd.
const LONGEST_WORD: usize = 64;
/// Words that an abbreviation usually leaves out.
const STOP_WORDS: [&str; 17] =
    ["a", "an", "and", "as", "at", "by", "for", "from", "in", "into", "of", "on", "or", "the", "to", "via", "with"];

pub(crate) fn is_stop_word(word: &str) -> bool {
    STOP_WORDS.contains(&word)
}

/// A word in folded form and the bytes of the original it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) word: String,
    pub(crate) place: Range<usize>,
}

/// The words of `text` in order. An apostrophe joins (`dean's` is `deans`), everything else that is neither
/// letter nor digit separates.
pub(crate) fn tokens(text: &str) -> Vec<Token> {
    let mut found: Vec<Token> = Vec::new();
    let mut inside = false;
    for (start, character) in text.char_indices() {
        let end = start + character.len_utf8();
        if inside && (is_combining_mark(character) || is_apostrophe(character)) {
            continue;
        }
        let folded = fold_character(character);
        if folded.is_empty() {
            inside = false;
            continue;
        }
        match found.last_mut().filter(|_| inside) {
            Some(token) => {
                token.place.end = end;
                if token.word.chars().count() < LONGEST_WORD {
                    token.word.push_str(&folded);
                }
            }
            None => found.push(Token { word: folded, place: start..end }),
        }
        inside = true;
    }
    found
}

/// The words of `text` joined by single spaces: what titles are compared by.
pub(crate) fn fold(text: &str) -> String {
    words(text).join(" ")
}

pub(crate) fn words(text: &str) -> Vec<String> {
    tokens(text).into_iter().map(|token| token.word).collect()
}

/// What a title may be called for short: its initials without and with the little words, so that both
/// "DSA" (Data Structures and Algorithms) and "IoT" (Internet of Things) are found.
pub(crate) fn abbreviations(title: &str) -> Vec<String> {
    let words = words(title);
    let initials = |keep: &dyn Fn(&str) -> bool| -> String {
        words.iter().filter(|word| keep(word)).filter_map(|word| word.chars().next()).collect()
    };
    let mut all = vec![initials(&|word| !STOP_WORDS.contains(&word)), initials(&|_| true)];
    all.dedup();
    all.retain(|abbreviation| (2..=12).contains(&abbreviation.chars().count()));
    all
}

/// A letter or digit without case and accents; empty for what separates words.
fn fold_character(character: char) -> String {
    std::iter::once(character)
        .nfkd()
        .filter(|c| !is_combining_mark(*c))
        .flat_map(char::to_lowercase)
        .filter(|c| c.is_alphanumeric())
        .flat_map(|c| without_stroke(c).chars().collect::<Vec<_>>())
        .collect()
}

/// Letters that Unicode does not take apart, as people without that key type them.
fn without_stroke(character: char) -> std::borrow::Cow<'static, str> {
    match character {
        'ø' => "o".into(),
        'æ' => "ae".into(),
        'œ' => "oe".into(),
        'ß' => "ss".into(),
        'đ' | 'ð' => "d".into(),
        'ł' => "l".into(),
        'ħ' => "h".into(),
        'ı' => "i".into(),
        'þ' => "th".into(),
        other => other.to_string().into(),
    }
}

fn is_apostrophe(character: char) -> bool {
    matches!(character, '\'' | '\u{2019}' | '\u{02bc}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_case_accents_and_forms() {
        for (text, folded) in [
            ("Data  Structures & Algorithms", "data structures algorithms"),
            ("Café ÉCOLE", "cafe ecole"),
            ("cafe\u{301}s", "cafes"),
            ("Māori Studies", "maori studies"),
            ("Ångström Straße Ørsted", "angstrom strasse orsted"),
            ("Women's Health – the Dean’s view", "womens health the deans view"),
            ("ＦＩＴ２００４ ﬁn", "fit2004 fin"),
            ("C++ / C# 100%", "c c 100"),
            ("日本語 1", "日本語 1"),
            ("🦀 'quoted' \\ %_", "quoted"),
        ] {
            assert_eq!(fold(text), folded, "{text}");
        }
    }

    #[test]
    fn a_word_knows_where_it_stood() {
        let text = "Le Café’s – Ａ";
        for token in tokens(text) {
            assert!(!text[token.place.clone()].is_empty(), "{token:?}");
        }
        assert_eq!(&text[tokens(text)[1].place.clone()], "Café’s");
    }

    #[test]
    fn a_word_of_any_length_is_bounded() {
        let word = &words(&"x".repeat(60_000))[0];
        assert_eq!(word.len(), LONGEST_WORD);
    }

    #[test]
    fn abbreviates_with_and_without_little_words() {
        assert_eq!(abbreviations("Data Structures and Algorithms"), ["dsa", "dsaa"]);
        assert_eq!(abbreviations("Internet of Things"), ["it", "iot"]);
        assert_eq!(abbreviations("Artificial Intelligence"), ["ai"]);
        assert!(abbreviations("Algorithms").is_empty());
    }
}
