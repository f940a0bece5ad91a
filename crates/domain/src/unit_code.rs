//! A unit's code as its university writes it. Text, never a number: `09009` keeps its zero.

use crate::ParseError;
use serde::{Deserialize, Serialize};

/// A code such as `31251`, `09009`, `FIT2004`, `COMP1511` or `MATH-101`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct UnitCode(String);

impl UnitCode {
    pub const MAX_LENGTH: usize = 20;

    pub fn parse(raw: &str) -> Result<Self, ParseError> {
        let code = raw.trim();
        let well_formed = (2..=Self::MAX_LENGTH).contains(&code.len())
            && code.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '/' | '_' | ' '))
            && code.chars().any(|c| c.is_ascii_digit())
            && code.starts_with(|c: char| c.is_ascii_alphanumeric())
            && code.ends_with(|c: char| c.is_ascii_alphanumeric());
        if !well_formed {
            return Err(ParseError::new(format!(
                "must be a unit code: 2 to {} letters, digits, spaces or - . / _, with at least one digit",
                Self::MAX_LENGTH
            )));
        }
        Ok(Self(code.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form in which codes are compared: upper case, without spaces, dashes and the like.
    pub fn normalised(&self) -> String {
        normalise(&self.0)
    }
}

/// What two spellings of the same code have in common: `fit-2004`, `FIT 2004` and `FIT2004` are one.
pub fn normalise(raw: &str) -> String {
    raw.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect()
}

impl TryFrom<String> for UnitCode {
    type Error = ParseError;

    fn try_from(raw: String) -> Result<Self, ParseError> {
        Self::parse(&raw)
    }
}

impl From<UnitCode> for String {
    fn from(code: UnitCode) -> Self {
        code.0
    }
}

impl std::fmt::Display for UnitCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_leading_zero() {
        assert_eq!(UnitCode::parse(" 09009 ").unwrap().as_str(), "09009");
    }

    #[test]
    fn spellings_of_one_code_compare_equal() {
        for spelling in ["FIT2004", "fit 2004", "Fit-2004"] {
            assert_eq!(UnitCode::parse(spelling).unwrap().normalised(), "FIT2004");
        }
    }

    #[test]
    fn refuses_what_is_no_code() {
        for wrong in ["", "1", "Algorithms", "31251;DROP", "３１２５１", "-31251", "a\0b1", "123456789012345678901"]
        {
            assert!(UnitCode::parse(wrong).is_err(), "{wrong:?}");
        }
    }
}
