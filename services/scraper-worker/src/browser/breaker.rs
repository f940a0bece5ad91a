//! Stops trying to start browsers for a while when that keeps failing.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// Closed: everybody may start. Open: nobody, until a pause has passed. Then half open: one may try, and
/// what comes of it closes the breaker or opens it for twice as long.
pub(super) struct Breaker {
    state: Mutex<State>,
    threshold: u32,
    first_pause: Duration,
    longest_pause: Duration,
}

struct State {
    failures: u32,
    pause: Duration,
    open_until: Option<Instant>,
    probing: bool,
}

/// The right to start one browser. Dropped without a word it counts for nothing.
pub(super) struct Attempt<'a> {
    breaker: &'a Breaker,
    probe: bool,
    told: bool,
}

impl Breaker {
    pub(super) fn new(threshold: u32, first_pause: Duration, longest_pause: Duration) -> Self {
        let state = State { failures: 0, pause: first_pause, open_until: None, probing: false };
        Self { state: Mutex::new(state), threshold, first_pause, longest_pause }
    }

    /// The right to try, or how long to wait before asking again.
    pub(super) fn attempt(&self) -> Result<Attempt<'_>, Duration> {
        let mut state = self.lock();
        let Some(until) = state.open_until else { return Ok(Attempt { breaker: self, probe: false, told: false }) };
        let left = until.saturating_duration_since(Instant::now());
        if !left.is_zero() || state.probing {
            return Err(left.max(Duration::from_millis(100)));
        }
        state.probing = true;
        Ok(Attempt { breaker: self, probe: true, told: false })
    }

    /// How long nobody may try, if so.
    pub(super) fn blocked_for(&self) -> Option<Duration> {
        let left = self.lock().open_until?.saturating_duration_since(Instant::now());
        (!left.is_zero()).then_some(left)
    }

    /// The state's name, as statistics show it.
    pub(super) fn name(&self) -> &'static str {
        let state = self.lock();
        match state.open_until {
            None => "closed",
            Some(until) if state.probing || until <= Instant::now() => "half_open",
            Some(_) => "open",
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Attempt<'_> {
    pub(super) fn succeeded(mut self) {
        self.told = true;
        let mut state = self.breaker.lock();
        *state = State { failures: 0, pause: self.breaker.first_pause, open_until: None, probing: false };
    }

    pub(super) fn failed(mut self) {
        self.told = true;
        let mut state = self.breaker.lock();
        state.failures = state.failures.saturating_add(1);
        if self.probe {
            state.probing = false;
            state.pause = state.pause.saturating_mul(2).min(self.breaker.longest_pause);
        } else if state.failures < self.breaker.threshold || state.open_until.is_some() {
            return;
        }
        state.open_until = Some(Instant::now() + state.pause);
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        if self.probe && !self.told {
            self.breaker.lock().probing = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn breaker(pause: Duration) -> Breaker {
        Breaker::new(3, pause, pause * 4)
    }

    #[test]
    fn it_opens_after_failures_in_a_row() {
        let breaker = breaker(Duration::from_secs(60));
        breaker.attempt().ok().unwrap().failed();
        breaker.attempt().ok().unwrap().failed();
        breaker.attempt().ok().unwrap().succeeded();
        for _ in 0..3 {
            assert_eq!(breaker.name(), "closed");
            breaker.attempt().ok().unwrap().failed();
        }
        assert_eq!(breaker.name(), "open");
        assert!(breaker.attempt().is_err());
        assert!(breaker.blocked_for().is_some());
    }

    #[test]
    fn half_open_lets_one_try_and_believes_it() {
        let breaker = breaker(Duration::ZERO);
        for _ in 0..3 {
            breaker.attempt().ok().unwrap().failed();
        }
        let probe = breaker.attempt().ok().unwrap();
        assert_eq!(breaker.name(), "half_open");
        assert!(breaker.attempt().is_err(), "only one may try");
        drop(probe);
        let probe = breaker.attempt().ok().unwrap();
        probe.succeeded();
        assert_eq!(breaker.name(), "closed");
    }

    #[test]
    fn a_failed_probe_opens_it_for_longer() {
        let breaker = Breaker::new(1, Duration::from_millis(1), Duration::from_secs(100));
        breaker.attempt().ok().unwrap().failed();
        std::thread::sleep(Duration::from_millis(5));
        breaker.attempt().ok().unwrap().failed();
        assert_eq!(breaker.lock().pause, Duration::from_millis(2));
    }
}
