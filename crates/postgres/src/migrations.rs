//! Migrations, run by a command of their own before a new version serves.

use crate::{DatabaseConfig, DatabaseError, pool};
use diesel::pg::Pg;
use diesel_async::{AsyncPgConnection, async_connection_wrapper::AsyncConnectionWrapper};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness};
use std::{sync::Arc, time::Duration};
use tokio::runtime::Handle;

/// Any two migration commands of one schema take turns; the number is arbitrary but fixed.
const TURN_LOCK: i64 = 7_311_046_212;

/// Applies the migrations that `migrations` has and the schema lacks; returns their names.
pub async fn run_pending(
    config: &DatabaseConfig,
    migrations: EmbeddedMigrations,
) -> Result<Vec<String>, DatabaseError> {
    with_harness(config, move |harness| {
        let applied = harness.run_pending_migrations(migrations).map_err(|e| failed(&*e))?;
        Ok(applied.iter().map(ToString::to_string).collect())
    })
    .await
}

/// Takes back every migration, newest first; for the test that each of them can be.
pub async fn revert_all(config: &DatabaseConfig, migrations: EmbeddedMigrations) -> Result<(), DatabaseError> {
    with_harness(config, move |harness| harness.revert_all_migrations(migrations).map(|_| ()).map_err(|e| failed(&*e)))
        .await
}

/// Whether the schema lacks a migration that this binary has: then it must not serve.
pub async fn has_pending(config: &DatabaseConfig, migrations: EmbeddedMigrations) -> Result<bool, DatabaseError> {
    with_harness(config, move |harness| harness.has_pending_migration(migrations).map_err(|e| failed(&*e))).await
}

/// Diesel's migrations are blocking code over a connection that needs a runtime: they run on a blocking
/// thread, which waits on the runtime of the caller.
async fn with_harness<R, F>(config: &DatabaseConfig, work: F) -> Result<R, DatabaseError>
where
    R: Send + 'static,
    F: FnOnce(&mut Harness) -> Result<R, DatabaseError> + Send + 'static,
{
    let patient = DatabaseConfig {
        statement_timeout: Duration::from_secs(900),
        lock_timeout: Duration::from_secs(60),
        ..config.clone()
    };
    let mut connection = pool::establish_on(Handle::current(), Arc::new(patient.target()?))
        .await
        .map_err(|error| DatabaseError::Unavailable(error.to_string()))?;
    pool::batch(&mut connection, &format!("SELECT pg_advisory_lock({TURN_LOCK})")).await?;
    let done = tokio::task::spawn_blocking(move || {
        let mut harness = Harness::from(connection);
        // The lock goes with the connection.
        work(&mut harness)
    });
    done.await.map_err(|error| DatabaseError::Migration(error.to_string()))?
}

type Harness = AsyncConnectionWrapper<AsyncPgConnection>;

/// Fails to compile when the harness cannot run migrations of Postgres.
const _: fn() = || {
    fn is_harness<H: MigrationHarness<Pg>>() {}
    is_harness::<Harness>();
};

fn failed(error: &(dyn std::error::Error + Send + Sync)) -> DatabaseError {
    DatabaseError::Migration(error.to_string())
}
