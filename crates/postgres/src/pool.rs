//! The connection pool.

use crate::{DatabaseConfig, DatabaseError, config::Target};
use diesel::ConnectionError;
use diesel_async::{
    AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection,
    pooled_connection::{
        AsyncDieselConnectionManager, ManagerConfig, PoolError, PoolableConnection, RecyclingMethod,
        bb8::{Pool, PooledConnection},
    },
};
use futures_util::FutureExt;
use std::{sync::Arc, time::Duration};
use tokio::runtime::Handle;

/// A borrowed connection; goes back when dropped.
pub type Connection<'a> = PooledConnection<'a, AsyncPgConnection>;

/// A handle on a service's database. Cheap to clone.
#[derive(Clone)]
pub struct Database {
    pub(crate) pool: Pool<AsyncPgConnection>,
    pub(crate) config: Arc<DatabaseConfig>,
    pub(crate) target: Arc<Target>,
    pub(crate) runtime: Handle,
}

/// The pool at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolState {
    pub max: u32,
    pub open: u32,
    pub idle: u32,
    pub waiting: u64,
}

impl Database {
    /// Builds the pool; must be called on the service's main runtime.
    ///
    /// Nothing is contacted yet: a service starts while its database is away and says so in its health.
    pub async fn new(config: DatabaseConfig) -> Result<Self, DatabaseError> {
        let target = Arc::new(config.target()?);
        // An actix worker is a one-thread runtime: a connection it opened would be driven by that thread and
        // stand still whenever the thread is busy. All are therefore opened on the runtime we are on now.
        let runtime = Handle::current();
        let mut manager = ManagerConfig::default();
        manager.custom_setup = Box::new({
            let (target, runtime) = (Arc::clone(&target), runtime.clone());
            move |_| establish_on(runtime.clone(), Arc::clone(&target)).boxed()
        });
        // Whether the connection is known to be closed costs nothing to ask; a query each time would cost a
        // round trip and still not prove that the next one arrives.
        manager.recycling_method = RecyclingMethod::CustomFunction(Box::new(|connection: &mut AsyncPgConnection| {
            let broken = connection.is_broken();
            async move { if broken { Err(diesel::result::Error::BrokenTransactionManager) } else { Ok(()) } }.boxed()
        }));
        let pool = Pool::builder()
            .max_size(config.max_connections.max(1))
            .connection_timeout(config.acquire_timeout)
            .idle_timeout(config.idle_timeout)
            .max_lifetime(config.max_lifetime)
            .reaper_rate(Duration::from_secs(10))
            .queue_strategy(bb8::QueueStrategy::Lifo)
            .error_sink(Box::new(LogErrors))
            .build_unchecked(AsyncDieselConnectionManager::new_with_config(String::new(), manager));
        Ok(Self { pool, config: Arc::new(config), target, runtime })
    }

    /// Borrows a connection for single statements. Whoever writes more than one row uses `transaction`.
    pub async fn connection(&self) -> Result<Connection<'_>, DatabaseError> {
        let started = std::time::Instant::now();
        let connection = self.pool.get().await;
        metrics::histogram!("rmu_database_acquire_seconds").record(started.elapsed().as_secs_f64());
        if connection.is_err() {
            metrics::counter!("rmu_database_acquire_failures_total").increment(1);
        }
        Ok(connection?)
    }

    /// Asks the database for an answer within `limit`; for health checks.
    pub async fn ping(&self, limit: Duration) -> Result<(), DatabaseError> {
        let asked = async {
            let mut connection = self.connection().await?;
            diesel::sql_query("SELECT 1").execute(&mut *connection).await?;
            Ok(())
        };
        match tokio::time::timeout(limit, asked).await {
            Ok(answer) => answer,
            Err(_) => Err(DatabaseError::Timeout("no answer to a ping".to_owned())),
        }
    }

    pub fn state(&self) -> PoolState {
        let state = self.pool.state();
        PoolState {
            max: self.config.max_connections,
            open: state.connections,
            idle: state.idle_connections,
            waiting: state.statistics.pending_gets(),
        }
    }

    /// Writes the pool's state into the metrics; called whenever they are collected.
    pub fn record_metrics(&self) {
        let state = self.state();
        metrics::gauge!("rmu_database_connections_max").set(f64::from(state.max));
        metrics::gauge!("rmu_database_connections_open").set(f64::from(state.open));
        metrics::gauge!("rmu_database_connections_idle").set(f64::from(state.idle));
        metrics::gauge!("rmu_database_connections_waiting")
            .set(f64::from(u32::try_from(state.waiting).unwrap_or(u32::MAX)));
    }
}

/// Opens a connection on `runtime`, whoever asks.
pub(crate) async fn establish_on(runtime: Handle, target: Arc<Target>) -> diesel::ConnectionResult<AsyncPgConnection> {
    runtime
        .spawn(async move { establish(&target).await })
        .await
        .map_err(|error| ConnectionError::BadConnection(error.to_string()))?
}

async fn establish(target: &Target) -> diesel::ConnectionResult<AsyncPgConnection> {
    let limit = target.session.get_connect_timeout().copied().unwrap_or(Duration::from_secs(3)) * 2;
    // The driver's own limit covers the TCP connection only, not what a half-open server leaves unanswered.
    tokio::time::timeout(limit, open(target))
        .await
        .map_err(|_| ConnectionError::BadConnection("no answer within the limit".to_owned()))?
}

async fn open(target: &Target) -> diesel::ConnectionResult<AsyncPgConnection> {
    let refused = |error: tokio_postgres::Error| {
        let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
        ConnectionError::BadConnection(format!("{error}{cause}"))
    };
    if let Some(tls) = &target.tls {
        let (client, connection) = target.session.connect(tls.clone()).await.map_err(refused)?;
        return AsyncPgConnection::try_from_client_and_connection(client, connection).await;
    }
    let (client, connection) = target.session.connect(tokio_postgres::NoTls).await.map_err(refused)?;
    AsyncPgConnection::try_from_client_and_connection(client, connection).await
}

/// Runs several statements at once, outside a transaction; for migrations and tests.
pub(crate) async fn batch(connection: &mut AsyncPgConnection, sql: &str) -> Result<(), DatabaseError> {
    Ok(connection.batch_execute(sql).await?)
}

#[derive(Debug, Clone, Copy)]
struct LogErrors;

impl bb8::ErrorSink<PoolError> for LogErrors {
    fn sink(&self, error: PoolError) {
        metrics::counter!("rmu_database_connect_failures_total").increment(1);
        tracing::warn!(%error, "database connection failed");
    }

    fn boxed_clone(&self) -> Box<dyn bb8::ErrorSink<PoolError>> {
        Box::new(*self)
    }
}
