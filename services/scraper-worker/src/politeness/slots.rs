//! Which of the tasks that a worker holds are at work: as many at once as it has browsers, and of one site no more than
//! it has hosts. First those whose site has a browser already, for a while, since one for another site would have to be
//! started; then in order of arrival.
//!
//! A worker holds more tasks than it can work at. Those of a site that takes long, that another worker reads or that
//! wants to rest would else keep its browsers from all other sites: they are passed over until their site is free.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{
    sync::oneshot,
    time::{Instant, sleep_until, timeout_at},
};
use tokio_util::sync::CancellationToken;

/// A site keeps its browser for so many pages in a row, and so long, while others wait: then it is their turn. Starting
/// a browser takes about a second.
const LONGEST_RUN: usize = 16;
const LONGEST_TIME_OF_A_RUN: Duration = Duration::from_secs(8);
/// For so long after a run the others go before it, and not for ever: they may be many, and want no browser.
const LONGEST_AFTER_A_RUN: Duration = Duration::from_secs(8);

/// Who is served first among those whose site is free.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Precedence {
    /// Somebody waits for the answer.
    First,
    /// It was delivered before, perhaps to a worker that died: a few times more, and the broker takes it for what kills
    /// workers.
    Again,
    InTurn,
}

/// All slots of a worker. Clones share them.
#[derive(Clone)]
pub(super) struct Slots(Arc<Mutex<Inner>>);

/// Order of arrival.
type Number = (Precedence, u64);

struct Inner {
    count: usize,
    next: u64,
    waiting: BTreeMap<Number, Waiting>,
    /// The sites of those at work.
    at_work: BTreeMap<Number, Arc<str>>,
    /// Those who will wait again when their site has rested.
    aside: BTreeSet<Number>,
    /// Until when nobody may begin with a site.
    rests: HashMap<Arc<str>, Instant>,
    /// Of the sites that have a browser, no more than there are slots; those that were read last come last.
    runs: Vec<Run>,
}

/// Pages that were opened at a site in a row.
struct Run {
    site: Arc<str>,
    pages: usize,
    since: Instant,
    last_page: Instant,
}

struct Waiting {
    site: Arc<str>,
    places: usize,
    begin: oneshot::Sender<()>,
}

/// The right of one task to be at work, until it is dropped.
pub struct Slot {
    slots: Slots,
    number: Number,
    site: Arc<str>,
    places: usize,
    until: Instant,
    given_up: CancellationToken,
}

/// Those who have a slot, and those who wait for one or have stepped aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlotCounts {
    pub at_work: usize,
    pub waiting: usize,
}

impl Slots {
    pub(super) fn new(count: usize) -> Self {
        Self(Arc::new(Mutex::new(Inner {
            count,
            next: 0,
            waiting: BTreeMap::new(),
            at_work: BTreeMap::new(),
            aside: BTreeSet::new(),
            rests: HashMap::new(),
            runs: Vec::new(),
        })))
    }

    /// Waits for a slot while the site has as many places, by `until` at the latest; `None` after that, or when the
    /// task is given up before it begins.
    pub(super) async fn take(
        &self,
        site: &str,
        places: usize,
        precedence: Precedence,
        until: Instant,
        given_up: &CancellationToken,
    ) -> Option<Slot> {
        let number = {
            let mut inner = self.lock();
            inner.next += 1;
            (precedence, inner.next)
        };
        let given_up = given_up.clone();
        let slot = Slot { slots: self.clone(), number, site: site.into(), places, until, given_up };
        slot.begin().await.then_some(slot)
    }

    /// Ends the waiting of all who have not begun.
    pub(super) fn send_away(&self) {
        self.lock().waiting.clear();
    }

