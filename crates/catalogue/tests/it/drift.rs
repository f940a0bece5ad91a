//! A site that was redesigned: its source pauses, and no unit loses a fact.

use crate::stage::{LIMITS, Stage, list, numbered, read, result, slug};
use rmu_catalogue::{
    CatalogueError,
    ingest::{Applied, Failure, TaskOutcome, UnitRead, apply_result},
    ledger::{
        DueTask, Scope, StartScrape, TaskFilter, dispatch_due, get_job, list_tasks, resume_job, retry_scrape,
        start_scrape,
    },
    source_health::{accept_shape, get_health, paused_sources, resume_source, set_canaries, settle_held_jobs},
    sources::create_source,
    universities::{NewUniversity, create_university},
};
use rmu_demo_handbooks::{Site, faults::redesign, sources};
use rmu_domain::{
    facts::{Contact, FactName},
    ids::JobId,
    scrape::{FailureKind, JobState, TaskState},
    unit_code::UnitCode,
};
use rmu_extraction::{LoadedPage, PageSet, Source, Verdict, read_page};
use rmu_postgres::Database;
use std::sync::Mutex;
use url::Url;

const HANDBOOK: &str = "http://127.0.0.1:4001";
const SECOND_HOST: &str = "http://127.0.0.1:4002";
const YEAR: u16 = 2026;

async fn dispatch(database: &Database) -> Vec<DueTask> {
    let sent = Mutex::new(Vec::new());
    dispatch_due(database, LIMITS, |tasks| {
        let ids = tasks.iter().map(|task| task.id).collect();
        *sent.lock().unwrap() = tasks;
        async move { ids }
    })
    .await
    .unwrap();
    sent.into_inner().unwrap()
}

/// A demo site, its source in the catalogue, and a worker's reading of its pages.
struct Demo {
    stage: Stage,
    site: Site,
    rules: Source,
    source: String,
}

impl Demo {
    async fn new(site: Site) -> Self {
        let site = site.with_requisites_origin(SECOND_HOST);
        let stage = Stage::new().await;
        let origins = [HANDBOOK.to_owned(), SECOND_HOST.to_owned()];
        let origins = if site.slug() == "northfield" { &origins[..] } else { &origins[..1] };
        let definition = sources::of(&site, origins, 5)["source"]["definition"].clone();
        if site.slug() != "northfield" {
            let university = NewUniversity::parse(site.slug(), "Demo", &["demo.example".to_owned()]).unwrap();
            create_university(&stage.database, &university, None).await.unwrap();
        }
        let source = format!("{}-demo", site.slug());
        create_source(&stage.database, &slug(site.slug()), &slug(&source), &definition, None).await.unwrap();
        Self { stage, rules: Source::parse(&definition).unwrap(), site, source }
    }

    async fn start(&self, paths: &[String]) -> JobId {
        let urls = paths.iter().map(|path| format!("{HANDBOOK}{path}")).collect();
        let request = StartScrape {
            source: slug(&self.source),
            ..crate::stage::request(Scope::List { urls, codes: Vec::new() })
        };
        start_scrape(&self.stage.database, 1000, &request).await.unwrap().job
    }

    /// What a worker would answer.
    fn answer(&self, task: &DueTask, redesigned: bool) -> TaskOutcome {
        let url = Url::parse(task.target.url()).unwrap();
        let address = self.rules.classify(&url).unwrap();
        let code = address.code.as_str().to_owned();
        let shape = |html: String| if redesigned { redesign(&html) } else { html };
        let unit = LoadedPage { url: url.clone(), html: shape(self.site.rendered_page(YEAR, &code, true)) };
        let followed = self.site.requisites_page(YEAR, &code).map(|html| {
            let url = Url::parse(&format!("{SECOND_HOST}/requisites/{YEAR}/{code}")).unwrap();
            ("requisites".to_owned(), LoadedPage { url, html: shape(html) })
        });
        let failed = |kind, detail| TaskOutcome::Failed(Failure { kind, detail, retry_after: None });
        match read_page(&self.rules, Some(&address), &PageSet { unit, followed: followed.into_iter().collect() }) {
            Verdict::Unit(record) => TaskOutcome::Unit(Box::new(UnitRead {
                record: *record,
                url: url.into(),
                fetched_at: chrono::Utc::now(),
            })),
            Verdict::NotFound { detail } => TaskOutcome::NotFound { detail },
            Verdict::Blocked { detail } => failed(FailureKind::Blocked, detail),
            Verdict::NotAUnit { detail } => failed(FailureKind::NotAUnit, detail),
            Verdict::CutOff { detail } => failed(FailureKind::Connection, detail),
            Verdict::MissingFacts { missing, detail } => {
                let names: Vec<_> = missing.into_iter().map(|fact| fact.as_str()).collect();
                failed(FailureKind::MissingFact, format!("{}: {detail}", names.join(", ")))
            }
        }
    }

