//! A handbook's year.

use crate::ParseError;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct Year(u16);

impl Year {
    pub fn new(year: u16) -> Result<Self, ParseError> {
        if !(1990..=2100).contains(&year) {
            return Err(ParseError::new("must be a year from 1990 to 2100"));
        }
        Ok(Self(year))
    }

    pub fn parse(raw: &str) -> Result<Self, ParseError> {
        let year = raw.trim().parse().map_err(|_| ParseError::new("must be a year such as 2026"))?;
        Self::new(year)
    }

    pub fn get(self) -> u16 {
        self.0
    }
}

impl TryFrom<u16> for Year {
    type Error = ParseError;

    fn try_from(year: u16) -> Result<Self, ParseError> {
        Self::new(year)
    }
}

impl From<Year> for u16 {
    fn from(year: Year) -> Self {
        year.0
    }
}

impl std::fmt::Display for Year {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}
