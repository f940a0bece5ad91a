//! What is kept of failures stays within its limits, and tasks know what is gone.

use crate::TestGateway;
use chrono::{DateTime, TimeDelta, Utc};
use rmu_api_gateway::background::artefacts::{Tidied, tidy};
use rmu_artefacts::{ArtefactStore, Place, retention::Reason};
use rmu_catalogue::{
    ingest::{Applied, Failure, TaskOutcome, TaskResult, apply_result},
    ledger::{
        DispatchLimits, DispatchOrder, DueTask, Scope, StartScrape, TraceHeaders, artefacts_of, dispatch_due,
        start_scrape,
    },
    sources::create_source,
};
use rmu_domain::{
    artefact::{ArtefactKey, ArtefactKind, AttemptId, KeptArtefacts},
    ids::TaskId,
    scrape::{FailureKind, TaskState},
    slug::Slug,
};
use serde_json::json;
use std::{collections::BTreeMap, fs::File, sync::Mutex};
use tempfile::TempDir;

/// A gateway that only serves, so that nobody tidies but the test, with three dead tasks.
struct Full {
    gateway: TestGateway,
    store: ArtefactStore,
    folder: TempDir,
    tasks: Vec<DueTask>,
}

impl Full {
    async fn new(settings: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let place = format!("file://{}", folder.path().display());
        let mut all = vec![("GATEWAY_ROLE", "serve"), ("ARTEFACTS_URL", place.as_str())];
        all.extend(settings);
        let gateway = TestGateway::start_without_auth(&all).await;
        let store = ArtefactStore::open(&Place::Directory(folder.path().to_owned())).unwrap();
        let mut full = Self { gateway, store, folder, tasks: Vec::new() };
        full.dispatch().await;
        full
    }

    async fn dispatch(&mut self) {
        let database = &self.gateway.state.database;
        self.gateway.add_university("northfield", "northfield.example").await;
        let (host, source) = ("https://northfield.example", Slug::parse("northfield-handbook").unwrap());
        let definition = json!({
            "origins": [host],
            "start": [{ "kind": "sitemap", "url": format!("{host}/sitemap.xml") }],
            "unitUrl": "/subject/(?<code>[A-Za-z0-9]+)$",
            "recognise": { "unit": [{ "css": "h1" }] },
            "facts": { "code": [{ "css": "h1" }], "title": [{ "css": "h2" }] }
        });
        create_source(database, &Slug::parse("northfield").unwrap(), &source, &definition, None).await.unwrap();
        let urls = ["00001", "00002", "00003"].map(|code| format!("{host}/subject/{code}")).to_vec();
        let wanted = StartScrape {
            source,
            scope: Scope::List { urls, codes: Vec::new() },
            priority: None,
            started_by: None,
            trace: TraceHeaders::new(),
            idempotency_key: None,
        };
        start_scrape(database, 1000, &wanted).await.unwrap();
        let (sent, order) = (Mutex::new(Vec::new()), DispatchOrder::ByPriority);
        let limits = DispatchLimits { batch: 50, in_flight: 1000, order };
        dispatch_due(database, limits, |tasks| {
            let ids = tasks.iter().map(|task| task.id).collect();
            *sent.lock().unwrap() = tasks;
            async move { ids }
        })
        .await
        .unwrap();
        self.tasks = sent.into_inner().unwrap();
        assert_eq!(self.tasks.len(), 3);
    }

    /// Keeps a page of so many bytes, so many hours ago, of this attempt.
    async fn store(&self, of: AttemptId, bytes: usize, hours: i64) -> ArtefactKey {
        let key = ArtefactKey::new(of, ArtefactKind::Page);
        self.store.put(key, vec![b'x'; bytes]).await.unwrap();
        let file = File::options().write(true).open(self.folder.path().join(key.to_string())).unwrap();
        file.set_modified((Utc::now() - TimeDelta::hours(hours)).into()).unwrap();
        key
    }

    /// The task has failed for good, and something was kept of it.
    async fn fail(&self, number: usize, bytes: usize, hours: i64) {
        let task = &self.tasks[number];
        self.store(AttemptId { task: task.id, attempt: task.attempt }, bytes, hours).await;
        let failure = Failure { kind: FailureKind::NotAUnit, detail: "no h1".to_owned(), retry_after: None };
        let result = TaskResult {
            task: task.id,
            job: task.job,
            attempt: task.attempt,
            source: task.source.id,
            source_version: task.source.version,
            worker: "worker-1".to_owned(),
            outcome: TaskOutcome::Failed(failure),
            artefacts: KeptArtefacts::new(task.attempt, true, false),
        };
        let applied = apply_result(&self.gateway.state.database, &result).await.unwrap();
        assert_eq!(applied, Applied::Finished(TaskState::Dead));
    }

