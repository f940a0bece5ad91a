//! What is kept of a page that was not read: its source and a picture, in the store and by name in the result.

use crate::{
    site::{Site, page, status},
    support::{nothing_left, settings, short_limits, until},
};
use chrono::{TimeDelta, Utc};
use rmu_artefacts::{ArtefactStore, Place, unpack};
use rmu_domain::artefact::ArtefactKey;
use rmu_messaging::{
    Connection, ConnectionOptions, Consumer, Declare, Limits, Outcome, Publisher,
    contracts::scrape::{OutcomeV1, ScrapeResultV1, ScrapeTaskV1, SourceSnapshotV1, TargetV1},
    topology::SCRAPE_RESULTS,
};
use rmu_scraper_worker::{
    browser::BrowserPool,
    fetch::{Fetcher, address::AddressPolicy},
    politeness::{HostGate, Politeness},
    task::{Arrival, TaskHandler, TaskSettings, control::Jobs},
};
use rmu_test_support::{broker::TestVhost, redis as test_redis};
use serde_json::json;
use std::{
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";
const SOON: Duration = Duration::from_secs(20);

/// A worker's handler with a broker of its own, and what it answers.
struct Bench {
    site: Site,
    handler: TaskHandler,
    store: ArtefactStore,
    pool: BrowserPool,
    results: Arc<Mutex<Vec<ScrapeResultV1>>>,
    folder: TempDir,
    state: TempDir,
    stopping: CancellationToken,
    _vhost: TestVhost,
}

impl Bench {
    async fn new() -> Self {
        let (folder, state) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (site, vhost) = (Site::start().await, TestVhost::new().await);
        let options = ConnectionOptions::new(&vhost.amqp_url(), "test").unwrap();
        let connection = Connection::open(options.declare(Declare::Everything(Limits::default()))).unwrap();
        assert!(connection.wait_until_connected(SOON).await);
        let store = ArtefactStore::open(&Place::Directory(folder.path().join("kept"))).unwrap();
        let pool = BrowserPool::open(settings(state.path(), short_limits(1))).await.unwrap();
        let redis = redis::Client::open(test_redis::url()).unwrap().get_connection_manager().await.unwrap();
        let addresses = AddressPolicy { allow_loopback: true };
        let fetcher = Fetcher::new("RateMyUnitBot/test", addresses, 10 << 20).unwrap();
        let stopping = CancellationToken::new();
        let handler = TaskHandler::new(TaskSettings {
            worker: "worker-1".to_owned(),
            pool: pool.clone(),
            politeness: Politeness::new(HostGate::new(redis, &test_redis::prefix()), fetcher, 1),
            addresses,
            publisher: Publisher::new(connection.clone()),
            jobs: Jobs::default(),
            artefacts: Some(store.clone()),
            stopping: stopping.clone(),
        });
        let results = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&results);
        let collect = move |result: ScrapeResultV1, _| {
            seen.lock().unwrap().push(result);
            std::future::ready(Outcome::Ack)
        };
        tokio::spawn(Consumer::new(&connection, SCRAPE_RESULTS, 1).run(collect, stopping.clone()));
        Self { site, handler, store, pool, results, folder, state, stopping, _vhost: vhost }
    }

    fn task(&self, path: &str) -> ScrapeTaskV1 {
        let definition = json!({
            "origins": [self.site.origin],
            "start": [{ "kind": "sitemap", "url": self.site.url("/sitemap.xml") }],
            "unitUrl": "/subject/(?<code>[A-Za-z0-9-]+)$",
            "page": { "ready": ["h1", "h2"] },
            "politeness": { "minGapMs": 0 },
            "recognise": { "unit": [{ "css": "h1" }] },
            "facts": {
                "code": [{ "css": "h1", "regex": "^(?<value>\\S+)\\s" }],
                "title": [{ "css": "h1", "regex": "^\\S+\\s+(?<value>.+)$" }]
            }
        });
        ScrapeTaskV1 {
            task_id: Uuid::now_v7(),
            job_id: Uuid::now_v7(),
            attempt: 3,
            source: SourceSnapshotV1 { source_id: Uuid::nil(), slug: "site".into(), version: 1, definition },
            target: TargetV1::Unit { url: self.site.url(&format!("/subject{path}")), code: None, year: None },
            known_hash: None,
            keep_page: false,
            deadline: Utc::now() + TimeDelta::seconds(120),
        }
    }

    /// Runs the task as if it had come from the broker; its result.
    async fn run(&self, task: ScrapeTaskV1) -> ScrapeResultV1 {
        let id = task.task_id;
        assert_eq!(self.handler.clone().handle(task, Arrival::default()).await, Outcome::Ack);
        let found = || self.results.lock().unwrap().iter().find(|result| result.task_id == id).cloned();
        until("the result is there", async || found().is_some()).await;
        found().unwrap()
    }

    /// The saved page and whether there is a picture, by the names in the result.
    async fn kept(&self, result: &ScrapeResultV1) -> Option<(String, bool)> {
        let named = result.artefacts.as_ref()?;
        let page = ArtefactKey::parse(named.page.as_deref().expect("a page")).unwrap();
        assert_eq!((page.of.task.as_uuid(), page.of.attempt), (result.task_id, result.attempt));
        let page = unpack(&self.store.get(page).await.unwrap().unwrap()).unwrap();
        let Some(screenshot) = &named.screenshot else { return Some((String::from_utf8(page).unwrap(), false)) };
        let screenshot = self.store.get(ArtefactKey::parse(screenshot).unwrap()).await.unwrap().unwrap();
        assert!(screenshot.starts_with(PNG) && screenshot.len() > 1000, "{} bytes", screenshot.len());
        let height = u32::from_be_bytes(screenshot[20..24].try_into().unwrap());
        assert!(height > 1000, "more of the page is shown than the window it was read in: {height}");
        Some((String::from_utf8(page).unwrap(), true))
    }

    fn place(&self) -> PathBuf {
        self.folder.path().join("kept")
    }

    async fn stop(self) {
        self.stopping.cancel();
        self.pool.drain(Duration::from_secs(10)).await;
        nothing_left(self.state.path()).await;
    }
}

