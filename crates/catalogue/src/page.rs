//! Pages of lists: how many, what comes next, how many there are.

pub(crate) mod by_time;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use rmu_domain::ParseError;
use serde::{Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};

/// Longer than any cursor made here.
const LONGEST_CURSOR: usize = 512;

/// How many entries a page holds: 1 to 50.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageLimit(u8);

impl PageLimit {
    pub const DEFAULT: Self = Self(20);
    pub const MAX: u8 = 50;

    pub fn new(limit: i64) -> Result<Self, ParseError> {
        match u8::try_from(limit) {
            Ok(limit @ 1..=Self::MAX) => Ok(Self(limit)),
            _ => Err(ParseError::new("must be a whole number from 1 to 50")),
        }
    }

    pub fn get(self) -> usize {
        usize::from(self.0)
    }

    /// One more than fits: whether it is there says whether another page follows.
    pub(crate) fn and_one_more(self) -> i64 {
        i64::from(self.0) + 1
    }
}

impl Default for PageLimit {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// How many there are: exact to 1000, then only that there are more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Total {
    pub count: u32,
    /// Whether there are more than `count`.
    pub and_more: bool,
}

impl Total {
    pub const EXACT_TO: u32 = 1000;

    /// What counting stopped at `counted` means, when it was told to stop beyond [`Self::EXACT_TO`].
    pub(crate) fn counted(counted: i64) -> Self {
        match u32::try_from(counted) {
            Ok(count) if count <= Self::EXACT_TO => Self { count, and_more: false },
            _ => Self::MORE,
        }
    }

    pub(crate) const MORE: Self = Self { count: Self::EXACT_TO, and_more: true };
}

impl std::fmt::Display for Total {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{}", self.count, if self.and_more { "+" } else { "" })
    }
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Page<T> {
    pub entries: Vec<T>,
    pub total: Total,
    /// Where the next page begins, as an opaque text; `None` on the last page.
    pub next: Option<String>,
}

/// Cuts off what was read beyond the page to learn whether there is more, and says where the next one begins if there is.
pub(crate) fn cut<T>(entries: &mut Vec<T>, limit: PageLimit, cursor: impl FnOnce(&T) -> String) -> Option<String> {
    if entries.len() <= limit.get() {
        return None;
    }
    entries.truncate(limit.get());
    entries.last().map(cursor)
}

/// Years that the database is asked about. It refuses far ones itself, but not as a mistake of whoever asks.
pub fn is_plausible_year(year: i32) -> bool {
    (2000..=2200).contains(&year)
}

/// A place in a list as text. It says nothing secret; whoever changes it gets another page or is refused.
pub(crate) fn encode_cursor<T: Serialize>(place: &T) -> String {
    // A struct of numbers and texts cannot fail to serialise; should it ever, the page ends there.
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(place).unwrap_or_default())
}

pub(crate) fn decode_cursor<T: DeserializeOwned>(cursor: &str) -> Result<T, ParseError> {
    let broken = || ParseError::new("must be a cursor as given by the page before");
    if cursor.len() > LONGEST_CURSOR {
        return Err(broken());
    }
    let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| broken())?;
    serde_json::from_slice(&bytes).map_err(|_| broken())
}

/// A short mark of which list a cursor belongs to, so that it is refused by another.
pub(crate) fn fingerprint(parts: &[&str]) -> u32 {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.len().to_le_bytes());
        hash.update(part.as_bytes());
    }
    let digest = hash.finalize();
    u32::from_le_bytes([digest[0], digest[1], digest[2], digest[3]])
}

/// The message for a cursor of another list.
pub(crate) fn foreign_cursor() -> ParseError {
    ParseError::new("belongs to another list: start again without it")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn totals_are_exact_to_a_thousand() {
        assert_eq!(Total::counted(0).to_string(), "0");
        assert_eq!(Total::counted(1000).to_string(), "1000");
        assert_eq!(Total::counted(1001).to_string(), "1000+");
    }

    #[test]
    fn limits_are_one_to_fifty() {
        assert!(PageLimit::new(1).is_ok() && PageLimit::new(50).is_ok());
        assert!([0, 51, -1, 257, i64::MAX, i64::MIN].into_iter().all(|limit| PageLimit::new(limit).is_err()));
    }

    proptest! {
        #[test]
        fn a_cursor_survives_the_round_trip(number in any::<i32>(), text in "[A-Z0-9]{0,20}") {
            let cursor = encode_cursor(&(number, &text));
            prop_assert_eq!(decode_cursor::<(i32, String)>(&cursor).unwrap(), (number, text));
        }

        #[test]
        fn whatever_is_no_cursor_is_refused(text in "\\PC{0,600}") {
            prop_assert!(decode_cursor::<(i32, String)>(&text).is_err());
        }
    }
}
