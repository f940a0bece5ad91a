//! One unit with everything known of it: facts, gaps, where each fact came from, and its score.

use crate::{
    CatalogueError,
    scores::{self, UnitScore},
    search::UniversityName,
    store::units as store,
};
use chrono::{DateTime, Utc};
use rmu_domain::{
    ParseError,
    facts::{Standing, UnitRecord},
    ids::{SourceId, UnitId},
    slug::Slug,
    unit_code::UnitCode,
    year::Year,
};
use rmu_postgres::Database;

/// What a unit may be asked for by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UnitKey {
    Id(UnitId),
    Code(UnitCode),
}

impl UnitKey {
    pub fn parse(raw: &str) -> Result<Self, ParseError> {
        if let Ok(id) = raw.parse() {
            return Ok(Self::Id(id));
        }
        UnitCode::parse(raw).map(Self::Code).map_err(|_| ParseError::new("must be a unit's id or code"))
    }
}

/// A unit that an ambiguous code may mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    pub id: UnitId,
    pub code: String,
    pub title: String,
    pub university: UniversityName,
}

/// A unit as its newest version says.
#[derive(Debug, Clone, PartialEq)]
pub struct UnitDetail {
    pub id: UnitId,
    pub university: UniversityName,
    pub record: UnitRecord,
    pub read: Reading,
    pub score: UnitScore,
    /// Codes that it had before.
    pub formerly: Vec<String>,
}

impl UnitDetail {
    pub fn standing(&self) -> Standing {
        let facts = &self.record.facts;
        Standing::of(facts.status.as_deref(), facts.year, self.read.newest_handbook)
    }
}

/// Where and when a version was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// Counts the versions of the unit.
    pub version: u32,
    pub source: SourceId,
    pub source_slug: String,
    /// The version of the source's rules that read the page.
    pub rules_version: u32,
    pub url: String,
    pub fetched_at: DateTime<Utc>,
    /// When the page was last found to say just this.
    pub confirmed_at: DateTime<Utc>,
    /// When the unit was first and last met, in whatever version.
    pub first_seen_at: DateTime<Utc>,
    pub last_seen_at: DateTime<Utc>,
    /// The newest handbook year that is known of the university.
    pub newest_handbook: Option<Year>,
}

/// Which unit a key means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identified {
    One(Candidate),
    Ambiguous(Vec<Candidate>),
}

/// Says which unit is meant by id or code, without reading all of it; `university` decides between several of one code.
pub async fn identify(
    database: &Database,
    key: &UnitKey,
    university: Option<&Slug>,
) -> Result<Identified, CatalogueError> {
    let mut connection = database.connection().await?;
    let mut candidates = match key {
        UnitKey::Id(id) => store::candidate(&mut connection, *id).await?.into_iter().collect(),
        UnitKey::Code(code) => store::candidates(&mut connection, code).await?,
    };
    if let Some(slug) = university {
        candidates.retain(|candidate| candidate.university.slug == slug.as_str());
    }
    if candidates.len() > 1 {
        return Ok(Identified::Ambiguous(candidates));
    }
    candidates.pop().map(Identified::One).ok_or(CatalogueError::NotFound { what: "unit" })
}

/// Everything known of a unit, or of the one that it goes on as.
pub async fn detail(database: &Database, unit: UnitId) -> Result<UnitDetail, CatalogueError> {
    details(database, &[unit]).await?.pop().ok_or(CatalogueError::NotFound { what: "unit" })
}

/// The same of several, in any order; those that do not exist are left out.
pub(crate) async fn details(database: &Database, units: &[UnitId]) -> Result<Vec<UnitDetail>, CatalogueError> {
    let mut connection = database.connection().await?;
    let rows = store::details(&mut connection, units).await?;
    let found: Vec<UnitId> = rows.iter().map(|row| row.unit.id).collect();
    let mut scored = scores::unit_scores(&mut connection, &found, Utc::now()).await?;
    let detail = |row: store::Detail| UnitDetail {
        score: scored.remove(&row.unit.id).unwrap_or_default(),
        id: row.unit.id,
        university: row.unit.university,
        record: row.record,
        read: row.read,
        formerly: row.formerly,
    };
    Ok(rows.into_iter().map(detail).collect())
}
