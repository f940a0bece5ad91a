//! Pages per second: the worker from task to confirmed result, beside a bare WebDriver loop over the same demo pages,
//! and with 1, 2 and 4 browsers. `make bench-scrape`; what came of it stands in deploy/capacity.md.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a benchmark ends by panicking where it cannot measure, and prints for people"
)]

use chrono::{TimeDelta, Utc};
use fantoccini::{Client, ClientBuilder, Locator};
use rmu_demo_handbooks::{Running, ServeConfig, serve};
use rmu_messaging::{
    Connection, ConnectionOptions, Declare, Limits, Outcome, Publisher, Service,
    contracts::scrape::{ScrapeTaskV1, SourceSnapshotV1, TargetV1},
};
use rmu_scraper_worker::{
    browser::{BrowserPool, PoolLimits, PoolSettings},
    fetch::{Fetcher, address::AddressPolicy},
    politeness::{HostGate, Politeness},
    task::{TaskHandler, TaskSettings, control::Jobs},
};
use rmu_test_support::{broker::TestVhost, redis};
use serde_json::{Value, json};
use std::{
    process::Stdio,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::io::{AsyncBufReadExt, BufReader};
use uuid::Uuid;

const PAGES: usize = 150;
const WARM_UP: usize = 10;
const ADDRESSES: AddressPolicy = AddressPolicy { allow_loopback: true };
const CLICK_ALL: &str = "document.querySelectorAll(arguments[0]).forEach(element => element.click())";

/// One demo host: hosts are visited one page at a time, so each browser is measured on one of its own.
struct Host {
    handbooks: Running,
    origin: String,
    paths: Vec<String>,
    source: SourceSnapshotV1,
}

#[derive(Clone, Copy)]
enum Kind {
    /// Static pages: what the browser does is little, what is around it shows most.
    Static,
    /// Pages of scripts with accordions to click, as most handbooks are.
    Scripted,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Static => "static",
            Self::Scripted => "scripted",
        }
    }
}

impl Host {
    async fn start(kind: Kind) -> Self {
        let handbooks = serve(ServeConfig { units: 100, min_gap_ms: 0, ..ServeConfig::default() }).await.unwrap();
        let origin = match kind {
            Kind::Static => handbooks.addresses.eastmoor.clone(),
            Kind::Scripted => handbooks.addresses.northfield.clone(),
        };
        let get =
            async |path: &str| reqwest::get(format!("{origin}{path}")).await.unwrap().json::<Value>().await.unwrap();
        let mut definition = get("/_source.json").await["source"]["definition"].take();
        // A second page on a second host is another matter than how fast one is read.
        if let Some(steps) = definition["page"]["steps"].as_array_mut() {
            steps.retain(|step| step["kind"] != "follow");
        }
        let truth = get("/_truth/units.json?year=2026").await;
        let paths = truth["units"].as_array().unwrap().iter().map(|unit| unit["path"].as_str().unwrap().to_owned());
        let source =
            SourceSnapshotV1 { source_id: Uuid::new_v4(), slug: kind.name().to_owned(), version: 1, definition };
        Self { paths: paths.collect(), source, origin, handbooks }
    }

    fn url(&self, number: usize) -> String {
        format!("{}{}", self.origin, self.paths[number % self.paths.len()])
    }

    fn task(&self, number: usize) -> ScrapeTaskV1 {
        ScrapeTaskV1 {
            task_id: Uuid::new_v4(),
            job_id: Uuid::new_v4(),
            attempt: 1,
            source: self.source.clone(),
            target: TargetV1::Unit { url: self.url(number), code: None, year: None },
            known_hash: None,
            deadline: Utc::now() + TimeDelta::seconds(120),
        }
    }
}

