//! Telling the broker what became of a message.

use super::{
    Context, Outcome,
    process::{EXCHANGE_HEADER, KEY_HEADER, QUEUE_HEADER, REASON_HEADER},
};
use crate::{backoff, envelope::Envelope, publisher::Publisher, topology::DEAD_ROUTE};
use lapin::{
    message::Delivery,
    options::{BasicAckOptions, BasicNackOptions, BasicRejectOptions},
};
use std::time::Duration;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

const SETTLE_LIMIT: Duration = Duration::from_secs(5);
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
const MAX_REASON: usize = 2000;

pub(super) async fn settle(
    queue: &str,
    dead: &Publisher,
    stop: &CancellationToken,
    delivery: &Delivery,
    envelope: &Envelope,
    context: &Context,
    outcome: &Outcome,
) {
    let settled = match outcome {
        Outcome::Ack => limited(delivery.acker.ack(BasicAckOptions::default())).await,
        Outcome::Release => {
            limited(delivery.acker.nack(BasicNackOptions { requeue: true, ..Default::default() })).await
        }
        Outcome::Retry { reason } => {
            tracing::warn!(queue, reason, delivery_count = context.delivery_count, "message will be tried again");
            try_again(delivery, context, stop).await
        }
        Outcome::Dead { reason } => {
            tracing::error!(queue, reason, "message could not be processed");
            match dead.send(&DEAD_ROUTE, &obituary(queue, envelope, context, reason)).await {
                Ok(()) => limited(delivery.acker.ack(BasicAckOptions::default())).await,
                // Not lost: it goes back and ends here again, or at the queue's delivery limit.
                Err(error) => {
                    tracing::error!(queue, %error, "dead letter could not be stored; message is tried again");
                    try_again(delivery, context, stop).await
                }
            }
        }
    };
    if !settled {
        tracing::warn!(queue, "channel was lost before the message was settled; it will be delivered again");
    }
}

/// By `reject`, not `nack`: newer brokers count only the former towards the delivery limit.
async fn try_again(delivery: &Delivery, context: &Context, stop: &CancellationToken) -> bool {
    let attempt = u32::try_from(context.delivery_count).unwrap_or(u32::MAX);
    tokio::select! {
        () = stop.cancelled() => {}
        () = tokio::time::sleep(backoff::delay(attempt, FIRST_PAUSE, LONGEST_PAUSE)) => {}
    }
    limited(delivery.acker.reject(BasicRejectOptions { requeue: true })).await
}

async fn limited(settling: impl Future<Output = lapin::Result<bool>>) -> bool {
    matches!(timeout(SETTLE_LIMIT, settling).await, Ok(Ok(true)))
}

/// The message as it was, with what is needed to understand and to replay it.
fn obituary(queue: &str, envelope: &Envelope, context: &Context, reason: &str) -> Envelope {
    let mut letter = envelope.clone();
    letter.persistent = true;
    letter.expiration = None;
    let reason = reason.chars().take(MAX_REASON).collect();
    letter.headers.insert(REASON_HEADER.to_owned(), reason);
    letter.headers.insert(QUEUE_HEADER.to_owned(), queue.to_owned());
    letter.headers.insert(EXCHANGE_HEADER.to_owned(), context.exchange.clone());
    letter.headers.insert(KEY_HEADER.to_owned(), context.routing_key.clone());
    letter
}
