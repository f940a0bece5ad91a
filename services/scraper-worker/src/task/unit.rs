//! A unit's page, and those opened from it, by a browser to facts.

use super::{
    evidence::{Evidence, is_worth_a_look},
    failure::{Ending, resolve},
    handler::Inner,
    outcome,
    sources::ReadySource,
    steps::{Visit, split},
};
use crate::{
    browser::{Lease, Pin, Scope},
    politeness::{HostTurn, Slot},
};
use chrono::{DateTime, Utc};
use rmu_domain::{scrape::FailureKind, unit_code::UnitCode, year::Year};
use rmu_extraction::{PageSet, Source, UnitAddress, Verdict, read_page};
use rmu_messaging::contracts::scrape::{OutcomeV1, ScrapeTaskV1, TargetV1};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio::time::Instant;
use url::Url;

/// The unit whose page it must be: as the task names it, or else as its address does.
fn expected(source: &Source, url: &Url, code: Option<&str>, year: Option<u16>) -> Result<Option<UnitAddress>, Ending> {
    let bad =
        |error: rmu_domain::ParseError| Ending::failed(FailureKind::BadSource, format!("the task's target: {error}"));
    let by_address = source.classify(url);
    let year = year.map(Year::new).transpose().map_err(bad)?;
    match code {
        None => Ok(by_address),
        Some(code) => {
            let year = year.or(by_address.and_then(|address| address.year));
            Ok(Some(UnitAddress { code: UnitCode::parse(code).map_err(bad)?, year }))
        }
    }
}

pub(super) async fn run(
    worker: &Inner,
    ready: &Arc<ReadySource>,
    task: &ScrapeTaskV1,
    url: &Url,
    slot: Slot,
    deadline: Instant,
    evidence: &Evidence,
) -> Result<OutcomeV1, Ending> {
    let named = match &task.target {
        TargetV1::Unit { code, year, .. } => (code.as_deref(), *year),
        TargetV1::Discovery { .. } | TargetV1::FeedPart { .. } => (None, None),
    };
    let expected = expected(&ready.source, url, named.0, named.1)?;
    let (opened, mut held) = open(worker, ready, url, slot, expected, deadline, Looking::AtFailures(evidence)).await?;
    let Opened { pages, expected, fetched_at, .. } = opened;
    let final_url = pages.unit.url.clone();
    // The browser is kept meanwhile: what it shows is wanted if this is no unit.
    let (verdict, pages) = read(ready, expected, pages).await?;
    if task.keep_page || is_in_doubt(&verdict) {
        // It shows the page that was followed last, if any was.
        let known = pages.followed.is_empty().then_some(pages.unit.html.as_str());
        evidence.look(&mut held.lease, deadline, known).await;
    }
    drop(held);
    outcome::of_verdict(verdict, &final_url, fetched_at, task.known_hash.as_deref())
}

/// What the pages say, and the pages again.
async fn read(
    ready: &Arc<ReadySource>,
    expected: Option<UnitAddress>,
    pages: PageSet,
) -> Result<(Verdict, PageSet), Ending> {
    let ready = Arc::clone(ready);
    let read = tokio::task::spawn_blocking(move || (read_page(&ready.source, expected.as_ref(), &pages), pages));
    read.await.map_err(|error| Ending::failed(FailureKind::Internal, error.to_string()))
}

fn is_in_doubt(verdict: &Verdict) -> bool {
    !matches!(verdict, Verdict::Unit(_) | Verdict::NotFound { .. })
}

/// A unit's page and those opened from it.
pub(super) struct Opened {
    pub(super) pages: PageSet,
    pub(super) expected: Option<UnitAddress>,
    pub(super) fetched_at: DateTime<Utc>,
    /// What the page looked like, if that was asked for and could be had.
    pub(super) picture: Option<Vec<u8>>,
}

/// A browser, and the slot in which it is used.
pub(super) struct Held {
    pub(super) lease: Lease,
    // Dropped last: whoever gets the slot next finds the browser.
    _slot: Slot,
}

/// When a picture is taken.
#[derive(Clone, Copy)]
pub(super) enum Looking<'a> {
    /// Whatever the page is.
    Always,
    /// Of a page that leads to nothing, as evidence.
    AtFailures(&'a Evidence),
}

