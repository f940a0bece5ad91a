//! What ledger tests start from: a migrated database with a university and a source.

use crate::support::patient;
use rmu_catalogue::{
    audit::Actor,
    ingest::{Applied, Failure, TaskOutcome, TaskResult, UnitRead, apply_result},
    ledger::{
        DispatchLimits, DispatchOrder, DueTask, JobView, Scope, StartScrape, Started, Target, TraceHeaders,
        dispatch_due, get_job, start_scrape,
    },
    migrations::{MIGRATIONS, SCHEMA},
    sources::create_source,
    universities::{NewUniversity, create_university},
};
use rmu_domain::{
    facts::{UnitFacts, UnitRecord},
    ids::{AccountId, JobId},
    scrape::FailureKind,
    slug::Slug,
    unit_code::UnitCode,
    year::Year,
};
use rmu_postgres::{Database, DatabaseConfig, DatabaseError, migrations::run_pending};
use rmu_test_support::database::{Role, TestDatabase};
use std::{collections::BTreeMap, sync::Mutex};

pub(crate) const HOST: &str = "https://handbook.northfield.example";
pub(crate) const LIMITS: DispatchLimits =
    DispatchLimits { batch: 50, in_flight: 1000, order: DispatchOrder::ByPriority };

pub(crate) struct Stage {
    pub(crate) database: Database,
    pub(crate) inside: tokio_postgres::Client,
    // Dropped last: dropping it drops the database.
    _test: TestDatabase,
}

pub(crate) async fn migrate(url: String) -> Result<(), DatabaseError> {
    run_pending(&DatabaseConfig::new(&url, "test", SCHEMA)?, MIGRATIONS).await.map(|_| ())
}

