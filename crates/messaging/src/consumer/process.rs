//! One message: its context, its span, its handler.

use super::{Outcome, session::Shared, settle::settle};
use crate::{
    envelope::{Envelope, header_text},
    topology::Route,
    trace_context,
};
use chrono::{DateTime, Utc};
use futures_util::FutureExt;
use lapin::{
    Channel,
    message::Delivery,
    types::{AMQPValue, FieldTable},
};
use serde::Serialize;
use std::{
    convert::Infallible,
    future::{Future, pending},
    panic::AssertUnwindSafe,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;
use uuid::Uuid;

/// How often a handler's channel is looked at.
const LOOK: Duration = Duration::from_secs(1);

pub(super) const REASON_HEADER: &str = "x-rmu-reason";
pub(super) const QUEUE_HEADER: &str = "x-rmu-queue";
pub(super) const EXCHANGE_HEADER: &str = "x-rmu-exchange";
pub(super) const KEY_HEADER: &str = "x-rmu-routing-key";

/// What a handler may want to know beside the message. The handler runs in a span whose parent is the
/// sender's, so that whatever it logs, publishes or calls belongs to the same trace.
#[derive(Debug, Clone)]
pub struct Context {
    pub message_id: Uuid,
    pub kind: String,
    pub exchange: String,
    pub routing_key: String,
    pub correlation_id: Option<String>,
    /// An earlier delivery of this message was not acknowledged.
    pub redelivered: bool,
    /// How often it was delivered before, as far as the queue counts.
    pub delivery_count: u64,
    /// Cancelled when its channel is lost, within a second: whatever comes of it here, the message is delivered again.
    pub lost: CancellationToken,
    /// Only of messages in the dead-letter queue.
    pub death: Option<Death>,
    pub span: tracing::Span,
    /// Where an answer goes, for requests.
    pub(crate) reply_to: Option<String>,
}

/// Why a message is a dead letter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Death {
    pub reason: String,
    pub queue: String,
    /// How it had been published, for a replay.
    pub route: Option<Route>,
    /// The broker's own account, the latest first. Empty when only a consumer gave the message up.
    pub history: Vec<DeathRecord>,
}

/// An entry of the broker's `x-death`: what it counts together, by queue and reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeathRecord {
    pub reason: String,
    pub queue: String,
    pub exchange: String,
    pub routing_key: String,
    pub count: u64,
    /// When it died so first.
    pub time: Option<DateTime<Utc>>,
}

pub(super) async fn process<H, F>(shared: Arc<Shared<H>>, channel: Channel, delivery: Delivery)
where
    H: Fn(Envelope, Context) -> F + Send + Sync + 'static,
    F: Future<Output = Outcome> + Send + 'static,
{
    let start = Instant::now();
    let envelope = Envelope::received(&delivery.properties, delivery.data.clone());
    let span = tracing::info_span!(
        "message",
        otel.name = format!("{} process", shared.label),
        otel.kind = "consumer",
        messaging.system = "rabbitmq",
        messaging.destination.name = shared.label,
        messaging.message.id = %envelope.id,
        message.kind = envelope.kind,
    );
    trace_context::set_parent(&span, &envelope.trace);
    let lost = CancellationToken::new();
    let context = context(&delivery, &envelope, span.clone(), lost.clone());

    let outcome = async {
        let handled = async { (shared.handler)(envelope.clone(), context.clone()).await };
        let limited = timeout(shared.handler_limit, AssertUnwindSafe(handled).catch_unwind());
        tokio::select! {
            done = limited => match done {
                Ok(Ok(outcome)) => outcome,
                Ok(Err(_)) => Outcome::retry("the handler panicked"),
                Err(_) => Outcome::retry("the handler took too long"),
            },
            never = watch(&channel, &lost) => match never {},
        }
    };
    async {
        let outcome = outcome.await;
        settle(&shared.label, &shared.dead, &shared.stop, &delivery, &envelope, &context, &outcome).await;
        let label = shared.label.clone();
        let outcome = match outcome {
            Outcome::Ack => "ack",
            Outcome::Retry { .. } => "retry",
            Outcome::Release => "release",
            Outcome::Dead { .. } => "dead",
        };
        metrics::counter!("rmu_messages_consumed_total", "queue" => label.clone(), "outcome" => outcome).increment(1);
        metrics::histogram!("rmu_message_seconds", "queue" => label).record(start.elapsed());
    }
    .instrument(span)
    .await;
    // Until here: the broker takes the acknowledgement only over the channel of the delivery.
    drop(channel);
}