/// Pages per second of a loop that does nothing but what the source says: open, wait, click, take the source.
async fn bare(host: &Host) -> f64 {
    let folder = tempfile::tempdir().unwrap();
    let mut driver = tokio::process::Command::new("/usr/bin/chromedriver")
        .args(["--port=0", "--log-level=SEVERE"])
        .env("TMPDIR", folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(driver.stdout.take().unwrap()).lines();
    let port: u16 = loop {
        let line = lines.next_line().await.unwrap().expect("the driver says its port");
        if let Some((_, port)) = line.split_once("started successfully on port ") {
            break port.trim_end_matches('.').parse().unwrap();
        }
    };
    let options = json!({ "args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"] });
    let capabilities = json!({ "goog:chromeOptions": options, "pageLoadStrategy": "eager" });
    let mut builder = ClientBuilder::new(hyper_util::client::legacy::connect::HttpConnector::new());
    builder.capabilities(capabilities.as_object().unwrap().clone());
    let client = builder.connect(&format!("http://127.0.0.1:{port}")).await.unwrap();
    for number in 0..WARM_UP {
        bare_page(&client, host, number).await;
    }
    let started = Instant::now();
    for number in 0..PAGES {
        bare_page(&client, host, number).await;
    }
    let rate = PAGES as f64 / started.elapsed().as_secs_f64();
    client.close().await.unwrap();
    driver.kill().await.unwrap();
    rate
}

async fn bare_page(client: &Client, host: &Host, number: usize) {
    client.goto(&host.url(number)).await.unwrap();
    let page = &host.source.definition["page"];
    let ready: Vec<_> = page["ready"].as_array().unwrap().iter().map(|selector| selector.as_str().unwrap()).collect();
    client.wait().every(Duration::from_millis(10)).for_element(Locator::Css(&ready.join(","))).await.unwrap();
    for step in page["steps"].as_array().into_iter().flatten() {
        let selector = step["selector"].as_str().unwrap();
        if step["kind"] == "clickAll" {
            client.execute(CLICK_ALL, vec![json!(selector)]).await.unwrap();
        } else {
            let any = [selector, step["unless"].as_str().unwrap_or(selector)].join(",");
            client.wait().every(Duration::from_millis(10)).for_element(Locator::Css(&any)).await.unwrap();
        }
    }
    assert!(client.source().await.unwrap().len() > 100);
}

/// The worker's own parts, with its own limits, between a broker and a Redis of its own.
struct Worker {
    handler: TaskHandler,
    pool: BrowserPool,
    connection: Connection,
    vhost: TestVhost,
    _state: tempfile::TempDir,
}

impl Worker {
    async fn start(browsers: usize) -> Self {
        let (vhost, state) = (TestVhost::new().await, tempfile::tempdir().unwrap());
        let open = |user: &str, declare| {
            let options = ConnectionOptions::new(&vhost.amqp_url_as(user), "bench").unwrap().declare(declare);
            Connection::open(options).unwrap()
        };
        // The queue of results is the gateway's to declare.
        let gateway = open("gateway", Declare::Owned(Service::Gateway, Limits::default()));
        let connection = open("worker", Declare::Owned(Service::Worker, Limits::default()));
        rmu_test_support::wait::until(Duration::from_secs(30), || async {
            gateway.is_connected() && connection.is_connected()
        })
        .await;
        let agent = rmu_scraper_worker::fetch::user_agent("bench@ratemyunit.example");
        let pool = BrowserPool::open(PoolSettings {
            chromium: "/usr/bin/chromium".into(),
            chromedriver: "/usr/bin/chromedriver".into(),
            state_directory: state.path().to_owned(),
            guard_program: None,
            user_agent: agent.clone(),
            limits: PoolLimits::new(browsers),
        })
        .await
        .unwrap();
        let client = ::redis::Client::open(redis::url()).unwrap();
        let gate = HostGate::new(client.get_connection_manager().await.unwrap(), &redis::prefix());
        let handler = TaskHandler::new(TaskSettings {
            worker: "bench".to_owned(),
            pool: pool.clone(),
            politeness: Politeness::new(gate, Fetcher::new(&agent, ADDRESSES, 10 << 20).unwrap()),
            addresses: ADDRESSES,
            publisher: Publisher::new(connection.clone()),
            jobs: Jobs::default(),
            stopping: tokio_util::sync::CancellationToken::new(),
        });
        gateway.close().await;
        Self { handler, pool, connection, vhost, _state: state }
    }