    /// Answers until nothing is sent any more; how many were.
    async fn work(&self, redesigned: bool) -> usize {
        let mut answered = 0;
        loop {
            let tasks = dispatch(&self.stage.database).await;
            if tasks.is_empty() {
                return answered;
            }
            for task in tasks {
                apply_result(&self.stage.database, &result(&task, self.answer(&task, redesigned))).await.unwrap();
                answered += 1;
            }
        }
    }

    /// Everything that is known of every unit, as text.
    async fn known(&self) -> String {
        let sql =
            "SELECT coalesce(string_agg(u.code || u.title || coalesce(u.current_version::text, '') || v.facts::text,
                       E'\\n' ORDER BY v.id), '') FROM units u JOIN unit_versions v ON v.unit_id = u.id";
        self.stage.inside.query_one(sql, &[]).await.unwrap().get(0)
    }
}

async fn a_redesign_pauses_the_source(site: Site, vanishing: &[&str]) {
    let demo = Demo::new(site).await;
    let database = &demo.stage.database;
    let paths: Vec<String> = demo.site.truth(YEAR).map(|truth| truth.path).take(60).collect();
    demo.start(&paths).await;
    assert_eq!(demo.work(false).await, 60);
    let before = demo.known().await;
    assert_eq!(demo.stage.count("units").await, 60);

    // In the middle of a run the site shows its new face.
    demo.stage.widen_windows().await;
    let job = demo.start(&paths).await;
    let first = dispatch(database).await;
    for (number, task) in first.iter().enumerate() {
        apply_result(database, &result(task, demo.answer(task, number >= 15))).await.unwrap();
    }
    assert_eq!(dispatch(database).await.len(), 0, "nothing is sent any more");
    settle_held_jobs(database).await.unwrap();
    assert_eq!(get_job(database, job).await.unwrap().state, JobState::Paused);
    assert_eq!(demo.known().await, before, "no unit has lost a fact");

    let health = get_health(database, &slug(&demo.source)).await.unwrap();
    assert!(health.paused_at.is_some());
    let reason = health.reason.unwrap();
    for fact in vanishing {
        assert!(reason.contains(fact), "{fact} is not in {reason:?}");
        assert!(health.vanished.contains(&(*fact).to_owned()), "{fact} is not in {:?}", health.vanished);
    }
    assert_eq!(paused_sources(database).await.unwrap()[0].slug, demo.source);
    // Nothing begins or goes on until somebody has looked.
    assert!(matches!(resume_job(database, job, &Default::default(), None).await, Err(CatalogueError::Conflict { .. })));
    let request = StartScrape { source: slug(&demo.source), ..crate::stage::request(Scope::Discovery) };
    assert!(matches!(start_scrape(database, 1000, &request).await, Err(CatalogueError::Conflict { .. })));

    // The old face is back: the same run goes on and comes to its end, with nothing given up.
    resume_source(database, &slug(&demo.source), &crate::stage::admin()).await.unwrap();
    assert_eq!(get_job(database, job).await.unwrap().state, JobState::Running);
    demo.stage.make_everything_due().await;
    assert!(demo.work(false).await > 0);
    let job = get_job(database, job).await.unwrap();
    assert_eq!((job.state, job.dead, job.unchanged), (JobState::Completed, 0, 60));
    assert_eq!(demo.known().await, before);
    assert!(paused_sources(database).await.unwrap().is_empty());
    demo.stage.assert_counters_equal_a_recount().await;
}

#[tokio::test]
async fn northfield_redesigned_is_paused_and_loses_nothing() {
    a_redesign_pauses_the_source(Site::courseloop(1, 80), &["title"]).await;
}

