//! Takes in what workers answer.

use super::wire::{as_failure, task_result};
use crate::{AppState, cache::Scope};
use rmu_catalogue::{
    CatalogueError,
    ingest::{Applied, TaskOutcome, TaskResult, apply_result},
};
use rmu_domain::scrape::TaskState;
use rmu_messaging::{Consumer, Outcome, contracts::scrape::ScrapeResultV1, topology::SCRAPE_RESULTS};
use rmu_postgres::{Database, DatabaseError};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Results handled at once: each holds a connection, and requests want some too.
const AT_ONCE: u16 = 6;
const HANDLER_LIMIT: Duration = Duration::from_secs(60);

/// Ingests until `stop`.
pub(super) async fn run(state: AppState, stop: CancellationToken) {
    let shared = state.clone();
    let handle = move |message: ScrapeResultV1, _| {
        let state = shared.clone();
        async move { ingest(&state, message).await }
    };
    let consumer = Consumer::new(&state.broker, SCRAPE_RESULTS, AT_ONCE).handler_limit(HANDLER_LIMIT);
    consumer.run(handle, stop).await;
}

async fn ingest(state: &AppState, message: ScrapeResultV1) -> Outcome {
    let database = &state.database;
    let (result, refused) = task_result(message);
    let outcome = match apply_result(database, &result).await {
        Ok(applied) => {
            record(applied);
            if may_have_changed_units(&result.outcome, applied) {
                state.cache.changed(&[Scope::Everything]).await;
            }
            match (applied, refused) {
                (_, Some(reason)) => Outcome::dead(reason),
                (Applied::Unknown, None) => Outcome::dead("there is no such task"),
                _ => Outcome::Ack,
            }
        }
        Err(error) if is_passing(&error) => Outcome::retry(error),
        Err(error) => give_up(database, &result, &error).await,
    };
    if let Outcome::Dead { reason } = &outcome {
        tracing::warn!(task_id = %result.task, job_id = %result.job, reason, "result goes to the dead letters");
    }
    outcome
}

/// A page that said again what was known changes only when it was last seen, and that may be a minute old. Of a feed
/// that is held back some entries may have been stored.
fn may_have_changed_units(outcome: &TaskOutcome, applied: Applied) -> bool {
    match outcome {
        TaskOutcome::Unit(_) => applied == Applied::Finished(TaskState::Succeeded),
        TaskOutcome::Entries(_) => {
            matches!(applied, Applied::Finished(TaskState::Succeeded | TaskState::Dead) | Applied::Retried)
        }
        _ => false,
    }
}

/// A result that can never be stored must not keep its task waiting: the attempt counts as failed, and the
/// message is kept for whoever looks into it.
async fn give_up(database: &Database, result: &TaskResult, error: &CatalogueError) -> Outcome {
    tracing::error!(task_id = %result.task, job_id = %result.job, %error, "result cannot be stored");
    match apply_result(database, &as_failure(result, "the result could not be stored")).await {
        Ok(applied) => {
            record(applied);
            Outcome::dead(error)
        }
        Err(again) => Outcome::retry(again),
    }
}

/// Whether the same result may be stored later: the database was away or busy.
fn is_passing(error: &CatalogueError) -> bool {
    matches!(
        error,
        CatalogueError::Database(
            DatabaseError::Unavailable(_) | DatabaseError::Timeout(_) | DatabaseError::Conflict(_)
        )
    )
}

fn record(applied: Applied) {
    let outcome = match applied {
        Applied::Finished(state) => state.as_str(),
        Applied::Retried => "retried",
        Applied::Ignored => "ignored",
        Applied::Unknown => "unknown",
    };
    metrics::counter!("rmu_scrape_results_total", "outcome" => outcome).increment(1);
}