    async fn read(&self, host: &Host, number: usize) {
        let done = self.handler.clone().handle(host.task(number)).await;
        assert!(matches!(done, Outcome::Ack), "{done:?}");
    }

    /// Looks at the results as the gateway would get them: a page that failed fast measures nothing.
    async fn assert_all_were_units(&self, pages: usize) {
        let body = json!({"count": 2 * pages, "ackmode": "ack_requeue_true", "encoding": "auto"});
        let path = format!("/api/queues/{}/{}/get", self.vhost.name(), rmu_messaging::topology::SCRAPE_RESULTS);
        let messages = rmu_test_support::broker::call(reqwest::Method::POST, &path, Some(body)).await.unwrap();
        let results = messages.as_array().unwrap().iter().map(|message| message["payload"].as_str().unwrap());
        let results: Vec<Value> = results.map(|result| serde_json::from_str(result).unwrap()).collect();
        assert_eq!(results.len(), pages);
        let odd = results.iter().find(|result| result["outcome"]["kind"] != "unit");
        assert!(odd.is_none(), "{odd:?}");
    }

    async fn stop(self) {
        self.pool.drain(Duration::from_secs(10)).await;
        self.connection.close().await;
    }
}

/// Pages per second of the worker with as many browsers as hosts, over all of them.
async fn worker(hosts: &[Arc<Host>]) -> f64 {
    let worker = Arc::new(Worker::start(hosts.len()).await);
    each(&worker, hosts, WARM_UP).await;
    let started = Instant::now();
    each(&worker, hosts, PAGES).await;
    let rate = (PAGES * hosts.len()) as f64 / started.elapsed().as_secs_f64();
    worker.assert_all_were_units((PAGES + WARM_UP) * hosts.len()).await;
    if let Ok(worker) = Arc::try_unwrap(worker) {
        worker.stop().await;
    }
    rate
}

async fn each(worker: &Arc<Worker>, hosts: &[Arc<Host>], pages: usize) {
    let done = Arc::new(AtomicUsize::new(0));
    let readers: Vec<_> = hosts
        .iter()
        .map(|host| {
            let (worker, host, done) = (Arc::clone(worker), Arc::clone(host), Arc::clone(&done));
            tokio::spawn(async move {
                for number in 0..pages {
                    worker.read(&host, number).await;
                    done.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    for reader in readers {
        reader.await.unwrap();
    }
    assert_eq!(done.load(Ordering::Relaxed), pages * hosts.len());
}

#[tokio::main]
async fn main() {
    println!("{PAGES} pages a browser, each on a host of its own, after {WARM_UP} to warm up\n");
    println!("| pages    | browsers | pages/s | a browser | of the bare loop |");
    println!("|----------|---------:|--------:|----------:|-----------------:|");
    for kind in [Kind::Static, Kind::Scripted] {
        let mut hosts = Vec::new();
        for _ in 0..4 {
            hosts.push(Arc::new(Host::start(kind).await));
        }
        // Before and after, so that a machine that gets slower meanwhile is seen.
        let before = bare(&hosts[0]).await;
        row(kind, "bare", 1, before, None);
        for browsers in [1, 2, 4] {
            let rate = worker(&hosts[..browsers]).await;
            row(kind, &browsers.to_string(), browsers, rate, Some(before));
        }
        row(kind, "bare", 1, bare(&hosts[0]).await, None);
        for host in hosts {
            if let Some(host) = Arc::into_inner(host) {
                host.handbooks.stop().await;
            }
        }
    }
}

fn row(kind: Kind, browsers: &str, count: usize, rate: f64, bare: Option<f64>) {
    let each = rate / count as f64;
    let share = bare.map(|bare| format!("{:.2}", each / bare)).unwrap_or_default();
    println!("| {:<8} | {browsers:>8} | {rate:>7.2} | {each:>9.2} | {share:>16} |", kind.name());
}
