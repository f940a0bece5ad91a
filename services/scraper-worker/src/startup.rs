//! The worker as a whole: built, run until stopped, drained in order.

mod stats;

use crate::{
    browser::BrowserPool,
    config::WorkerConfig,
    fetch::Fetcher,
    politeness::{HostGate, Politeness},
    task::{Arrival, TaskHandler, TaskSettings, control::Jobs},
};
use anyhow::Context as _;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use rmu_artefacts::{ArtefactStore, Place};
use rmu_domain::scrape::MOST_TASKS_OUT;
use rmu_messaging::{
    Connection, ConnectionOptions, Consumer, Context, Declare, Limits, Outcome, Prefetch, Publisher, Service,
    contracts::{control::WorkerControlV1, preview::PreviewRequestV1, scrape::ScrapeTaskV1},
    rpc::{PREVIEWS, Router, Server},
    topology::{CONTROL_ROUTE, SCRAPE_TASKS},
};
use rmu_telemetry::PrometheusHandle;
use rmu_web::{
    Lifecycle,
    ops::{Readiness, announce, ops_server},
};
use std::{
    net::{SocketAddr, TcpListener},
    time::Duration,
};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// What closing browsers and connections may take of the time to drain.
const CLOSE_RESERVE: Duration = Duration::from_secs(10);
const POOL_LIMIT: Duration = Duration::from_secs(6);
const MOST_FETCHED_BYTES: usize = 10 << 20;

/// A worker with its ports bound and its parts made, not yet taking tasks.
pub struct Worker {
    config: WorkerConfig,
    lifecycle: Lifecycle,
    ops: TcpListener,
    metrics: PrometheusHandle,
    connection: Connection,
    gate: HostGate,
    pool: BrowserPool,
    politeness: Politeness,
    artefacts: Option<ArtefactStore>,
}

/// Binds, opens and sweeps. Broker and Redis may still be away: the worker then starts and is not ready.
pub async fn build(config: WorkerConfig, metrics: PrometheusHandle) -> anyhow::Result<Worker> {
    let ops = config.ops.bind()?;
    let options = ConnectionOptions::new(config.amqp_url.expose(), format!("worker {}", config.name))?
        .declare(Declare::Owned(Service::Worker, Limits::default()));
    let gate = HostGate::new(redis(config.redis_url.expose())?, &config.redis_prefix);
    let fetcher = Fetcher::new(&config.pool.user_agent, config.addresses, MOST_FETCHED_BYTES)?;
    let pool = BrowserPool::open(config.pool.clone()).await.context("the directory of browsers cannot be used")?;
    let artefacts = artefacts(config.artefacts.as_ref())?;
    Ok(Worker {
        lifecycle: Lifecycle::new(config.drain),
        connection: Connection::open(options)?,
        politeness: Politeness::new(gate.clone(), fetcher, config.pool.limits.cap),
        config,
        ops,
        metrics,
        gate,
        pool,
        artefacts,
    })
}

impl Worker {
    pub fn lifecycle(&self) -> Lifecycle {
        self.lifecycle.clone()
    }

    pub fn ops_address(&self) -> std::io::Result<SocketAddr> {
        self.ops.local_addr()
    }

    /// Takes tasks until asked to stop; then stops taking, lets pages finish, and closes browsers and
    /// connections in that order, by force when the time to drain is over.
    pub async fn run_until_stopped(self) -> anyhow::Result<()> {
        announce(self.config.port_file.as_deref(), None, self.ops_address()?)?;
        let ops = ops_server(self.ops.try_clone()?, self.readiness(), self.metrics.clone())?;
        let ops_handle = ops.handle();
        let ops_running = tokio::spawn(ops);
        let (jobs, publisher) = (Jobs::default(), Publisher::new(self.connection.clone()));
        let stopping = self.lifecycle.stop_asked().clone();
        let handler = TaskHandler::new(TaskSettings {
            worker: self.config.name.clone(),
            pool: self.pool.clone(),
            politeness: self.politeness.clone(),
            addresses: self.config.addresses,
            publisher: publisher.clone(),
            jobs: jobs.clone(),
            artefacts: self.artefacts.clone(),
            stopping: stopping.clone(),
        });
        let browsers = u16::try_from(self.config.pool.limits.cap).unwrap_or(u16::MAX);
        let prefetch = Prefetch::new(browsers.saturating_mul(MOST_TASKS_OUT));
        let previews = self.try_pages(handler.clone(), &stopping);
        let tasks = self.take_tasks(handler, prefetch.clone(), &stopping);
        let ending = CancellationToken::new();
        let control = self.hear_commands(&jobs, &ending);
        let observed = stats::Observed {
            worker: self.config.name.clone(),
            lifecycle: self.lifecycle.clone(),
            pool: self.pool.clone(),
            gate: self.gate.clone(),
            politeness: self.politeness.clone(),
            publisher,
            prefetch,
        };
        let stats = tokio::spawn(stats::publish(observed, ending.clone()));

        self.lifecycle.stop_asked().cancelled().await;
        let phases = tokio::spawn({
            let lifecycle = self.lifecycle.clone();
            async move { lifecycle.drain().await }
        });
        self.unless_forced(tasks).await;
        self.unless_forced(previews).await;
        self.pool.drain(POOL_LIMIT).await;
        ending.cancel();
        self.unless_forced(control).await;
        self.unless_forced(stats).await;
        self.connection.close().await;
        self.unless_forced(phases).await;
        ops_handle.stop(false).await;
        let _ = ops_running.await;
        tracing::info!("stopped");
        Ok(())
    }

