//! Putting the service together, running it, taking it apart in order.

use crate::{
    AuthContext, digests, handlers, housekeeping,
    mail::{self, Transport},
    outbox,
    passwords::PasswordHasherPool,
    settings::Settings,
};
use anyhow::Context;
use rmu_messaging::{Connection, Publisher, rpc::Server};
use rmu_postgres::Database;
use rmu_telemetry::PrometheusHandle;
use rmu_web::{Lifecycle, ops};
use std::{
    net::{SocketAddr, TcpListener},
    time::Duration,
};
use tokio::task::JoinSet;

/// Requests handled at once: those who hash and wait to, and room beside them for those who need not.
const CONCURRENT_REQUESTS: u16 = 128;
const PING_LIMIT: Duration = Duration::from_millis(800);

/// The service, bound and not yet running.
pub struct Application {
    context: AuthContext,
    connection: Connection,
    transport: Transport,
    lifecycle: Lifecycle,
    ops_listener: TcpListener,
    ops_address: SocketAddr,
    metrics: PrometheusHandle,
    drain: Duration,
}

/// Builds everything and opens the operations port. Nothing outside has to be there yet: what is missing shows
/// in `/health/ready`.
pub async fn build(settings: Settings, metrics: PrometheusHandle) -> anyhow::Result<Application> {
    let ops_listener = settings.ops.bind()?;
    let ops_address = ops_listener.local_addr()?;
    let passwords = tokio::task::spawn_blocking(PasswordHasherPool::new).await??;
    let database = Database::new(settings.database).await?;
    let connection = Connection::open(settings.broker)?;
    let transport = Transport::new(&settings.mail).context("SMTP_URL cannot be used")?;
    let context = AuthContext::new(database, passwords, settings.signer, settings.mail);
    ops::announce(settings.port_file.as_deref(), None, ops_address)?;
    let (lifecycle, drain) = (Lifecycle::new(settings.drain), settings.drain.drain);
    Ok(Application { context, connection, transport, lifecycle, ops_listener, ops_address, metrics, drain })
}

impl Application {
    /// Where the operations port is.
    pub fn ops_address(&self) -> SocketAddr {
        self.ops_address
    }

    /// To stop it, also from a test.
    pub fn lifecycle(&self) -> Lifecycle {
        self.lifecycle.clone()
    }

    /// Answers requests until the lifecycle is asked to stop; then finishes what was begun and closes
    /// everything in order.
    pub async fn run_until_stopped(self) -> anyhow::Result<()> {
        let Self { context, connection, transport, lifecycle, ops_listener, metrics, drain, .. } = self;
        let ops = ops::ops_server(ops_listener, readiness(&context, &connection, &lifecycle), metrics)?;
        let ops_handle = ops.handle();
        let ops_running = tokio::spawn(ops);

        let refusing = lifecycle.refusing().clone();
        let mut parts = JoinSet::new();
        let server = Server::new(&connection, handlers::router(&context), CONCURRENT_REQUESTS).drain_limit(drain);
        parts.spawn(server.run(refusing.clone()));
        parts.spawn(mail::run(context.clone(), transport, refusing.clone()));
        parts.spawn(outbox::run(context.clone(), Publisher::new(connection.clone()), refusing.clone()));
        parts.spawn(digests::run(context.clone(), connection.clone(), refusing.clone()));
        parts.spawn(housekeeping::run(context.clone(), refusing.clone()));

        tokio::select! {
            () = lifecycle.drain() => {}
            // A part that ends by itself has a defect; a supervisor starts us anew.
            Some(ended) = parts.join_next() => {
                lifecycle.force();
                ended.context("a part of the service panicked")?;
                anyhow::bail!("a part of the service ended by itself");
            }
        }
        let finished = async { while parts.join_next().await.is_some() {} };
        tokio::select! {
            () = finished => {}
            () = lifecycle.forced().cancelled() => tracing::warn!("forced to stop with work in progress"),
        }
        connection.close().await;
        ops_handle.stop(false).await;
        ops_running.await??;
        tracing::info!("stopped");
        Ok(())
    }
}

fn readiness(context: &AuthContext, connection: &Connection, lifecycle: &Lifecycle) -> ops::Readiness {
    let (database, connection) = (context.database.clone(), connection.clone());
    ops::Readiness::new(lifecycle.clone())
        .needs("database", move || {
            let database = database.clone();
            async move {
                database.record_metrics();
                database.ping(PING_LIMIT).await.is_ok()
            }
        })
        .needs("rabbitmq", move || {
            let connected = connection.is_connected();
            async move { connected }
        })
}
