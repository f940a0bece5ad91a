//! Why a hit is a hit, shown: the text escaped for HTML, with `<mark>` around what matched.

use crate::search::words::{Token, tokens};
use rmu_domain::unit_code;
use std::ops::Range;

/// How much of a description is shown before and after the first match.
const BEFORE: usize = 60;
const AFTER: usize = 180;

/// `text` with the words marked that the query's `words` found. `None` when none did.
pub(crate) fn mark_words(text: &str, words: &[String]) -> Option<String> {
    let places = matching(&tokens(text), words);
    (!places.is_empty()).then(|| mark(text, 0..text.len(), &places))
}

/// The neighbourhood of the first match in a long text, marked; `None` when nothing matched.
pub(crate) fn excerpt(text: &str, words: &[String]) -> Option<String> {
    let tokens = tokens(text);
    let places = matching(&tokens, words);
    let first = places.first()?;
    // Cut between words, so that no character and no word is torn.
    let from = tokens
        .iter()
        .map(|token| token.place.start)
        .find(|start| start + BEFORE >= first.start)
        .map_or(first.start, |start| if start <= BEFORE { 0 } else { start });
    let to = if text.len() <= first.start + AFTER + BEFORE {
        text.len()
    } else {
        let whole_words = tokens.iter().map(|token| token.place.end).take_while(|end| *end <= first.start + AFTER);
        whole_words.last().unwrap_or(first.end).max(first.end)
    };
    let before = if from > 0 { "… " } else { "" };
    let after = if to < text.len() { " …" } else { "" };
    Some(format!("{before}{}{after}", mark(text, from..to, &places)))
}

/// A code with its first characters marked, as far as they equal the normalised `prefix`.
pub(crate) fn mark_code(code: &str, prefix: &str) -> String {
    let mut left = prefix.chars().count();
    let mut end = 0;
    for (start, character) in code.char_indices() {
        if left == 0 {
            break;
        }
        if !unit_code::normalise(&character.to_string()).is_empty() {
            left -= 1;
        }
        end = start + character.len_utf8();
    }
    mark(code, 0..code.len(), std::slice::from_ref(&(0..end)))
}

/// `text` with its first `count` words marked.
pub(crate) fn mark_beginning(text: &str, count: usize) -> String {
    let places: Vec<_> = tokens(text).into_iter().take(count).map(|token| token.place).collect();
    mark(text, 0..text.len(), &places)
}

/// The places of tokens that one of `words` matches: whole, or as a beginning when it is long enough to be
/// searched for as one.
fn matching(tokens: &[Token], words: &[String]) -> Vec<Range<usize>> {
    tokens
        .iter()
        .filter(|token| {
            words.iter().any(|word| {
                token.word == *word || (crate::search::matches_beginnings(word) && token.word.starts_with(word))
            })
        })
        .map(|token| token.place.clone())
        .collect()
}

fn mark(text: &str, window: Range<usize>, places: &[Range<usize>]) -> String {
    let mut shown = String::with_capacity(window.len() + 13 * places.len());
    let mut at = window.start;
    for place in places.iter().filter(|place| place.start >= window.start && place.end <= window.end) {
        escape(&text[at..place.start], &mut shown);
        if !place.is_empty() {
            shown.push_str("<mark>");
            escape(&text[place.clone()], &mut shown);
            shown.push_str("</mark>");
        }
        at = place.end;
    }
    escape(&text[at..window.end], &mut shown);
    shown
}

fn escape(text: &str, into: &mut String) {
    for character in text.chars() {
        match character {
            '&' => into.push_str("&amp;"),
            '<' => into.push_str("&lt;"),
            '>' => into.push_str("&gt;"),
            '"' => into.push_str("&quot;"),
            '\'' => into.push_str("&#39;"),
            other => into.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn list(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn marks_what_matched_and_escapes_the_rest() {
        assert_eq!(
            mark_words("<b>Data</b> & Structures", &list(&["data", "struct"])).unwrap(),
            "&lt;b&gt;<mark>Data</mark>&lt;/b&gt; &amp; <mark>Structures</mark>"
        );
        assert_eq!(mark_words("Café society", &list(&["cafe"])).unwrap(), "<mark>Café</mark> society");
        assert_eq!(mark_words("Café society", &list(&["tea"])), None);
        assert_eq!(mark_words("Art and Ethics", &list(&["an"])), None, "short words are matched whole");
    }

    #[test]
    fn marks_the_beginning_of_a_code() {
        assert_eq!(mark_code("FIT-2004", "FIT2"), "<mark>FIT-2</mark>004");
        assert_eq!(mark_code("09009", "09009"), "<mark>09009</mark>");
    }

    #[test]
    fn shows_the_neighbourhood_of_the_first_match() {
        let text = format!("{} hashing {}", "before ".repeat(60), "after ".repeat(60));
        let shown = excerpt(&text, &list(&["hash"])).unwrap();
        assert!(shown.starts_with("… before") && shown.ends_with("after …"), "{shown}");
        assert!(shown.contains("<mark>hashing</mark>") && shown.len() < 350, "{shown}");
        assert_eq!(excerpt("Hashing.", &list(&["hash"])).unwrap(), "<mark>Hashing</mark>.");
    }

    proptest! {
        #[test]
        fn nothing_that_opens_a_tag_survives(text in "\\PC{0,300}", word in "[a-z]{1,4}") {
            let words = vec![word];
            for shown in [mark_words(&text, &words), excerpt(&text, &words)].into_iter().flatten() {
                let bare = shown.replace("<mark>", "").replace("</mark>", "");
                prop_assert!(!bare.contains(['<', '>', '"', '\'']), "{shown}");
            }
        }
    }
}
