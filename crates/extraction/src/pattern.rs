//! Regular expressions of a source: refused when too large, cut when they would run away.

#[cfg(test)]
mod catastrophes;

use fancy_regex::{Captures, Regex, RegexBuilder};

/// What one search may backtrack. Patterns without look-around or back references do not backtrack at all: the
/// library gives those to its linear engine.
const MAX_BACKTRACKS: usize = 50_000;
const MAX_LENGTH: usize = 2_000;
const MAX_COMPILED_BYTES: usize = 1 << 20;
/// More of a text is never searched; no fact is that long.
const MAX_TEXT_BYTES: usize = 512 * 1024;
/// The same for patterns that may backtrack: each step back may look at all of the text again.
const MAX_TEXT_BYTES_TO_BACKTRACK: usize = 16 * 1024;

/// A text is never split into more parts than a list may have entries, and one to tell that there were more.
const MAX_PARTS: usize = 501;
/// How a pattern that may backtrack compares with looking at one node.
const BACKTRACKING_COST: usize = 1_000;

/// A compiled expression and what one search with it may cost.
#[derive(Debug, Clone)]
pub(crate) struct Pattern(Regex, usize);

/// A search that was cut because it would have gone on for too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooIntricate;

impl Pattern {
    pub(crate) fn parse(raw: &str) -> Result<Self, String> {
        if raw.len() > MAX_LENGTH {
            return Err(format!("must have at most {MAX_LENGTH} characters"));
        }
        RegexBuilder::new(raw)
            .backtrack_limit(MAX_BACKTRACKS)
            .delegate_size_limit(MAX_COMPILED_BYTES)
            .build()
            .map(|regex| Self(regex, if may_backtrack(raw) { BACKTRACKING_COST } else { 1 }))
            .map_err(|error| format!("is not a regular expression that can be used: {error}"))
    }

    /// What one search counts for, in nodes looked at.
    pub(crate) fn cost(&self) -> usize {
        self.1
    }

    /// As much of a text as is searched. A pattern that may backtrack is given all or nothing: it may look at what
    /// stands far ahead, and take the end of a part for the end of the whole.
    fn within<'t>(&self, text: &'t str) -> Result<&'t str, TooIntricate> {
        if self.1 == BACKTRACKING_COST && text.len() > MAX_TEXT_BYTES_TO_BACKTRACK {
            return Err(TooIntricate);
        }
        Ok(&text[..text.floor_char_boundary(MAX_TEXT_BYTES)])
    }

    pub(crate) fn has_group(&self, name: &str) -> bool {
        self.0.capture_names().flatten().any(|group| group == name)
    }

    pub(crate) fn is_match(&self, text: &str) -> Result<bool, TooIntricate> {
        self.0.is_match(self.within(text)?).map_err(|_| TooIntricate)
    }

    pub(crate) fn captures<'t>(&self, text: &'t str) -> Result<Option<Captures<'t, str>>, TooIntricate> {
        self.0.captures(self.within(text)?).map_err(|_| TooIntricate)
    }

    /// The group `value`, else the first group, else the whole match. A group that took no part reads as nothing.
    pub(crate) fn value<'t>(&self, text: &'t str) -> Result<Option<&'t str>, TooIntricate> {
        let Some(captures) = self.captures(text)? else { return Ok(None) };
        let group = if self.has_group("value") {
            captures.name("value")
        } else {
            captures.get(usize::from(captures.len() > 1))
        };
        Ok(Some(group.map_or("", |found| found.as_str())))
    }

    pub(crate) fn split<'t>(&self, text: &'t str) -> Result<Vec<&'t str>, TooIntricate> {
        self.0.split(self.within(text)?).take(MAX_PARTS).collect::<Result<_, _>>().map_err(|_| TooIntricate)
    }
}

/// Whether a pattern has what the linear engine does not know. Too many are no harm: they only count for more.
fn may_backtrack(raw: &str) -> bool {
    let signs = ["(?=", "(?!", "(?<=", "(?<!", "(?>", "(?(", "\\k", "\\g", "\\G", "\\K", "++", "*+", "?+", "}+"];
    let refers_back = raw.as_bytes().windows(2).any(|pair| pair[0] == b'\\' && pair[1].is_ascii_digit());
    refers_back || signs.iter().any(|sign| raw.contains(sign))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_group_named_value_comes_first() {
        for (pattern, text, value) in [
            (r"^(\w+) (?<value>\w+)$", "one two", Some("two")),
            (r"^(\w+) \w+$", "one two", Some("one")),
            (r"\d+", "6 cp", Some("6")),
            (r"a(?<value>b)?", "a", Some("")),
            (r"\d+", "none", None),
        ] {
            assert_eq!(Pattern::parse(pattern).unwrap().value(text), Ok(value), "{pattern}");
        }
    }

    #[test]
    fn a_catastrophic_pattern_is_cut() {
        let pattern = Pattern::parse(r"^(?:(a+)\1?)+$").unwrap();
        assert_eq!(pattern.is_match(&format!("{}!", "a".repeat(5000))), Err(TooIntricate));
    }

    #[test]
    fn what_may_backtrack_counts_for_more() {
        for (pattern, cost) in [(r"^(a+)+$", 1), (r"\d{4}(?=x)", BACKTRACKING_COST), (r"(a)\1", BACKTRACKING_COST)] {
            assert_eq!(Pattern::parse(pattern).unwrap().cost(), cost, "{pattern}");
        }
    }

    #[test]
    fn a_text_is_split_into_a_bounded_number_of_parts() {
        assert_eq!(Pattern::parse(", ?").unwrap().split("a, b,c").unwrap(), ["a", "b", "c"]);
        assert_eq!(Pattern::parse(",").unwrap().split(&",".repeat(10_000)).unwrap().len(), MAX_PARTS);
    }

    #[test]
    fn patterns_that_explode_when_compiled_are_refused() {
        assert!(Pattern::parse(r"(?:\w{1000}){1000}").is_err());
        assert!(Pattern::parse(&"a".repeat(3000)).is_err());
        assert!(Pattern::parse("(").is_err());
    }
}