#[tokio::test]
async fn eastmoor_redesigned_is_paused_and_loses_nothing() {
    a_redesign_pauses_the_source(Site::legacy(1, 80), &["creditPoints"]).await;
}

const SOURCE: &str = "northfield-handbook";

/// Pages with a contact each, or without.
fn page(code: &str, contact: bool, title: &str) -> TaskOutcome {
    let mut page = read(code, YEAR, title);
    page.record.facts.contacts = contact.then(|| vec![Contact { role: None, name: "Ada".to_owned() }]);
    TaskOutcome::Unit(Box::new(page))
}

fn code(task: &DueTask) -> String {
    task.target.url().rsplit('/').next().unwrap().to_owned()
}

/// So many known pages, each with a contact.
async fn known_pages(stage: &Stage, count: usize) -> Vec<String> {
    let codes: Vec<String> = (0..count).map(|number| format!("{number:05}")).collect();
    run(stage, &codes, |_| true).await;
    codes
}

/// Reads these pages to the end of what is sent.
async fn run(stage: &Stage, codes: &[String], contact: impl Fn(&str) -> bool) -> JobId {
    let job = stage.start(1000, list(codes)).await.job;
    work(stage, contact).await;
    job
}

async fn work(stage: &Stage, contact: impl Fn(&str) -> bool) {
    loop {
        let tasks = stage.dispatch().await;
        if tasks.is_empty() {
            return;
        }
        for task in tasks {
            stage.answer(&task, page(&code(&task), contact(&code(&task)), "A title")).await;
        }
    }
}

#[tokio::test]
async fn one_page_that_says_less_is_believed_when_the_others_still_say_it() {
    let stage = Stage::new().await;
    let codes = known_pages(&stage, 40).await;
    let with_contacts =
        "units u JOIN unit_versions v ON v.id = u.current_version WHERE v.facts->>'contacts' IS NOT NULL";
    // One page has really lost its contact: held back at first sight …
    let job = run(&stage, &codes, |code| code != "00000").await;
    assert_eq!((stage.job(job).await.unchanged, stage.job(job).await.pending), (39, 1));
    assert_eq!(stage.count(with_contacts).await, 40);
    let held = list_tasks(&stage.database, TaskFilter { job, state: Some(TaskState::Pending), after: None, limit: 9 });
    let held = held.await.unwrap().remove(0);
    assert_eq!(held.error_kind.as_deref(), Some("drift"));
    assert!(held.error_detail.unwrap().contains("contacts"));
    // … and believed at the second, because thirty-nine others, read since, still have theirs.
    stage.make_everything_due().await;
    work(&stage, |_| false).await;
    assert_eq!(stage.job(job).await.state, JobState::Completed);
    assert_eq!(stage.count(with_contacts).await, 39);
    assert!(get_health(&stage.database, &slug(SOURCE)).await.unwrap().paused_at.is_none());
}

#[tokio::test]
async fn a_fact_that_collapses_is_named_and_can_be_given_up() {
    let stage = Stage::new().await;
    let codes = known_pages(&stage, 40).await;
    let with_contacts =
        "units u JOIN unit_versions v ON v.id = u.current_version WHERE v.facts->>'contacts' IS NOT NULL";
    let job = run(&stage, &codes, |_| false).await;
    assert_eq!(stage.count(with_contacts).await, 40, "no unit has lost its contact");
    let health = get_health(&stage.database, &slug(SOURCE)).await.unwrap();
    assert_eq!(health.vanished, ["contacts"]);
    settle_held_jobs(&stage.database).await.unwrap();
    assert_eq!(stage.job(job).await.state, JobState::Paused);

    // The site gives no contacts any more, and somebody says that this is all right.
    accept_shape(&stage.database, &slug(SOURCE), None, &crate::stage::admin()).await.unwrap();
    assert_eq!(get_health(&stage.database, &slug(SOURCE)).await.unwrap().accepted, ["contacts"]);
    stage.make_everything_due().await;
    work(&stage, |_| false).await;
    assert_eq!((stage.job(job).await.state, stage.job(job).await.dead), (JobState::Completed, 0));
    assert_eq!(stage.count(with_contacts).await, 0);
    let health = get_health(&stage.database, &slug(SOURCE)).await.unwrap();
    assert!(health.paused_at.is_none());
    assert_eq!(health.runs[0].success_rate(), Some(1.0));
}

