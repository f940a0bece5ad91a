//! The waiting line for browsers: first come, first served, bounded in length and in time.

use super::error::LeaseError;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Hands out as many permits as there may be browsers. A permit is held from before a browser is started
/// until after it is gone or idle again, so the cap holds whatever happens in between.
pub(super) struct WaitingLine {
    permits: Arc<Semaphore>,
    waiting: Mutex<Waiting>,
    length: usize,
    limit: Duration,
}

#[derive(Default)]
struct Waiting {
    next: u64,
    since: BTreeMap<u64, Instant>,
}

impl WaitingLine {
    pub(super) fn new(cap: usize, length: usize, limit: Duration) -> Self {
        Self { permits: Arc::new(Semaphore::new(cap)), waiting: Mutex::default(), length, limit }
    }

    /// Waits for a permit. A caller that goes away leaves its place.
    pub(super) async fn wait(&self) -> Result<OwnedSemaphorePermit, LeaseError> {
        // The semaphore serves in order of arrival and `try_acquire` does not jump the line.
        if let Some(permit) = self.try_now() {
            return Ok(permit);
        }
        let place = self.enter()?;
        let acquired = tokio::time::timeout(self.limit, Arc::clone(&self.permits).acquire_owned()).await;
        drop(place);
        match acquired {
            Ok(Ok(permit)) => Ok(permit),
            Ok(Err(_closed)) => Err(LeaseError::Draining),
            Err(_elapsed) => Err(LeaseError::TimedOut(self.limit)),
        }
    }

    /// A permit if one is free and nobody waits.
    pub(super) fn try_now(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.permits).try_acquire_owned().ok()
    }

    pub(super) fn free(&self) -> usize {
        self.permits.available_permits()
    }

    /// Sends everybody home and lets nobody in again.
    pub(super) fn close(&self) {
        self.permits.close();
    }

    pub(super) fn is_closed(&self) -> bool {
        self.permits.is_closed()
    }

    /// How many wait, and how long the first of them has.
    pub(super) fn waiters(&self) -> (usize, Duration) {
        let waiting = self.lock();
        let oldest = waiting.since.values().next().map(Instant::elapsed);
        (waiting.since.len(), oldest.unwrap_or_default())
    }

    fn enter(&self) -> Result<Place<'_>, LeaseError> {
        if self.is_closed() {
            return Err(LeaseError::Draining);
        }
        let mut waiting = self.lock();
        if waiting.since.len() >= self.length {
            return Err(LeaseError::LineFull(waiting.since.len()));
        }
        let number = waiting.next;
        waiting.next += 1;
        waiting.since.insert(number, Instant::now());
        Ok(Place { line: self, number })
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place in the line, left by dropping it.
struct Place<'a> {
    line: &'a WaitingLine,
    number: u64,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.line.lock().since.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_line_is_bounded_in_length_and_time_and_forgets_who_left() {
        let line = Arc::new(WaitingLine::new(1, 2, Duration::from_secs(30)));
        let held = line.wait().await.unwrap();
        let waiting: Vec<_> = (0..2)
            .map(|_| {
                tokio::spawn({
                    let line = Arc::clone(&line);
                    async move { line.wait().await.map(drop) }
                })
            })
            .collect();
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(line.waiters().0, 2);
        assert!(matches!(line.wait().await, Err(LeaseError::LineFull(2))));

        waiting[1].abort();
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(line.waiters().0, 1);
        assert!(matches!(line.wait().await, Err(LeaseError::TimedOut(_))));
        drop(held);
        assert!(line.wait().await.is_ok());
        assert_eq!(line.waiters().0, 0);
    }

    #[tokio::test(start_paused = true)]
    async fn those_who_wait_are_served_in_order() {
        let line = Arc::new(WaitingLine::new(1, 10, Duration::from_secs(30)));
        let held = line.wait().await.unwrap();
        let served = Arc::new(Mutex::new(Vec::new()));
        let mut waiting = Vec::new();
        for number in 0..5 {
            let (line, served) = (Arc::clone(&line), Arc::clone(&served));
            waiting.push(tokio::spawn(async move {
                let _permit = line.wait().await.unwrap();
                served.lock().unwrap().push(number);
            }));
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        drop(held);
        for task in waiting {
            task.await.unwrap();
        }
        assert_eq!(*served.lock().unwrap(), [0, 1, 2, 3, 4]);
    }

    #[tokio::test]
    async fn a_closed_line_lets_nobody_in() {
        let line = WaitingLine::new(1, 1, Duration::from_secs(30));
        line.close();
        assert!(matches!(line.wait().await, Err(LeaseError::Draining)));
    }
}
