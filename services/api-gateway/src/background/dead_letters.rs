//! Takes dead letters into the table where administrators see them.

use crate::AppState;
use rmu_catalogue::dead_letters::{Bounds, LetterRoute, NewDeadLetter, keep};
use rmu_messaging::{
    Consumer, Context, Envelope, Outcome, Route, consumer::Death, envelope::MAX_BODY_BYTES, topology::DEAD_LETTERS,
    trace_context::TraceHeaders,
};
use rmu_postgres::Database;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, time::Duration};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

const AT_ONCE: u16 = 2;
const HANDLER_LIMIT: Duration = Duration::from_secs(30);
const LONGEST_REASON: usize = 2000;

/// Keeps dead letters until `stop`.
pub(super) async fn run(state: AppState, stop: CancellationToken) {
    let database = state.database.clone();
    let handle = move |envelope: Envelope, context: Context| {
        let database = database.clone();
        async move { store(&database, envelope, context).await }
    };
    let consumer = Consumer::new(&state.broker, DEAD_LETTERS, AT_ONCE).handler_limit(HANDLER_LIMIT);
    consumer.run_envelopes(handle, stop).await;
}

/// Acknowledged only after the commit. What cannot be stored stays with the broker, whatever the reason: this is the
/// end of the line.
async fn store(database: &Database, envelope: Envelope, context: Context) -> Outcome {
    let letter = dead_letter(envelope, &context);
    match keep(database, &letter, Bounds::default()).await {
        Ok(dropped) => {
            metrics::counter!("rmu_dead_letters_total", "queue" => letter.queue).increment(1);
            if dropped > 0 {
                metrics::counter!("rmu_dead_letters_dropped_total").increment(u64::from(dropped));
                tracing::error!(dropped, "old dead letters were dropped to make room");
            }
            Outcome::Ack
        }
        Err(error) => Outcome::retry(error),
    }
}

/// What an envelope has beside id, type and body.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Properties {
    correlation_id: Option<String>,
    traceparent: Option<String>,
    tracestate: Option<String>,
    headers: BTreeMap<String, String>,
}

fn dead_letter(envelope: Envelope, context: &Context) -> NewDeadLetter {
    let death = context.death.clone();
    let unknown = || Death { reason: "nobody says why".to_owned(), queue: String::new(), ..Death::default() };
    let death = death.unwrap_or_else(unknown);
    let mut body = envelope.body;
    let complete = body.len() <= MAX_BODY_BYTES;
    body.truncate(MAX_BODY_BYTES);
    let headers = envelope.headers.iter().filter(|(name, _)| !name.starts_with("x-"));
    let properties = Properties {
        correlation_id: envelope.correlation_id.as_deref().map(storable),
        traceparent: envelope.trace.traceparent.as_deref().map(storable),
        tracestate: envelope.trace.tracestate.as_deref().map(storable),
        headers: headers.map(|(name, value)| (storable(name), storable(value))).collect(),
    };
    NewDeadLetter {
        // What has no id of its own is told apart by what it says.
        message: if envelope.id.is_nil() { Uuid::new_v5(&Uuid::NAMESPACE_OID, &body) } else { envelope.id },
        kind: storable(&envelope.kind),
        reason: storable(&death.reason),
        queue: storable(&death.queue),
        route: death.route.map(|route| LetterRoute { exchange: storable(&route.exchange), key: storable(&route.key) }),
        deaths: serde_json::to_value(death.history).unwrap_or_default(),
        properties: serde_json::to_value(properties).unwrap_or_default(),
        body,
        complete,
    }
}

/// The message as it was before it died, and where it goes.
pub(crate) fn replayed(letter: rmu_catalogue::dead_letters::OpenLetter, route: LetterRoute) -> (Route, Envelope) {
    let properties: Properties = serde_json::from_value(letter.properties).unwrap_or_default();
    let trace = TraceHeaders { traceparent: properties.traceparent, tracestate: properties.tracestate };
    let mut envelope = Envelope::from_parts(letter.letter.message, letter.letter.kind, letter.body, trace);
    envelope.correlation_id = properties.correlation_id;
    envelope.headers = properties.headers;
    (Route::new(route.exchange, route.key), envelope)
}

/// Text of whoever sent it, cut and without NUL, which Postgres does not store.
fn storable(text: &str) -> String {
    text.chars().filter(|character| *character != '\0').take(LONGEST_REASON).collect()
}
