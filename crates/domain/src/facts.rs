//! What a handbook says of a unit in one year.
//!
//! Missing is not zero: a fact that the page does not give is `None`, with the reason among the gaps, and no
//! default is ever put in its place. `Some(vec![])` means that the page itself says there are none.

use crate::{ParseError, credit_points::CreditPoints, requisite::Requisite, unit_code::UnitCode, year::Year};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Everything read from the page (or pages) of one unit in one handbook year.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UnitFacts {
    pub code: UnitCode,
    pub title: String,
    pub year: Option<Year>,
    pub status: Option<String>,
    pub credit_points: Option<CreditPoints>,
    pub level: Option<u8>,
    /// "Undergraduate", "Postgraduate", as the site words it.
    pub study_level: Option<String>,
    pub faculty: Option<String>,
    pub school: Option<String>,
    pub description: Option<String>,
    pub workload: Option<String>,
    pub outcomes: Option<Vec<Outcome>>,
    pub assessments: Option<Vec<Assessment>>,
    pub offerings: Option<Vec<Offering>>,
    pub requisites: Option<Vec<Requisite>>,
    pub contacts: Option<Vec<Contact>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Outcome {
    /// `ULO1`, or the running number where the site gives none.
    pub code: String,
    pub description: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Assessment {
    pub name: String,
    pub kind: Option<String>,
    pub weight: Option<Weight>,
    /// Whether it must be passed to pass the unit, where the page says so.
    pub hurdle: Option<bool>,
}

/// A share of the final mark, in per cent, exact to a tenth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Weight(u16);

impl Weight {
    pub fn parse(raw: &str) -> Result<Self, ParseError> {
        let error = || ParseError::new("must be a percentage from 0 to 100");
        let number = raw.trim().trim_end_matches('%').trim_end();
        let (whole, tenth) = number.split_once('.').unwrap_or((number, "0"));
        let tenth = tenth.trim_end_matches('0');
        if whole.is_empty() || !whole.bytes().all(|b| b.is_ascii_digit()) || tenth.len() > 1 {
            return Err(error());
        }
        let whole: u16 = whole.parse().map_err(|_| error())?;
        let tenth: u16 = if tenth.is_empty() { 0 } else { tenth.parse().map_err(|_| error())? };
        let tenths = whole.checked_mul(10).and_then(|w| w.checked_add(tenth)).ok_or_else(error)?;
        if tenths > 1000 { Err(error()) } else { Ok(Self(tenths)) }
    }

    pub fn as_f64(self) -> f64 {
        f64::from(self.0) / 10.0
    }
}

impl std::fmt::Display for Weight {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.0 / 10, self.0 % 10) {
            (whole, 0) => write!(f, "{whole}"),
            (whole, tenth) => write!(f, "{whole}.{tenth}"),
        }
    }
}

impl TryFrom<String> for Weight {
    type Error = ParseError;

    fn try_from(raw: String) -> Result<Self, ParseError> {
        Self::parse(&raw)
    }
}

impl From<Weight> for String {
    fn from(weight: Weight) -> Self {
        weight.to_string()
    }
}

/// A unit taught in one session, at one place, in one mode.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Offering {
    pub session: String,
    pub location: Option<String>,
    pub mode: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Contact {
    pub role: Option<String>,
    pub name: String,
}

/// The facts by name: in rules, gaps and provenance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum FactName {
    Code,
    Title,
    Year,
    Status,
    CreditPoints,
    Level,
    StudyLevel,
    Faculty,
    School,
    Description,
    Workload,
    Outcomes,
    Assessments,
    Offerings,
    Requisites,
    Contacts,
}

impl FactName {
    pub const ALL: [Self; 16] = [
        Self::Code,
        Self::Title,
        Self::Year,
        Self::Status,
        Self::CreditPoints,
        Self::Level,
        Self::StudyLevel,
        Self::Faculty,
        Self::School,
        Self::Description,
        Self::Workload,
        Self::Outcomes,
        Self::Assessments,
        Self::Offerings,
        Self::Requisites,
        Self::Contacts,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Title => "title",
            Self::Year => "year",
            Self::Status => "status",
            Self::CreditPoints => "creditPoints",
            Self::Level => "level",
            Self::StudyLevel => "studyLevel",
            Self::Faculty => "faculty",
            Self::School => "school",
            Self::Description => "description",
            Self::Workload => "workload",
            Self::Outcomes => "outcomes",
            Self::Assessments => "assessments",
            Self::Offerings => "offerings",
            Self::Requisites => "requisites",
            Self::Contacts => "contacts",
        }
    }
}

impl std::str::FromStr for FactName {
    type Err = ParseError;

    fn from_str(name: &str) -> Result<Self, ParseError> {
        Self::ALL
            .into_iter()
            .find(|fact| fact.as_str() == name)
            .ok_or_else(|| ParseError::new("must be the name of a fact"))
    }
}

/// Why a fact has no value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "reason", rename_all = "camelCase")]
pub enum Gap {
    /// No rule found a place for it on the page.
    Absent,
    /// Its place is there, with nothing in it.
    Empty,
    /// Something stands there that could not be understood; kept as it stood, cut to a bound.
    Unparsed { raw: String },
}

/// Where a fact came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Origin {
    /// The rule that found it, by its place in the source: `creditPoints[1]`.
    pub rule: String,
    /// The page it stood on.
    pub url: String,
}

/// A page understood as a unit: the facts, why others are missing, and where each came from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UnitRecord {
    pub facts: UnitFacts,
    pub gaps: BTreeMap<FactName, Gap>,
    pub origins: BTreeMap<FactName, Origin>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fact_is_found_by_its_name() {
        for fact in FactName::ALL {
            assert_eq!(fact.as_str().parse::<FactName>().unwrap(), fact);
            assert_eq!(serde_json::to_value(fact).unwrap(), fact.as_str());
        }
    }

    #[test]
    fn a_weight_is_a_percentage() {
        for (raw, shown) in [("40", "40"), ("40%", "40"), ("12.5 %", "12.5"), ("0", "0"), ("100.0", "100")] {
            assert_eq!(Weight::parse(raw).unwrap().to_string(), shown);
        }
        for wrong in ["", "%", "101", "-1", "12.55", "forty", "99999999", "6553610"] {
            assert!(Weight::parse(wrong).is_err(), "{wrong:?}");
        }
    }
}
