//! Students ask for a review of a unit that has none; what most ask for stands first.

use crate::{
    CatalogueError, ConflictKind,
    page::{Page, PageLimit, cut, decode_cursor, encode_cursor, fingerprint, foreign_cursor},
    store::{review_requests as store, reviews},
    units::Candidate,
    universities::university_named,
};
use rmu_domain::{
    ParseError,
    ids::{AccountId, UnitId},
    slug::Slug,
};
use rmu_postgres::Database;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A unit that people want to read a review of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedUnit {
    pub unit: Candidate,
    /// How many asked.
    pub requests: u32,
}

/// What a request came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReviewRequest {
    pub unit: UnitId,
    /// How many asked, this one included.
    pub requests: u32,
    /// Whether the student had not asked before.
    pub is_new: bool,
}

/// Asks for a review; the same student counts once, however often they ask.
pub async fn request_review(
    database: &Database,
    unit: UnitId,
    account: AccountId,
) -> Result<ReviewRequest, CatalogueError> {
    database
        .transaction(async |connection| {
            // Whoever writes a review holds the same lock: a request never stays behind beside it.
            let university =
                store::lock_unit(connection, unit).await?.ok_or(CatalogueError::NotFound { what: "unit" })?;
            if reviews::count(connection, unit).await?.unwrap_or(0) > 0 {
                return Err(CatalogueError::conflict(ConflictKind::WrongState, "the unit has a review already"));
            }
            let is_new = store::insert(connection, unit, account).await?;
            if is_new {
                store::count_up(connection, unit, university).await?;
            }
            Ok(ReviewRequest { unit, requests: store::count(connection, unit).await?, is_new })
        })
        .await
}

/// The place after which the next page begins.
#[derive(Debug, Serialize, Deserialize)]
struct Place {
    /// Which list it belongs to.
    f: u32,
    requests: i32,
    unit: Uuid,
}

/// The units that most asked for first. `cursor` is [`Page::next`] of the page before.
pub async fn wanted(
    database: &Database,
    university: Option<&Slug>,
    cursor: Option<&str>,
    limit: PageLimit,
) -> Result<Page<WantedUnit>, CatalogueError> {
    let mark = fingerprint(&["wanted", university.map_or("", Slug::as_str)]);
    let after = cursor
        .map(|cursor| place(cursor, mark))
        .transpose()
        .map_err(|error| CatalogueError::invalid("cursor", &error))?;
    let mut connection = database.connection().await?;
    let university = university_named(&mut connection, university).await?;
    let mut entries = store::page(&mut connection, university, after, limit).await?;
    let total = store::count_wanted(&mut connection, university).await?;
    let next = cut(&mut entries, limit, |last| {
        let requests = i32::try_from(last.requests).unwrap_or(i32::MAX);
        encode_cursor(&Place { f: mark, requests, unit: last.unit.id.as_uuid() })
    });
    Ok(Page { entries, total, next })
}

fn place(cursor: &str, mark: u32) -> Result<(i32, Uuid), ParseError> {
    let place: Place = decode_cursor(cursor)?;
    if place.f != mark {
        return Err(foreign_cursor());
    }
    Ok((place.requests, place.unit))
}
