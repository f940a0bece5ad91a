//! Takes in what workers answer.

use super::wire::{as_failure, task_result};
use crate::AppState;
use rmu_catalogue::{
    CatalogueError,
    ingest::{Applied, TaskResult, apply_result},
};
use rmu_messaging::{Consumer, Outcome, contracts::scrape::ScrapeResultV1, topology::SCRAPE_RESULTS};
use rmu_postgres::{Database, DatabaseError};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Results handled at once: each holds a connection, and requests want some too.
const AT_ONCE: u16 = 6;
const HANDLER_LIMIT: Duration = Duration::from_secs(60);

/// Ingests until `stop`.
pub(super) async fn run(state: AppState, stop: CancellationToken) {
    let database = state.database.clone();
    let handle = move |message: ScrapeResultV1, _| {
        let database = database.clone();
        async move { ingest(&database, message).await }
    };
    let consumer = Consumer::new(&state.broker, SCRAPE_RESULTS, AT_ONCE).handler_limit(HANDLER_LIMIT);
    consumer.run(handle, stop).await;
}

async fn ingest(database: &Database, message: ScrapeResultV1) -> Outcome {
    let (result, refused) = task_result(message);
    let outcome = match apply_result(database, &result).await {
        Ok(applied) => {
            record(applied);
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
