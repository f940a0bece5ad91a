//! Waiting for a condition, with a deadline, instead of sleeping and hoping.

use std::{panic::Location, time::Duration};
use tokio::time::{Instant, sleep};

const PAUSE: Duration = Duration::from_millis(20);

/// Calls `condition` until it is true. Panics, naming the caller's line, when `limit` has passed.
#[track_caller]
pub fn until<Fut>(limit: Duration, mut condition: impl FnMut() -> Fut) -> impl Future<Output = ()>
where
    Fut: Future<Output = bool>,
{
    value(limit, move || {
        let attempt = condition();
        async move { attempt.await.then_some(()) }
    })
}

/// Calls `attempt` until it gives a value, and returns that. Panics, naming the caller's line, when `limit` has passed.
#[track_caller]
pub fn value<T, Fut>(limit: Duration, mut attempt: impl FnMut() -> Fut) -> impl Future<Output = T>
where
    Fut: Future<Output = Option<T>>,
{
    let caller = Location::caller();
    async move {
        let deadline = Instant::now() + limit;
        loop {
            // The attempt itself may hang; the deadline holds for it too.
            match tokio::time::timeout_at(deadline, attempt()).await {
                Ok(Some(value)) => return value,
                Ok(None) if Instant::now() < deadline => sleep(PAUSE).await,
                _ => panic!("what {caller} waits for did not happen within {limit:?}"),
            }
        }
    }
}
