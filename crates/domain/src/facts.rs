//! What a handbook says of a unit in one year.
//!
//! Missing is not zero: a fact that the page does not give is `None`, with the reason among the gaps, and no
//! default is ever put in its place. `Some(vec![])` means that the page itself says there are none.

pub mod difference;

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

/// Whether a unit can still be taken, as far as its handbooks say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Current,
    /// Its status says so.
    Retired,
    /// Its university has a newer handbook, which does not have the unit, or was not read to its end yet.
    NotInNewestHandbook,
    Unknown,
}

impl Standing {
    /// How a status begins that means that the unit is no longer taught.
    const RETIRED: [&str; 6] = ["retired", "discontinued", "withdrawn", "inactive", "disestablished", "no longer"];

    pub fn of(status: Option<&str>, year: Option<Year>, newest_handbook: Option<Year>) -> Self {
        let status = status.map(|status| status.trim().to_lowercase());
        if status.as_ref().is_some_and(|status| Self::RETIRED.iter().any(|word| status.starts_with(word))) {
            return Self::Retired;
        }
        match (year, newest_handbook) {
            (Some(year), Some(newest)) if newest > year => Self::NotInNewestHandbook,
            (Some(_), _) => Self::Current,
            (None, _) if status.is_some() => Self::Current,
            (None, _) => Self::Unknown,
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Retired => "retired",
            Self::NotInNewestHandbook => "notInNewestHandbook",
            Self::Unknown => "unknown",
        }
    }
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

/// A share of the final mark, in per cent, exact to a hundredth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Weight(u16);

impl Weight {
    /// A hundred per cent, in hundredths.
    const ALL: u16 = 10_000;

    pub fn parse(raw: &str) -> Result<Self, ParseError> {
        let error = || ParseError::new("must be a percentage from 0 to 100 with at most 2 decimals");
        let number = raw.trim().trim_end_matches('%').trim_end();
        let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let significant = fraction.trim_end_matches('0');
        if !digits(whole) || !digits(fraction) || significant.len() > 2 {
            return Err(error());
        }
        let whole: u16 = whole.parse().map_err(|_| error())?;
        let fraction: u16 = format!("{significant:0<2}").parse().map_err(|_| error())?;
        let hundredths = whole.checked_mul(100).and_then(|w| w.checked_add(fraction)).ok_or_else(error)?;
        if hundredths > Self::ALL { Err(error()) } else { Ok(Self(hundredths)) }
    }

    pub fn as_f64(self) -> f64 {
        f64::from(self.0) / 100.0
    }
}

impl std::fmt::Display for Weight {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.0 / 100, self.0 % 100) {
            (whole, 0) => write!(f, "{whole}"),
            (whole, fraction) => write!(f, "{whole}.{}", format!("{fraction:02}").trim_end_matches('0')),
        }
    }
}

/// What the weights of all tasks of a unit add up to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TotalWeight {
    hundredths: u32,
    /// How many weights are so fine that they were probably rounded to fit: three times 33.33.
    rounded: u32,
}

impl TotalWeight {
    /// `None` when there is no task, or the weight of any is unknown: a part is no total.
    pub fn of(tasks: &[Assessment]) -> Option<Self> {
        let weights: Vec<Weight> = tasks.iter().map(|task| task.weight).collect::<Option<_>>()?;
        if weights.is_empty() {
            return None;
        }
        let rounded = weights.iter().filter(|weight| weight.0 % 10 != 0).count();
        Some(Self {
            hundredths: weights.iter().map(|weight| u32::from(weight.0)).sum(),
            rounded: u32::try_from(rounded).unwrap_or(u32::MAX),
        })
    }

    pub fn as_f64(self) -> f64 {
        f64::from(self.hundredths) / 100.0
    }

    /// Whether they make a hundred per cent, each rounded weight being off by half of its last digit at most.
    pub fn adds_up(self) -> bool {
        self.hundredths.abs_diff(u32::from(Weight::ALL)).saturating_mul(2) <= self.rounded
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
    fn a_unit_is_retired_when_its_handbook_says_so() {
        let year = |year| Year::new(year).ok();
        for (status, own, newest, standing) in [
            (Some("Active"), year(2026), year(2026), Standing::Current),
            (None, year(2026), year(2026), Standing::Current),
            (Some(" RETIRED "), year(2026), year(2026), Standing::Retired),
            (Some("Discontinued from 2027"), None, None, Standing::Retired),
            (Some("Active"), year(2024), year(2026), Standing::NotInNewestHandbook),
            (Some("Approved"), None, year(2026), Standing::Current),
            (None, None, year(2026), Standing::Unknown),
        ] {
            assert_eq!(Standing::of(status, own, newest), standing, "{status:?} {own:?} {newest:?}");
        }
    }

    #[test]
    fn a_weight_is_a_percentage() {
        for (raw, shown) in [
            ("40", "40"),
            ("40%", "40"),
            ("12.5 %", "12.5"),
            ("0", "0"),
            ("100.0", "100"),
            ("33.33", "33.33"),
            ("7.05", "7.05"),
            ("12.500", "12.5"),
        ] {
            assert_eq!(Weight::parse(raw).unwrap().to_string(), shown);
        }
        for wrong in
            ["", "%", "101", "100.01", "-1", "12.555", "12.", ".5", "1.-5", "forty", "99999999", "6553610", "655.36"]
        {
            assert!(Weight::parse(wrong).is_err(), "{wrong:?}");
        }
    }
    #[test]
    fn weights_add_up_to_a_hundred_or_do_not_or_nobody_knows() {
        let total = |weights: &[&str]| {
            let task = |weight: &&str| Assessment {
                name: "Task".to_owned(),
                kind: None,
                weight: Weight::parse(weight).ok(),
                hurdle: None,
            };
            TotalWeight::of(&weights.iter().map(task).collect::<Vec<_>>()).map(|all| (all.as_f64(), all.adds_up()))
        };
        assert_eq!(total(&["40", "60"]), Some((100.0, true)));
        assert_eq!(total(&["12.5", "12.5", "75"]), Some((100.0, true)));
        assert_eq!(total(&["33.33", "33.33", "33.33"]), Some((99.99, true)), "thirds are rounded");
        assert_eq!(total(&["33.3", "33.3", "33.3"]), Some((99.9, false)));
        assert_eq!(total(&["40", "59.99"]), Some((99.99, false)));
        assert_eq!(total(&["50", "60"]), Some((110.0, false)));
        assert_eq!(total(&["0"]), Some((0.0, false)));
        assert_eq!(total(&["40", "TBC"]), None, "unknown is not zero");
        assert_eq!(total(&[]), None);
    }
}
