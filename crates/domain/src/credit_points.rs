//! Credit points: exact decimals from 0 (real and common) to well above 24.

use crate::ParseError;
use serde::{Deserialize, Serialize};

/// An exact number of credit points, kept in thousandths so that 3.2 stays 3.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CreditPoints(u32);

impl CreditPoints {
    /// The largest that is believed. Above this a page was misread.
    pub const MAX: Self = Self(999_000);

    pub fn parse(raw: &str) -> Result<Self, ParseError> {
        let error = || ParseError::new("must be a number of credit points from 0 to 999 with at most 3 decimals");
        let raw = raw.trim();
        let (whole, fraction) = raw.split_once('.').unwrap_or((raw, ""));
        let digits = |text: &str| text.chars().all(|c| c.is_ascii_digit());
        if whole.is_empty() || whole.len() > 6 || fraction.len() > 6 || !digits(whole) || !digits(fraction) {
            return Err(error());
        }
        if raw.ends_with('.') || fraction.trim_end_matches('0').len() > 3 {
            return Err(error());
        }
        let whole: u32 = whole.parse().map_err(|_| error())?;
        let thousandths: u32 = format!("{fraction:0<3}")[..3].parse().map_err(|_| error())?;
        Self::from_thousandths(whole * 1000 + thousandths)
    }

    pub fn from_thousandths(thousandths: u32) -> Result<Self, ParseError> {
        if thousandths > Self::MAX.0 {
            return Err(ParseError::new("must be at most 999 credit points"));
        }
        Ok(Self(thousandths))
    }

    pub fn thousandths(self) -> u32 {
        self.0
    }

    /// For JSON numbers; three decimals survive the conversion.
    pub fn as_f64(self) -> f64 {
        f64::from(self.0) / 1000.0
    }
}

impl std::fmt::Display for CreditPoints {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (whole, fraction) = (self.0 / 1000, self.0 % 1000);
        if fraction == 0 {
            return write!(f, "{whole}");
        }
        write!(f, "{whole}.{}", format!("{fraction:03}").trim_end_matches('0'))
    }
}

impl TryFrom<String> for CreditPoints {
    type Error = ParseError;

    fn try_from(raw: String) -> Result<Self, ParseError> {
        Self::parse(&raw)
    }
}

impl From<CreditPoints> for String {
    fn from(points: CreditPoints) -> Self {
        points.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn parses_what_handbooks_write() {
        for (raw, shown) in
            [("6", "6"), ("0", "0"), ("3.2", "3.2"), ("06", "6"), ("6.00", "6"), ("36", "36"), ("0.125", "0.125")]
        {
            assert_eq!(CreditPoints::parse(raw).unwrap().to_string(), shown, "{raw}");
        }
    }

    #[test]
    fn refuses_what_is_no_number_of_points() {
        for wrong in ["", ".5", "6.", "-6", "6 cp", "1e3", "NaN", "1.2345", "1000", "99999999999999999999"] {
            assert!(CreditPoints::parse(wrong).is_err(), "{wrong:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_shown_parses_to_the_same(thousandths in 0u32..=999_000) {
            let points = CreditPoints::from_thousandths(thousandths).unwrap();
            prop_assert_eq!(CreditPoints::parse(&points.to_string()).unwrap(), points);
        }
    }
}
