//! The loop itself: one session after the other, each on a channel of its own, until stopped; then the drain.

use super::{Consumer, Context, Outcome, process::process};
use crate::{backoff, envelope::Envelope, publisher::Publisher};
use futures_util::StreamExt;
use lapin::options::BasicCancelOptions;
use std::{future::Future, sync::Arc, time::Duration};
use tokio::{sync::watch, task::JoinSet, time::timeout};
use tokio_util::sync::CancellationToken;

const OPEN_LIMIT: Duration = Duration::from_secs(10);
const CANCEL_LIMIT: Duration = Duration::from_secs(2);
const FIRST_DELAY: Duration = Duration::from_millis(100);
const LONGEST_DELAY: Duration = Duration::from_secs(2);

enum End {
    Stopped,
    PrefetchChanged,
    /// Whether anything was received before it ended.
    Lost {
        reason: String,
        worked: bool,
    },
}

/// What every message of a consumer is processed with.
pub(super) struct Shared<H> {
    pub(super) label: String,
    pub(super) handler: Arc<H>,
    pub(super) dead: Publisher,
    pub(super) handler_limit: Duration,
    pub(super) stop: CancellationToken,
}

pub(super) async fn run<H, F>(consumer: Consumer, handler: Arc<H>, dead: Publisher, stop: CancellationToken)
where
    H: Fn(Envelope, Context) -> F + Send + Sync + 'static,
    F: Future<Output = Outcome> + Send + 'static,
{
    let label = consumer.source.label();
    let handler_limit = consumer.handler_limit;
    let shared = Arc::new(Shared { label, handler, dead, handler_limit, stop: stop.clone() });
    let mut prefetch = consumer.prefetch.0.subscribe();
    let mut running = JoinSet::new();
    let mut failures = 0;
    loop {
        let (reason, worked) = match session(&consumer, &shared, &mut prefetch, &mut running).await {
            End::Stopped => break,
            End::PrefetchChanged => continue,
            End::Lost { reason, worked } => (reason, worked),
        };
        failures = if worked { 0 } else { failures + 1 };
        let delay = backoff::delay(failures, FIRST_DELAY, LONGEST_DELAY);
        tracing::warn!(queue = shared.label, reason, retry_in_ms = delay.as_millis(), "consumer interrupted");
        metrics::counter!("rmu_consumer_interruptions_total", "queue" => shared.label.clone()).increment(1);
        tokio::select! {
            () = stop.cancelled() => break,
            () = tokio::time::sleep(delay) => {}
        }
    }
    drain(running, consumer.drain_limit, &shared.label).await;
}

async fn session<H, F>(
    consumer: &Consumer,
    shared: &Arc<Shared<H>>,
    prefetch: &mut watch::Receiver<u16>,
    running: &mut JoinSet<()>,
) -> End
where
    H: Fn(Envelope, Context) -> F + Send + Sync + 'static,
    F: Future<Output = Outcome> + Send + 'static,
{
    let count = *prefetch.borrow_and_update();
    if count == 0 {
        return tokio::select! {
            () = shared.stop.cancelled() => End::Stopped,
            _ = prefetch.changed() => End::PrefetchChanged,
        };
    }
    // What came now could not begin: another consumer shall have it.
    while running.len() >= usize::from(count) {
        tokio::select! {
            () = shared.stop.cancelled() => return End::Stopped,
            _ = prefetch.changed() => return End::PrefetchChanged,
            _ = running.join_next() => {}
        }
    }
    let opened = tokio::select! {
        () = shared.stop.cancelled() => return End::Stopped,
        opened = timeout(OPEN_LIMIT, consumer.source.open(&consumer.connection, count)) => opened,
    };
    let (channel, mut deliveries) = match opened {
        Ok(Ok(opened)) => opened,
        Ok(Err(error)) => return End::Lost { reason: error.to_string(), worked: false },
        Err(_) => return End::Lost { reason: "no connection".to_owned(), worked: false },
    };
    tracing::debug!(queue = shared.label, prefetch = count, "consuming");
    let mut worked = false;
    let end = loop {
        tokio::select! {
            biased;
            () = shared.stop.cancelled() => break End::Stopped,
            _ = prefetch.changed() => break End::PrefetchChanged,
            Some(_) = running.join_next() => {}
            // Handlers of a lost channel may still run, so that the bound is kept here as well.
            delivery = deliveries.next(), if running.len() < usize::from(count) => match delivery {
                Some(Ok(delivery)) => {
                    worked = true;
                    running.spawn(process(shared.clone(), channel.clone(), delivery));
                }
                Some(Err(error)) => return End::Lost { reason: error.to_string(), worked },
                None => return End::Lost { reason: "the broker cancelled the consumer".to_owned(), worked },
            },
        }
    };
    // Running handlers keep the channel; once the last of them has acknowledged its message the channel
    // closes, and what was delivered to nobody returns to the queue.
    let cancelled = channel.basic_cancel(deliveries.tag(), BasicCancelOptions::default());
    if !matches!(timeout(CANCEL_LIMIT, cancelled).await, Ok(Ok(()))) {
        tracing::debug!(queue = shared.label, "consumer was gone before it could be cancelled");
    }
    end
}

async fn drain(mut running: JoinSet<()>, limit: Duration, label: &str) {
    let finished = timeout(limit, async { while running.join_next().await.is_some() {} }).await;
    if finished.is_err() {
        tracing::warn!(queue = label, left = running.len(), "handlers did not finish in time and are dropped");
    }
    // Dropping the set ends what is left; its messages return to the queue with their channel.
}
