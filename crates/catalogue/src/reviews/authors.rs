//! What the fate of an account means for what it wrote. To be called in the transaction that learns of it; doing it
//! again changes nothing.
//!
//! All reviews that are touched are locked at once, in the order in which everybody locks reviews.

use super::states::{NewState, move_all};
use crate::{
    CatalogueError, review_votes,
    store::{
        reviews::{self as store, LockedReview},
        scores::Changes,
    },
};
use rmu_domain::{
    account::Nickname,
    ids::{AccountId, ReviewId},
    review::{ReviewState, StateCause},
};
use rmu_postgres::AsyncPgConnection;

/// What is to become of an author's reviews.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthorsReviews {
    Keep,
    Remove,
}

/// The account may only read from now on. What it wrote stays, unless it is to go: then its reviews are out of sight
/// until the ban ends, and its votes are gone.
pub async fn author_banned(
    connection: &mut AsyncPgConnection,
    author: AccountId,
    reviews: AuthorsReviews,
) -> Result<(), CatalogueError> {
    if reviews == AuthorsReviews::Keep {
        return Ok(());
    }
    let locked = lock_all(connection, author).await?;
    review_votes::withdraw_all(connection, author, &locked).await?;
    let mut visible = own_of(locked, author);
    visible.retain(|review| review.own.state == ReviewState::Visible);
    move_all(connection, &visible, NewState::Removed { cause: StateCause::Ban, reason: None }).await
}

/// The ban is over: what went out of sight with it, and for no other reason, comes back.
pub async fn author_unbanned(connection: &mut AsyncPgConnection, author: AccountId) -> Result<(), CatalogueError> {
    let mut banned = own_of(lock_all(connection, author).await?, author);
    banned.retain(|review| review.own.cause == Some(StateCause::Ban));
    move_all(connection, &banned, NewState::Visible).await
}

/// The account is gone, with its votes. Its reviews stay and are nobody's, or go; nothing that is kept leads back to
/// the account.
pub async fn author_deleted(
    connection: &mut AsyncPgConnection,
    author: AccountId,
    reviews: AuthorsReviews,
) -> Result<(), CatalogueError> {
    let locked = lock_all(connection, author).await?;
    review_votes::withdraw_all(connection, author, &locked).await?;
    let own = own_of(locked, author);
    let ids: Vec<ReviewId> = own.iter().map(LockedReview::id).collect();
    let mut changes = Changes::default();
    match reviews {
        AuthorsReviews::Keep => store::make_nobodys(connection, &ids).await?,
        AuthorsReviews::Remove => {
            store::delete_all(connection, &ids).await?;
            for contribution in own.iter().filter_map(LockedReview::contribution) {
                changes.remove(&contribution);
            }
        }
    }
    store::forget_author(connection, author).await?;
    Ok(changes.apply(connection).await?)
}

/// Reviews that are shown by the author's nickname are shown by the new one.
pub async fn author_renamed(
    connection: &mut AsyncPgConnection,
    author: AccountId,
    nickname: &Nickname,
) -> Result<(), CatalogueError> {
    lock_all(connection, author).await?;
    Ok(store::rename_author(connection, author, nickname).await?)
}

/// Locks all reviews that an account wrote or voted on.
async fn lock_all(connection: &mut AsyncPgConnection, account: AccountId) -> Result<Vec<LockedReview>, CatalogueError> {
    let touched = store::touched_by(connection, account).await?;
    Ok(store::lock(connection, &touched).await?)
}

fn own_of(mut reviews: Vec<LockedReview>, author: AccountId) -> Vec<LockedReview> {
    reviews.retain(|review| review.author == Some(author));
    reviews
}
