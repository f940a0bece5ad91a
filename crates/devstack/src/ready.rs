//! Waiting until a server really answers.

use crate::process::Process;
use anyhow::Context;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};

const PAUSE: Duration = Duration::from_millis(50);
const ATTEMPT: Duration = Duration::from_secs(5);

/// Calls `check` until it succeeds. Ends early, with the tail of the log, when the process exits.
pub async fn wait<T, Fut>(process: &Process, limit: Duration, mut check: impl FnMut() -> Fut) -> anyhow::Result<T>
where
    Fut: Future<Output = anyhow::Result<T>>,
{
    let deadline = Instant::now() + limit;
    loop {
        if let Some(status) = process.exit_status() {
            anyhow::bail!("{} ended while starting ({status})\n{}", process.name(), process.log_tail());
        }
        let last = match timeout(ATTEMPT, check()).await {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(error)) => error,
            Err(_) => anyhow::anyhow!("no answer within {} s", ATTEMPT.as_secs()),
        };
        if Instant::now() >= deadline {
            return Err(last).with_context(|| {
                format!("{} was not ready within {} s\n{}", process.name(), limit.as_secs(), process.log_tail())
            });
        }
        sleep(PAUSE).await;
    }
}
