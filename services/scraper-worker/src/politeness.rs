//! Manners: what a site's robots.txt allows, one page at a time on a host, and a pause between two, over all
//! workers together.

mod host_gate;
mod local_turns;
mod pace;
mod robots;

pub use host_gate::{GateError, HostGate, HostTurn};
pub use pace::{PaceLimits, SlowHost, Went};
pub use robots::{RobotsCache, Verdict};

use crate::fetch::{FetchError, Fetcher, Kept, Origins, Received, host_key};
use local_turns::LocalTurns;
use std::time::Duration;
use tokio::{sync::OwnedSemaphorePermit, time::Instant};
use url::Url;

/// No site may slow us down further than this by its crawl-delay; one that asks for more is left to its
/// administrator here.
const LONGEST_DELAY: Duration = Duration::from_secs(30);
/// A plain request under a turn.
const FETCH_LIMIT: Duration = Duration::from_secs(20);

#[derive(Clone)]
pub struct Politeness {
    gate: HostGate,
    robots: RobotsCache,
    fetcher: Fetcher,
    kept: Kept,
    sites: LocalTurns,
}

/// A place among the tasks of this worker that read pages of one site, until it is dropped.
pub struct Place {
    _permit: Option<OwnedSemaphorePermit>,
}

#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    #[error("robots.txt does not allow {0}")]
    Disallowed(String),
    /// Not knowing what is allowed, we assume that nothing is, for now.
    #[error("robots.txt cannot be read: {0}")]
    RobotsUnavailable(String),
    #[error("robots.txt asks for {0:?} between requests, more than can be waited for")]
    DelayTooLong(Duration),
    #[error(transparent)]
    Gate(#[from] GateError),
}

impl Politeness {
    pub fn new(gate: HostGate, fetcher: Fetcher) -> Self {
        Self { gate, robots: RobotsCache::default(), fetcher, kept: Kept::default(), sites: LocalTurns::default() }
    }

    /// Whether `url` may be visited, and the pause its host wants. May fetch robots.txt, in a turn of its own.
    pub async fn permit(
        &self,
        url: &Url,
        origins: &Origins,
        gap: Duration,
        until: Instant,
    ) -> Result<Duration, Refusal> {
        let verdict = match self.robots.cached(url) {
            Some(verdict) => verdict,
            None => self.ask_robots(url, origins, gap, until).await?,
        };
        let delay = verdict.check(url)?.unwrap_or_default();
        if delay > LONGEST_DELAY {
            return Err(Refusal::DelayTooLong(delay));
        }
        Ok(gap.max(delay))
    }

    /// robots.txt, as another worker has read it lately or else as the site gives it, in a turn of its own.
    async fn ask_robots(
        &self,
        url: &Url,
        origins: &Origins,
        gap: Duration,
        until: Instant,
    ) -> Result<Verdict, Refusal> {
        let site = url.origin().ascii_serialization();
        if let Some(verdict) = self.robots.noted(&self.gate, &site).await {
            return Ok(verdict);
        }
        let turn = self.gate.wait(&host_key(url), gap, until).await?;
        // Somebody may have asked for it while we waited.
        if let Some(verdict) = self.robots.noted(&self.gate, &site).await {
            turn.give_back().await;
            return Ok(verdict);
        }
        let (verdict, went) = self.robots.fetch(&self.gate, &self.fetcher, url, origins, FETCH_LIMIT).await;
        turn.finish(went).await;
        Ok(verdict)
    }

    /// Waits until fewer tasks of this worker read the site than it has hosts, by `until` at the latest. Each host gives
    /// one page at a time: whoever took a browser without having a place would stand in line with it, while the browser
    /// of another site had to go for it.
    pub async fn place(&self, url: &Url, origins: &Origins, until: Instant) -> Result<Place, GateError> {
        let host = host_key(url);
        let waiting = self.sites.wait(&host, origins.hosts().count().max(1));
        match tokio::time::timeout_at(until, waiting).await {
            Ok(permit) => Ok(Place { _permit: permit }),
            Err(_) => Err(GateError::Busy { host }),
        }
    }

    /// Waits for the host to be free, by `until` at the latest. The turn lasts until it is finished or dropped.
    pub async fn turn(&self, url: &Url, gap: Duration, until: Instant) -> Result<HostTurn, GateError> {
        self.gate.wait(&host_key(url), gap, until).await
    }

    /// Gets a page plainly, in a turn, if it may be visited. One that is kept and has not changed is not sent again.
    pub async fn fetch(
        &self,
        url: &Url,
        origins: &Origins,
        gap: Duration,
        until: Instant,
    ) -> Result<Result<Received, FetchError>, Refusal> {
        self.fetch_unless(url, origins, gap, until, || None).await
    }

    /// The same, but without asking when the site gave or confirmed it no longer than `age` ago.
    pub async fn fetch_no_older(
        &self,
        url: &Url,
        origins: &Origins,
        gap: Duration,
        until: Instant,
        age: Duration,
    ) -> Result<Result<Received, FetchError>, Refusal> {
        if let Some(kept) = self.kept.no_older(url, origins, age) {
            return Ok(Ok(kept));
        }
        self.fetch_unless(url, origins, gap, until, || self.kept.no_older(url, origins, age)).await
    }

    /// What was fetched there turned out to be something else than it should be: it is not believed again.
    pub fn forget(&self, url: &Url) {
        self.kept.forget(url);
    }

    /// `just_came` is looked at in the turn: somebody may have fetched it while we waited.
    async fn fetch_unless(
        &self,
        url: &Url,
        origins: &Origins,
        gap: Duration,
        until: Instant,
        just_came: impl Fn() -> Option<Received>,
    ) -> Result<Result<Received, FetchError>, Refusal> {
        let gap = self.permit(url, origins, gap, until).await?;
        let turn = self.turn(url, gap, until).await?;
        if let Some(kept) = just_came() {
            turn.give_back().await;
            return Ok(Ok(kept));
        }
        let kept = self.kept.get(url, origins);
        let known = kept.as_ref().map(|kept| kept.document.as_ref());
        let asked_at = Instant::now();
        let answer = self.fetcher.get_unless(url, origins, FETCH_LIMIT, known).await;
        turn.finish(Went::of_fetch(&answer, asked_at.elapsed())).await;
        Ok(answer.map(|answer| self.kept.settle(url, kept, answer)))
    }
}
