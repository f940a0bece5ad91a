//! Codes by the thousand, from a template: a range, a list or a pattern.
//!
//! A template is never expanded whole: how many codes it gives is computed, and each is made when it is asked for by
//! its number. All codes of a template are well formed and none comes twice, whatever its case.

use crate::{
    ParseError,
    unit_code::{UnitCode, normalise},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A template as it was written, once it is known to be without mistakes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct CodeTemplate {
    written: Written,
    count: u32,
    kind: Kind,
}

/// One mistake in a template, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {reason}")]
pub struct TemplateMistake {
    /// `from`, `to`, `codes[3]` or `pattern`.
    pub place: String,
    pub reason: String,
}

impl TemplateMistake {
    fn new(place: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { place: place.into(), reason: reason.into() }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase", deny_unknown_fields)]
enum Written {
    Range { from: String, to: String },
    List { codes: Vec<String> },
    Pattern { pattern: String },
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Range {
        prefix: String,
        first: u32,
        width: usize,
    },
    List(Vec<UnitCode>),
    /// What may stand at each place.
    Pattern(Vec<Vec<char>>),
}

/// More mistakes than this are not told at once.
const MOST_MISTAKES: usize = 50;

impl CodeTemplate {
    pub const MOST_CODES: u32 = 100_000;

    /// From one code to another that differs in its last digits. Zeros before a number are kept: `09000` to `09999`.
    pub fn range(from: &str, to: &str) -> Result<Self, Vec<TemplateMistake>> {
        let (from, to) = (from.trim(), to.trim());
        let mut mistakes = Vec::new();
        for (place, code) in [("from", from), ("to", to)] {
            if let Err(error) = UnitCode::parse(code) {
                mistakes.push(TemplateMistake::new(place, error.to_string()));
            } else if number_of(code).is_none() {
                mistakes.push(TemplateMistake::new(place, "must end in a number of at most 9 digits"));
            }
        }
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        let one = |place: &str, reason: String| Err(vec![TemplateMistake::new(place, reason)]);
        let (Some((prefix, first, width)), Some((other, last, other_width))) = (number_of(from), number_of(to)) else {
            return Err(mistakes);
        };
        if prefix != other {
            return one("to", format!("must begin as {from} does, and differ in the number alone"));
        }
        let is_padded = from.as_bytes().get(prefix.len()) == Some(&b'0');
        if other_width < width || (is_padded && other_width != width) {
            return one("to", format!("must have as many digits as {from}"));
        }
        if last < first {
            return one("to", format!("must not come before {from}"));
        }
        let count = last - first + 1;
        if count > Self::MOST_CODES {
            return one("to", too_many(u64::from(count)));
        }
        let written = Written::Range { from: from.to_owned(), to: to.to_owned() };
        Ok(Self { written, count, kind: Kind::Range { prefix: prefix.to_owned(), first, width } })
    }

    /// Just these.
    pub fn list<C: AsRef<str>>(codes: &[C]) -> Result<Self, Vec<TemplateMistake>> {
        let count = u32::try_from(codes.len()).unwrap_or(u32::MAX);
        if count == 0 || count > Self::MOST_CODES {
            let reason = if count == 0 { "must name at least one".to_owned() } else { too_many(codes.len() as u64) };
            return Err(vec![TemplateMistake::new("codes", reason)]);
        }
        let (mut parsed, mut mistakes, mut seen) = (Vec::with_capacity(codes.len()), Vec::new(), BTreeSet::new());
        for (index, code) in codes.iter().enumerate() {
            let mut mistake = |reason: String| {
                if mistakes.len() < MOST_MISTAKES {
                    mistakes.push(TemplateMistake::new(format!("codes[{index}]"), reason));
                }
            };
            match UnitCode::parse(code.as_ref()) {
                Err(error) => mistake(error.to_string()),
                Ok(code) if !seen.insert(code.normalised()) => mistake(format!("{code} is there twice")),
                Ok(code) => parsed.push(code),
            }
        }
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        let written = Written::List { codes: parsed.iter().map(UnitCode::to_string).collect() };
        Ok(Self { written, count, kind: Kind::List(parsed) })
    }

    /// `#` stands for a digit, `@` for a capital letter, `[135]` and `[1-5A]` for one of these, anything else for
    /// itself: `FIT####`, `COMP[1-3]#00#`.
    pub fn pattern(pattern: &str) -> Result<Self, Vec<TemplateMistake>> {
        let pattern = pattern.trim();
        let fails = |reason: String| vec![TemplateMistake::new("pattern", reason)];
        let places = places(pattern).map_err(fails)?;
        // Wherever a code may lack a digit, or begin or end with a sign, some of the codes would be none.
        let all = |place: Option<&Vec<char>>, is: fn(&char) -> bool| place.is_some_and(|place| place.iter().all(is));
        let alphanumeric = |c: &char| c.is_ascii_alphanumeric();
        if !(2..=UnitCode::MAX_LENGTH).contains(&places.len()) {
            return Err(fails(format!("must give codes of 2 to {} characters", UnitCode::MAX_LENGTH)));
        }
        if !all(places.first(), alphanumeric) || !all(places.last(), alphanumeric) {
            return Err(fails("must begin and end with a letter or a digit".to_owned()));
        }
        if !places.iter().any(|place| all(Some(place), char::is_ascii_digit)) {
            return Err(fails("must have a place where there is always a digit".to_owned()));
        }
        let count = places.iter().map(|place| place.len() as u64).fold(1u64, u64::saturating_mul);
        let within = u32::try_from(count).ok().filter(|count| *count <= Self::MOST_CODES);
        let count = within.ok_or_else(|| fails(too_many(count)))?;
        let written = Written::Pattern { pattern: pattern.to_owned() };
        Ok(Self { written, count, kind: Kind::Pattern(places) })
    }

    /// How many codes there are.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// The code of a number, from 0 on.
    pub fn code(&self, number: u32) -> Option<UnitCode> {
        if number >= self.count {
            return None;
        }
        match &self.kind {
            Kind::Range { prefix, first, width } => {
                UnitCode::parse(&format!("{prefix}{:0width$}", first.checked_add(number)?)).ok()
            }
            Kind::List(codes) => codes.get(usize::try_from(number).ok()?).cloned(),
            Kind::Pattern(places) => {
                let mut rest = usize::try_from(number).ok()?;
                let mut code: Vec<char> = Vec::with_capacity(places.len());
                for place in places.iter().rev() {
                    code.push(*place.get(rest % place.len())?);
                    rest /= place.len();
                }
                UnitCode::parse(&code.iter().rev().collect::<String>()).ok()
            }
        }
    }

    /// The codes of some numbers, in order.
    pub fn codes(&self, numbers: std::ops::Range<u32>) -> impl Iterator<Item = UnitCode> + '_ {
        numbers.map_while(|number| self.code(number))
    }
}

impl TryFrom<Written> for CodeTemplate {
    type Error = ParseError;

    fn try_from(written: Written) -> Result<Self, ParseError> {
        let parsed = match &written {
            Written::Range { from, to } => Self::range(from, to),
            Written::List { codes } => Self::list(codes),
            Written::Pattern { pattern } => Self::pattern(pattern),
        };
        parsed.map_err(|mistakes| {
            let first = mistakes.first().map(ToString::to_string).unwrap_or_default();
            ParseError::new(first)
        })
    }
}

impl From<CodeTemplate> for Written {
    fn from(template: CodeTemplate) -> Self {
        template.written
    }
}

fn too_many(count: u64) -> String {
    format!("would give {count} codes; at most {} are allowed", CodeTemplate::MOST_CODES)
}

/// What comes before the last digits of a code, the number that they are, and how many there are.
fn number_of(code: &str) -> Option<(&str, u32, usize)> {
    let width = code.bytes().rev().take_while(u8::is_ascii_digit).count();
    let (prefix, digits) = code.split_at(code.len() - width);
    (1..=9).contains(&width).then_some((prefix, digits.parse().ok()?, width))
}

/// What may stand at each place of a pattern.
fn places(pattern: &str) -> Result<Vec<Vec<char>>, String> {
    let mut places = Vec::new();
    let mut signs = pattern.chars();
    while let Some(sign) = signs.next() {
        places.push(match sign {
            '#' => ('0'..='9').collect(),
            '@' => ('A'..='Z').collect(),
            '[' => {
                let (inner, after) = signs.as_str().split_once(']').ok_or("has a [ without its ]")?;
                signs = after.chars();
                class(inner)?
            }
            sign if sign.is_ascii_alphanumeric() || "-./_ ".contains(sign) => vec![sign],
            sign => return Err(format!("has {sign:?}, which is in no code")),
        });
        if places.len() > UnitCode::MAX_LENGTH {
            return Err(format!("must give codes of at most {} characters", UnitCode::MAX_LENGTH));
        }
    }
    Ok(places)
}

/// The letters and digits of a class such as `1-5A`.
fn class(inner: &str) -> Result<Vec<char>, String> {
    let signs: Vec<char> = inner.chars().collect();
    if let Some(sign) = signs.iter().find(|sign| !sign.is_ascii_alphanumeric() && **sign != '-') {
        return Err(format!("has {sign:?} in [{inner}], where only letters, digits and ranges may be"));
    }
    let mut class = Vec::new();
    let mut rest = signs.as_slice();
    loop {
        rest = match rest {
            [] => break,
            [from, '-', to, after @ ..] if *from != '-' && *to != '-' => {
                let alike = (from.is_ascii_digit() && to.is_ascii_digit())
                    || (from.is_ascii_uppercase() && to.is_ascii_uppercase())
                    || (from.is_ascii_lowercase() && to.is_ascii_lowercase());
                if !alike || from > to {
                    return Err(format!("has the range {from}-{to}, which does not ascend"));
                }
                class.extend(*from..=*to);
                after
            }
            ['-', ..] => return Err(format!("has a - in [{inner}] that is between no two")),
            [sign, after @ ..] => {
                class.push(*sign);
                after
            }
        };
    }
    let distinct: BTreeSet<String> = class.iter().map(|sign| normalise(&sign.to_string())).collect();
    match class.len() {
        0 => Err("has a [] with nothing in it".to_owned()),
        length if length != distinct.len() => Err(format!("has the same sign twice in [{inner}]")),
        _ => Ok(class),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(template: &CodeTemplate) -> Vec<String> {
        template.codes(0..u32::MAX).map(|code| code.to_string()).collect()
    }

    #[test]
    fn zeros_are_kept_and_numbers_may_grow_by_a_digit() {
        let template = CodeTemplate::range("09000", "09999").unwrap();
        assert_eq!(template.count(), 1000);
        assert_eq!(template.code(0).unwrap().as_str(), "09000");
        assert_eq!(template.code(999).unwrap().as_str(), "09999");
        assert_eq!(template.code(1000), None);
        assert_eq!(all(&CodeTemplate::range("FIT98", "FIT101").unwrap()), ["FIT98", "FIT99", "FIT100", "FIT101"]);
    }

    #[test]
    fn patterns_and_lists_are_in_order() {
        assert_eq!(all(&CodeTemplate::pattern("A[13]-[a-b]0").unwrap()), ["A1-a0", "A1-b0", "A3-a0", "A3-b0"]);
        assert_eq!(CodeTemplate::pattern("FIT####").unwrap().count(), 10_000);
        assert_eq!(all(&CodeTemplate::list(&["31251", " 09009"]).unwrap()), ["31251", "09009"]);
    }

    #[test]
    fn every_mistake_is_named_with_its_place() {
        let told = |result: Result<CodeTemplate, Vec<TemplateMistake>>| {
            result.unwrap_err().iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
        };
        assert!(told(CodeTemplate::range("x", "")).starts_with("from: must be a unit code"));
        assert_eq!(told(CodeTemplate::range("x", "")).matches(": must be a unit code").count(), 2);
        assert!(told(CodeTemplate::range("FIT100", "COM200")).contains("to: must begin as FIT100 does"));
        assert!(told(CodeTemplate::range("09000", "10000000")).contains("as many digits"));
        assert!(told(CodeTemplate::range("200", "100")).contains("to: must not come before"));
        assert!(told(CodeTemplate::range("1000000", "9999999")).contains("would give 9000000 codes"));
        assert!(told(CodeTemplate::range("FIT1A", "FIT2B")).contains("must end in a number"));
        let list = told(CodeTemplate::list(&["31251", "?", "fit-2004", "FIT2004"]));
        assert!(list.contains("codes[1]: must be a unit code") && list.contains("codes[3]: FIT2004 is there twice"));
        assert!(told(CodeTemplate::list::<&str>(&[])).contains("at least one"));
        for (pattern, reason) in [
            ("@@@", "always a digit"),
            ("[A1]B", "always a digit"),
            ("#", "2 to 20"),
            ("-##", "begin and end"),
            ("#####0#", "would give 1000000"),
            ("[12]A[12", "without its ]"),
            ("FIT[]1", "nothing in it"),
            ("FIT[3-1]1", "does not ascend"),
            ("FIT[aA]1", "twice"),
            ("FIT[1-]1", "between no two"),
            ("FIT?1", "in no code"),
        ] {
            assert!(told(CodeTemplate::pattern(pattern)).contains(reason), "{pattern}");
        }
    }

    #[test]
    fn a_template_is_stored_as_it_was_written() {
        for template in [
            CodeTemplate::range("09000", "09999").unwrap(),
            CodeTemplate::list(&["A1", "A2"]).unwrap(),
            CodeTemplate::pattern("FIT[1-3]###").unwrap(),
        ] {
            let stored = serde_json::to_value(&template).unwrap();
            assert_eq!(serde_json::from_value::<CodeTemplate>(stored).unwrap(), template);
        }
        let wrong = serde_json::json!({"kind": "range", "from": "2", "to": "1"});
        assert!(serde_json::from_value::<CodeTemplate>(wrong).is_err());
    }

    fn any_template() -> impl Strategy<Value = CodeTemplate> {
        let range = (0u32..1_000_000, 0u32..3000, 0usize..8).prop_filter_map("a range", |(first, more, width)| {
            CodeTemplate::range(&format!("X{first:0width$}"), &format!("X{:0width$}", first + more)).ok()
        });
        let pattern = "([A-Z#@]|\\[[1-3]-[5-7][A-D]?\\]|-){2,6}"
            .prop_filter_map("a pattern", |pattern| CodeTemplate::pattern(&pattern).ok());
        let list = prop::collection::vec("[A-Z]{0,3}[0-9]{2,4}", 1..40)
            .prop_filter_map("a list", |codes| CodeTemplate::list(&codes).ok());
        prop_oneof![range, pattern, list]
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, max_global_rejects: 100_000, ..ProptestConfig::default() })]

        #[test]
        fn the_count_is_exact_and_no_code_comes_twice(template in any_template()) {
            let codes: Vec<UnitCode> = template.codes(0..u32::MAX).collect();
            prop_assert!(template.count() <= CodeTemplate::MOST_CODES);
            prop_assert_eq!(codes.len(), template.count() as usize);
            let distinct: BTreeSet<String> = codes.iter().map(UnitCode::normalised).collect();
            prop_assert_eq!(distinct.len(), codes.len());
        }

        #[test]
        fn chunks_together_are_the_whole(template in any_template(), chunk in 1u32..500) {
            let whole: Vec<_> = template.codes(0..template.count().min(2000)).collect();
            let mut pieces = Vec::new();
            let mut from = 0;
            while from < template.count().min(2000) {
                pieces.extend(template.codes(from..from.saturating_add(chunk)));
                from += chunk;
            }
            pieces.truncate(whole.len());
            prop_assert_eq!(pieces, whole);
        }

        #[test]
        fn padding_is_kept(first in 0u32..90_000, more in 0u32..9_999) {
            let (from, to) = (format!("{first:05}"), format!("{:05}", first + more));
            let template = CodeTemplate::range(&from, &to).unwrap();
            prop_assert!(template.codes(0..200).all(|code| code.as_str().len() == 5));
            let last = template.code(template.count() - 1).unwrap();
            prop_assert_eq!(last.as_str(), to);
        }

        #[test]
        fn any_text_is_a_template_or_has_mistakes(from in "\\PC{0,12}", to in "[#@\\[\\]A-Z0-9-]{0,12}") {
            for parsed in [CodeTemplate::range(&from, &to), CodeTemplate::pattern(&to), CodeTemplate::pattern(&from)] {
                match parsed {
                    Ok(template) => prop_assert!(template.count() > 0 && template.code(template.count() - 1).is_some()),
                    Err(mistakes) => prop_assert!(!mistakes.is_empty()),
                }
            }
        }
    }
}
