//! The short name of a university or source in addresses.

use crate::ParseError;
use serde::{Deserialize, Serialize};

/// Lower-case letters, digits and single dashes: `northfield`, `northfield-handbook`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Slug(String);

impl Slug {
    pub fn parse(raw: &str) -> Result<Self, ParseError> {
        let well_formed = (2..=60).contains(&raw.len())
            && raw.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
            && !raw.starts_with('-')
            && !raw.ends_with('-')
            && !raw.contains("--");
        if !well_formed {
            return Err(ParseError::new("must be 2 to 60 lower-case letters, digits or single dashes"));
        }
        Ok(Self(raw.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Slug {
    type Error = ParseError;

    fn try_from(raw: String) -> Result<Self, ParseError> {
        Self::parse(&raw)
    }
}

impl From<Slug> for String {
    fn from(slug: Slug) -> Self {
        slug.0
    }
}

impl std::fmt::Display for Slug {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_safe_in_an_address() {
        assert!(Slug::parse("northfield-2").is_ok());
        for wrong in ["", "a", "A-b", "a--b", "-ab", "a/b", "a b", "ä-b"] {
            assert!(Slug::parse(wrong).is_err(), "{wrong:?}");
        }
    }
}
