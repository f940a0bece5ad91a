//! What discovery names: units, further files, and the next page of a listing over many.

use super::{Applied, Ended, TaskResult, finish};
use crate::{
    CatalogueError,
    ledger::{self, MAX_TASKS_PER_JOB, Target},
    store::{
        frontier,
        jobs::{Delta, LockedJob},
        sources,
        tasks::LockedTask,
    },
};
use rmu_domain::{
    ids::{JobId, SourceId},
    scrape::{FailureKind, TaskState},
};
use rmu_extraction::{ResultsPage, Source};
use rmu_postgres::AsyncPgConnection;
use url::Url;

/// Adds what a step of discovery named and the job does not know yet.
///
/// Whether a page of a listing named anything new is known here alone. After as many barren pages in a row as the
/// source says the listing has ended: what it goes on naming is what it named before.
pub(super) async fn succeed(
    connection: &mut AsyncPgConnection,
    result: &TaskResult,
    job: &LockedJob,
    task: &LockedTask,
    children: &[Target],
) -> Result<Applied, CatalogueError> {
    let rules = ledger::rules(&sources::definition(connection, result.source).await?)?;
    let allowed: Vec<Target> = children
        .iter()
        .filter(|child| Url::parse(child.url()).is_ok_and(|url| rules.allows(&url)))
        .take(usize::try_from(MAX_TASKS_PER_JOB - job.live - job.frontier - job.finished).unwrap_or_default())
        .cloned()
        .collect();
    let this = target(task);
    let listing = this.as_ref().and_then(|(url, barren)| Some((rules.results_page(url)?, *barren)));
    let (pages, others): (Vec<Target>, Vec<Target>) =
        allowed.into_iter().partition(|child| listing.is_some() && is_a_page(&rules, child));
    let mut added = frontier::insert(connection, result.job, &others).await?;
    if let Some((listing, barren)) = listing {
        let barren = if added == 0 { barren + 1 } else { 0 };
        added += go_on(connection, result.job, &listing, barren, &pages).await?;
    }
    let named = i32::try_from(children.len()).unwrap_or(i32::MAX);
    let delta = Delta { frontier: added, skipped: named.saturating_sub(added), ..Delta::default() };
    finish(connection, result, task, Ended { delta, ..Ended::as_state(TaskState::Succeeded) }).await
}

/// A page of a listing that could not be read is one that named nothing: those after it are read all the same, lest
/// one broken page hide all units behind it.
pub(super) async fn after_a_lost_page(
    connection: &mut AsyncPgConnection,
    job: JobId,
    task: &LockedTask,
    kind: FailureKind,
) -> Result<Delta, CatalogueError> {
    let Some((url, barren)) = target(task) else { return Ok(Delta::default()) };
    if matches!(kind, FailureKind::RobotsDisallowed | FailureKind::BadSource) {
        return Ok(Delta::default());
    }
    let rules = ledger::rules(&sources::definition(connection, SourceId::from(task.source)).await?)?;
    let Some(listing) = rules.results_page(&url) else { return Ok(Delta::default()) };
    let next: Vec<Target> = listing
        .next()
        .filter(|next| rules.allows(next))
        .and_then(|next| Target::discovery(next.as_str()).ok())
        .into_iter()
        .collect();
    let frontier = go_on(connection, job, &listing, barren + 1, &next).await?;
    Ok(Delta { frontier, ..Delta::default() })
}

async fn go_on(
    connection: &mut AsyncPgConnection,
    job: JobId,
    listing: &ResultsPage<'_>,
    barren: u32,
    pages: &[Target],
) -> Result<i32, CatalogueError> {
    if barren >= listing.barren_pages() {
        return Ok(0);
    }
    let pages: Vec<Target> =
        pages.iter().map(|page| Target::Discovery { url: page.url().to_owned(), barren }).collect();
    Ok(frontier::insert(connection, job, &pages).await?)
}

fn is_a_page(rules: &Source, child: &Target) -> bool {
    matches!(child, Target::Discovery { url, .. } if Url::parse(url).is_ok_and(|url| rules.results_page(&url).is_some()))
}

/// The address of a step of discovery, and how many barren pages came before it.
fn target(task: &LockedTask) -> Option<(Url, u32)> {
    match serde_json::from_value(task.target.clone()).ok()? {
        Target::Discovery { url, barren } => Some((Url::parse(&url).ok()?, barren)),
        Target::Unit { .. } | Target::FeedPart { .. } => None,
    }
}
