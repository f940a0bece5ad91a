//! Which tasks go first, and that nobody waits for ever.

use crate::stage::{LIMITS, Stage, child, list, numbered, read, request, unit};
use chrono::{TimeDelta, Utc};
use rmu_catalogue::{
    CatalogueError,
    ingest::TaskOutcome,
    ledger::{
        DispatchLimits, DueTask, Scope, StartScrape, Turns, admit_frontier, pause_job, queue_overview, start_scrape,
    },
    refresh_requests::{REFRESH_PAUSE, Refresh, RefreshRequest, RefreshState, request_refresh},
    sources::set_source_enabled,
};
use rmu_domain::{
    ids::{AccountId, JobId, UnitId},
    scrape::{JobState, Priority, TaskState},
};

const LIMIT: u32 = 10_000;
const PAGES: u32 = 3000;

/// A handbook with thousands of pages pending, and as many of them out as may be.
async fn bulk_run(stage: &Stage) -> (JobId, Vec<DueTask>) {
    let job = stage.start(LIMIT, Scope::Discovery).await.job;
    let discovery = stage.dispatch().await.remove(0);
    let children = (0..PAGES).map(|number| child(&format!("{number:05}"))).collect();
    stage.answer(&discovery, TaskOutcome::Children(children)).await;
    while admit_frontier(&stage.database, LIMIT).await.unwrap() > 0 {}
    assert_eq!(stage.job(job).await.priority, Priority::Bulk);
    let out = stage.dispatch().await;
    assert_eq!((out.len(), stage.job(job).await.pending), (8, PAGES - 8));
    (job, out)
}

async fn answer(stage: &Stage, task: &DueTask) {
    stage.answer(task, unit(task.target.url().rsplit('/').next().unwrap(), 2026, "A title")).await;
}

/// One round as the relay runs it.
async fn round(stage: &Stage, turns: &Turns) -> Vec<DueTask> {
    let sent = stage.dispatch_within(DispatchLimits { order: turns.order(), ..LIMITS }).await;
    turns.sent(sent.len());
    sent
}

#[tokio::test]
async fn urgent_goes_before_normal_and_normal_before_bulk() {
    let stage = Stage::new().await;
    let (bulk, out) = bulk_run(&stage).await;
    let normal = stage.start(LIMIT, list(&["50001", "50002"])).await.job;
    let urgent = StartScrape { priority: Some(Priority::Urgent), ..request(list(&["60001", "60002"])) };
    let urgent = start_scrape(&stage.database, LIMIT, &urgent).await.unwrap().job;
    for task in &out[..6] {
        answer(&stage, task).await;
    }
    // Published in this order, too.
    let next: Vec<JobId> = stage.dispatch().await.iter().map(|task| task.job).collect();
    assert_eq!(next, [urgent, urgent, normal, normal, bulk, bulk]);
}

#[tokio::test]
async fn urgent_tasks_go_first_over_all_sources_when_room_is_short() {
    let stage = Stage::new().await;
    stage.add_source("other-handbook").await;
    stage.start(LIMIT, list(&["00001", "00002", "00003"])).await;
    let urgent = StartScrape {
        source: crate::stage::slug("other-handbook"),
        priority: Some(Priority::Urgent),
        ..request(list(&["00009"]))
    };
    let urgent = start_scrape(&stage.database, LIMIT, &urgent).await.unwrap().job;
    let sent = stage.dispatch_within(DispatchLimits { batch: 1, ..LIMITS }).await;
    assert_eq!(sent[0].job, urgent);
}