/// Says when the channel is lost, and never ends. By looking: the consumer of the channel may be gone by then.
async fn watch(channel: &Channel, lost: &CancellationToken) -> Infallible {
    while channel.status().connected() {
        sleep(LOOK).await;
    }
    lost.cancel();
    pending().await
}

fn context(delivery: &Delivery, envelope: &Envelope, span: tracing::Span, lost: CancellationToken) -> Context {
    let headers = delivery.properties.headers().as_ref();
    // Absent in the first delivery by some versions, 0 in that of others.
    let counted = headers.and_then(|headers| number(headers.inner().get("x-delivery-count")?));
    Context {
        message_id: envelope.id,
        kind: envelope.kind.clone(),
        exchange: delivery.exchange.as_str().to_owned(),
        routing_key: delivery.routing_key.as_str().to_owned(),
        correlation_id: envelope.correlation_id.clone(),
        redelivered: delivery.redelivered,
        delivery_count: counted.unwrap_or(u64::from(delivery.redelivered)),
        lost,
        death: death(envelope, headers),
        span,
        reply_to: delivery.properties.reply_to().as_ref().map(|queue| queue.as_str().to_owned()),
    }
}

/// Our own headers when a consumer gave the message up, the broker's `x-death` when a queue did.
fn death(envelope: &Envelope, headers: Option<&FieldTable>) -> Option<Death> {
    let ours = |name: &str| envelope.headers.get(name).cloned();
    if let Some(reason) = ours(REASON_HEADER) {
        let route = ours(EXCHANGE_HEADER).zip(ours(KEY_HEADER)).map(|(exchange, key)| Route::new(exchange, key));
        let queue = ours(QUEUE_HEADER).unwrap_or_default();
        return Some(Death { reason, queue, route, history: history(headers) });
    }
    let history = history(headers);
    let latest = history.first()?;
    let known = !latest.routing_key.is_empty() || !latest.exchange.is_empty();
    Some(Death {
        reason: latest.reason.clone(),
        queue: latest.queue.clone(),
        route: known.then(|| Route::new(latest.exchange.clone(), latest.routing_key.clone())),
        history,
    })
}

/// More entries say nothing more.
const LONGEST_HISTORY: usize = 20;

fn history(headers: Option<&FieldTable>) -> Vec<DeathRecord> {
    let deaths = headers.and_then(|headers| headers.inner().get("x-death"));
    let Some(AMQPValue::FieldArray(deaths)) = deaths else { return Vec::new() };
    let record = |entry: &AMQPValue| {
        let AMQPValue::FieldTable(entry) = entry else { return None };
        let text = |name: &str| entry.inner().get(name).and_then(header_text).unwrap_or_default();
        let routing_key = match entry.inner().get("routing-keys") {
            Some(AMQPValue::FieldArray(keys)) => keys.as_slice().first().and_then(header_text),
            _ => None,
        };
        let time = match entry.inner().get("time") {
            Some(AMQPValue::Timestamp(seconds)) => i64::try_from(*seconds).ok(),
            _ => None,
        };
        Some(DeathRecord {
            reason: text("reason"),
            queue: text("queue"),
            exchange: text("exchange"),
            routing_key: routing_key.unwrap_or_default(),
            count: entry.inner().get("count").and_then(number).unwrap_or(1),
            time: time.and_then(|seconds| DateTime::from_timestamp(seconds, 0)),
        })
    };
    deaths.as_slice().iter().filter_map(record).take(LONGEST_HISTORY).collect()
}

fn number(value: &AMQPValue) -> Option<u64> {
    let number = match value {
        AMQPValue::LongLongInt(number) => *number,
        AMQPValue::LongInt(number) => i64::from(*number),
        AMQPValue::LongUInt(number) => i64::from(*number),
        AMQPValue::ShortInt(number) => i64::from(*number),
        AMQPValue::ShortUInt(number) => i64::from(*number),
        AMQPValue::ShortShortInt(number) => i64::from(*number),
        AMQPValue::ShortShortUInt(number) => i64::from(*number),
        _ => return None,
    };
    u64::try_from(number).ok()
}