fn failure(result: &ScrapeResultV1) -> &str {
    match &result.outcome {
        OutcomeV1::Failed(failure) => &failure.failure,
        OutcomeV1::Unit { .. } => "unit",
        OutcomeV1::NotFound { .. } => "not found",
        other => panic!("{other:?}"),
    }
}

const LOW: &str = "<h2 id=window></h2><script>
    document.getElementById('window').textContent = innerHeight < 1000 ? 'low' : 'high'</script>";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_that_is_not_read_leaves_its_source_and_a_picture() {
    let bench = Bench::new().await;
    for (path, answer, kind, text) in [
        ("/other", page("<h2>Closed until Monday</h2>"), "not_a_unit", "Closed until Monday"),
        ("/nameless", page("<h1>31251</h1>"), "missing_fact", "<h1>31251</h1>"),
        ("/never", page("<p>Please wait a little</p>"), "missing_fact", "Please wait a little"),
        ("/broken", status("500 Error").body("<h2>Something went wrong</h2>"), "http_status", "Something went wrong"),
        // After a picture pages are read in the window of before.
        ("/low", page(LOW), "not_a_unit", ">low<"),
    ] {
        bench.site.on(&format!("/subject{path}"), answer);
        let result = bench.run(bench.task(path)).await;
        assert_eq!(failure(&result), kind, "{result:?}");
        let (source, pictured) = bench.kept(&result).await.unwrap_or_else(|| panic!("nothing is kept of {path}"));
        assert!(source.contains(text) && pictured, "{path}: {source}");
    }
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_kept_of_what_needs_no_look_or_does_not_let_itself_be_looked_at() {
    let bench = Bench::new().await;
    bench.site.on("/subject/31251", page("<h1>31251 Data Structures</h1>"));
    bench.site.on("/subject/loops", page("<h1>x</h1><script>while (true) {}</script>"));
    let later = "<h1>x</h1><script>setTimeout(() => { while (true) {} }, 1)</script>";
    bench.site.on("/subject/loops-later", page(later));
    for (path, kind) in
        [("/31251", "unit"), ("/99999", "not found"), ("/loops", "timeout"), ("/loops-later", "timeout")]
    {
        let result = bench.run(bench.task(path)).await;
        assert_eq!((failure(&result), &result.artefacts), (kind, &None), "{path}");
    }
    assert_eq!(std::fs::read_dir(bench.place()).unwrap().count(), 0);
    // Unless it is asked for.
    let asked = ScrapeTaskV1 { keep_page: true, ..bench.task("/31251") };
    let result = bench.run(asked).await;
    assert_eq!(failure(&result), "unit");
    let (source, pictured) = bench.kept(&result).await.unwrap();
    assert!(source.contains("Data Structures") && pictured, "{source}");
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tasks_go_on_while_the_store_is_away() {
    let bench = Bench::new().await;
    bench.site.on("/subject/other", page("<h2>Closed until Monday</h2>"));
    std::fs::remove_dir(bench.place()).unwrap();
    std::fs::write(bench.place(), "no directory").unwrap();
    for _ in 0..2 {
        let result = bench.run(bench.task("/other")).await;
        assert_eq!((failure(&result), &result.artefacts), ("not_a_unit", &None));
    }
    bench.stop().await;
}
