//! One rating from 1 to 5.

use crate::ParseError;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "i64")]
pub struct Rating(u8);

impl Rating {
    pub fn new(stars: i64) -> Result<Self, ParseError> {
        match u8::try_from(stars) {
            Ok(stars @ 1..=5) => Ok(Self(stars)),
            _ => Err(ParseError::new("must be a whole number from 1 to 5")),
        }
    }

    pub fn get(self) -> u8 {
        self.0
    }
}

impl TryFrom<i64> for Rating {
    type Error = ParseError;

    fn try_from(stars: i64) -> Result<Self, ParseError> {
        Self::new(stars)
    }
}

impl From<Rating> for i64 {
    fn from(rating: Rating) -> Self {
        Self::from(rating.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_one_to_five() {
        assert!((1..=5).all(|stars| Rating::new(stars).is_ok()));
        assert!([0, 6, -1, 257, i64::MAX].into_iter().all(|stars| Rating::new(stars).is_err()));
    }
}