    pub(super) fn counts(&self) -> SlotCounts {
        let inner = self.lock();
        SlotCounts { at_work: inner.at_work.len(), waiting: inner.waiting.len() + inner.aside.len() }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slot {
    /// Until when its task may wait to begin.
    pub(super) fn until(&self) -> Instant {
        self.until
    }

    /// Whether nobody wants its task to begin any more.
    pub(super) fn is_given_up(&self) -> bool {
        self.given_up.is_cancelled()
    }

    /// Whether a task of another site could begin in its stead.
    pub(super) fn is_wanted(&self) -> bool {
        let inner = self.slots.lock();
        inner.waiting.values().any(|waiting| waiting.site != self.site && inner.may_begin(waiting))
    }

    /// A page of the site is going to be opened in a browser that was just leased.
    pub fn opens_a_page(&self) {
        self.slots.lock().note_page(&self.site);
    }

    /// Gives the slot to others until `moment`, when the site will be asked again, and waits for one in the old place
    /// of the line; false if there was none in time.
    pub(super) async fn step_aside(&self, moment: Instant) -> bool {
        {
            let mut inner = self.slots.lock();
            inner.at_work.remove(&self.number);
            inner.aside.insert(self.number);
            inner.rests.insert(Arc::clone(&self.site), moment);
            inner.serve();
        }
        let has_rested = self.given_up.run_until_cancelled(sleep_until(moment)).await.is_some();
        has_rested && self.begin().await
    }

    async fn begin(&self) -> bool {
        let (begin, begun) = oneshot::channel();
        {
            let mut inner = self.slots.lock();
            let waiting = Waiting { site: Arc::clone(&self.site), places: self.places, begin };
            inner.aside.remove(&self.number);
            inner.waiting.insert(self.number, waiting);
            inner.serve();
        }
        let begun = self.given_up.run_until_cancelled(timeout_at(self.until, begun)).await;
        matches!(begun, Some(Ok(Ok(())))) && !self.is_given_up()
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut inner = self.slots.lock();
        inner.waiting.remove(&self.number);
        inner.at_work.remove(&self.number);
        if inner.aside.remove(&self.number) {
            // It would have been the one to ask the site when its rest is over.
            inner.rests.remove(&self.site);
        }
        inner.serve();
    }
}

impl Inner {
    /// Lets all begin that may.
    fn serve(&mut self) {
        let now = Instant::now();
        self.rests.retain(|_, until| *until > now);
        while let Some(number) = self.next_to_begin() {
            if let Some(Waiting { site, begin, .. }) = self.waiting.remove(&number) {
                self.at_work.insert(number, site);
                // Whoever waits no longer gives it back in a moment.
                let _ = begin.send(());
            }
        }
    }

    fn next_to_begin(&self) -> Option<Number> {
        if self.at_work.len() >= self.count {
            return None;
        }
        // Only the first of each site: sources of one host may say that it has more places or fewer, and who needs more
        // of them free waits for that before those who came later.
        let (mut seen, mut best) = (BTreeSet::new(), None);
        for (number, waiting) in &self.waiting {
            if !seen.insert(&waiting.site) || !self.may_begin(waiting) {
                continue;
            }
            let candidate = (number.0, self.rank_of(&waiting.site), *number);
            if best.is_none_or(|best| candidate < best) {
                best = Some(candidate);
            }
        }
        best.map(|(_, _, number)| number)
    }

    fn rank_of(&self, site: &Arc<str>) -> Rank {
        let Some(run) = self.runs.iter().find(|run| run.site == *site) else { return Rank::InTurn };
        let ends = if run.pages < LONGEST_RUN { run.since + LONGEST_TIME_OF_A_RUN } else { run.last_page };
        match Instant::now() {
            now if now < ends => Rank::InItsRun,
            now if now < ends + LONGEST_AFTER_A_RUN => Rank::AfterItsRun,
            _ => Rank::InTurn,
        }
    }

    fn note_page(&mut self, site: &Arc<str>) {
        let goes_on = self.rank_of(site) == Rank::InItsRun;
        let known = self.runs.iter().position(|run| run.site == *site).map(|place| self.runs.remove(place));
        if known.is_none() && self.runs.len() >= self.count {
            // As the pool does: of those that are idle, the browser that was used the longest ago had to go.
            let idle = self.runs.iter().position(|run| !self.at_work.values().any(|site| *site == run.site));
            self.runs.remove(idle.unwrap_or_default());
        }
        let now = Instant::now();
        self.runs.push(match known {
            Some(run) if goes_on => Run { pages: run.pages + 1, last_page: now, ..run },
            _ => Run { site: Arc::clone(site), pages: 1, since: now, last_page: now },
        });
    }

    fn may_begin(&self, waiting: &Waiting) -> bool {
        let taken = self.at_work.values().filter(|site| **site == waiting.site).count();
        taken < waiting.places && !self.rests.contains_key(&waiting.site)
    }
}

/// Which site goes before which.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    InItsRun,
    InTurn,
    /// Its run is over, and for a while it is for others to take its browser or another.
    AfterItsRun,
}

#[cfg(test)]
mod tests;