#[tokio::test]
async fn a_bulk_run_moves_however_much_urgent_work_there_is() {
    let stage = Stage::new().await;
    let (bulk, mut out) = bulk_run(&stage).await;
    let turns = Turns::default();
    let (mut of_bulk, mut number) = (0, 60_000);
    for _ in 0..32 {
        // There is always more urgent work than room.
        let codes: Vec<String> = (number..number + 3).map(|code| code.to_string()).collect();
        number += 3;
        let urgent = StartScrape { priority: Some(Priority::Urgent), ..request(list(&codes)) };
        start_scrape(&stage.database, LIMIT, &urgent).await.unwrap();
        answer(&stage, &out.remove(0)).await;
        let sent = round(&stage, &turns).await;
        assert_eq!(sent.len(), 1, "one place was free");
        of_bulk += sent.iter().filter(|task| task.job == bulk).count();
        out.extend(sent);
    }
    assert_eq!(of_bulk, 4, "every eighth");
}

#[tokio::test]
async fn sources_share_the_room_whoever_came_first() {
    let stage = Stage::new().await;
    stage.add_source("other-handbook").await;
    let codes = numbered(20);
    let first = stage.start(LIMIT, codes.clone()).await.job;
    let small = DispatchLimits { batch: 4, ..LIMITS };
    let sent = stage.dispatch_within(small).await;
    assert!(sent.iter().all(|task| task.job == first), "nobody else wants anything");
    let other = StartScrape { source: crate::stage::slug("other-handbook"), ..request(codes) };
    let other = start_scrape(&stage.database, LIMIT, &other).await.unwrap().job;
    // First the one that is behind, until both have as many out; then in turn, four at the pace of one page a second.
    let mut rounds = Vec::new();
    for _ in 0..3 {
        let sent = stage.dispatch_within(small).await;
        assert!(sent.iter().all(|task| task.job == sent[0].job), "a turn is not interrupted");
        rounds.push(sent[0].job);
    }
    assert_eq!(rounds[0], other);
    assert_ne!(rounds[1], rounds[2]);
}

#[tokio::test]
async fn whoever_has_nothing_out_comes_before_whoever_has_begun_a_turn() {
    let stage = Stage::new().await;
    stage.add_source("other-handbook").await;
    let codes = numbered(20);
    stage.start(LIMIT, codes.clone()).await;
    // One short of a turn.
    assert_eq!(stage.dispatch_within(DispatchLimits { batch: 3, ..LIMITS }).await.len(), 3);
    let other = StartScrape { source: crate::stage::slug("other-handbook"), ..request(codes) };
    let other = start_scrape(&stage.database, LIMIT, &other).await.unwrap().job;
    for _ in 0..3 {
        let sent = stage.dispatch_within(DispatchLimits { batch: 1, ..LIMITS }).await;
        assert_eq!(sent[0].job, other);
    }
}

