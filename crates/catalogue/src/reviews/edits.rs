//! Authors change their reviews and take them back.

use super::{Author, OwnReview, check, states::locked};
use crate::{
    CatalogueError, ConflictKind, moderation,
    review_screening::screen,
    store::{
        reviews::{self as store, LockedReview},
        scores::Changes,
    },
};
use rmu_domain::{
    ids::{AccountId, ReviewId},
    review::{ReviewDraft, ReviewState},
};
use rmu_postgres::Database;

/// All revisions are kept, so there is an end to them.
pub const MOST_REVISIONS: u32 = 100;

/// Has a review say something else. What it said before is kept; saying the same again changes nothing.
///
/// With `expected`, only while the review is at that revision. A hidden review stays so: bringing it back is for
/// moderators. A removed one is not edited.
pub async fn edit(
    database: &Database,
    review: ReviewId,
    author: &Author,
    draft: &ReviewDraft,
    expected: Option<u32>,
) -> Result<OwnReview, CatalogueError> {
    database
        .transaction(async |connection| {
            let before = locked(connection, review).await?;
            must_be_own(&before, author.account)?;
            // It comes back by an appeal alone, and whoever judges that has to know what it says.
            if before.own.state == ReviewState::Removed {
                let detail = "a moderator removed the review: appeal, or delete it";
                return Err(CatalogueError::conflict(ConflictKind::WrongState, detail));
            }
            if expected.is_some_and(|expected| expected != before.own.revision) {
                let now = before.own.revision;
                let detail = format!("the review has been edited meanwhile and is at revision {now}");
                return Err(CatalogueError::conflict(ConflictKind::RevisionChanged, detail));
            }
            let checked = check(connection, before.own.review.unit, before.university, author, draft).await?;
            let content = checked.content(author, draft);
            if content.is_said_by(&before.own.review) {
                return Ok(before.own);
            }
            if before.own.revision >= MOST_REVISIONS {
                let detail = format!("a review is edited {MOST_REVISIONS} times at most");
                return Err(CatalogueError::conflict(ConflictKind::WrongState, detail));
            }
            store::rewrite(connection, review, &content).await?;
            let after = locked(connection, review).await?;
            moderation::resubmitted(connection, review).await?;
            if after.own.review.text != before.own.review.text {
                screen(connection, &after.own.review, false).await?;
            }
            let mut changes = Changes::default();
            if let Some(contribution) = before.contribution() {
                changes.remove(&contribution);
            }
            if let Some(contribution) = after.contribution() {
                changes.add(&contribution);
            }
            changes.apply(connection).await?;
            Ok(after.own)
        })
        .await
}

/// Takes a review back, with its votes, reports and revisions; its author may write anew.
///
/// Who takes back what was out of sight, or in question, does not get around the moderators by that: what they write next of that
/// unit waits for one.
pub async fn delete(database: &Database, review: ReviewId, author: AccountId) -> Result<(), CatalogueError> {
    database
        .transaction(async |connection| {
            let before = locked(connection, review).await?;
            must_be_own(&before, author)?;
            if before.own.state != ReviewState::Visible || store::is_in_question(connection, review).await? {
                store::keep_withdrawn(connection, before.own.review.unit, author).await?;
            }
            store::delete(connection, review).await?;
            let mut changes = Changes::default();
            if let Some(contribution) = before.contribution() {
                changes.remove(&contribution);
            }
            Ok(changes.apply(connection).await?)
        })
        .await
}

/// Others may know of a visible review that it exists, and of no other.
fn must_be_own(review: &LockedReview, author: AccountId) -> Result<(), CatalogueError> {
    match (review.author == Some(author), review.own.state) {
        (true, _) => Ok(()),
        (false, ReviewState::Visible) => Err(CatalogueError::Forbidden { detail: "The review is not yours." }),
        (false, _) => Err(CatalogueError::NotFound { what: "review" }),
    }
}