    async fn tidy(&self, now: DateTime<Utc>) -> Tidied {
        tidy(&self.gateway.state, &self.store, now).await.unwrap()
    }

    /// Which of the tasks have something: as they remember it, and as the store has it.
    async fn kept(&self) -> (Vec<usize>, Vec<usize>) {
        let (mut remembered, mut stored) = (Vec::new(), Vec::new());
        for (number, task) in self.tasks.iter().enumerate() {
            let key = ArtefactKey::new(AttemptId { task: task.id, attempt: task.attempt }, ArtefactKind::Page);
            if self.store.get(key).await.unwrap().is_some() {
                stored.push(number);
            }
            if artefacts_of(&self.gateway.state.database, task.job, task.id).await.unwrap().is_some() {
                remembered.push(number);
            }
        }
        (remembered, stored)
    }
}

fn removed(reason: Reason, count: usize) -> BTreeMap<Reason, usize> {
    BTreeMap::from([(reason, count)])
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_old_is_removed_and_forgotten() {
    let full = Full::new(&[("ARTEFACTS_MAX_DAYS", "3")]).await;
    for (number, hours) in [(0, 73), (1, 71), (2, 1)] {
        full.fail(number, 10, hours).await;
    }
    let tidied = full.tidy(Utc::now()).await;
    assert_eq!((tidied.removed, tidied.attempts, tidied.bytes), (removed(Reason::Age, 1), 2, 20));
    assert_eq!(full.kept().await, (vec![1, 2], vec![1, 2]));
    assert!(full.tidy(Utc::now()).await.removed.is_empty(), "the second time there is nothing to do");
    full.tidy(Utc::now() + TimeDelta::days(4)).await;
    assert_eq!(full.kept().await, (vec![], vec![]));
    full.gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_too_many_failures_the_oldest_are_removed() {
    let full = Full::new(&[("ARTEFACTS_MAX_COUNT", "2")]).await;
    for (number, hours) in [(0, 2), (1, 9), (2, 1)] {
        full.fail(number, 10, hours).await;
    }
    assert_eq!(full.tidy(Utc::now()).await.removed, removed(Reason::Limit, 1));
    assert_eq!(full.kept().await, (vec![0, 2], vec![0, 2]));
    full.gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_too_many_bytes_the_oldest_are_removed() {
    let full = Full::new(&[("ARTEFACTS_MAX_MIB", "1")]).await;
    for (number, hours) in [(0, 2), (1, 1), (2, 9)] {
        full.fail(number, 400 << 10, hours).await;
    }
    let tidied = full.tidy(Utc::now()).await;
    assert_eq!((tidied.removed, tidied.bytes), (removed(Reason::Limit, 1), 800 << 10));
    assert_eq!(full.kept().await, (vec![0, 1], vec![0, 1]));
    full.gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_task_remembers_is_removed_once_nobody_can_claim_it() {
    let full = Full::new(&[]).await;
    full.fail(0, 10, 48).await;
    let of = AttemptId { task: full.tasks[0].id, attempt: full.tasks[0].attempt };
    let superseded = full.store(AttemptId { attempt: of.attempt + 1, ..of }, 10, 48).await;
    let of_nobody = full.store(AttemptId { task: TaskId::new(), attempt: 1 }, 10, 48).await;
    // Its result may be in the broker still.
    let unclaimed = full.store(AttemptId { task: full.tasks[1].id, attempt: 1 }, 10, 1).await;
    std::fs::write(full.folder.path().join("README"), "of somebody else").unwrap();

    assert_eq!(full.tidy(Utc::now()).await.removed, removed(Reason::Orphan, 2));
    for (key, is_there) in [(superseded, false), (of_nobody, false), (unclaimed, true)] {
        assert_eq!(full.store.get(key).await.unwrap().is_some(), is_there, "{key}");
    }
    assert_eq!(full.kept().await.0, [0]);
    assert!(full.folder.path().join("README").exists(), "it is not ours");
    full.gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn several_gateways_at_once_remove_no_more_than_one_alone() {
    let full = Full::new(&[("ARTEFACTS_MAX_COUNT", "2")]).await;
    for (number, hours) in [(0, 3), (1, 2), (2, 1)] {
        full.fail(number, 10, hours).await;
    }
    let now = Utc::now();
    tokio::join!(full.tidy(now), full.tidy(now), full.tidy(now));
    assert_eq!(full.kept().await, (vec![1, 2], vec![1, 2]));
    full.gateway.stop().await;
}