/// Opens a unit's page in its host's turn, with a browser that can reach the source's hosts alone.
pub(super) async fn open(
    worker: &Inner,
    ready: &Arc<ReadySource>,
    url: &Url,
    slot: Slot,
    expected: Option<UnitAddress>,
    deadline: Instant,
    looking: Looking<'_>,
) -> Result<(Opened, Held), Ending> {
    if !ready.source.allows(url) {
        return Err(Ending::failed(FailureKind::BadSource, format!("{url} is at none of the source's origins")));
    }
    // Before a browser is taken: what may not be visited needs none.
    let permit = worker.politeness().permit(&slot, url, &ready.origins, ready.gap);
    let gap = worker.unless_stopping(permit).await?;
    let scope = scope(worker, ready, url).await?;
    let (turn, lease) = begin(worker, &slot, url, gap, &scope, deadline).await?;
    let mut visit = Visit { worker, ready, lease, deadline, has_answered: false, unit: expected.clone() };
    match pages(&mut visit, url, turn, looking).await {
        Ok((pages, fetched_at, picture)) => {
            let held = Held { lease: visit.lease, _slot: slot };
            Ok((Opened { pages, expected, fetched_at, picture }, held))
        }
        Err(ending) => {
            if let (Looking::AtFailures(evidence), Ending::Failed { kind, .. }) = (looking, &ending)
                && visit.has_answered
                && is_worth_a_look(*kind)
            {
                evidence.look(&mut visit.lease, deadline, None).await;
            }
            Err(ending)
        }
    }
}

/// The host's turn, and then a browser: one that is kept for the host must not wait for it while other hosts are free.
async fn begin(
    worker: &Inner,
    slot: &Slot,
    url: &Url,
    gap: Duration,
    scope: &Scope,
    deadline: Instant,
) -> Result<(HostTurn, Lease), Ending> {
    let politeness = worker.politeness();
    let turn = worker.unless_stopping(politeness.first_turn(slot, url, gap)).await?;
    let (turn, lease) = match worker.lease_now(scope).await? {
        Some(lease) if !turn.is_lost() => (turn, lease),
        Some(lease) => (worker.unless_stopping(politeness.turn_again(turn, url, gap, deadline)).await?, lease),
        None => {
            // Another worker may have a browser for the host.
            turn.give_back().await;
            let lease = worker.lease(scope, deadline).await?;
            (worker.unless_stopping(politeness.turn(url, gap, deadline)).await?, lease)
        }
    };
    slot.opens_a_page();
    Ok((turn, lease))
}

async fn pages(
    visit: &mut Visit<'_>,
    url: &Url,
    turn: HostTurn,
    looking: Looking<'_>,
) -> Result<(PageSet, DateTime<Utc>, Option<Vec<u8>>), Ending> {
    let ready = visit.ready;
    let steps = &ready.source.document().page;
    let (before, follows) = split(&steps.steps);
    let (unit, links) = visit.load(turn, url, &steps.ready, &before, &follows).await?;
    let fetched_at = Utc::now();
    // Following leaves the page.
    let picture = match looking {
        Looking::Always => visit.lease.picture().await.unwrap_or_default(),
        Looking::AtFailures(_) => None,
    };
    let mut pages = PageSet { unit, followed: BTreeMap::new() };
    if let (Looking::AtFailures(evidence), false) = (looking, links.is_empty()) {
        let (verdict, alone) = read(ready, visit.unit.clone(), pages).await?;
        if is_in_doubt(&verdict) {
            evidence.look(&mut visit.lease, visit.deadline, Some(&alone.unit.html)).await;
        }
        pages = alone;
    }
    for link in links {
        if let Some(page) = visit.follow(&link).await? {
            pages.followed.insert(link.name, page);
        }
    }
    Ok((pages, fetched_at, picture))
}

/// The hosts of the source with the addresses they have now. One that cannot be found is left out, unless it
/// is the one that is wanted.
async fn scope(worker: &Inner, ready: &ReadySource, url: &Url) -> Result<Scope, Ending> {
    let wanted = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let mut pins = Vec::new();
    for (host, port) in ready.origins.hosts() {
        match resolve(worker.addresses(), &host, port).await {
            Ok(address) => pins.push(Pin { host, port, address }),
            Err(ending) if host == wanted => return Err(ending),
            Err(ending) => tracing::warn!(host, reason = ?ending, "a host of the source is left out"),
        }
    }
    Ok(Scope::new(pins))
}