    fn take_tasks(&self, handler: TaskHandler, prefetch: Prefetch, stopping: &CancellationToken) -> JoinHandle<()> {
        let limit = self.config.drain.drain.saturating_sub(CLOSE_RESERVE).max(Duration::from_secs(1));
        let consumer = Consumer::new(&self.connection, SCRAPE_TASKS, prefetch).drain_limit(limit);
        let handle = move |task: ScrapeTaskV1, context: Context| {
            let came_before = context.redelivered || context.delivery_count > 0;
            handler.clone().handle(task, Arrival { came_before, lost: context.lost })
        };
        tokio::spawn(consumer.run(handle, stopping.clone()))
    }

    /// One at a time, so that administrators who try pages do not take all browsers from the tasks.
    fn try_pages(&self, handler: TaskHandler, stopping: &CancellationToken) -> JoinHandle<()> {
        let limit = self.config.drain.drain.saturating_sub(CLOSE_RESERVE).max(Duration::from_secs(1));
        let router = Router::new().on(move |request: PreviewRequestV1, _| handler.clone().preview(request));
        tokio::spawn(Server::at(&PREVIEWS, &self.connection, router, 1).drain_limit(limit).run(stopping.clone()))
    }

    fn hear_commands(&self, jobs: &Jobs, ending: &CancellationToken) -> JoinHandle<()> {
        let consumer = Consumer::exclusive(&self.connection, Service::Worker, [CONTROL_ROUTE]);
        let jobs = jobs.clone();
        let handle = move |command: WorkerControlV1, _| {
            tracing::info!(?command, "command heard");
            jobs.apply(&command);
            std::future::ready(Outcome::Ack)
        };
        tokio::spawn(consumer.run(handle, ending.clone()))
    }

    fn readiness(&self) -> Readiness {
        let (connection, gate, pool) = (self.connection.clone(), self.gate.clone(), self.pool.clone());
        Readiness::new(self.lifecycle.clone())
            .needs("rabbitmq", move || std::future::ready(connection.is_connected()))
            .needs("redis", move || std::future::ready(gate.is_reachable()))
            .needs("browsers", move || std::future::ready(pool.blocked_for().is_none()))
    }

    async fn unless_forced(&self, part: JoinHandle<()>) {
        let abort = part.abort_handle();
        tokio::select! {
            _ = part => {}
            () = self.lifecycle.forced().cancelled() => abort.abort(),
        }
    }
}

fn artefacts(place: Option<&Place>) -> anyhow::Result<Option<ArtefactStore>> {
    match place {
        Some(place) => tracing::info!(%place, "pages and screenshots of failures are kept"),
        None => tracing::warn!("ARTEFACTS_URL is not set: pages and screenshots of failures are not kept"),
    }
    place.map(ArtefactStore::open).transpose().context("ARTEFACTS_URL cannot be used")
}

/// A connection that is made when first used, and again when lost.
fn redis(url: &str) -> anyhow::Result<ConnectionManager> {
    let client = redis::Client::open(url).context("REDIS_URL cannot be used")?;
    let config = ConnectionManagerConfig::new()
        .set_connection_timeout(Some(Duration::from_secs(1)))
        .set_response_timeout(Some(Duration::from_secs(1)))
        .set_max_delay(Duration::from_secs(1))
        .set_number_of_retries(1);
    Ok(ConnectionManager::new_lazy_with_config(client, config)?)
}
