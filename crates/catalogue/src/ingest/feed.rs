//! Storing what was read of a part of a feed: each entry as a page of its own would be, all in one transaction.

use super::{Applied, Ended, Failure, TaskResult, UnitRead, fail, finish, unit};
use crate::{
    CatalogueError,
    ledger::FeedEntry,
    store::{jobs::Delta, sources, tasks::LockedTask, versions},
};
use chrono::{DateTime, Utc};
use rmu_domain::{
    facts::UnitRecord,
    scrape::{FailureKind, TaskState},
};
use rmu_postgres::AsyncPgConnection;

/// What was read of a part of a feed.
#[derive(Debug, Clone)]
pub struct FeedRead {
    /// The feed, as the task named it.
    pub url: String,
    pub fetched_at: DateTime<Utc>,
    pub entries: Vec<EntryOutcome>,
}

#[derive(Debug, Clone)]
pub enum EntryOutcome {
    Unit(Box<UnitRecord>),
    /// It is as the catalogue had it when the task was sent.
    Unchanged {
        entry: FeedEntry,
        content_hash: String,
    },
    NotFound(FeedEntry),
    /// It could not be read, or what was read is no unit.
    Failed {
        code: String,
        kind: FailureKind,
        detail: String,
    },
}

pub(super) async fn apply(
    connection: &mut AsyncPgConnection,
    result: &TaskResult,
    task: &LockedTask,
    read: &FeedRead,
) -> Result<Applied, CatalogueError> {
    let (mut units, mut unchanged, mut gone, mut failed) = (Vec::new(), Vec::new(), 0, Vec::new());
    for entry in &read.entries {
        match entry {
            EntryOutcome::Unit(record) => units.push(record.as_ref()),
            EntryOutcome::Unchanged { entry, content_hash } => {
                unchanged.push((entry.key(&read.url), content_hash.clone()));
            }
            EntryOutcome::NotFound(_) => gone += 1,
            EntryOutcome::Failed { code, kind, detail } => failed.push((code, *kind, detail)),
        }
    }
    if let Some(lost) = confirm(connection, result, read, &unchanged).await? {
        return again(connection, result, task, FailureKind::Internal, lost).await;
    }
    let summary = summary(&failed, read.entries.len());
    if units.is_empty() && unchanged.is_empty() && gone == 0 {
        // Nothing at all could be read: the feed was redesigned, most likely, and every entry fails alike.
        let kind = failed.first().map_or(FailureKind::MissingFact, |(_, kind, _)| *kind);
        return again(connection, result, task, kind, summary.unwrap_or_else(|| "no entries".to_owned())).await;
    }
    let created = store(connection, result, read, units).await?;
    let state = match (created, unchanged.len(), gone) {
        (0, 0, 1..) => TaskState::NotFound,
        (0, _, _) => TaskState::Unchanged,
        _ => TaskState::Succeeded,
    };
    let kind = failed.first().map_or(FailureKind::MissingFact, |(_, kind, _)| *kind);
    let ended = Ended {
        error: summary.as_deref().map(|summary| (kind, summary)),
        delta: Delta { versions_created: created, ..Delta::default() },
        ..Ended::as_state(state)
    };
    finish(connection, result, task, ended).await
}

/// Confirms what is unchanged; says so when something of it is not known (any more): the part is then read
/// again, and without a known hash the worker answers in full.
async fn confirm(
    connection: &mut AsyncPgConnection,
    result: &TaskResult,
    read: &FeedRead,
    unchanged: &[(String, String)],
) -> Result<Option<String>, CatalogueError> {
    if unchanged.is_empty() {
        return Ok(None);
    }
    let seen_at = read.fetched_at.min(Utc::now());
    let lost = versions::confirm_entries(connection, result.source, unchanged, seen_at).await?;
    Ok(lost.first().map(|first| format!("answered unchanged, but nothing such is known of {first}")))
}

/// Stores the units; how many got a new version.
async fn store(
    connection: &mut AsyncPgConnection,
    result: &TaskResult,
    read: &FeedRead,
    mut units: Vec<&UnitRecord>,
) -> Result<i32, CatalogueError> {
    if units.is_empty() {
        return Ok(0);
    }
    let version = i32::try_from(result.source_version).unwrap_or_default();
    let source = sources::version(connection, result.source, version)
        .await?
        .ok_or(CatalogueError::NotFound { what: "source version" })?;
    // Two parts that name the same units lock them in the same order.
    units.sort_by_cached_key(|record| record.facts.code.normalised());
    let mut created = 0;
    for record in units {
        let entry = FeedEntry { code: record.facts.code.clone(), year: record.facts.year };
        let page = UnitRead { record: record.clone(), url: read.url.clone(), fetched_at: read.fetched_at };
        let stored = unit::store(connection, &source, &entry.key(&read.url), &page).await?;
        created += i32::from(stored.new_version);
    }
    Ok(created)
}

async fn again(
    connection: &mut AsyncPgConnection,
    result: &TaskResult,
    task: &LockedTask,
    kind: FailureKind,
    detail: String,
) -> Result<Applied, CatalogueError> {
    let attempt = i32::try_from(result.attempt).unwrap_or(i32::MAX);
    let failure = Failure { kind, detail, retry_after: None };
    fail(connection, result.job, result.task, task, attempt, Some(&result.worker), &failure).await
}

/// For an administrator: which entries could not be read, and why the first ones could not.
fn summary(failed: &[(&String, FailureKind, &String)], of: usize) -> Option<String> {
    if failed.is_empty() {
        return None;
    }
    let first: Vec<_> = failed.iter().take(5).map(|(code, _, detail)| format!("{code}: {detail}")).collect();
    Some(format!("{} of {of} entries could not be read: {}", failed.len(), first.join("; ")))
}
