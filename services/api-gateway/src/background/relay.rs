//! Sends what the ledger has ready: tasks that are due, commands that wait in the outbox.

use super::wire::{control_message, task_message};
use crate::AppState;
use futures_util::future::join_all;
use rmu_catalogue::{
    CatalogueError,
    ledger::{
        DispatchLimits, DueTask, OutboxMessage, TraceHeaders, Turns, WAKE_UP_CHANNEL, admit_frontier, dispatch_due,
        dispatch_outbox,
    },
};
use rmu_domain::ids::TaskId;
use rmu_messaging::{
    Envelope, Publisher, Route,
    contracts::Contract,
    topology::{CONTROL_ROUTE, TASK_ROUTE},
    trace_context,
};
use rmu_postgres::listener::Listener;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Published together while their rows are locked.
const BATCH: u32 = 32;
/// Out with all workers at once, however few there are.
const LEAST_IN_FLIGHT: u32 = 64;
/// Tasks out with workers and in the broker for each browser.
const PER_BROWSER: u32 = 16;
/// A notification usually comes first; retries, whose time comes without one, wait for this.
const TICK: Duration = Duration::from_millis(250);
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(1);

/// Relays until `stop`.
pub(super) async fn run(state: AppState, stop: CancellationToken) {
    let mut listener = None;
    let turns = Turns::default();
    while !stop.is_cancelled() {
        let pause = match round(&state, &turns).await {
            Ok(Round::Done) => None,
            Ok(Round::Unconfirmed) => Some(PAUSE_AFTER_FAILURE),
            Err(error) => {
                metrics::counter!("rmu_relay_failures_total").increment(1);
                tracing::warn!(%error, "relay round failed");
                Some(PAUSE_AFTER_FAILURE)
            }
        };
        tokio::select! {
            () = wait(&state, &mut listener, pause) => {}
            () = stop.cancelled() => {}
        }
    }
}

/// How a round ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Round {
    /// Nothing is left to do at the moment.
    Done,
    /// The broker did not take everything; what it did not take is still due.
    Unconfirmed,
}

async fn round(state: &AppState, turns: &Turns) -> Result<Round, CatalogueError> {
    while admit_frontier(&state.database, state.config.max_queue_size).await? > 0 {}
    loop {
        let unconfirmed = &std::sync::atomic::AtomicBool::new(false);
        let publish = |messages: Vec<OutboxMessage>| async move {
            let count = messages.len();
            let sent = publish_commands(&state.publisher, messages).await;
            unconfirmed.fetch_or(sent.len() < count, std::sync::atomic::Ordering::Relaxed);
            sent
        };
        let sent = dispatch_outbox(&state.database, BATCH, publish).await?;
        if unconfirmed.load(std::sync::atomic::Ordering::Relaxed) {
            return Ok(Round::Unconfirmed);
        }
        if sent == 0 {
            break;
        }
    }
    loop {
        let unconfirmed = &std::sync::atomic::AtomicBool::new(false);
        let publish = |tasks: Vec<DueTask>| async move {
            let count = tasks.len();
            let sent = publish_tasks(&state.publisher, tasks).await;
            unconfirmed.fetch_or(sent.len() < count, std::sync::atomic::Ordering::Relaxed);
            sent
        };
        let sent = dispatch_due(&state.database, limits(state, turns), publish).await?;
        turns.sent(sent);
        if unconfirmed.load(std::sync::atomic::Ordering::Relaxed) {
            return Ok(Round::Unconfirmed);
        }
        if sent == 0 {
            return Ok(Round::Done);
        }
    }
}

/// So many that no browser waits for work, so few that each task is begun long before its deadline.
fn limits(state: &AppState, turns: &Turns) -> DispatchLimits {
    let browsers: u32 = state.workers.current().iter().map(|worker| worker.pool.cap).sum();
    let in_flight = browsers.saturating_mul(PER_BROWSER).max(LEAST_IN_FLIGHT);
    DispatchLimits { batch: BATCH, in_flight, order: turns.order() }
}

async fn publish_tasks(publisher: &Publisher, tasks: Vec<DueTask>) -> Vec<TaskId> {
    let sent = tasks.into_iter().map(|task| async move {
        // The same for every publishing of one dispatch, so that a repeated one is recognised as such.
        let id = Uuid::new_v5(&task.id.into(), &task.attempt.to_be_bytes());
        let confirmed = send(publisher, &TASK_ROUTE, id, &task_message(&task), &task.trace).await;
        confirmed.then_some(task.id)
    });
    join_all(sent).await.into_iter().flatten().collect()
}

/// One after the other: a pause and its resume must keep their order.
async fn publish_commands(publisher: &Publisher, messages: Vec<OutboxMessage>) -> Vec<i64> {
    let mut sent = Vec::with_capacity(messages.len());
    for message in messages {
        let id = Uuid::new_v5(&Uuid::NAMESPACE_OID, &message.id.to_be_bytes());
        if !send(publisher, &CONTROL_ROUTE, id, &control_message(&message.command), &message.trace).await {
            break;
        }
        sent.push(message.id);
    }
    sent
}

/// Whether the broker confirmed the message.
async fn send<M: Contract>(publisher: &Publisher, route: &Route, id: Uuid, message: &M, trace: &TraceHeaders) -> bool {
    let published = match serde_json::to_vec(message) {
        Ok(body) => publisher.send(route, &Envelope::from_parts(id, M::TYPE, body, headers(trace))).await,
        Err(error) => Err(error.into()),
    };
    if let Err(error) = &published {
        tracing::warn!(%error, kind = M::TYPE, "not published, stays due");
    }
    published.is_ok()
}

fn headers(trace: &TraceHeaders) -> trace_context::TraceHeaders {
    trace_context::TraceHeaders {
        traceparent: trace.get("traceparent").cloned(),
        tracestate: trace.get("tracestate").cloned(),
    }
}

/// Waits for a notification or a tick, or just for `pause`.
async fn wait(state: &AppState, listener: &mut Option<Listener>, pause: Option<Duration>) {
    if let Some(pause) = pause {
        tokio::time::sleep(pause).await;
        return;
    }
    if listener.is_none() {
        match state.database.listen(WAKE_UP_CHANNEL).await {
            Ok(connected) => *listener = Some(connected),
            Err(error) => tracing::debug!(%error, "no notifications for now"),
        }
    }
    let Some(connected) = listener else { return tokio::time::sleep(TICK).await };
    if let Err(error) = connected.wait(TICK).await {
        tracing::debug!(%error, "notifications broke off");
        *listener = None;
    }
}
