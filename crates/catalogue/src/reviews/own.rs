//! What an author sees of their own reviews.

use super::OwnReview;
use crate::{
    CatalogueError,
    page::{Page, PageLimit, by_time, cut, fingerprint},
    store::reviews as store,
};
use chrono::{DateTime, Utc};
use rmu_domain::{
    ids::{AccountId, ReviewId},
    review::Ratings,
};
use rmu_postgres::Database;

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

/// An author's reviews, the newest first, whatever became of them.
pub async fn of_author(
    database: &Database,
    author: AccountId,
    cursor: Option<&str>,
    limit: PageLimit,
) -> Result<Page<OwnReview>, CatalogueError> {
    let mark = fingerprint(&["own reviews", &author.to_string()]);
    let after = by_time::place(cursor, mark)?;
    let mut connection = database.connection().await?;
    let total = store::count_own(&mut connection, author).await?;
    let mut entries = store::page_of_own(&mut connection, author, after, limit).await?;
    let next = cut(&mut entries, limit, |last| by_time::cursor(mark, last.created_at, last.review.id.as_uuid()));
    Ok(Page { entries, total, next })
}
