//! Units side by side, of one university or of several.

use crate::{
    CatalogueError, scores,
    store::{aliases, units as store},
    units::{Candidate, UnitDetail},
};
use chrono::Utc;
use rmu_domain::{
    ParseError,
    facts::{FactName, difference::Difference},
    ids::UnitId,
};
use rmu_postgres::Database;
use std::collections::{BTreeSet, HashMap};

/// Two to four different units, in the order in which they are shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComparedUnits(Vec<UnitId>);

impl ComparedUnits {
    pub const FEWEST: usize = 2;
    pub const MOST: usize = 4;

    /// Ids with commas between them.
    pub fn parse(raw: &str) -> Result<Self, ParseError> {
        let parts: Vec<&str> = raw.split(',').map(str::trim).filter(|part| !part.is_empty()).collect();
        if !(Self::FEWEST..=Self::MOST).contains(&parts.len()) {
            return Err(ParseError::new(format!(
                "must be {} to {} ids of units, with commas between them; there are {}",
                Self::FEWEST,
                Self::MOST,
                parts.len()
            )));
        }
        let ids = parts.iter().map(|part| part.parse()).collect::<Result<Vec<UnitId>, _>>();
        let ids = ids.map_err(|_| ParseError::new("must be ids of units, which are UUIDs"))?;
        if ids.iter().collect::<BTreeSet<_>>().len() < ids.len() {
            return Err(ParseError::new("must not name a unit twice"));
        }
        Ok(Self(ids))
    }

    pub fn ids(&self) -> &[UnitId] {
        &self.0
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
    let mut connection = database.connection().await?;
    let rows = store::newest_of(&mut connection, wanted.ids()).await?;
    let mut found: HashMap<UnitId, _> = rows.into_iter().map(|row| (row.0.id, row)).collect();
    let unknown: Vec<UnitId> = wanted.ids().iter().copied().filter(|id| !found.contains_key(id)).collect();
    if !unknown.is_empty() {
        return Ok(Compared::Unknown(unknown));
    }
    let mut scored = scores::unit_scores(&mut connection, wanted.ids(), Utc::now()).await?;
    let mut units = Vec::with_capacity(wanted.ids().len());
    for (Candidate { id, university, .. }, record, read) in wanted.ids().iter().filter_map(|id| found.remove(id)) {
        let score = scored.remove(&id).unwrap_or_default();
        let formerly = aliases::aliases(&mut connection, id).await?.into_iter().map(|alias| alias.code).collect();
        units.push(UnitDetail { id, university, record, read, score, formerly });
    }
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