#[tokio::test]
async fn a_gap_that_is_no_number_stops_nobody() {
    let stage = Stage::new().await;
    for (number, gap) in [r#""soon""#, "1e30", "0.5", "-1", "null"].into_iter().enumerate() {
        stage.start(LIMIT, list(&[&format!("{number:05}")])).await;
        let changed = format!(r#"definition || '{{"politeness": {{"minGapMs": {gap}}}}}'"#);
        stage.inside.batch_execute(&format!("UPDATE source_versions SET definition = {changed}")).await.unwrap();
        assert_eq!(stage.dispatch().await.len(), 1, "{gap}");
        let sound = "definition - 'politeness'";
        stage.inside.batch_execute(&format!("UPDATE source_versions SET definition = {sound}")).await.unwrap();
    }
}

/// A unit that was read once.
async fn known_unit(stage: &Stage, code: &str) -> UnitId {
    stage.start(LIMIT, list(&[code])).await;
    let tasks = stage.dispatch().await;
    let task = tasks.iter().find(|task| task.target.url().ends_with(code)).unwrap();
    stage.answer(task, unit(code, 2026, "A title")).await;
    let sql = "SELECT id FROM units WHERE code = $1";
    stage.inside.query_one(sql, &[&code]).await.unwrap().get::<_, uuid::Uuid>(0).into()
}

async fn ask(stage: &Stage, unit: UnitId, later: TimeDelta) -> Result<Refresh, CatalogueError> {
    let request =
        RefreshRequest { unit, account: AccountId::new(), trace: Default::default(), now: Utc::now() + later };
    request_refresh(&stage.database, LIMIT, &request).await
}

#[tokio::test]
async fn a_students_request_is_read_before_a_bulk_run_and_once_an_hour() {
    let stage = Stage::new().await;
    let unit_id = known_unit(&stage, "31251").await;
    let (_, out) = bulk_run(&stage).await;
    let (one, two) = tokio::join!(ask(&stage, unit_id, TimeDelta::zero()), ask(&stage, unit_id, TimeDelta::zero()));
    let mut states = [one.unwrap().state, two.unwrap().state];
    states.sort_by_key(|state| *state == RefreshState::UnderWay);
    assert_eq!(states, [RefreshState::Queued, RefreshState::UnderWay], "one live request a unit");
    assert_eq!(stage.count("scrape_jobs WHERE priority = 0").await, 1);

    answer(&stage, &out[0]).await;
    let task = stage.dispatch().await.remove(0);
    assert!(task.target.url().ends_with("31251"), "before {} others", PAGES - 30);
    assert_eq!(ask(&stage, unit_id, TimeDelta::zero()).await.unwrap().state, RefreshState::UnderWay);
    let corrected = TaskOutcome::Unit(Box::new(read("31251", 2026, "The right title")));
    stage.answer(&task, corrected).await;

    let soon = ask(&stage, unit_id, REFRESH_PAUSE - TimeDelta::minutes(5)).await;
    let Err(CatalogueError::TooSoon { retry_after }) = soon else { panic!("{soon:?}") };
    assert!(retry_after.as_secs() <= 300, "{retry_after:?}");
    assert_eq!(ask(&stage, unit_id, REFRESH_PAUSE + TimeDelta::minutes(1)).await.unwrap().state, RefreshState::Queued);
    stage.assert_counters_equal_a_recount().await;
}

#[tokio::test]
async fn a_page_that_a_bulk_run_has_pending_is_moved_forward() {
    let stage = Stage::new().await;
    let unit_id = known_unit(&stage, "02999").await;
    let (bulk, out) = bulk_run(&stage).await;
    assert_eq!(ask(&stage, unit_id, TimeDelta::zero()).await.unwrap().state, RefreshState::Queued);
    assert_eq!(stage.count("scrape_jobs WHERE priority = 0").await, 0, "no second job for the same page");
    answer(&stage, &out[0]).await;
    let task = stage.dispatch().await.remove(0);
    assert_eq!((task.job, task.target.url().ends_with("02999")), (bulk, true));
}

#[tokio::test]
async fn what_cannot_be_read_again_is_refused_with_the_reason() {
    let stage = Stage::new().await;
    let missing = ask(&stage, UnitId::new(), TimeDelta::zero()).await;
    assert!(matches!(missing, Err(CatalogueError::NotFound { what: "unit" })));
    let unit_id = known_unit(&stage, "31251").await;
    set_source_enabled(&stage.database, &crate::stage::slug("northfield-handbook"), false, None).await.unwrap();
    assert!(matches!(ask(&stage, unit_id, TimeDelta::zero()).await, Err(CatalogueError::Conflict { .. })));
    set_source_enabled(&stage.database, &crate::stage::slug("northfield-handbook"), true, None).await.unwrap();
    let full = RefreshRequest { unit: unit_id, account: AccountId::new(), trace: Default::default(), now: Utc::now() };
    let job = stage.start(LIMIT, list(&["00001"])).await.job;
    pause_job(&stage.database, job, &Default::default(), None).await.unwrap();
    let refused = request_refresh(&stage.database, 1, &full).await;
    assert!(matches!(refused, Err(CatalogueError::LimitReached { .. })));
    assert_eq!(queue_overview(&stage.database).await.unwrap().live(), 1);
    assert_eq!(stage.job(job).await.state, JobState::Paused);
    assert_eq!(stage.count(&format!("scrape_tasks WHERE state = '{}'", TaskState::Pending.as_str())).await, 1);
}
