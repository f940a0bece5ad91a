//! What the handbooks said of a unit, year by year, and what changed between two of them.

use crate::{
    CatalogueError,
    page::{Page, PageLimit, cut, decode_cursor, encode_cursor, fingerprint, foreign_cursor},
    store::history as store,
};
use chrono::{DateTime, Utc};
use rmu_domain::{
    ParseError,
    facts::{Standing, difference::Difference},
    ids::{UnitId, VersionId},
    year::Year,
};
use rmu_postgres::Database;
use serde::{Deserialize, Serialize};

/// One version of a unit, without its facts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionNote {
    pub id: VersionId,
    /// Counts the versions of the unit.
    pub number: u32,
    /// The handbook's year.
    pub year: Option<u16>,
    pub code: String,
    pub title: String,
    pub source_slug: String,
    pub rules_version: u32,
    pub url: String,
    pub fetched_at: DateTime<Utc>,
    /// When the page was last found to say just this.
    pub confirmed_at: DateTime<Utc>,
    /// Whether it is what the unit shows.
    pub is_shown: bool,
}

/// What a version may be asked for by: the last of a handbook year, or itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VersionKey {
    Year(Year),
    Id(VersionId),
}

impl VersionKey {
    pub fn parse(raw: &str) -> Result<Self, ParseError> {
        if let Ok(id) = raw.parse() {
            return Ok(Self::Id(id));
        }
        Year::parse(raw).map(Self::Year).map_err(|_| ParseError::new("must be a handbook's year or a version's id"))
    }
}

/// Two versions and what changed from one to the other.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    pub from: VersionNote,
    pub to: VersionNote,
    pub difference: Difference,
}

/// The versions of a unit and how it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct History {
    pub standing: Standing,
    /// The newest handbook year that is known of its university.
    pub newest_year: Option<u16>,
    pub page: Page<VersionNote>,
}

/// The place after which the next page of versions begins.
#[derive(Debug, Serialize, Deserialize)]
struct Place {
    /// Which list it belongs to.
    f: u32,
    year: i16,
    number: i32,
}

/// The versions of a unit, the newest handbook first. `cursor` is [`Page::next`] of the page before.
pub async fn of_unit(
    database: &Database,
    unit: UnitId,
    cursor: Option<&str>,
    limit: PageLimit,
) -> Result<History, CatalogueError> {
    let mark = fingerprint(&["history", &unit.to_string()]);
    let after = cursor
        .map(|cursor| place(cursor, mark))
        .transpose()
        .map_err(|error| CatalogueError::invalid("cursor", &error))?;
    let mut connection = database.connection().await?;
    let (standing, newest_year) =
        store::standing(&mut connection, unit).await?.ok_or(CatalogueError::NotFound { what: "unit" })?;
    let mut entries = store::page(&mut connection, unit, after, limit).await?;
    let total = store::count(&mut connection, unit).await?;
    let next = cut(&mut entries, limit, |last| {
        let year = last.year.and_then(|year| i16::try_from(year).ok()).unwrap_or(0);
        encode_cursor(&Place { f: mark, year, number: i32::try_from(last.number).unwrap_or(i32::MAX) })
    });
    Ok(History { standing, newest_year: newest_year.map(Year::get), page: Page { entries, total, next } })
}

fn place(cursor: &str, mark: u32) -> Result<(i16, i32), ParseError> {
    let place: Place = decode_cursor(cursor)?;
    if place.f != mark {
        return Err(foreign_cursor());
    }
    Ok((place.year, place.number))
}

/// What changed between two versions of a unit.
pub async fn compare(
    database: &Database,
    unit: UnitId,
    from: VersionKey,
    to: VersionKey,
) -> Result<Comparison, CatalogueError> {
    let mut connection = database.connection().await?;
    let not_found = |which: &'static str| CatalogueError::NotFound { what: which };
    let (from, before) =
        store::version(&mut connection, unit, from).await?.ok_or_else(|| not_found("version for `from`"))?;
    let (to, after) = store::version(&mut connection, unit, to).await?.ok_or_else(|| not_found("version for `to`"))?;
    Ok(Comparison { from, to, difference: Difference::between(&before, &after) })
}
