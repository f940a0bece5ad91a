//! Units that an account follows or has bookmarked.

use crate::{
    CatalogueError, ConflictKind,
    page::{Page, PageLimit, by_time, cut, fingerprint},
    store::kept_units as store,
    units::Candidate,
};
use chrono::{DateTime, Utc};
use rmu_domain::ids::{AccountId, UnitId};
use rmu_postgres::{Database, DatabaseError};

/// So many units an account may keep in each way. More than a degree has by far.
pub const MOST_KEPT: u32 = 300;

/// In which way a unit is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeptAs {
    /// Its news are told.
    Followed,
    /// It is found again.
    Bookmarked,
}

impl KeptAs {
    fn as_str(self) -> &'static str {
        match self {
            Self::Followed => "follows",
            Self::Bookmarked => "bookmarks",
        }
    }
}

/// A unit and since when it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptUnit {
    pub unit: Candidate,
    pub since: DateTime<Utc>,
}

/// Keeps a unit. Keeping it again changes nothing.
pub async fn keep(database: &Database, kept: KeptAs, account: AccountId, unit: UnitId) -> Result<(), CatalogueError> {
    database
        .transaction(async |connection| {
            // The account's requests come one after the other from here on, so that the count is exact.
            store::lock_account(connection, account).await?;
            if store::contains(connection, kept, account, unit).await? {
                return Ok(());
            }
            if store::count(connection, kept, account).await?.count >= MOST_KEPT {
                let detail = format!("you keep {MOST_KEPT} units already: let one go first");
                return Err(CatalogueError::conflict(ConflictKind::WrongState, detail));
            }
            match store::insert(connection, kept, account, unit).await {
                Err(DatabaseError::ForeignKey { .. }) => Err(CatalogueError::NotFound { what: "unit" }),
                other => Ok(other?),
            }
        })
        .await
}

/// Lets a unit go. Letting go what is not kept changes nothing.
pub async fn let_go(database: &Database, kept: KeptAs, account: AccountId, unit: UnitId) -> Result<(), CatalogueError> {
    Ok(store::delete(&mut *database.connection().await?, kept, account, unit).await?)
}

/// What the account keeps, the newest first.
pub async fn of_account(
    database: &Database,
    kept: KeptAs,
    account: AccountId,
    cursor: Option<&str>,
    limit: PageLimit,
) -> Result<Page<KeptUnit>, CatalogueError> {
    let mark = fingerprint(&["kept units", kept.as_str(), &account.to_string()]);
    let after = by_time::place(cursor, mark)?.map(|(since, unit)| (since, UnitId::from(unit)));
    let mut connection = database.connection().await?;
    let mut entries = store::page(&mut connection, kept, account, after, limit).await?;
    let total = store::count(&mut connection, kept, account).await?;
    let next = cut(&mut entries, limit, |last| by_time::cursor(mark, last.since, last.unit.id.as_uuid()));
    Ok(Page { entries, total, next })
}
