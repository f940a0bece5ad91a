//! One unit with everything known of it: facts, gaps, where each fact came from, and its score.

use crate::{
    CatalogueError,
    scores::{self, UnitScore},
    search::UniversityName,
    store::{aliases, units as store},
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
use rmu_postgres::{AsyncPgConnection, Database};

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

/// The answer to a key: a code may stand for a unit at more than one university.
#[derive(Debug, Clone, PartialEq)]
pub enum UnitLookup {
    Found(Box<UnitDetail>),
    Ambiguous(Vec<Candidate>),
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

/// Says which unit is meant, without reading all of it.
pub async fn identify(
    database: &Database,
    key: &UnitKey,
    university: Option<&Slug>,
) -> Result<Identified, CatalogueError> {
    identify_in(&mut *database.connection().await?, key, university).await
}

async fn identify_in(
    connection: &mut AsyncPgConnection,
    key: &UnitKey,
    university: Option<&Slug>,
) -> Result<Identified, CatalogueError> {
    let mut candidates = match key {
        UnitKey::Id(id) => store::candidate(connection, *id).await?.into_iter().collect(),
        UnitKey::Code(code) => store::candidates(connection, code).await?,
    };
    if let Some(slug) = university {
        candidates.retain(|candidate| candidate.university.slug == slug.as_str());
    }
    if candidates.len() > 1 {
        return Ok(Identified::Ambiguous(candidates));
    }
    candidates.pop().map(Identified::One).ok_or(CatalogueError::NotFound { what: "unit" })
}

/// Finds a unit by id or code; `university` decides between several of one code.
pub async fn find(database: &Database, key: &UnitKey, university: Option<&Slug>) -> Result<UnitLookup, CatalogueError> {
    let mut connection = database.connection().await?;
    let candidate = match identify_in(&mut connection, key, university).await? {
        Identified::One(candidate) => candidate,
        Identified::Ambiguous(candidates) => return Ok(UnitLookup::Ambiguous(candidates)),
    };
    let not_found = || CatalogueError::NotFound { what: "unit" };
    let (record, read) = store::newest(&mut connection, candidate.id).await?.ok_or_else(not_found)?;
    let formerly = aliases::aliases(&mut connection, candidate.id).await?;
    let mut scored = scores::unit_scores(&mut connection, &[candidate.id], Utc::now()).await?;
    Ok(UnitLookup::Found(Box::new(UnitDetail {
        id: candidate.id,
        university: candidate.university,
        record,
        read,
        score: scored.remove(&candidate.id).unwrap_or_default(),
        formerly: formerly.into_iter().map(|alias| alias.code).collect(),
    })))
}
