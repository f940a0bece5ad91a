//! Scrapes of templates: a hundred thousand codes are one row until there is room for them.

use crate::stage::{HOST, Stage, definition, request, slug};
use rmu_catalogue::{
    CatalogueError,
    ingest::TaskOutcome,
    ledger::{Scope, StartScrape, Started, admit_frontier, cancel_job, queue_overview, start_scrape},
    sources::create_source,
};
use rmu_domain::{code_template::CodeTemplate, scrape::JobState, year::Year};
use std::collections::BTreeSet;

const LIMIT: u32 = 50;

/// A source whose units are at addresses made of their codes, with what `change` makes of its document.
async fn stage(change: impl FnOnce(&mut serde_json::Value)) -> Stage {
    let stage = Stage::new().await;
    let mut document = definition();
    document["years"] = serde_json::json!([2026]);
    document["unitAddress"] = serde_json::json!(format!("{HOST}/subject/{{year}}/{{code}}"));
    change(&mut document);
    create_source(&stage.database, &slug("northfield"), &slug("by-code"), &document, None).await.unwrap();
    stage
}

async fn start(stage: &Stage, scope: Scope) -> Result<Started, CatalogueError> {
    start_scrape(&stage.database, LIMIT, &StartScrape { source: slug("by-code"), ..request(scope) }).await
}

fn template(template: CodeTemplate) -> Scope {
    Scope::Template { template, years: Vec::new() }
}

#[tokio::test]
async fn a_template_becomes_tasks_as_room_appears_and_each_code_is_asked_for_once() {
    let stage = stage(|_| {}).await;
    let range = CodeTemplate::range("09900", "10049").unwrap();
    // Two of the codes are just being read by another job, which goes on with them.
    let other = Scope::List {
        urls: vec![format!("{HOST}/subject/2026/09901"), format!("{HOST}/subject/2026/10000")],
        codes: Vec::new(),
    };
    start(&stage, other).await.unwrap();
    let started = start(&stage, template(range)).await.unwrap();
    assert_eq!((started.admitted, stage.job(started.job).await.frontier), (0, 150));
    let mut asked = BTreeSet::new();
    while stage.job(started.job).await.state == JobState::Running {
        admit_frontier(&stage.database, LIMIT).await.unwrap();
        assert!(queue_overview(&stage.database).await.unwrap().live() <= LIMIT);
        stage.assert_counters_equal_a_recount().await;
        for task in stage.dispatch().await.into_iter().filter(|task| task.job == started.job) {
            assert!(asked.insert(task.target.url().to_owned()), "{} twice", task.target.url());
            stage.answer(&task, TaskOutcome::NotFound { detail: "in a test".to_owned() }).await;
        }
    }
    let job = stage.job(started.job).await;
    assert_eq!((job.not_found, job.skipped, job.state), (148, 2, JobState::Completed));
    assert!(
        asked.contains(&format!("{HOST}/subject/2026/09900")) && asked.contains(&format!("{HOST}/subject/2026/10049"))
    );
    assert_eq!(stage.count("scrape_expansions").await, 0);
}

#[tokio::test]
async fn codes_whose_rules_nobody_can_read_stop_nobody_else() {
    let stage = stage(|_| {}).await;
    let lost = start(&stage, template(CodeTemplate::range("09900", "09999").unwrap())).await.unwrap();
    let sql =
        "UPDATE source_versions SET definition = '{}' FROM sources s WHERE s.id = source_id AND s.slug = 'by-code'";
    assert_eq!(stage.inside.execute(sql, &[]).await.unwrap(), 1);
    let other = stage.start(LIMIT, Scope::Discovery).await;
    while admit_frontier(&stage.database, LIMIT).await.unwrap() > 0 {}
    let job = stage.job(lost.job).await;
    assert_eq!((job.skipped, job.state), (100, JobState::Completed));
    assert_eq!(stage.dispatch().await.remove(0).job, other.job);
    stage.assert_counters_equal_a_recount().await;
}

#[tokio::test]
async fn a_hundred_thousand_codes_are_one_row_and_a_cancel_drops_them() {
    let stage = stage(|_| {}).await;
    let started = start(&stage, template(CodeTemplate::pattern("[1-9]####").unwrap())).await.unwrap();
    assert_eq!(stage.job(started.job).await.frontier, 90_000);
    assert_eq!((stage.count("scrape_tasks").await, stage.count("scrape_frontier").await), (0, 0));
    assert_eq!(admit_frontier(&stage.database, LIMIT).await.unwrap(), LIMIT - LIMIT / 10);
    stage.assert_counters_equal_a_recount().await;
    cancel_job(&stage.database, started.job, &Default::default(), None).await.unwrap();
    let job = stage.job(started.job).await;
    assert_eq!((job.frontier, job.state), (0, JobState::Cancelled));
    assert_eq!(job.skipped + job.cancelled, 90_000);
    assert_eq!(stage.count("scrape_expansions").await, 0);
    stage.assert_counters_equal_a_recount().await;
}

#[tokio::test]
async fn a_source_may_begin_with_codes_and_ask_for_each_in_every_year() {
    let stage = stage(|document| {
        document["years"] = serde_json::json!([2025, 2026]);
        document["start"] =
            serde_json::json!([{"kind": "codes", "codes": {"kind": "list", "codes": ["31251", "09009"]}}]);
    })
    .await;
    let job = start(&stage, Scope::Discovery).await.unwrap().job;
    assert_eq!(stage.job(job).await.frontier, 4);
    assert_eq!(admit_frontier(&stage.database, LIMIT).await.unwrap(), 4);
    let asked: BTreeSet<String> = stage.dispatch().await.iter().map(|task| task.target.url().to_owned()).collect();
    let wanted = ["2025/31251", "2025/09009", "2026/31251", "2026/09009"].map(|path| format!("{HOST}/subject/{path}"));
    assert_eq!(asked, wanted.into_iter().collect());
}

#[tokio::test]
async fn what_a_source_cannot_place_is_refused_with_the_reason() {
    let refused = async |stage: &Stage, scope: Scope| match start(stage, scope).await {
        Err(CatalogueError::Invalid { field, detail }) => format!("{field} {detail}"),
        other => panic!("{other:?}"),
    };
    let codes = || CodeTemplate::list(&["31251"]).unwrap();
    let bare = stage(|document| {
        document.as_object_mut().unwrap().remove("unitAddress");
    })
    .await;
    assert!(refused(&bare, template(codes())).await.starts_with("template needs a source with `unitAddress`"));
    let stage = stage(|document| document["years"] = serde_json::json!([])).await;
    assert!(refused(&stage, template(codes())).await.starts_with("years must name some"));
    let year = |year: u16| Year::new(year).unwrap();
    let of = |template, years| Scope::Template { template, years };
    let dashes = CodeTemplate::list(&["FIT-2004"]).unwrap();
    assert!(refused(&stage, of(dashes, vec![year(2026)])).await.starts_with("template gives FIT-2004"));
    let many = of(CodeTemplate::pattern("[1-9]####").unwrap(), (2020..2026).map(year).collect());
    assert!(refused(&stage, many).await.contains("at most 200000 pages"));
    assert_eq!(start(&stage, of(codes(), vec![year(2025)])).await.unwrap().admitted, 0);
}
