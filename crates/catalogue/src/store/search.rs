//! The search table: how a unit gets into it, and the rungs as SQL.
//!
//! Every rung is a branch of one statement and excludes what the branches before it reach, so a unit is found
//! once, on its best rung. Text from outside is only ever a parameter.

mod climb;
pub(crate) mod facets;
mod filters;
mod index;
mod list;
mod pattern;
#[cfg(test)]
pub(crate) mod plans;
pub(crate) mod ranks;
mod shown;
mod spelling;
pub(crate) mod suggestions;
mod terms;
mod vocabulary;

pub(crate) use climb::{Begun, Bounded, bounded, ordered, sorted, typos};
pub(crate) use filters::Filters;
pub(crate) use list::list;
pub(crate) use pattern::Pattern;
pub(crate) use shown::{Shown, shown};
pub(crate) use spelling::{known_pattern, mistyped, pattern};

pub use index::{IndexedUnit, index_unit};

use crate::{page::Total, search::Sort};
use diesel::{QueryableByName, sql_types as sql};
use rmu_domain::{ids::UnitId, query::Rung};
use uuid::Uuid;

/// A rung that reaches more than this is not ranked as a whole but read in order, page by page.
const CANDIDATES: i64 = Total::EXACT_TO as i64 + 1;
/// The same in the text of the statement: a plan made for any values must know how little is wanted.
const AT_MOST_CANDIDATES: &str = " LIMIT 1001";
/// What there is only when there are as many.
const BEYOND_CANDIDATES: &str = " OFFSET 1000";
/// Chooses an eighth of the units, whose words have indexes of their own.
const IN_THE_EIGHTH: &str = "(uuid_hash(unit_id) & 7) = 0";

/// The rungs as they are climbed. A title that equals or begins with the query stands before one that merely
/// has its words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(i16)]
pub(crate) enum Step {
    ExactCode,
    NormalisedCode,
    FormerCode,
    CodePrefix,
    WholeTitle,
    TitleBeginning,
    TitleWords,
    AllWords,
    Abbreviation,
    Typo,
}

impl Step {
    const ALL: [Self; 10] = [
        Self::ExactCode,
        Self::NormalisedCode,
        Self::FormerCode,
        Self::CodePrefix,
        Self::WholeTitle,
        Self::TitleBeginning,
        Self::TitleWords,
        Self::AllWords,
        Self::Abbreviation,
        Self::Typo,
    ];

    fn number(self) -> i16 {
        self as i16
    }

    /// Part of the text and no parameter, since it is the same whenever the text is.
    fn literal(self) -> &'static str {
        ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"][self as usize]
    }

    /// Whether it may reach more units than are looked at; a code or a title is that of few.
    fn may_overflow(self) -> bool {
        matches!(self, Self::CodePrefix | Self::TitleBeginning | Self::TitleWords | Self::AllWords)
    }

    /// Whether it is looked for first where an eighth of the units has indexes of its own.
    fn has_eighth(self) -> bool {
        matches!(self, Self::TitleWords | Self::AllWords)
    }

    fn from_number(number: i16) -> Self {
        Self::ALL.into_iter().find(|step| step.number() == number).unwrap_or(Self::Typo)
    }

    pub(crate) fn rung(self) -> Rung {
        match self {
            Self::ExactCode | Self::FormerCode => Rung::ExactCode,
            Self::NormalisedCode => Rung::NormalisedCode,
            Self::CodePrefix => Rung::CodePrefix,
            Self::WholeTitle | Self::TitleBeginning | Self::TitleWords => Rung::Title,
            Self::AllWords => Rung::Description,
            Self::Abbreviation => Rung::Abbreviation,
            Self::Typo => Rung::Typo,
        }
    }
}

/// The order of hits, and thus a place among them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    /// What is sorted by, if it is not relevance.
    pub(crate) place: i64,
    /// Nought unless it is relevance.
    pub(crate) step: i16,
    pub(crate) rank: i32,
    pub(crate) code: String,
    pub(crate) unit: Uuid,
}

/// A unit that was found, without anything to show yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) unit: UnitId,
    pub(crate) step: Step,
    rank: i32,
    place: i64,
    code_normalised: String,
}

impl Found {
    pub(crate) fn key(&self, sort: Sort) -> Key {
        let (place, step, rank) = match sort {
            Sort::Relevance => (0, self.step.number(), self.rank),
            _ => (self.place, 0, 0),
        };
        Key { place, step, rank, code: self.code_normalised.clone(), unit: self.unit.as_uuid() }
    }
}

#[derive(Debug, QueryableByName)]
struct FoundRow {
    #[diesel(sql_type = sql::Uuid)]
    unit_id: Uuid,
    #[diesel(sql_type = sql::Text)]
    code_normalised: String,
    #[diesel(sql_type = sql::SmallInt)]
    step: i16,
    #[diesel(sql_type = sql::Integer)]
    rank: i32,
    #[diesel(sql_type = sql::BigInt)]
    place: i64,
}

impl From<FoundRow> for Found {
    fn from(row: FoundRow) -> Self {
        Self {
            unit: row.unit_id.into(),
            step: Step::from_number(row.step),
            rank: row.rank,
            place: row.place,
            code_normalised: row.code_normalised,
        }
    }
}