#[tokio::test]
async fn a_single_page_is_never_believed_by_itself_and_the_same_answer_counts_once() {
    let stage = Stage::new().await;
    known_pages(&stage, 1).await;
    let job = stage.start(1000, list(&["00000"])).await.job;
    for attempt in 1..=5 {
        stage.make_everything_due().await;
        let task = stage.dispatch().await.remove(0);
        let expected = if attempt < 5 { Applied::Retried } else { Applied::Finished(TaskState::Dead) };
        assert_eq!(stage.answer(&task, page("00000", false, "A title")).await, expected);
        assert_eq!(stage.answer(&task, page("00000", false, "A title")).await, Applied::Ignored, "delivered twice");
    }
    assert_eq!(stage.job(job).await.state, JobState::Failed);
    assert_eq!(stage.count("unit_versions").await, 1);
    // It can be accepted and tried again.
    accept_shape(&stage.database, &slug(SOURCE), Some(vec![FactName::Contacts]), &crate::stage::admin()).await.unwrap();
    let request = rmu_catalogue::ledger::RetryScrape {
        job,
        task: None,
        started_by: crate::stage::admin(),
        trace: Default::default(),
        idempotency_key: None,
    };
    retry_scrape(&stage.database, 1000, &request).await.unwrap();
    work(&stage, |_| false).await;
    assert_eq!(stage.count("unit_versions").await, 2);
    stage.assert_counters_equal_a_recount().await;
}

#[tokio::test]
async fn a_canary_is_read_first_and_pauses_the_source_alone() {
    let stage = Stage::new().await;
    known_pages(&stage, 3).await;
    let canary = UnitCode::parse("00001").unwrap();
    set_canaries(&stage.database, &slug(SOURCE), std::slice::from_ref(&canary), None).await.unwrap();
    let unknown = set_canaries(&stage.database, &slug(SOURCE), &[UnitCode::parse("99999").unwrap()], None).await;
    assert!(matches!(unknown, Err(CatalogueError::Invalid { field, .. }) if field == "codes[0]"));
    stage.start(1000, Scope::Discovery).await;
    let tasks = stage.dispatch().await;
    let first =
        tasks.iter().find(|task| task.target.url().ends_with("00001")).expect("the canary is read in every run");
    stage.answer(first, page("00001", false, "A title")).await;
    let health = get_health(&stage.database, &slug(SOURCE)).await.unwrap();
    assert!(health.reason.unwrap().contains("canary 00001 lost contacts"));
    assert_eq!(health.canaries[0].verdict.as_deref(), Some("lost"));
    // A repaired source whose canary cannot be read at all.
    resume_source(&stage.database, &slug(SOURCE), &crate::stage::admin()).await.unwrap();
    stage.make_everything_due().await;
    let again = stage.dispatch().await.into_iter().find(|task| task.id == first.id).unwrap();
    let unread = Failure { kind: FailureKind::NotAUnit, detail: "no h1".to_owned(), retry_after: None };
    assert_eq!(stage.answer(&again, TaskOutcome::Failed(unread)).await, Applied::Retried, "it was a unit before");
    assert!(get_health(&stage.database, &slug(SOURCE)).await.unwrap().reason.unwrap().contains("not_a_unit"));
}

#[tokio::test]
async fn pages_never_known_as_units_prove_nothing() {
    let stage = Stage::new().await;
    let job = stage.start(1000, numbered(20)).await.job;
    stage.widen_windows().await;
    for task in stage.dispatch().await {
        let failure = Failure { kind: FailureKind::NotAUnit, detail: "a news page".to_owned(), retry_after: None };
        assert_eq!(stage.answer(&task, TaskOutcome::Failed(failure)).await, Applied::Finished(TaskState::Dead));
    }
    assert_eq!(stage.job(job).await.dead, 20);
    assert!(paused_sources(&stage.database).await.unwrap().is_empty());
    let health = get_health(&stage.database, &slug(SOURCE)).await.unwrap();
    assert!(health.facts.iter().all(|fact| fact.baseline.is_none()), "unknown is not zero");
}
