//! The only way to a transaction.

use crate::{Database, DatabaseError, MaybeTransient};
use diesel_async::{AnsiTransactionManager, AsyncPgConnection, TransactionManager};
use std::time::Duration;

/// Conflicting transactions are done again this often, then the conflict is reported.
const MAX_ATTEMPTS: u32 = 4;
const FIRST_PAUSE: Duration = Duration::from_millis(10);

impl Database {
    /// Runs `body` in one transaction (read committed): committed when it returns `Ok`, rolled back otherwise.
    ///
    /// Deadlocks and serialization failures are repeated a few times with jitter, so `body` must have no
    /// effect beside the database's. Dropping the future at any point is safe: the pool closes a connection
    /// that comes back inside a transaction.
    #[allow(clippy::manual_async_fn, reason = "an async fn cannot promise to be Send")]
    pub fn transaction<'a, R, E, F>(&'a self, body: F) -> impl Future<Output = Result<R, E>> + Send + 'a
    where
        F: for<'c> AsyncFn(&'c mut AsyncPgConnection) -> Result<R, E>
            + for<'c> Body<&'c mut AsyncPgConnection, Result<R, E>, Answer: Send>
            + Send
            + Sync
            + 'a,
        R: Send + 'a,
        E: From<DatabaseError> + MaybeTransient + Send + 'a,
    {
        async move {
            let mut attempt = 1;
            loop {
                let result = match tokio::time::timeout(self.config.transaction_timeout, self.attempt(&body)).await {
                    Ok(result) => result,
                    Err(_) => Err(DatabaseError::Timeout("transaction took too long".to_owned()).into()),
                };
                match result {
                    Err(error) if error.is_transient() && attempt < MAX_ATTEMPTS => {
                        metrics::counter!("rmu_database_transaction_retries_total").increment(1);
                        tokio::time::sleep((FIRST_PAUSE * (1 << attempt)).mul_f64(rand::random())).await;
                        attempt += 1;
                    }
                    result => return result,
                }
            }
        }
    }

    async fn attempt<R, E, F>(&self, body: &F) -> Result<R, E>
    where
        F: for<'c> Body<&'c mut AsyncPgConnection, Result<R, E>, Answer: Send> + Sync,
        R: Send,
        E: From<DatabaseError> + Send,
    {
        let mut connection = self.connection().await?;
        let connection: &mut AsyncPgConnection = &mut connection;
        AnsiTransactionManager::begin_transaction(connection).await.map_err(DatabaseError::from)?;
        match body(connection).await {
            Ok(value) => {
                AnsiTransactionManager::commit_transaction(connection).await.map_err(DatabaseError::from)?;
                Ok(value)
            }
            Err(error) => {
                // A failed rollback leaves the connection marked as broken; what the caller must learn is
                // why the work failed, not that the connection then did.
                if let Err(rollback) = AnsiTransactionManager::rollback_transaction(connection).await {
                    tracing::debug!(error = %rollback, "rollback failed");
                }
                Err(error)
            }
        }
    }
}

/// What a transaction runs: an async closure that borrows what it needs (`async |connection| …`, no `move`).
///
/// Beside `AsyncFn`, which makes closures' types known, this names the future, so that it can be required to
/// be `Send`; the language has no other way yet.
pub trait Body<T, R>: Fn(T) -> Self::Answer {
    type Answer: Future<Output = R>;
}

impl<F, T, R, Answer> Body<T, R> for F
where
    F: Fn(T) -> Answer,
    Answer: Future<Output = R>,
{
    type Answer = Answer;
}

/// Fails to compile when a transaction cannot be awaited on a runtime of many threads.
const _: fn(Database, String) = |database, name| {
    fn is_send<T: Send>(_: T) {}
    is_send(async move {
        let name = &name;
        let done = database.transaction(async |connection| -> Result<usize, DatabaseError> {
            let query = diesel::sql_query("SELECT pg_notify($1, '')").bind::<diesel::sql_types::Text, _>(name);
            Ok(diesel_async::RunQueryDsl::execute(query, connection).await?)
        });
        done.await
    });
};
