//! What accounts are told, newest first, until they have read it or newer news push it out.

use crate::{
    CatalogueError,
    page::{Page, PageLimit, cut, decode_cursor, encode_cursor, fingerprint, foreign_cursor},
    store::notifications as store,
    units::Candidate,
};
use chrono::NaiveDate;
use rmu_domain::{
    ParseError,
    ids::{AccountId, NotificationId},
    notification::{News, Notification},
};
use rmu_postgres::{AsyncPgConnection, Database};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// So many are kept for an account, read or not; the oldest go first.
pub const MOST_KEPT: u16 = 500;

/// News that somebody was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    pub id: NotificationId,
    pub unit: Candidate,
    pub news: News,
    /// The day, and no more of it: the moment would be that at which somebody wrote a review.
    pub on: NaiveDate,
    pub is_read: bool,
}

/// A page of what an account was told, and how much of all it has not read.
#[derive(Debug, Clone, PartialEq)]
pub struct Inbox {
    pub page: Page<Told>,
    pub unread: u32,
}

/// Tells one account, in the transaction in which it happened. What is told once by its nature
/// ([`News::occasion`]) is not told again.
pub async fn tell(
    connection: &mut AsyncPgConnection,
    account: AccountId,
    notification: &Notification,
) -> Result<(), CatalogueError> {
    tell_all(connection, &[account], notification).await
}

/// Tells several accounts the same. The caller sees to it that they are not too many for one transaction.
pub(crate) async fn tell_all(
    connection: &mut AsyncPgConnection,
    accounts: &[AccountId],
    notification: &Notification,
) -> Result<(), CatalogueError> {
    // In one order everywhere: two who tell the same accounts must not wait for one another.
    let mut accounts: Vec<Uuid> = accounts.iter().map(|account| account.as_uuid()).collect();
    accounts.sort_unstable();
    accounts.dedup();
    store::insert(connection, &accounts, notification).await?;
    store::forget_oldest(connection, &accounts, MOST_KEPT).await?;
    Ok(())
}

/// The place after which the next page begins.
#[derive(Debug, Serialize, Deserialize)]
struct Place {
    /// Which list it belongs to.
    f: u32,
    position: i64,
}

/// What the account was told, newest first; only what it has not read if `unread_only`.
pub async fn inbox(
    database: &Database,
    account: AccountId,
    unread_only: bool,
    cursor: Option<&str>,
    limit: PageLimit,
) -> Result<Inbox, CatalogueError> {
    let mark = fingerprint(&["notifications", &account.to_string(), if unread_only { "unread" } else { "all" }]);
    let after = cursor
        .map(|cursor| place(cursor, mark))
        .transpose()
        .map_err(|error| CatalogueError::invalid("cursor", &error))?;
    let mut connection = database.connection().await?;
    let mut rows = store::page(&mut connection, account, unread_only, after, limit).await?;
    let unread = store::count(&mut connection, account, true).await?;
    let total = if unread_only { unread } else { store::count(&mut connection, account, false).await? };
    let next = cut(&mut rows, limit, |last| encode_cursor(&Place { f: mark, position: last.position() }));
    // What a newer version of this service has written is left out rather than the whole page.
    let entries = rows.into_iter().filter_map(store::ToldRow::into_told).collect();
    Ok(Inbox { page: Page { entries, total, next }, unread: unread.count })
}

fn place(cursor: &str, mark: u32) -> Result<i64, ParseError> {
    let place: Place = decode_cursor(cursor)?;
    if place.f != mark {
        return Err(foreign_cursor());
    }
    Ok(place.position)
}

/// Marks one as read. Doing so again changes nothing.
pub async fn mark_read(database: &Database, account: AccountId, id: NotificationId) -> Result<(), CatalogueError> {
    let there = store::mark_read(&mut *database.connection().await?, account, id).await?;
    if there { Ok(()) } else { Err(CatalogueError::NotFound { what: "notification" }) }
}

/// Marks all as read up to `newest`, or whatever there is, and says how many were not before. With `newest`
/// nothing is marked that came after the reader looked.
pub async fn mark_all_read(
    database: &Database,
    account: AccountId,
    newest: Option<NotificationId>,
) -> Result<u32, CatalogueError> {
    Ok(store::mark_all_read(&mut *database.connection().await?, account, newest).await?)
}

pub async fn delete(database: &Database, account: AccountId, id: NotificationId) -> Result<(), CatalogueError> {
    let there = store::delete(&mut *database.connection().await?, account, id).await?;
    if there { Ok(()) } else { Err(CatalogueError::NotFound { what: "notification" }) }
}
