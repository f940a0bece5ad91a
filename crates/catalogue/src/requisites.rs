//! What must be passed before a unit, what it unlocks, and whether somebody may take it.

use crate::{
    CatalogueError,
    page::{Page, PageLimit, cut, decode_cursor, encode_cursor, fingerprint, foreign_cursor},
    store::{requisites as store, units},
    units::Candidate,
};
use rmu_domain::{
    ParseError,
    facts::{FactName, Gap},
    ids::UnitId,
    requisite::{
        Requisite,
        cycles::cycles_through,
        eligibility::{Achieved, Holds, may_take},
    },
    unit_code::{self, UnitCode},
    year::Year,
};
use rmu_postgres::{AsyncPgConnection, Database};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// More circles than these are no longer looked at one by one.
const MOST_CYCLES: usize = 10;

/// A unit as requisites name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedUnit {
    pub id: UnitId,
    pub code: String,
    pub title: String,
}

/// What the newest version of a unit says of its requisites.
#[derive(Debug, Clone, PartialEq)]
pub struct KnownRequisites {
    pub year: Option<Year>,
    /// `None` when the handbook does not say; an empty list when it says that there are none.
    pub requisites: Option<Vec<Requisite>>,
    /// Why there are none to show.
    pub gap: Option<Gap>,
    /// The units of the university that the expressions name, by normalised code. A code that is not here leads nowhere.
    pub named: BTreeMap<String, NamedUnit>,
}

impl KnownRequisites {
    pub fn unit(&self, code: &UnitCode) -> Option<&NamedUnit> {
        self.named.get(&code.normalised())
    }
}

/// The requisites of a unit and what follows from those of others.
#[derive(Debug, Clone, PartialEq)]
pub struct RequisiteGraph {
    pub known: KnownRequisites,
    /// The units whose prerequisites name this one, by code.
    pub unlocks: Page<NamedUnit>,
    /// Ways of prerequisites from the unit back to itself.
    pub cycles: Vec<Vec<NamedUnit>>,
}

/// Whether somebody may take a unit, with what it was decided by.
#[derive(Debug, Clone, PartialEq)]
pub struct Eligibility {
    pub known: KnownRequisites,
    pub may_take: Holds,
}

/// The requisites of a unit. `cursor` is [`Page::next`] of what it unlocks.
pub async fn of_unit(
    database: &Database,
    unit: &Candidate,
    cursor: Option<&str>,
    limit: PageLimit,
) -> Result<RequisiteGraph, CatalogueError> {
    let mark = fingerprint(&["unlocks", &unit.id.to_string()]);
    let after = cursor
        .map(|cursor| place(cursor, mark))
        .transpose()
        .map_err(|error| CatalogueError::invalid("cursor", &error))?;
    let mut connection = database.connection().await?;
    let known = known(&mut connection, unit).await?;
    let unlocks = unlocks(&mut connection, unit, after.as_ref(), mark, limit).await?;
    let cycles = cycles(&mut connection, unit).await?;
    Ok(RequisiteGraph { known, unlocks, cycles })
}

/// Judges what somebody has passed.
pub async fn eligibility(
    database: &Database,
    unit: &Candidate,
    achieved: &Achieved,
) -> Result<Eligibility, CatalogueError> {
    let known = known(&mut *database.connection().await?, unit).await?;
    let may_take = may_take(known.requisites.as_deref(), achieved);
    Ok(Eligibility { known, may_take })
}

async fn known(connection: &mut AsyncPgConnection, unit: &Candidate) -> Result<KnownRequisites, CatalogueError> {
    let (mut record, _) = units::newest(connection, unit.id).await?.ok_or(CatalogueError::NotFound { what: "unit" })?;
    let requisites = record.facts.requisites;
    let expressions = requisites.iter().flatten().filter_map(|requisite| requisite.expression.as_ref());
    let codes: BTreeSet<String> =
        expressions.flat_map(|expression| expression.codes()).map(UnitCode::normalised).collect();
    let named = store::named(connection, unit.university.id, codes.into_iter().collect()).await?;
    let gap = record.gaps.remove(&FactName::Requisites);
    Ok(KnownRequisites { year: record.facts.year, requisites, gap, named })
}

/// The place after which the next page of unlocked units begins.
#[derive(Debug, Serialize, Deserialize)]
struct Place {
    /// Which list it belongs to.
    f: u32,
    code: String,
    unit: Uuid,
}

fn place(cursor: &str, mark: u32) -> Result<(String, Uuid), ParseError> {
    let place: Place = decode_cursor(cursor)?;
    if place.f != mark {
        return Err(foreign_cursor());
    }
    Ok((unit_code::normalise(&place.code), place.unit))
}

async fn unlocks(
    connection: &mut AsyncPgConnection,
    unit: &Candidate,
    after: Option<&(String, Uuid)>,
    mark: u32,
    limit: PageLimit,
) -> Result<Page<NamedUnit>, CatalogueError> {
    let code = unit_code::normalise(&unit.code);
    let mut entries = store::unlocked(connection, unit.university.id, &code, after, limit).await?;
    let total = store::count_unlocked(connection, unit.university.id, &code).await?;
    let next = cut(&mut entries, limit, |last| {
        encode_cursor(&Place { f: mark, code: unit_code::normalise(&last.code), unit: last.id.as_uuid() })
    });
    Ok(Page { entries, total, next })
}

async fn cycles(connection: &mut AsyncPgConnection, unit: &Candidate) -> Result<Vec<Vec<NamedUnit>>, CatalogueError> {
    let edges = store::edges_from(connection, unit.id).await?;
    let mut cycles = cycles_through(unit.id, &edges);
    cycles.truncate(MOST_CYCLES);
    let members: BTreeSet<UnitId> = cycles.iter().flatten().copied().collect();
    if members.is_empty() {
        return Ok(Vec::new());
    }
    let units: BTreeMap<UnitId, NamedUnit> =
        store::by_ids(connection, &members).await?.into_iter().map(|unit| (unit.id, unit)).collect();
    let named = |cycle: Vec<UnitId>| cycle.iter().map(|id| units.get(id).cloned()).collect::<Option<Vec<_>>>();
    // A unit deleted in between breaks its circle.
    Ok(cycles.into_iter().filter_map(named).collect())
}
