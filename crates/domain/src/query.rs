//! What somebody typed into the search box.

use crate::{ParseError, text::collapse_whitespace, unit_code};

/// A search query: one line of 1 to 200 characters. Wildcards and quotes are plain text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchQuery(String);

impl SearchQuery {
    pub const MAX_LENGTH: usize = 200;

    pub fn parse(raw: &str) -> Result<Self, ParseError> {
        let text = collapse_whitespace(raw);
        let length = text.chars().count();
        if length == 0 {
            return Err(ParseError::new("must not be empty"));
        }
        if length > Self::MAX_LENGTH {
            return Err(ParseError::new(format!("must have at most {} characters", Self::MAX_LENGTH)));
        }
        if text.chars().any(char::is_control) {
            return Err(ParseError::new("must not contain control characters"));
        }
        Ok(Self(text))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The query as a code would be compared; empty when it holds nothing a code can hold.
    pub fn as_code(&self) -> String {
        unit_code::normalise(&self.0)
    }

    /// The words to look for, in lower case, at most 12, without repetitions.
    pub fn words(&self) -> Vec<String> {
        let mut words: Vec<String> = Vec::new();
        for word in self.0.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
            let word = word.to_lowercase();
            if !words.contains(&word) && words.len() < 12 {
                words.push(word);
            }
        }
        words
    }
}

/// How a hit was found, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rung {
    ExactCode,
    NormalisedCode,
    CodePrefix,
    Title,
    Description,
    Abbreviation,
    Typo,
}

impl Rung {
    pub const ALL: [Self; 7] = [
        Self::ExactCode,
        Self::NormalisedCode,
        Self::CodePrefix,
        Self::Title,
        Self::Description,
        Self::Abbreviation,
        Self::Typo,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::ExactCode => "exactCode",
            Self::NormalisedCode => "normalisedCode",
            Self::CodePrefix => "codePrefix",
            Self::Title => "title",
            Self::Description => "description",
            Self::Abbreviation => "abbreviation",
            Self::Typo => "typo",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_into_words_and_code() {
        let query = SearchQuery::parse("  Data   structures & DATA ").unwrap();
        assert_eq!(query.as_str(), "Data structures & DATA");
        assert_eq!(query.words(), ["data", "structures"]);
        assert_eq!(SearchQuery::parse("fit 2004").unwrap().as_code(), "FIT2004");
    }

    #[test]
    fn wildcards_are_plain_text() {
        assert!(SearchQuery::parse("%").unwrap().words().is_empty());
    }

    #[test]
    fn refuses_nothing_and_too_much() {
        assert!(SearchQuery::parse(" \n ").is_err());
        assert!(SearchQuery::parse(&"a".repeat(201)).is_err());
        assert!(SearchQuery::parse("a\0b").is_err());
    }
}
