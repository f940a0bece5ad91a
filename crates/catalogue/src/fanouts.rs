//! News on their way to the many whom they concern.
//!
//! Whoever makes news writes down that they are to be told, in the transaction that makes them, and does not wait
//! for it. A background task tells a chunk of accounts at a time; what it has told and how far it came are
//! committed together, so that a crash neither loses nor repeats anything.

use crate::{
    CatalogueError,
    notifications::tell_all,
    store::{fanouts as store, review_requests},
};
use chrono::{DateTime, Utc};
use rmu_domain::{
    facts::{UnitFacts, difference::Difference},
    ids::{AccountId, ReviewId, UnitId, VersionId},
    notification::{News, Notification},
};
use rmu_postgres::{AsyncPgConnection, Database, DatabaseError};
use uuid::Uuid;

/// So many are told in one transaction.
const CHUNK: usize = 200;

/// To whom news go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Audience {
    /// Whoever follows the unit.
    Followers,
    /// Whoever asked for a review of the unit. Having been told they are forgotten.
    Requesters,
}

impl Audience {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Followers => "followers",
            Self::Requesters => "requesters",
        }
    }
}

/// News with those who are still to be told of them.
#[derive(Debug, Clone)]
pub(crate) struct Fanout {
    pub(crate) id: Uuid,
    pub(crate) audience: Audience,
    pub(crate) notification: Notification,
    pub(crate) caused_by: Option<AccountId>,
    pub(crate) told_up_to: Option<AccountId>,
    pub(crate) created_at: DateTime<Utc>,
}

/// A review can be read: whoever asked for one is to be told. Called in the transaction that shows it, while the unit
/// is locked.
pub(crate) async fn request_fulfilled(
    connection: &mut AsyncPgConnection,
    unit: UnitId,
    review: ReviewId,
    author: Option<AccountId>,
) -> Result<(), DatabaseError> {
    if review_requests::fulfil(connection, unit).await? {
        let news = News::RequestedReview { review };
        store::insert(connection, unit, Audience::Requesters, &news, author).await?;
    }
    Ok(())
}

/// The same for a review that is new, of which whoever follows the unit is to be told as well.
pub(crate) async fn review_written(
    connection: &mut AsyncPgConnection,
    unit: UnitId,
    review: ReviewId,
    author: AccountId,
) -> Result<(), DatabaseError> {
    request_fulfilled(connection, unit, review, Some(author)).await?;
    if store::is_followed(connection, unit).await? {
        let news = News::NewReview { review };
        store::insert(connection, unit, Audience::Followers, &news, Some(author)).await?;
    }
    Ok(())
}

/// The unit is about to show `version`, which says `facts`: followers are to be told what is different from what
/// it shows now. Nothing is told of a unit's first version, nor when only gaps changed.
pub(crate) async fn handbook_changed(
    connection: &mut AsyncPgConnection,
    unit: UnitId,
    version: VersionId,
    facts: &UnitFacts,
) -> Result<(), CatalogueError> {
    // Most units are followed by nobody, and a scrape changes many: nothing is read or compared for those.
    if !store::is_followed(connection, unit).await? {
        return Ok(());
    }
    let Some(shown) = store::shown_facts(connection, unit).await? else { return Ok(()) };
    let changed = Difference::between(&shown, facts).facts();
    if changed.is_empty() {
        return Ok(());
    }
    let news = News::HandbookChange { version, year: facts.year, facts: changed };
    Ok(store::insert(connection, unit, Audience::Followers, &news, None).await?)
}

/// Tells the next chunk of accounts; false when nobody is to be told. Several may do this at once.
pub async fn tell_next(database: &Database) -> Result<bool, CatalogueError> {
    database
        .transaction(async |connection| {
            let Some(fanout) = store::lock_oldest(connection).await? else { return Ok(false) };
            tell_chunk(connection, &fanout).await?;
            Ok(true)
        })
        .await
}

async fn tell_chunk(connection: &mut AsyncPgConnection, fanout: &Fanout) -> Result<(), CatalogueError> {
    let count = i64::try_from(CHUNK).unwrap_or(i64::MAX);
    let unit = fanout.notification.unit;
    if let News::NewReview { review } = fanout.notification.news
        && !store::is_visible(connection, review).await?
    {
        // It was deleted or taken out of sight meanwhile: there is nothing to read.
        return Ok(store::delete(connection, fanout.id).await?);
    }
    let mut accounts = match fanout.audience {
        Audience::Followers => store::followers(connection, fanout, count).await?,
        Audience::Requesters => review_requests::take(connection, unit, fanout.created_at, count).await?,
    };
    let last = accounts.last().copied().filter(|_| accounts.len() == CHUNK);
    accounts.retain(|account| Some(*account) != fanout.caused_by);
    tell_all(connection, &accounts, &fanout.notification).await?;
    match last {
        Some(last) => store::advance(connection, fanout.id, last).await?,
        None => store::delete(connection, fanout.id).await?,
    }
    Ok(())
}
