//! Puts the gateway together, runs it, and takes it apart in order.

use crate::{AppState, Config, background, background::Background, routes::app};
use anyhow::Context;
use rmu_catalogue::migrations::MIGRATIONS;
use rmu_telemetry::PrometheusHandle;
use rmu_web::{
    Lifecycle,
    ops::{self, Readiness},
    server::{Server, ServerHandle, http_server, serve_until_stopped},
};
use std::{net::SocketAddr, time::Duration};

const READY_PROBE_LIMIT: Duration = Duration::from_secs(1);

/// A gateway whose ports are open and whose tasks run.
pub struct Application {
    pub state: AppState,
    lifecycle: Lifecycle,
    background: Background,
    /// Absent for a copy that only takes in results.
    api: Option<(SocketAddr, Server)>,
    ops_address: SocketAddr,
    ops: ServerHandle,
}

/// Builds, listens to signals, serves until stopped.
pub async fn serve(config: Config, metrics: PrometheusHandle) -> anyhow::Result<()> {
    let application = build(config, metrics).await?;
    application.lifecycle.listen_for_signals()?;
    application.run_until_stopped().await
}

/// Brings the schema up to date.
pub async fn migrate(config: &Config) -> anyhow::Result<()> {
    let applied = rmu_postgres::migrations::run_pending(&config.database()?, MIGRATIONS).await?;
    tracing::info!(?applied, "schema catalogue is up to date");
    Ok(())
}

/// Opens the ports and starts the tasks. On port 0 any free one is taken; see [`Application::port`].
pub async fn build(config: Config, metrics: PrometheusHandle) -> anyhow::Result<Application> {
    let lifecycle = Lifecycle::new(config.drain);
    let ops_listener = config.ops.bind()?;
    let api_listener = config.role.serves().then(|| config.listen.bind()).transpose()?;
    let state = AppState::new(config, lifecycle.clone()).await?;

    let ops_address = ops_listener.local_addr()?;
    let ops_server = ops::ops_server(ops_listener, readiness(&state), metrics)?;
    let ops = ops_server.handle();
    tokio::spawn(ops_server);
    let api = match api_listener {
        Some(listener) => {
            let address = listener.local_addr()?;
            let (state, readiness) = (state.clone(), readiness(&state));
            let server = http_server(listener, None, move || app::build(&state, readiness.clone()))?;
            Some((address, server))
        }
        None => None,
    };
    let background = Background::default();
    background::register(&background, &state);
    let application = Application { state, lifecycle, background, api, ops_address, ops };
    ops::announce(
        application.state.config.port_file.as_deref(),
        application.api.as_ref().map(|(address, _)| *address),
        ops_address,
    )
    .context("RMU_PORT_FILE cannot be written")?;
    Ok(application)
}

impl Application {
    /// The port of the API; 0 for a copy that has none.
    pub fn port(&self) -> u16 {
        self.api.as_ref().map_or(0, |(address, _)| address.port())
    }

    pub fn ops_port(&self) -> u16 {
        self.ops_address.port()
    }

    pub fn lifecycle(&self) -> Lifecycle {
        self.lifecycle.clone()
    }

    /// Serves; when asked to stop: requests first, then what runs beside them, then connections, and last the
    /// operations port, so that it tells the truth to the end. The drain's deadline covers all of it.
    pub async fn run_until_stopped(self) -> anyhow::Result<()> {
        let Self { state, lifecycle, background, api, ops, .. } = self;
        let served = match api {
            Some((_, server)) => serve_until_stopped(server, &lifecycle).await,
            None => {
                lifecycle.drain().await;
                Ok(())
            }
        };
        let in_order = async {
            background.stop().await;
            state.broker.close().await;
        };
        tokio::select! {
            () = in_order => {}
            () = lifecycle.forced().cancelled() => tracing::warn!("forced to stop before everything was closed"),
        }
        ops.stop(false).await;
        tracing::info!("stopped");
        Ok(served?)
    }
}

/// Requests should come here when the database answers; what else is missing is missing everywhere.
fn readiness(state: &AppState) -> Readiness {
    let database = state.database.clone();
    Readiness::new(state.lifecycle.clone()).needs("database", move || {
        let database = database.clone();
        async move { database.ping(READY_PROBE_LIMIT).await.is_ok() }
    })
}
