//! Take-downs: a person named in a review asks for it to be taken out of sight.
//!
//! Nobody needs an account for it. Whoever asks gets a token that names the request from then on; of it only a hash
//! is kept. How they can be reached is shown to moderators alone, and forgotten some time after the end.

mod handling;

pub use handling::{
    Answer, TakedownFilter, TakedownSummary, decide, open_for, take, takedown, takedown_for, takedowns,
};
pub use rmu_domain::moderation::{Contact, Effect, Grounds, PersonName, TakedownState};

use crate::{CatalogueError, ConflictKind, reviews, store::takedowns as store};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use rmu_domain::{
    ids::{ReviewId, TakedownId},
    moderation::TakedownRefusal,
};
use rmu_postgres::{AsyncPgConnection, Database};
use sha2::{Digest, Sha256};
use std::fmt::{self, Write};

/// Name and contact are forgotten so long after a request was closed. Published with the API.
pub const CONTACT_KEPT: TimeDelta = TimeDelta::days(90);

/// More requests about one review are not taken while so many are open.
const MOST_OPEN: i64 = 20;
/// So many contacts are forgotten by one call.
const MOST_FORGOTTEN: i64 = 500;

/// A request as it is made.
#[derive(Debug, Clone)]
pub struct NewTakedown {
    pub review: ReviewId,
    pub requester: PersonName,
    pub contact: Contact,
    pub grounds: Grounds,
}

/// What lets a requester see their request and take it back. Shown once.
#[derive(Clone, PartialEq, Eq)]
pub struct TakedownToken(String);

impl TakedownToken {
    fn new() -> Self {
        Self(URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>()))
    }

    /// Whatever was sent as one; what is not one fits nothing.
    pub fn of(raw: &str) -> Self {
        Self(raw.to_owned())
    }

    pub fn expose(&self) -> &str {
        &self.0
    }

    pub(crate) fn hash(&self) -> String {
        Sha256::digest(self.0.as_bytes()).iter().fold(String::with_capacity(64), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }
}

impl fmt::Debug for TakedownToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TakedownToken(…)")
    }
}

/// A request as whoever made it sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestersView {
    pub id: TakedownId,
    pub state: TakedownState,
    pub received_at: DateTime<Utc>,
    pub closed_at: Option<DateTime<Utc>>,
    /// What became of the review, of an upheld one.
    pub effect: Option<Effect>,
    /// What a moderator says to it.
    pub answer: Option<String>,
}

/// Takes a request in, and gives its token.
pub async fn request(
    database: &Database,
    new: &NewTakedown,
) -> Result<(RequestersView, TakedownToken), CatalogueError> {
    let token = TakedownToken::new();
    let view = database
        .transaction(async |connection| {
            let id = insert(connection, new, store::Asker::Requester(&token)).await?;
            store::view(connection, id, &token).await?.ok_or(CatalogueError::NotFound { what: "take-down" })
        })
        .await?;
    tracing::info!(takedown_id = %view.id, "a take-down was requested");
    Ok((view, token))
}

async fn insert(
    connection: &mut AsyncPgConnection,
    new: &NewTakedown,
    from: store::Asker<'_>,
) -> Result<TakedownId, CatalogueError> {
    // With the review locked, requests about it are counted one after the other.
    reviews::lock(connection, new.review).await?;
    if store::count_open(connection, new.review).await? >= MOST_OPEN {
        return Err(CatalogueError::conflict(
            ConflictKind::AlreadyExists,
            "as many requests about this review are open as are taken",
        ));
    }
    let id = TakedownId::new();
    store::insert(connection, id, new, from).await?;
    Ok(id)
}

/// How a request stands. Without its token there is none.
pub async fn look(
    database: &Database,
    id: TakedownId,
    token: &TakedownToken,
) -> Result<RequestersView, CatalogueError> {
    let missing = CatalogueError::NotFound { what: "take-down" };
    store::view(&mut *database.connection().await?, id, token).await?.ok_or(missing)
}

/// Takes a request back that is not closed.
pub async fn withdraw(
    database: &Database,
    id: TakedownId,
    token: &TakedownToken,
) -> Result<RequestersView, CatalogueError> {
    database
        .transaction(async |connection| {
            let missing = || CatalogueError::NotFound { what: "take-down" };
            let state = store::lock_with(connection, id, token).await?.ok_or_else(missing)?;
            let state = state.withdraw().map_err(refused)?;
            store::close(connection, id, &store::Closing { state, by: None, effect: None, answer: None, case: None })
                .await?;
            store::view(connection, id, token).await?.ok_or_else(missing)
        })
        .await
}

/// Forgets names and contacts whose time is over, and says of how many requests.
pub async fn forget_contacts(database: &Database, now: DateTime<Utc>) -> Result<u32, CatalogueError> {
    Ok(store::forget(&mut *database.connection().await?, now - CONTACT_KEPT, MOST_FORGOTTEN).await?)
}

fn refused(refusal: TakedownRefusal) -> CatalogueError {
    match refusal {
        TakedownRefusal::Closed => CatalogueError::conflict(ConflictKind::AlreadyDecided, "this request is closed"),
        TakedownRefusal::Taken => {
            CatalogueError::conflict(ConflictKind::ClaimedByAnother, "another moderator is at this request")
        }
    }
}
