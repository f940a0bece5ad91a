//! Storing what was read of a part of a feed: each entry as a page of its own would be, all in one transaction.

use super::{
    Applied, Ended, Failure, TaskResult, UnitRead,
    drift::{self, Held},
    fail, finish, hold_back, unit,
};
use crate::{
    CatalogueError,
    ledger::FeedEntry,
    store::{
        jobs::{self, Delta},
        sources,
        tasks::LockedTask,
        versions,
    },
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
        /// Which entry it is, unless that could not be read either.
        entry: Option<FeedEntry>,
        kind: FailureKind,
        detail: String,
    },
}

/// The entries of a part, by what became of them.
#[derive(Default)]
struct Sorted<'a> {
    units: Vec<&'a UnitRecord>,
    /// Keys and content hashes.
    unchanged: Vec<(String, String)>,
    gone: usize,
    failed: Vec<FailedEntry<'a>>,
}

enum LookedAt<'s> {
    Unchanged(&'s str),
    Unit(&'s UnitRecord),
    Failed(&'s FailedEntry<'s>),
}

struct FailedEntry<'a> {
    code: &'a str,
    key: Option<String>,
    kind: FailureKind,
    detail: &'a str,
}

impl<'a> Sorted<'a> {
    fn of(read: &'a FeedRead) -> Self {
        let mut sorted = Self::default();
        for outcome in &read.entries {
            match outcome {
                EntryOutcome::Unit(record) => sorted.units.push(record),
                EntryOutcome::Unchanged { entry, content_hash } => {
                    sorted.unchanged.push((entry.key(&read.url), content_hash.clone()));
                }
                EntryOutcome::NotFound(_) => sorted.gone += 1,
                EntryOutcome::Failed { code, entry, kind, detail } => sorted.failed.push(FailedEntry {
                    code,
                    key: entry.as_ref().map(|entry| entry.key(&read.url)),
                    kind: *kind,
                    detail,
                }),
            }
        }
        // Two parts that name the same units lock them in the same order.
        sorted.units.sort_by_cached_key(|record| record.facts.code.normalised());
        sorted
    }

    /// All but those that are gone; each sort keeps its own order and is spread over the whole.
    fn mixed(&self) -> Vec<LookedAt<'_>> {
        let unchanged = self.unchanged.iter().map(|(key, _)| LookedAt::Unchanged(key));
        let units = self.units.iter().map(|record| LookedAt::Unit(record));
        let failed = self.failed.iter().map(LookedAt::Failed);
        let mut placed: Vec<_> = spread(unchanged).chain(spread(units)).chain(spread(failed)).collect();
        placed.sort_by_key(|(place, _)| *place);
        placed.into_iter().map(|(_, entry)| entry).collect()
    }

    /// The kind that stands for all failures.
    fn kind(&self) -> FailureKind {
        self.failed.first().map_or(FailureKind::MissingFact, |failed| failed.kind)
    }

    /// For an administrator: which entries could not be read, and why the first ones could not.
    fn summary(&self, of: usize) -> Option<String> {
        if self.failed.is_empty() {
            return None;
        }
        let first: Vec<_> =
            self.failed.iter().take(5).map(|failed| format!("{}: {}", failed.code, failed.detail)).collect();
        Some(format!("{} of {of} entries could not be read: {}", self.failed.len(), first.join("; ")))
    }
}

/// Each with its place in the whole, in millionths of it.
fn spread<T>(sort: impl ExactSizeIterator<Item = T>) -> impl Iterator<Item = (usize, T)> {
    let count = sort.len().max(1);
    sort.enumerate().map(move |(index, entry)| ((2 * index + 1) * 500_000 / count, entry))
}