impl Stage {
    pub(crate) async fn new() -> Self {
        let test = TestDatabase::new(Role::Gateway, migrate).await;
        let database = Database::new(patient(&test.url())).await.unwrap();
        let (inside, connection) = tokio_postgres::connect(&test.superuser_url(), tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        inside.batch_execute("SET search_path = catalogue").await.unwrap();
        let stage = Self { database, inside, _test: test };
        let university = NewUniversity::parse("northfield", "Northfield", &["northfield.example".to_owned()]).unwrap();
        create_university(&stage.database, &university, None).await.unwrap();
        stage.add_source("northfield-handbook").await;
        stage
    }

    pub(crate) async fn add_source(&self, slug: &str) {
        create_source(&self.database, &self::slug("northfield"), &self::slug(slug), &definition(), None).await.unwrap();
    }

    pub(crate) async fn start(&self, limit: u32, scope: Scope) -> Started {
        start_scrape(&self.database, limit, &request(scope)).await.unwrap()
    }

    pub(crate) async fn job(&self, job: JobId) -> JobView {
        get_job(&self.database, job).await.unwrap()
    }

    /// Lets all tasks of a source be out at once.
    pub(crate) async fn widen_windows(&self) {
        self.inside.batch_execute("UPDATE sources SET dispatch_window = 1000").await.unwrap();
    }

    /// Sends what is due, as a relay whose broker confirms everything.
    pub(crate) async fn dispatch(&self) -> Vec<DueTask> {
        self.dispatch_within(LIMITS).await
    }

    /// The same within other limits.
    pub(crate) async fn dispatch_within(&self, limits: DispatchLimits) -> Vec<DueTask> {
        let sent = Mutex::new(Vec::new());
        dispatch_due(&self.database, limits, |tasks| {
            let ids = tasks.iter().map(|task| task.id).collect();
            *sent.lock().unwrap() = tasks;
            async move { ids }
        })
        .await
        .unwrap();
        sent.into_inner().unwrap()
    }

    pub(crate) async fn answer(&self, task: &DueTask, outcome: TaskOutcome) -> Applied {
        apply_result(&self.database, &result(task, outcome)).await.unwrap()
    }

    /// Lets the time pass that retries wait for.
    pub(crate) async fn make_everything_due(&self) {
        self.inside.execute("UPDATE scrape_tasks SET run_at = now() WHERE state = 'pending'", &[]).await.unwrap();
    }

    /// Lets the time pass that answers may take.
    pub(crate) async fn make_everything_overdue(&self) {
        let sql = "UPDATE scrape_tasks SET deadline = now() - interval '1 hour' WHERE state = 'dispatched'";
        self.inside.execute(sql, &[]).await.unwrap();
    }

    pub(crate) async fn count(&self, sql: &str) -> i64 {
        self.inside.query_one(&format!("SELECT count(*) FROM {sql}"), &[]).await.unwrap().get(0)
    }

    /// Counts every job's tasks anew and compares with its counters.
    pub(crate) async fn assert_counters_equal_a_recount(&self) {
        let rows = self
            .inside
            .query(
                "SELECT j.id::text FROM scrape_jobs j
                 LEFT JOIN LATERAL (
                     SELECT count(*) FILTER (WHERE state IN ('pending', 'dispatched')) AS live,
                            count(*) FILTER (WHERE state = 'succeeded') AS succeeded,
                            count(*) FILTER (WHERE state = 'unchanged') AS unchanged,
                            count(*) FILTER (WHERE state = 'not_found') AS not_found,
                            count(*) FILTER (WHERE state = 'dead') AS dead,
                            count(*) FILTER (WHERE state = 'cancelled') AS cancelled
                     FROM scrape_tasks t WHERE t.job_id = j.id) t ON true
                 WHERE (j.live, j.succeeded, j.unchanged, j.not_found, j.dead, j.cancelled)
                         IS DISTINCT FROM (t.live, t.succeeded, t.unchanged, t.not_found, t.dead, t.cancelled)
                    OR j.frontier <> (SELECT count(*) FROM scrape_frontier f WHERE f.job_id = j.id)
                         + (SELECT coalesce(sum(total - next), 0) FROM scrape_expansions e WHERE e.job_id = j.id)
                    OR (j.state IN ('running', 'paused')) <> (j.live + j.frontier > 0)",
                &[],
            )
            .await
            .unwrap();
        let wrong: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
        assert!(wrong.is_empty(), "counters differ from a recount: {wrong:?}");
    }
}

/// An administrator who has not been here before.
pub(crate) fn admin() -> Actor {
    Actor::new(AccountId::new(), rmu_domain::account::Role::Admin)
}

pub(crate) fn slug(text: &str) -> Slug {
    Slug::parse(text).unwrap()
}

pub(crate) fn request(scope: Scope) -> StartScrape {
    StartScrape {
        source: slug("northfield-handbook"),
        scope,
        priority: None,
        started_by: None,
        trace: TraceHeaders::from([("traceparent".to_owned(), "00-1-2-01".to_owned())]),
        idempotency_key: None,
    }
}

pub(crate) fn definition() -> serde_json::Value {
    serde_json::json!({
        "origins": [HOST],
        "start": [{ "kind": "sitemap", "url": format!("{HOST}/sitemap.xml") }],
        "unitUrl": "/subject/(?<year>\\d{4})/(?<code>[A-Za-z0-9]+)$",
        "recognise": { "unit": [{ "css": "h1" }] },
        "facts": {
            "code": [{ "css": "h1", "regex": "^(?<value>\\S+)\\s" }],
            "title": [{ "css": "h1", "regex": "^\\S+\\s+(?<value>.+)$" }]
        }
    })
}

pub(crate) fn url(code: &str) -> String {
    format!("{HOST}/subject/2026/{code}")
}

pub(crate) fn list(codes: &[impl AsRef<str>]) -> Scope {
    Scope::List { urls: codes.iter().map(|code| url(code.as_ref())).collect(), codes: Vec::new() }
}

/// The pages of units `00000` and on.
pub(crate) fn numbered(count: u32) -> Scope {
    list(&(0..count).map(|number| format!("{number:05}")).collect::<Vec<_>>())
}

pub(crate) fn child(code: &str) -> Target {
    Target::unit(&url(code), None, None).unwrap()
}

pub(crate) fn result(task: &DueTask, outcome: TaskOutcome) -> TaskResult {
    TaskResult {
        task: task.id,
        job: task.job,
        attempt: task.attempt,
        source: task.source.id,
        source_version: task.source.version,
        worker: "worker-1".to_owned(),
        outcome,
        artefacts: None,
    }
}

/// A unit with this code, of this year, as it was read just now.
pub(crate) fn unit(code: &str, year: u16, title: &str) -> TaskOutcome {
    TaskOutcome::Unit(Box::new(read(code, year, title)))
}

pub(crate) fn read(code: &str, year: u16, title: &str) -> UnitRead {
    let facts = UnitFacts {
        code: UnitCode::parse(code).unwrap(),
        title: title.to_owned(),
        year: Some(Year::new(year).unwrap()),
        status: None,
        credit_points: None,
        level: None,
        study_level: None,
        faculty: None,
        school: None,
        description: None,
        workload: None,
        outcomes: None,
        assessments: None,
        offerings: None,
        requisites: None,
        contacts: None,
    };
    let record = UnitRecord { facts, gaps: BTreeMap::new(), origins: BTreeMap::new() };
    UnitRead { record, url: url(code), fetched_at: chrono::Utc::now() }
}

pub(crate) fn failed(kind: FailureKind) -> TaskOutcome {
    TaskOutcome::Failed(Failure { kind, detail: "in a test".to_owned(), retry_after: None })
}
