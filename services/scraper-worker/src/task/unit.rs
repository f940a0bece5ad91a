//! A unit's page, and those opened from it, by a browser to facts.

use super::{
    failure::{Ending, resolve},
    handler::Inner,
    outcome,
    sources::ReadySource,
    steps::{Visit, split},
};
use crate::browser::{Pin, Scope};
use chrono::{DateTime, Utc};
use rmu_domain::{scrape::FailureKind, unit_code::UnitCode, year::Year};
use rmu_extraction::{PageSet, Source, UnitAddress, read_page};
use rmu_messaging::contracts::scrape::{OutcomeV1, ScrapeTaskV1};
use std::{collections::BTreeMap, sync::Arc};
use tokio::time::Instant;
use url::Url;

/// The unit whose page it must be: as the task names it, or else as its address does.
pub(super) fn expected(
    source: &Source,
    url: &Url,
    code: Option<&str>,
    year: Option<u16>,
) -> Result<Option<UnitAddress>, Ending> {
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
    expected: Option<UnitAddress>,
    deadline: Instant,
) -> Result<OutcomeV1, Ending> {
    let Opened { pages, expected, fetched_at, .. } = open(worker, ready, url, expected, deadline, false).await?;
    let final_url = pages.unit.url.clone();
    let ready = Arc::clone(ready);
    let read = tokio::task::spawn_blocking(move || read_page(&ready.source, expected.as_ref(), &pages));
    let verdict = read.await.map_err(|error| Ending::failed(FailureKind::Internal, error.to_string()))?;
    outcome::of_verdict(verdict, &final_url, fetched_at, task.known_hash.as_deref())
}

/// A unit's page and those opened from it, as they were when the browser was given back.
pub(super) struct Opened {
    pub(super) pages: PageSet,
    pub(super) expected: Option<UnitAddress>,
    pub(super) fetched_at: DateTime<Utc>,
    /// What the page looked like, if that was asked for and could be had.
    pub(super) picture: Option<Vec<u8>>,
}

/// Opens a unit's page in its host's turn, with a browser that can reach the source's hosts alone.
pub(super) async fn open(
    worker: &Inner,
    ready: &Arc<ReadySource>,
    url: &Url,
    expected: Option<UnitAddress>,
    deadline: Instant,
    pictured: bool,
) -> Result<Opened, Ending> {
    if !ready.source.allows(url) {
        return Err(Ending::failed(FailureKind::BadSource, format!("{url} is at none of the source's origins")));
    }
    // Before a browser is taken: what may not be visited needs none.
    let permit = worker.politeness().permit(url, &ready.origins, ready.gap, deadline);
    let gap = worker.unless_stopping(permit).await?;
    let scope = scope(worker, ready, url).await?;
    let lease = worker.lease(&scope, deadline).await?;
    let mut visit = Visit { worker, ready, lease, deadline, has_answered: false, unit: expected.clone() };

    let steps = &ready.source.document().page;
    let (before, follows) = split(&steps.steps);
    let (unit, links) = visit.load(url, gap, &steps.ready, &before, &follows).await?;
    let fetched_at = Utc::now();
    // Following leaves the page.
    let picture = if pictured { visit.lease.picture().await.unwrap_or_default() } else { None };
    let mut followed = BTreeMap::new();
    for link in links {
        if let Some(page) = visit.follow(&link).await? {
            followed.insert(link.name, page);
        }
    }
    // The browser is free while its pages are read.
    drop(visit);

    Ok(Opened { pages: PageSet { unit, followed }, expected, fetched_at, picture })
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
