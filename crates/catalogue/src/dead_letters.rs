//! Messages that could not be processed: kept, listed, replayed, discarded.
//!
//! They are taken from the broker's queue into a table and acknowledged after the commit, so that none is lost in
//! between; one that comes twice is one. A replay is published while its row is locked and marked only when the
//! broker has confirmed it: a crash in between leaves it waiting, and the same message twice is harmless.

use crate::{
    CatalogueError, ConflictKind,
    audit::{Actor, AuditAction, Entry, Subject, SubjectKind, record},
    store::dead_letters as store,
};
use chrono::{DateTime, Utc};
use rmu_domain::{ParseError, ids::DeadLetterId};
use rmu_postgres::Database;
use serde_json::Value;
use std::future::Future;

/// How much is kept. What was replayed goes first, then the oldest.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    pub letters: u32,
    pub bytes: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { letters: 10_000, bytes: 256 * 1024 * 1024 }
    }
}

/// A dead letter as it arrives.
#[derive(Debug, Clone, PartialEq)]
pub struct NewDeadLetter {
    /// Same id and queue, same letter.
    pub message: uuid::Uuid,
    pub kind: String,
    pub reason: String,
    pub queue: String,
    pub route: Option<LetterRoute>,
    pub deaths: Value,
    /// Whatever is needed to publish it as it was.
    pub properties: Value,
    pub body: Vec<u8>,
    /// Whether the body is all of it.
    pub complete: bool,
}

/// How a message had been published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LetterRoute {
    pub exchange: String,
    pub key: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LetterState {
    Waiting,
    Replayed,
}

impl LetterState {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Replayed => "replayed",
        }
    }

    pub fn parse(name: &str) -> Result<Self, ParseError> {
        match name {
            "waiting" => Ok(Self::Waiting),
            "replayed" => Ok(Self::Replayed),
            _ => Err(ParseError::new("must be waiting or replayed")),
        }
    }
}

/// A letter without its body.
#[derive(Debug, Clone, PartialEq)]
pub struct DeadLetter {
    pub id: DeadLetterId,
    pub message: uuid::Uuid,
    pub kind: String,
    pub reason: String,
    pub queue: String,
    pub route: Option<LetterRoute>,
    pub deaths: Value,
    pub body_bytes: u32,
    pub complete: bool,
    pub state: LetterState,
    pub replays: u32,
    pub first_seen_at: DateTime<Utc>,
    pub last_seen_at: DateTime<Utc>,
    pub last_replayed_at: Option<DateTime<Utc>>,
}

/// A letter with its body.
#[derive(Debug, Clone, PartialEq)]
pub struct OpenLetter {
    pub letter: DeadLetter,
    pub properties: Value,
    pub body: Vec<u8>,
}

/// Newest first, after the last one of the page before.
#[derive(Debug, Clone, Default)]
pub struct LetterFilter {
    pub state: Option<LetterState>,
    pub queue: Option<String>,
    pub after: Option<DeadLetterId>,
    pub limit: u32,
}

/// Keeps a letter, and returns how many others had to go for it.
pub async fn keep(database: &Database, letter: &NewDeadLetter, bounds: Bounds) -> Result<u32, CatalogueError> {
    database
        .transaction(async |connection| {
            store::upsert(connection, letter).await?;
            Ok(store::trim(connection, bounds).await?)
        })
        .await
}

pub async fn list(database: &Database, filter: &LetterFilter) -> Result<Vec<DeadLetter>, CatalogueError> {
    Ok(store::list(&mut *database.connection().await?, filter).await?)
}

pub async fn open(database: &Database, id: DeadLetterId) -> Result<OpenLetter, CatalogueError> {
    store::open(&mut *database.connection().await?, id).await?.ok_or(CatalogueError::NotFound { what: "dead letter" })
}

/// How many wait for somebody to decide.
pub async fn count_waiting(database: &Database) -> Result<u32, CatalogueError> {
    Ok(store::count_waiting(&mut *database.connection().await?).await?)
}

/// The oldest waiting ones that can be replayed.
pub async fn replayable(
    database: &Database,
    queue: Option<&str>,
    limit: u32,
) -> Result<Vec<DeadLetterId>, CatalogueError> {
    Ok(store::replayable(&mut *database.connection().await?, queue, limit).await?)
}

/// Publishes a letter to where it came from. `publish` must end within seconds and may be called again with the same
/// letter; when it fails the letter stays as it was.
pub async fn replay<P, F, E>(
    database: &Database,
    id: DeadLetterId,
    by: &Actor,
    publish: P,
) -> Result<Result<DeadLetter, E>, CatalogueError>
where
    P: Fn(OpenLetter, LetterRoute) -> F + Send + Sync,
    F: Future<Output = Result<(), E>> + Send,
    E: Send,
{
    let replayed = database
        .transaction(async |connection| {
            let letter = store::lock(connection, id).await?.ok_or(CatalogueError::NotFound { what: "dead letter" })?;
            let wrong_state = |detail| CatalogueError::conflict(ConflictKind::WrongState, detail);
            let route = letter.letter.route.clone();
            let route = route.ok_or_else(|| wrong_state("nobody knows where this message came from"))?;
            if !letter.letter.complete {
                return Err(wrong_state("only a part of this message was kept"));
            }
            if let Err(error) = publish(letter, route).await {
                return Ok(Err(error));
            }
            store::mark_replayed(connection, id).await?;
            let subject = Subject::of(SubjectKind::DeadLetter, id);
            record(connection, &Entry::new(by, AuditAction::DeadLetterReplayed, subject)).await?;
            let now = store::open(connection, id).await?.ok_or(CatalogueError::NotFound { what: "dead letter" })?;
            Ok::<_, CatalogueError>(Ok(now.letter))
        })
        .await?;
    if replayed.is_ok() {
        tracing::info!(account_id = %by.account, dead_letter_id = %id, "a dead letter was replayed");
    }
    Ok(replayed)
}

/// Throws a letter away.
pub async fn discard(database: &Database, id: DeadLetterId, by: &Actor) -> Result<(), CatalogueError> {
    database
        .transaction(async |connection| {
            if !store::delete(connection, id).await? {
                return Err(CatalogueError::NotFound { what: "dead letter" });
            }
            let subject = Subject::of(SubjectKind::DeadLetter, id);
            record(connection, &Entry::new(by, AuditAction::DeadLetterDiscarded, subject)).await
        })
        .await?;
    tracing::warn!(account_id = %by.account, dead_letter_id = %id, "a dead letter was discarded");
    Ok(())
}
