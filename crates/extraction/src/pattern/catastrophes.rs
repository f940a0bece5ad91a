//! Patterns known to run away, each with the input that hurts. What becomes of each is asserted; that it takes no
//! eternity shows by the test ending at all.

use super::{MAX_TEXT_BYTES, MAX_TEXT_BYTES_TO_BACKTRACK, Pattern, TooIntricate};

/// What becomes of a pattern on its input.
#[derive(Debug, PartialEq, Eq)]
enum End {
    /// It says no, in time.
    NoMatch,
    /// It finds something, in time.
    Match,
    /// Backtracking was cut.
    Cut,
}
use End::{Cut, Match, NoMatch};

/// The pattern; what its input begins with, repeats and ends with; and what becomes of it.
const PATTERNS: [(&str, &str, &str, &str, End); 44] = [
    // Nested and overlapping repetition, which only a backtracking engine minds.
    (r"^(a+)+$", "", "a", "!", NoMatch),
    (r"^(a*)*$", "", "a", "!", NoMatch),
    (r"^(a|a)*$", "", "a", "!", NoMatch),
    (r"^(a|aa)+$", "", "a", "!", NoMatch),
    (r"^(a|a?)+$", "", "a", "!", NoMatch),
    (r"^(.*a){20}$", "", "a", "!", NoMatch),
    (r"^([a-zA-Z]+)*$", "", "aA", "1", NoMatch),
    (r"^(\w+\s?)*$", "", "word ", "!", NoMatch),
    (r"^(\d+)*\.$", "", "1", "x", NoMatch),
    (r"^((ab)*)*c$", "", "ab", "d", NoMatch),
    (r"^(([a-z])+.)+[A-Z]([a-z])+$", "", "a", "", NoMatch),
    (r"^(x+x+)+y$", "", "x", "", NoMatch),
    (r"^(.*,){11}P$", "", "1,", "x", NoMatch),
    (r"\s+$", "x", " ", "x", NoMatch),
    (r".*.*=.*;", "", "x=", "", NoMatch),
    (r"^(?:.*?,)*?;$", "", "a,", "", NoMatch),
    (r"<!--(?:.|\n)*?-->", "<!--", "-", "", NoMatch),
    (r#"^"(?:[^"\\]|\\.)*"$"#, "\"", "\\\\", "", NoMatch),
    (r"^([a-z0-9]+(-[a-z0-9]+)*)+@x$", "", "a-", "", NoMatch),
    (r"^(?:(?:[a-z]{1,3})+:)+$", "", "ab", ";", NoMatch),
    // Real ones: addresses of mail and web, versions, markup, dates.
    (r"^([a-zA-Z0-9])(([\-.]|[_]+)?([a-zA-Z0-9]+))*(@){1}[a-z0-9]+[.]{1}$", "", "a", "!", NoMatch),
    (r"^(([a-z]+\.)+)?[a-z]+$", "", "a.", "!", NoMatch),
    (r"^(http|https)://([\w-]+\.)+[\w-]+(/[\w\-./?%&=]*)?$", "http://", "a.", "!", NoMatch),
    (r"(?:\d+[.,]?)+(?:%|cp)$", "", "1,", "x", NoMatch),
    (r"^(?:[\t ]*\w+[\t ]*=[\t ]*\w*[\t ]*;?)*$", "", "a=\t\t", "!", NoMatch),
    (r"(?i)<a\s+(?:[^>]*?\s+)?href=", "<a ", "x ", "", NoMatch),
    (r"^(\d{1,2}[/-]?){2,}\d{4}$", "", "1/", "x", NoMatch),
    (r"((?:\w+ ?)+): ?$", "", "ab ", "!", NoMatch),
    (r"^(?:\(?\d+\)?[ -]?)+$", "", "1-", "x", NoMatch),
    (r"[\s\S]*[\s\S]*[\s\S]*z", "", "y", "", NoMatch),
    (r"(a?){30}a{30}", "", "a", "", Match),
    (r"(?:a|b|ab)*", "", "ab", "!", Match),
    // What refers back or looks around goes to the engine that backtracks, under its limit; it gives parts to the linear
    // one, so that some end by themselves.
    (r"^(a+)+\1?$", "", "a", "!", NoMatch),
    (r"^(?:(a+)\1?)+$", "", "a", "!", Cut),
    (r"^(a|aa)+\1$", "", "a", "!", Cut),
    (r"^(?:a+)+(?=b)$", "", "a", "!", NoMatch),
    (r"^(?=(a+)+$)", "", "a", "!", NoMatch),
    (r"^(?:(\w+)\s?)*\1;$", "", "word ", "!", Cut),
    (r"^((a+)(?!c))+b$", "", "a", "!", Cut),
    (r"(.*)\1\1x", "", "ab", "", Cut),
    (r"^(?:(?=a)a|a)+$", "", "a", "!", Cut),
    (r"(?<=a)(?:a+)+\b!x", "", "a", "!", NoMatch),
    (r"^((?:a*)*)\1$", "", "a", "!", NoMatch),
    (r"(\w+\s*)+\1{3}#", "", "go ", "!", Cut),
];

#[test]
fn every_known_catastrophe_is_linear_or_cut() {
    let mut others = Vec::new();
    for (raw, begin, repeated, end, wanted) in PATTERNS {
        let pattern = Pattern::parse(raw).unwrap();
        let text = format!("{begin}{}{end}", repeated.repeat(5_000));
        let found = match pattern.is_match(&text) {
            Ok(true) => Match,
            Ok(false) => NoMatch,
            Err(TooIntricate) => Cut,
        };
        if found != wanted {
            others.push(format!("{raw}: {found:?} instead of {wanted:?}"));
        }
        // A search for a value and a split are under the same limits.
        if pattern.value(&text).is_err() != (found == Cut) {
            others.push(format!("{raw}: a search for the value ends differently"));
        }
        let _ = pattern.split(&text);
    }
    assert!(others.is_empty(), "{}", others.join("\n"));
}

#[test]
fn of_an_endless_text_only_so_much_is_searched() {
    let endless = format!("{}b", "a".repeat(MAX_TEXT_BYTES));
    assert_eq!(Pattern::parse("b").unwrap().is_match(&endless), Ok(false));
    assert_eq!(Pattern::parse("b").unwrap().is_match(&endless[1..]), Ok(true));
    // Each step of such a pattern may look at all of the rest.
    let backtracking = Pattern::parse("(?=a*b)c").unwrap();
    assert_eq!(backtracking.is_match(&endless), Err(TooIntricate));
    assert_eq!(backtracking.is_match("ab"), Ok(false));
    // The end of a part is not the end of the whole.
    let section = Pattern::parse("(?s)Overview\n(.*?)(?=\nAssessment|$)").unwrap();
    let long = format!("Overview\n{}\nAssessment", "x".repeat(MAX_TEXT_BYTES_TO_BACKTRACK));
    assert_eq!(section.value(&long), Err(TooIntricate));
}
