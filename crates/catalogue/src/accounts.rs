//! What the catalogue knows of accounts: that some may only read, that some are gone, and what to do about it.
//!
//! Accounts belong to the auth service, which tells of their changes. Each may come more than once and after a
//! later one, and is applied with everything it causes in one transaction.

use crate::{
    CatalogueError,
    reviews::{AuthorsReviews, author_deleted, author_renamed},
    store::{accounts as store, digests, fanouts, idempotency, kept_units, moderation, notifications, review_requests},
};
use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use rmu_domain::{
    account::{Nickname, ReviewsLeft, Role},
    ids::AccountId,
};
use rmu_postgres::{AsyncPgConnection, Database};

/// A request that was let in before the account went may still be writing. After this time no token of the
/// account is believed, and what was written meanwhile is cleared.
const CLEAR_AGAIN_AFTER: TimeDelta = TimeDelta::minutes(15);

/// A change that the auth service tells of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccountChange {
    Renamed(Nickname),
    /// Until a moment, or until further notice.
    Banned(Option<DateTime<Utc>>),
    Unbanned,
    RoleChanged(Role),
    Deleted(ReviewsLeft),
}

/// What an account may do, whatever its token says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Standing {
    pub is_deleted: bool,
    pub ban: Option<Ban>,
    /// Its role, if that changed.
    pub role: Option<Role>,
    /// Its nickname, if that changed.
    pub nickname: Option<Nickname>,
}

/// An account that may only read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ban {
    /// `None` is until further notice.
    pub until: Option<DateTime<Utc>>,
}

/// How an account stands now.
pub async fn standing(database: &Database, account: AccountId) -> Result<Standing, CatalogueError> {
    let found = store::find(&mut *database.connection().await?, account).await?;
    Ok(found.map(|row| row.standing(Utc::now())).unwrap_or_default())
}

/// Applies a change that happened at `at`. Repeating it changes nothing, nor does one that a later change of its
/// kind has overtaken.
pub async fn apply(
    database: &Database,
    account: AccountId,
    change: &AccountChange,
    at: DateTime<Utc>,
) -> Result<(), CatalogueError> {
    // As the database keeps it, so that a repeated change is not later than itself.
    let at = at.trunc_subsecs(6);
    database
        .transaction(async |connection| {
            // Changes of one account are applied one after the other.
            let known = store::lock(connection, account).await?;
            match change {
                AccountChange::Renamed(nickname) if known.renamed_before(at) && !known.is_deleted() => {
                    store::set_renamed(connection, account, nickname, at).await?;
                    author_renamed(connection, account, nickname).await?;
                }
                AccountChange::Banned(until) if known.ban_changed_before(at) => {
                    store::set_ban(connection, account, true, *until, at).await?;
                    moderation::forget_staff(connection, account).await?;
                }
                AccountChange::Unbanned if known.ban_changed_before(at) => {
                    store::set_ban(connection, account, false, None, at).await?;
                }
                AccountChange::RoleChanged(role) if known.role_changed_before(at) => {
                    store::set_role(connection, account, *role, at).await?;
                    // Who still is one comes again.
                    moderation::forget_staff(connection, account).await?;
                }
                AccountChange::Deleted(reviews) if !known.is_deleted() => {
                    store::set_deleted(connection, account, *reviews, at, Utc::now() + CLEAR_AGAIN_AFTER).await?;
                    clear(connection, account, *reviews).await?;
                }
                _ => {}
            }
            Ok(())
        })
        .await
}

/// Clears once more what a deleted account has left, when its last token is no longer believed; false when there
/// is none to clear. Several may do this at once.
pub async fn clear_next_again(database: &Database, now: DateTime<Utc>) -> Result<bool, CatalogueError> {
    database
        .transaction(async |connection| {
            let Some((account, reviews)) = store::lock_next_to_clear(connection, now).await? else {
                return Ok(false);
            };
            clear(connection, account, reviews).await?;
            store::set_cleared(connection, account).await?;
            Ok(true)
        })
        .await
}

/// Takes the account out of everything that is here.
async fn clear(
    connection: &mut AsyncPgConnection,
    account: AccountId,
    reviews: ReviewsLeft,
) -> Result<(), CatalogueError> {
    // Locks units, and so comes first: whoever writes a review locks the unit before anything else.
    review_requests::delete_of_account(connection, account).await?;
    let reviews = match reviews {
        ReviewsLeft::Anonymise => AuthorsReviews::Keep,
        ReviewsLeft::Remove => AuthorsReviews::Remove,
    };
    author_deleted(connection, account, reviews).await?;
    moderation::forget_staff(connection, account).await?;
    kept_units::delete_of_account(connection, account).await?;
    notifications::delete_of_account(connection, account).await?;
    digests::delete_of_account(connection, account).await?;
    fanouts::forget_cause(connection, account).await?;
    Ok(idempotency::delete_of_account(connection, account).await?)
}
