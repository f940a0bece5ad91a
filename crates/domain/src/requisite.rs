//! Requisites: what must be passed before, taken beside, or may not be taken as well.

mod clauses;
mod combine;
#[cfg(test)]
mod corpus;
pub mod cycles;
pub mod eligibility;
mod grammar;
mod titles;
mod tokens;

use crate::{credit_points::CreditPoints, unit_code::UnitCode};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RequisiteKind {
    Prerequisite,
    Corequisite,
    /// May not be taken together with, or after, the units named.
    Prohibition,
}

impl RequisiteKind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Prerequisite => "prerequisite",
            Self::Corequisite => "corequisite",
            Self::Prohibition => "prohibition",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Requisite {
    pub kind: RequisiteKind,
    /// As the page words it, or as the expression reads where the page has only structure.
    pub text: String,
    /// `None` when the text could not be understood whole: half an expression would be a false promise.
    pub expression: Option<Expression>,
}

impl Requisite {
    /// The requisites that one text of a page words. A text may name the kind of each itself ("Prerequisite: 26012.
    /// Prohibition: 31252"); what stands before the first such label is of the kind given. `None` when neither
    /// the text nor `kind` says what kind the first of them is.
    pub fn read(kind: Option<RequisiteKind>, text: &str) -> Option<Vec<Self>> {
        let clauses = clauses::split(kind, text)?;
        let read = clauses.into_iter().map(|(kind, text)| Self {
            kind,
            expression: Expression::parse_as(kind, text),
            text: text.to_owned(),
        });
        Some(read.collect())
    }
}

/// An expression over units and credit points.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Expression {
    Unit(UnitCode),
    /// At least so many credit points, of whatever units, or of units at one level.
    CreditPoints {
        points: CreditPoints,
        level: Option<u8>,
    },
    All(Vec<Expression>),
    Any(Vec<Expression>),
}

impl Expression {
    /// Deeper nesting than any handbook has; a page that goes beyond is kept as text.
    pub const MAX_DEPTH: usize = 16;
    /// A longer text is not looked at.
    pub const MAX_LENGTH: usize = 4000;

    /// Reads `(26012 AND 31251) OR 48730`, `26012 Statistics, 31251 or 48730`, `24 credit points at level 2` and their
    /// like. `None` when any part is not understood.
    ///
    /// AND binds more tightly than OR, as in every handbook that mixes them without brackets; a comma before either
    /// binds less tightly than both. What could be read in two ways (`26012, 31251`) is not read.
    pub fn parse(text: &str) -> Option<Self> {
        Self::parse_as(RequisiteKind::Prerequisite, text)
    }

    /// Reads the text of a requisite of this kind. In a prohibition each unit of a list forbids on its own, however
    /// the list is joined in words: "Incompatible with 26012, 31251 and 48730".
    pub fn parse_as(kind: RequisiteKind, text: &str) -> Option<Self> {
        if text.len() > Self::MAX_LENGTH {
            return None;
        }
        grammar::parse(&tokens::tokenise(text)?, kind == RequisiteKind::Prohibition)
            .filter(|expression| expression.depth() <= Self::MAX_DEPTH)
    }

    /// How many groups stand in one another; a unit alone stands in none.
    pub fn depth(&self) -> usize {
        match self {
            Self::Unit(_) | Self::CreditPoints { .. } => 0,
            Self::All(parts) | Self::Any(parts) => 1 + parts.iter().map(Self::depth).max().unwrap_or_default(),
        }
    }

    /// All of `parts`, without a level of nesting for a single one. `None` for no parts at all.
    pub fn all(parts: Vec<Self>) -> Option<Self> {
        Self::group(parts, Self::All)
    }

    /// Any of `parts`, likewise.
    pub fn any(parts: Vec<Self>) -> Option<Self> {
        Self::group(parts, Self::Any)
    }

    fn group(mut parts: Vec<Self>, group: fn(Vec<Self>) -> Self) -> Option<Self> {
        match parts.len() {
            0 => None,
            1 => parts.pop(),
            _ => Some(group(parts)),
        }
    }

    /// Every code named, in order of appearance, with repetitions.
    pub fn codes(&self) -> Vec<&UnitCode> {
        match self {
            Self::Unit(code) => vec![code],
            Self::CreditPoints { .. } => Vec::new(),
            Self::All(parts) | Self::Any(parts) => parts.iter().flat_map(Self::codes).collect(),
        }
    }
}

/// Reads back the same. A code that would not stands in quotes.
impl std::fmt::Display for Expression {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (parts, word) = match self {
            Self::Unit(code) if tokens::is_plain(code) => return code.fmt(f),
            Self::Unit(code) => return write!(f, "\"{code}\""),
            Self::CreditPoints { points, level: None } => return write!(f, "{points} credit points"),
            Self::CreditPoints { points, level: Some(level) } => {
                return write!(f, "{points} credit points at level {level}");
            }
            Self::All(parts) => (parts, " AND "),
            Self::Any(parts) => (parts, " OR "),
        };
        for (index, part) in parts.iter().enumerate() {
            if index > 0 {
                f.write_str(word)?;
            }
            match part {
                Self::All(_) | Self::Any(_) => write!(f, "({part})")?,
                single => single.fmt(f)?,
            }
        }
        Ok(())
    }
}