pub(super) async fn apply(
    connection: &mut AsyncPgConnection,
    result: &TaskResult,
    task: &LockedTask,
    read: &FeedRead,
    current: bool,
) -> Result<Applied, CatalogueError> {
    let sorted = Sorted::of(read);
    if let Some(lost) = confirm(connection, result, read, &sorted.unchanged).await? {
        return again(connection, result, task, FailureKind::Internal, lost, current).await;
    }
    let (created, held) = take_in(connection, result, read, &sorted, current).await?;
    let created = Delta { versions_created: created, ..Delta::default() };
    if let Some(held) = held {
        // What is beyond doubt is stored all the same, and comes back as unchanged.
        jobs::apply(connection, result.job, created).await?;
        return hold_back(connection, result, task, &held, current).await;
    }
    let summary = sorted.summary(read.entries.len());
    if sorted.units.is_empty() && sorted.unchanged.is_empty() && sorted.gone == 0 {
        let detail = summary.unwrap_or_else(|| "no entries".to_owned());
        return again(connection, result, task, sorted.kind(), detail, current).await;
    }
    let state = match (created.versions_created, sorted.unchanged.len(), sorted.gone) {
        (0, 0, 1..) => TaskState::NotFound,
        (0, _, _) => TaskState::Unchanged,
        _ => TaskState::Succeeded,
    };
    let ended = Ended {
        error: summary.as_deref().map(|summary| (sorted.kind(), summary)),
        delta: created,
        ..Ended::as_state(state)
    };
    finish(connection, result, task, ended).await
}

/// Looks at every entry and stores the units that are not in doubt. Returns how many got a new version, and the doubt.
///
/// Whether a site has changed is judged by its latest readings, so the entries are looked at in an even mixture: a
/// few that are broken are then a few among many at any moment, and not all of the latest.
async fn take_in(
    connection: &mut AsyncPgConnection,
    result: &TaskResult,
    read: &FeedRead,
    sorted: &Sorted<'_>,
    current: bool,
) -> Result<(i32, Option<Held>), CatalogueError> {
    let version = i32::try_from(result.source_version).unwrap_or_default();
    let source = sources::version(connection, result.source, version)
        .await?
        .ok_or(CatalogueError::NotFound { what: "source version" })?;
    let (mut created, mut held) = (0, None);
    for looked_at in sorted.mixed() {
        match looked_at {
            LookedAt::Unchanged(key) => drift::unchanged(connection, result, key).await?,
            LookedAt::Unit(record) => {
                let key = FeedEntry { code: record.facts.code.clone(), year: record.facts.year }.key(&read.url);
                let page = UnitRead { record: record.clone(), url: read.url.clone(), fetched_at: read.fetched_at };
                match drift::of_unit(connection, result, &key, &source, &page).await? {
                    Some(doubt) => worse(&mut held, Some(doubt)),
                    None => created += i32::from(unit::store(connection, &source, &key, &page).await?.new_version),
                }
            }
            // A failure of an earlier attempt was counted when that attempt was given up.
            LookedAt::Failed(entry) if current => {
                let Some(key) = &entry.key else { continue };
                let failure = Failure { kind: entry.kind, detail: entry.detail.to_owned(), retry_after: None };
                worse(&mut held, drift::of_failure(connection, result, key, &failure).await?);
            }
            LookedAt::Failed(_) => {}
        }
    }
    Ok((created, held))
}

/// A doubt about the whole source outweighs one about an entry.
fn worse(held: &mut Option<Held>, other: Option<Held>) {
    if let Some(other) = other
        && held.as_ref().is_none_or(|held| held.counts)
    {
        *held = Some(other);
    }
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

async fn again(
    connection: &mut AsyncPgConnection,
    result: &TaskResult,
    task: &LockedTask,
    kind: FailureKind,
    detail: String,
    current: bool,
) -> Result<Applied, CatalogueError> {
    if !current {
        return Ok(Applied::Ignored);
    }
    let attempt = i32::try_from(result.attempt).unwrap_or(i32::MAX);
    let failure = Failure { kind, detail, retry_after: None };
    fail(connection, result.job, result.task, task, attempt, Some(&result.worker), &failure).await
}
