//! Manners: what a site's robots.txt allows, one page at a time on a host, and a pause between two, over all
//! workers together.

mod host_gate;
mod local_turns;
mod pace;
mod robots;
mod slots;

pub use host_gate::{GateError, HostGate, HostTurn};
pub use pace::{PaceLimits, SlowHost, Went};
pub use robots::{RobotsCache, Verdict};
pub use slots::{Precedence, Slot, SlotCounts};

use crate::fetch::{FetchError, Fetcher, Kept, Origins, Received, host_key};
use host_gate::{LONGEST_REST, Waits};
use slots::Slots;
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use url::Url;

/// No site may slow us down further than this by its crawl-delay; one that asks for more is left to its
/// administrator here.
const LONGEST_DELAY: Duration = Duration::from_secs(30);
/// A plain request under a turn.
const FETCH_LIMIT: Duration = Duration::from_secs(20);
/// How long a task in a slot waits for a host that somebody else reads, before it looks whether the slot is wanted.
const PATIENCE: Duration = Duration::from_millis(250);
/// And for one that rests after a visit. Longer than a browser for another site takes to start, on a busy machine too.
const PATIENCE_WITH_A_REST: Duration = Duration::from_secs(3);
/// How often a host that somebody else reads is asked for when the slot is wanted.
const ASK_AGAIN: Duration = Duration::from_millis(200);

#[derive(Clone)]
pub struct Politeness {
    gate: HostGate,
    robots: RobotsCache,
    fetcher: Fetcher,
    kept: Kept,
    slots: Slots,
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
    /// With so many tasks at work at once.
    pub fn new(gate: HostGate, fetcher: Fetcher, slots: usize) -> Self {
        let (robots, kept, slots) = (RobotsCache::default(), Kept::default(), Slots::new(slots));
        Self { gate, robots, fetcher, kept, slots }
    }

    /// How many tasks are at work, and how many wait for that.
    pub fn slots(&self) -> SlotCounts {
        self.slots.counts()
    }

    /// Whether `url` may be visited, and the pause its host wants. May fetch robots.txt, in a turn of its own that is
    /// waited for as a first one. To be asked for before anything else is held.
    pub async fn permit(&self, slot: &Slot, url: &Url, origins: &Origins, gap: Duration) -> Result<Duration, Refusal> {
        self.permit_in(self.first_turn(slot, url, gap), url, origins, gap).await
    }

    /// The same by `until` at the latest, for whoever holds a browser.
    pub async fn permit_by(
        &self,
        url: &Url,
        origins: &Origins,
        gap: Duration,
        until: Instant,
    ) -> Result<Duration, Refusal> {
        self.permit_in(self.turn(url, gap, until), url, origins, gap).await
    }

