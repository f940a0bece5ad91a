//! Units side by side, of one university or of several.

use crate::{
    CatalogueError,
    units::{UnitDetail, details},
};
use rmu_domain::{
    ParseError,
    facts::{FactName, difference::Difference},
    ids::UnitId,
};
use rmu_postgres::Database;
use std::{collections::BTreeSet, fmt};

/// Two to four different units, in the order in which they are shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComparedUnits(Vec<UnitId>);

impl ComparedUnits {
    pub const FEWEST: usize = 2;
    pub const MOST: usize = 4;

    /// Ids with commas between them.
    pub fn parse(raw: &str) -> Result<Self, ParseError> {
        let parts: Vec<&str> = raw.split(',').map(str::trim).filter(|part| !part.is_empty()).collect();
        // Counted before they are read: a mistake in one of a hundred is not the one to be told of.
        Self::counted(parts.len())?;
        let ids = parts.iter().map(|part| part.parse()).collect::<Result<Vec<UnitId>, _>>();
        Self::new(ids.map_err(|_| ParseError::new("must be ids of units, which are UUIDs"))?)
    }

    pub fn new(ids: Vec<UnitId>) -> Result<Self, ParseError> {
        Self::counted(ids.len())?;
        if ids.iter().collect::<BTreeSet<_>>().len() < ids.len() {
            return Err(ParseError::new("must not name a unit twice, nor one beside a former code of it"));
        }
        Ok(Self(ids))
    }

    fn counted(count: usize) -> Result<(), ParseError> {
        if (Self::FEWEST..=Self::MOST).contains(&count) {
            return Ok(());
        }
        Err(ParseError::new(format!(
            "must be {} to {} ids of units, with commas between them; there are {count}",
            Self::FEWEST,
            Self::MOST
        )))
    }

    pub fn ids(&self) -> &[UnitId] {
        &self.0
    }
}

impl fmt::Display for ComparedUnits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&ids.join(","))
    }
}

/// What became of a comparison.
#[derive(Debug, Clone, PartialEq)]
pub enum Compared {
    /// The units in the order asked for, and the facts that are not the same for all of them.
    SideBySide { units: Vec<UnitDetail>, differing: BTreeSet<FactName> },
    /// These do not exist.
    Unknown(Vec<UnitId>),
}

pub async fn compare(database: &Database, wanted: &ComparedUnits) -> Result<Compared, CatalogueError> {
    let mut units = details(database, wanted.ids()).await?;
    let place = |unit: UnitId| wanted.ids().iter().position(|id| *id == unit);
    let is_known = |id: &UnitId| units.iter().any(|unit| unit.id == *id);
    let unknown: Vec<UnitId> = wanted.ids().iter().copied().filter(|id| !is_known(id)).collect();
    if !unknown.is_empty() {
        return Ok(Compared::Unknown(unknown));
    }
    units.sort_by_key(|unit| place(unit.id));
    let differing = differing(&units);
    Ok(Compared::SideBySide { units, differing })
}

fn differing(units: &[UnitDetail]) -> BTreeSet<FactName> {
    let Some((first, others)) = units.split_first() else { return BTreeSet::new() };
    let facts = |unit: &UnitDetail| Difference::between(&first.record.facts, &unit.record.facts).facts();
    others.iter().flat_map(facts).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_to_four_different_units_are_compared() {
        let ids: Vec<String> = (0..5).map(|_| UnitId::new().to_string()).collect();
        for count in 0..=5 {
            let parsed = ComparedUnits::parse(&ids[..count].join(", "));
            assert_eq!(parsed.is_ok(), (2..=4).contains(&count), "{count}: {parsed:?}");
        }
        assert!(ComparedUnits::parse(&format!("{0},{0}", ids[0])).is_err());
        assert!(ComparedUnits::parse(&format!("{},31251", ids[0])).is_err());
    }
}
