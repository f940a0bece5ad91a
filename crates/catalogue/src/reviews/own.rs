//! What an author sees of their own reviews.

use super::OwnReview;
use crate::{
    CatalogueError,
    page::{Page, PageLimit, decode_cursor, encode_cursor, fingerprint, foreign_cursor},
    store::reviews as store,
};
use chrono::{DateTime, Datelike, Utc};
use rmu_domain::{
    ParseError,
    ids::{AccountId, ReviewId},
    review::Ratings,
};
use rmu_postgres::Database;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What a review said before it was edited.
#[derive(Debug, Clone, PartialEq)]
pub struct Revision {
    pub revision: u32,
    pub ratings: Ratings,
    pub would_recommend: bool,
    pub session: String,
    pub year: u16,
    pub text: Option<String>,
    pub written_at: DateTime<Utc>,
}

/// Whoever asks for another's review is told what everybody is told of one that does not exist.
pub async fn own(database: &Database, review: ReviewId, author: AccountId) -> Result<OwnReview, CatalogueError> {
    let mut connection = database.connection().await?;
    let found = store::find_own(&mut connection, review, author).await?;
    found.ok_or(CatalogueError::NotFound { what: "review" })
}

/// What an author's review said before, the latest first.
pub async fn revisions(
    database: &Database,
    review: ReviewId,
    author: AccountId,
) -> Result<Vec<Revision>, CatalogueError> {
    let mut connection = database.connection().await?;
    store::find_own(&mut connection, review, author).await?.ok_or(CatalogueError::NotFound { what: "review" })?;
    Ok(store::revisions(&mut connection, review).await?)
}

/// The place after which the next page begins. Only the author gets one, so it may know the moment.
#[derive(Debug, Serialize, Deserialize)]
struct Place {
    /// Which list it belongs to.
    f: u32,
    /// Microseconds, as the database keeps them.
    at: i64,
    id: Uuid,
}

/// An author's reviews, the newest first, whatever became of them.
pub async fn of_author(
    database: &Database,
    author: AccountId,
    cursor: Option<&str>,
    limit: PageLimit,
) -> Result<Page<OwnReview>, CatalogueError> {
    let mark = fingerprint(&["own reviews", &author.to_string()]);
    let after = cursor
        .map(|cursor| place(cursor, mark))
        .transpose()
        .map_err(|error| CatalogueError::invalid("cursor", &error))?;
    let mut connection = database.connection().await?;
    let total = store::count_own(&mut connection, author).await?;
    let mut entries = store::page_of_own(&mut connection, author, after, limit).await?;
    let next = (entries.len() > limit.get()).then(|| {
        entries.truncate(limit.get());
        entries.last().map(|last| {
            encode_cursor(&Place { f: mark, at: last.created_at.timestamp_micros(), id: last.review.id.as_uuid() })
        })
    });
    Ok(Page { entries, total, next: next.flatten() })
}

fn place(cursor: &str, mark: u32) -> Result<(DateTime<Utc>, Uuid), ParseError> {
    let place: Place = decode_cursor(cursor)?;
    if place.f != mark {
        return Err(foreign_cursor());
    }
    // Far dates would be refused by the database instead of by us.
    let time = DateTime::from_timestamp_micros(place.at).filter(|time| (2000..=2200).contains(&time.year()));
    let time = time.ok_or_else(|| ParseError::new("must be a cursor as given by the page before"))?;
    Ok((time, place.id))
}