    async fn permit_in(
        &self,
        turn: impl Future<Output = Result<HostTurn, GateError>>,
        url: &Url,
        origins: &Origins,
        gap: Duration,
    ) -> Result<Duration, Refusal> {
        let verdict = match self.robots.cached(url) {
            Some(verdict) => verdict,
            None => Box::pin(self.ask_robots(turn, url, origins)).await?,
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
        turn: impl Future<Output = Result<HostTurn, GateError>>,
        url: &Url,
        origins: &Origins,
    ) -> Result<Verdict, Refusal> {
        let site = url.origin().ascii_serialization();
        if let Some(verdict) = self.robots.noted(&self.gate, &site).await {
            return Ok(verdict);
        }
        let turn = turn.await?;
        // Somebody may have asked for it while we waited.
        if let Some(verdict) = self.robots.noted(&self.gate, &site).await {
            turn.give_back().await;
            return Ok(verdict);
        }
        let (verdict, went) = self.robots.fetch(&self.gate, &self.fetcher, url, origins, FETCH_LIMIT).await;
        turn.finish(went).await;
        Ok(verdict)
    }

    /// Ends the waiting of tasks that are not at work: nobody here could work at them for a while.
    pub fn send_away(&self) {
        self.slots.send_away();
    }

    /// Waits until a task may be at work at the page, by `until` at the latest and unless it is given up. Each host gives
    /// one page at a time, so there are as many places at a site as it has hosts.
    pub async fn slot(
        &self,
        url: &Url,
        origins: &Origins,
        precedence: Precedence,
        until: Instant,
        given_up: &CancellationToken,
    ) -> Result<Slot, GateError> {
        let host = host_key(url);
        let slot = self.slots.take(&host, origins.hosts().count().max(1), precedence, until, given_up).await;
        slot.ok_or(GateError::Busy { host })
    }

    /// Waits for the host to be free, for as long as the slot may be waited for. While that takes longer than a moment
    /// the slot is for others who want it. To be asked for before anything else is held.
    pub async fn first_turn(&self, slot: &Slot, url: &Url, gap: Duration) -> Result<HostTurn, GateError> {
        let (host, until) = (host_key(url), slot.until());
        loop {
            let now = Instant::now();
            let patience = if slot.is_wanted() { Duration::ZERO } else { PATIENCE };
            let waits = Waits { held: until.min(now + patience), rest: until.min(now + PATIENCE_WITH_A_REST) };
            let error = match self.gate.wait_for(&host, gap, waits).await {
                Ok(turn) => return Ok(turn),
                Err(error) => error,
            };
            let (pause, is_known) = match &error {
                GateError::Busy { .. } | GateError::Unreachable(_) => (ASK_AGAIN, false),
                GateError::Paused { left, .. } if *left <= LONGEST_REST => (*left, true),
                GateError::Paused { .. } | GateError::Closed { .. } => return Err(error),
            };
            let moment = Instant::now() + pause;
            let steps_aside = is_known || slot.is_wanted();
            if moment > until || slot.is_given_up() || (steps_aside && !slot.step_aside(moment).await) {
                return Err(error);
            }
        }
    }

    /// Waits for the host to be free, by `until` at the latest. The turn lasts until it is finished or dropped.
    pub async fn turn(&self, url: &Url, gap: Duration, until: Instant) -> Result<HostTurn, GateError> {
        self.gate.wait(&host_key(url), gap, until).await
    }

    /// Another turn in the place of one that was lost, by `until` at the latest.
    pub async fn turn_again(
        &self,
        lost: HostTurn,
        url: &Url,
        gap: Duration,
        until: Instant,
    ) -> Result<HostTurn, GateError> {
        // First, since within a worker it still stands in the way.
        lost.give_back().await;
        self.turn(url, gap, until).await
    }

    /// Gets a page plainly, in a turn, if it may be visited. One that is kept and has not changed is not sent again.
    pub async fn fetch(
        &self,
        slot: &Slot,
        url: &Url,
        origins: &Origins,
        gap: Duration,
    ) -> Result<Result<Received, FetchError>, Refusal> {
        self.fetch_unless(slot, url, origins, gap, || None).await
    }

    /// The same, but without asking when the site gave or confirmed it no longer than `age` ago.
    pub async fn fetch_no_older(
        &self,
        slot: &Slot,
        url: &Url,
        origins: &Origins,
        gap: Duration,
        age: Duration,
    ) -> Result<Result<Received, FetchError>, Refusal> {
        if let Some(kept) = self.kept.no_older(url, origins, age) {
            return Ok(Ok(kept));
        }
        self.fetch_unless(slot, url, origins, gap, || self.kept.no_older(url, origins, age)).await
    }

    /// What was fetched there turned out to be something else than it should be: it is not believed again.
    pub fn forget(&self, url: &Url) {
        self.kept.forget(url);
    }

    /// `just_came` is looked at in the turn: somebody may have fetched it while we waited.
    async fn fetch_unless(
        &self,
        slot: &Slot,
        url: &Url,
        origins: &Origins,
        gap: Duration,
        just_came: impl Fn() -> Option<Received>,
    ) -> Result<Result<Received, FetchError>, Refusal> {
        let gap = self.permit(slot, url, origins, gap).await?;
        let turn = self.first_turn(slot, url, gap).await?;
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
