//! The same request sent twice has one effect: keys that clients choose, kept for a day.
//!
//! The key is claimed in the transaction of the effect. A request that fails leaves no trace and may be sent
//! again under its key; two at once wait for each other on the key's row.

use crate::{CatalogueError, ConflictKind, store::idempotency as store};
use rmu_domain::{ParseError, ids::AccountId};
use rmu_postgres::AsyncPgConnection;
use serde::{Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// A client's key: 1 to 200 visible ASCII characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    pub fn parse(raw: &str) -> Result<Self, ParseError> {
        if !(1..=200).contains(&raw.len()) || !raw.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(ParseError::new("must be 1 to 200 visible ASCII characters"));
        }
        Ok(Self(raw.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether a request is new.
#[derive(Debug)]
pub(crate) enum Replay<T> {
    /// It is (or has no key): do it, then [`finish`].
    First(Option<Reservation>),
    /// It was done before, with this answer.
    Again(T),
}

/// A claimed key.
#[derive(Debug)]
pub(crate) struct Reservation {
    account: AccountId,
    operation: &'static str,
    key: IdempotencyKey,
}

/// Claims `key`, or finds the answer given under it.
pub(crate) async fn begin<T: DeserializeOwned>(
    connection: &mut AsyncPgConnection,
    account: AccountId,
    operation: &'static str,
    key: &IdempotencyKey,
    fingerprint: &str,
) -> Result<Replay<T>, CatalogueError> {
    if store::claim(connection, account, operation, key.as_str(), fingerprint).await? {
        return Ok(Replay::First(Some(Reservation { account, operation, key: key.clone() })));
    }
    let Some((stored, response)) = store::find(connection, account, operation, key.as_str()).await? else {
        // Between the two statements it grew too old and was deleted; the client may try again.
        return Err(CatalogueError::conflict(ConflictKind::IdempotencyKeyReused, "the key has just expired"));
    };
    if stored != fingerprint {
        return Err(CatalogueError::conflict(
            ConflictKind::IdempotencyKeyReused,
            "the key was used before with another request",
        ));
    }
    let answer = response.and_then(|response| serde_json::from_value(response).ok());
    answer.map(Replay::Again).ok_or_else(|| {
        CatalogueError::conflict(ConflictKind::IdempotencyKeyReused, "the answer to the first request is gone")
    })
}

/// Keeps the answer for whoever asks again.
pub(crate) async fn finish<T: Serialize>(
    connection: &mut AsyncPgConnection,
    reservation: Option<Reservation>,
    answer: &T,
) -> Result<(), CatalogueError> {
    let Some(Reservation { account, operation, key }) = reservation else { return Ok(()) };
    let answer = serde_json::to_value(answer).unwrap_or_default();
    Ok(store::finish(connection, account, operation, key.as_str(), answer).await?)
}

/// What tells two requests apart.
pub(crate) fn fingerprint<T: Serialize>(request: &T) -> String {
    let digest = Sha256::digest(serde_json::to_vec(request).unwrap_or_default());
    digest.iter().fold(String::with_capacity(64), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
