//! A worker's own parts between a broker and a Redis of their own, for tests and benchmarks of whole tasks.

use chrono::{TimeDelta, Utc};
use reqwest::Method;
use rmu_messaging::{
    Connection, ConnectionOptions, Declare, Limits, Outcome, Publisher, Service,
    contracts::scrape::{ScrapeTaskV1, SourceSnapshotV1, TargetV1},
    topology::SCRAPE_RESULTS,
};
use rmu_scraper_worker::{
    browser::{BrowserPool, PoolLimits, PoolSettings},
    fetch::{Fetcher, address::AddressPolicy, user_agent},
    politeness::{HostGate, Politeness},
    task::{Arrival, TaskHandler, TaskSettings, control::Jobs},
};
use rmu_test_support::{broker, broker::TestVhost, redis, wait};
use serde_json::{Value, json};
use std::time::Duration;
use uuid::Uuid;

const ADDRESSES: AddressPolicy = AddressPolicy { allow_loopback: true };
const MOST_BYTES: usize = 10 << 20;

pub(crate) struct Worker {
    pub(crate) handler: TaskHandler,
    pub(crate) pool: BrowserPool,
    pub(crate) politeness: Politeness,
    pub(crate) jobs: Jobs,
    connection: Connection,
    vhost: TestVhost,
    _state: tempfile::TempDir,
}

impl Worker {
    pub(crate) async fn start(limits: PoolLimits) -> Self {
        Self::start_with("/usr/bin/chromedriver", limits).await
    }

    /// With another program in the place of the browsers' driver.
    pub(crate) async fn start_with(chromedriver: &str, limits: PoolLimits) -> Self {
        let (vhost, state) = (TestVhost::new().await, tempfile::tempdir().unwrap());
        let open = |user: &str, declare| {
            let options = ConnectionOptions::new(&vhost.amqp_url_as(user), "test").unwrap().declare(declare);
            Connection::open(options).unwrap()
        };
        // The queue of results is the gateway's to declare.
        let gateway = open("gateway", Declare::Owned(Service::Gateway, Limits::default()));
        let connection = open("worker", Declare::Owned(Service::Worker, Limits::default()));
        wait::until(Duration::from_secs(30), || async { gateway.is_connected() && connection.is_connected() }).await;
        let agent = user_agent("tests@ratemyunit.example");
        let slots = limits.cap;
        let pool = BrowserPool::open(PoolSettings {
            chromium: "/usr/bin/chromium".into(),
            chromedriver: chromedriver.into(),
            state_directory: state.path().to_owned(),
            guard_program: None,
            user_agent: agent.clone(),
            limits,
        })
        .await
        .unwrap();
        let client = ::redis::Client::open(redis::url()).unwrap();
        let gate = HostGate::new(client.get_connection_manager().await.unwrap(), &redis::prefix());
        let politeness = Politeness::new(gate, Fetcher::new(&agent, ADDRESSES, MOST_BYTES).unwrap(), slots);
        let jobs = Jobs::default();
        let handler = TaskHandler::new(TaskSettings {
            worker: "test".to_owned(),
            pool: pool.clone(),
            politeness: politeness.clone(),
            addresses: ADDRESSES,
            publisher: Publisher::new(connection.clone()),
            jobs: jobs.clone(),
            artefacts: None,
            stopping: tokio_util::sync::CancellationToken::new(),
        });
        gateway.close().await;
        Self { handler, pool, politeness, jobs, connection, vhost, _state: state }
    }

    /// Runs one task to its confirmed result.
    pub(crate) async fn run(&self, task: ScrapeTaskV1) {
        self.run_delivered(task, false).await;
    }

    /// The same for one that `came_before`.
    pub(crate) async fn run_delivered(&self, task: ScrapeTaskV1, came_before: bool) {
        let done = self.handler.clone().handle(task, Arrival { came_before, ..Arrival::default() }).await;
        assert!(matches!(done, Outcome::Ack), "{done:?}");
    }

    /// Takes the results so far, as the gateway would get them.
    pub(crate) async fn results(&self, at_most: usize) -> Vec<Value> {
        let body = json!({"count": at_most, "ackmode": "ack_requeue_false", "encoding": "auto"});
        let path = format!("/api/queues/{}/{SCRAPE_RESULTS}/get", self.vhost.name());
        let messages = broker::call(Method::POST, &path, Some(body)).await.unwrap();
        let payloads = messages.as_array().unwrap().iter().map(|message| message["payload"].as_str().unwrap());
        payloads.map(|payload| serde_json::from_str(payload).unwrap()).collect()
    }

    pub(crate) async fn stop(self) {
        self.pool.drain(Duration::from_secs(10)).await;
        self.connection.close().await;
    }
}

pub(crate) fn task(source: &SourceSnapshotV1, target: TargetV1) -> ScrapeTaskV1 {
    ScrapeTaskV1 {
        task_id: Uuid::new_v4(),
        job_id: Uuid::new_v4(),
        attempt: 1,
        source: source.clone(),
        target,
        known_hash: None,
        keep_page: false,
        deadline: Utc::now() + TimeDelta::seconds(120),
    }
}

pub(crate) fn unit(url: String) -> TargetV1 {
    TargetV1::Unit { url, code: None, year: None }
}

/// The source that reads a demo site.
pub(crate) async fn source_of(origin: &str) -> SourceSnapshotV1 {
    let mut told: Value = reqwest::get(format!("{origin}/_source.json")).await.unwrap().json().await.unwrap();
    let slug = told["source"]["slug"].as_str().unwrap().to_owned();
    let definition = told["source"]["definition"].take();
    SourceSnapshotV1 { source_id: Uuid::new_v4(), slug, version: 1, definition }
}
