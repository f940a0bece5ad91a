//! Results: applied once, whatever order they come in and however often.

use crate::stage::{Stage, failed, list, read, result, unit, url};
use chrono::{TimeDelta, Utc};
use rmu_catalogue::{
    ingest::{Applied, Failure, TaskOutcome, apply_result},
    sources::update_source,
};
use rmu_domain::{
    facts::{FactName, Gap, Origin},
    ids::{JobId, TaskId},
    scrape::{FailureKind, JobState, TaskState},
};
use std::time::Duration;

#[tokio::test]
async fn a_result_that_comes_twice_counts_once() {
    let stage = Stage::new().await;
    let job = stage.start(100, list(&["31251", "31252"])).await.job;
    let tasks = stage.dispatch().await;
    let answer = result(&tasks[0], unit("31251", 2026, "Data Structures"));
    let (one, two) = tokio::join!(apply_result(&stage.database, &answer), apply_result(&stage.database, &answer));
    let mut applied = [one.unwrap(), two.unwrap()];
    applied.sort_by_key(|applied| *applied == Applied::Ignored);
    assert_eq!(applied, [Applied::Finished(TaskState::Succeeded), Applied::Ignored]);
    let view = stage.job(job).await;
    assert_eq!((view.succeeded, view.versions_created, view.dispatched), (1, 1, 1));
    assert_eq!(stage.count("unit_versions").await, 1);
    stage.assert_counters_equal_a_recount().await;
}

#[tokio::test]
async fn a_version_is_made_only_when_the_content_changed() {
    let stage = Stage::new().await;
    let scrape = async |outcome| {
        stage.start(100, list(&["31251"])).await;
        let task = stage.dispatch().await.remove(0);
        stage.answer(&task, outcome).await
    };
    assert_eq!(scrape(unit("31251", 2026, "Old")).await, Applied::Finished(TaskState::Succeeded));
    assert_eq!(scrape(unit("31251", 2026, "Old")).await, Applied::Finished(TaskState::Unchanged));
    assert_eq!(scrape(TaskOutcome::Unchanged).await, Applied::Finished(TaskState::Unchanged));
    assert_eq!(stage.count("unit_versions").await, 1);
    assert_eq!(scrape(unit("31251", 2026, "New")).await, Applied::Finished(TaskState::Succeeded));
    assert_eq!(stage.count("unit_versions").await, 2);
    assert_eq!(stage.count("units WHERE title = 'New' AND year = 2026").await, 1);
    assert_eq!(stage.count("unit_search WHERE title_folded = 'new'").await, 1);

    // An older handbook year is history: it gets a version and does not replace what is shown.
    assert_eq!(scrape(unit("31251", 2024, "Ancient")).await, Applied::Finished(TaskState::Succeeded));
    assert_eq!(stage.count("unit_versions").await, 3);
    assert_eq!(stage.count("units WHERE title = 'New'").await, 1);
    assert_eq!(stage.count("unit_search WHERE title_folded = 'new'").await, 1);
}

#[tokio::test]
async fn an_answer_long_on_its_way_does_not_undo_a_newer_one() {
    let stage = Stage::new().await;
    stage.start(100, list(&["31251"])).await;
    let task = stage.dispatch().await.remove(0);
    stage.answer(&task, unit("31251", 2026, "New")).await;
    stage.start(100, list(&["31251"])).await;
    let task = stage.dispatch().await.remove(0);
    let mut old = read("31251", 2026, "Old");
    old.fetched_at = Utc::now() - TimeDelta::hours(2);
    stage.answer(&task, TaskOutcome::Unit(Box::new(old))).await;
    assert_eq!(stage.count("units WHERE title = 'New'").await, 1);
    assert_eq!(stage.count("unit_versions").await, 1);
}

#[tokio::test]
async fn where_facts_came_from_and_why_others_are_missing_is_kept() {
    let stage = Stage::new().await;
    stage.start(100, list(&["31251"])).await;
    let task = stage.dispatch().await.remove(0);
    let mut page = read("31251", 2026, "Data Structures");
    page.record.gaps.insert(FactName::School, Gap::Absent);
    page.record.gaps.insert(FactName::CreditPoints, Gap::Unparsed { raw: "six".to_owned() });
    page.record.origins.insert(FactName::Title, Origin { rule: "title[0]".to_owned(), url: url("31251") });
    stage.answer(&task, TaskOutcome::Unit(Box::new(page))).await;
    let kept = stage
        .inside
        .query_one(
            "SELECT gaps#>>'{creditPoints,raw}', origins#>>'{title,rule}', facts->>'level', url, source_version
             FROM unit_versions",
            &[],
        )
        .await
        .unwrap();
    assert_eq!(kept.get::<_, String>(0), "six");
    assert_eq!(kept.get::<_, String>(1), "title[0]");
    assert_eq!(kept.get::<_, Option<String>>(2), None, "missing is not zero");
    assert_eq!(kept.get::<_, String>(3), url("31251"));
    assert_eq!(kept.get::<_, i32>(4), 1);
}

#[tokio::test]
async fn failures_are_tried_again_when_it_may_help() {
    let stage = Stage::new().await;
    let job = stage.start(100, list(&["31251", "31252", "31253"])).await.job;
    let mut tasks = stage.dispatch().await;
    tasks.sort_by_key(|task| task.target.url().to_owned());
    assert_eq!(stage.answer(&tasks[0], failed(FailureKind::Timeout)).await, Applied::Retried);
    assert_eq!(stage.answer(&tasks[0], failed(FailureKind::Timeout)).await, Applied::Ignored, "counted already");
    let forbidden = stage.answer(&tasks[1], failed(FailureKind::RobotsDisallowed)).await;
    assert_eq!(forbidden, Applied::Finished(TaskState::Dead));
    let asked = Failure {
        kind: FailureKind::RateLimited,
        detail: "429".to_owned(),
        retry_after: Some(Duration::from_secs(600)),
    };
    assert_eq!(stage.answer(&tasks[2], TaskOutcome::Failed(asked)).await, Applied::Retried);
    let postponed = "scrape_tasks WHERE state = 'pending' AND run_at > now() + interval '9 minutes'";
    assert_eq!(stage.count(postponed).await, 1);
    let view = stage.job(job).await;
    assert_eq!((view.retries, view.dead, view.pending), (2, 1, 2));
    stage.assert_counters_equal_a_recount().await;
}

#[tokio::test]
async fn a_late_answer_of_an_earlier_attempt_is_harmless_and_a_page_read_is_kept() {
    let stage = Stage::new().await;
    let job = stage.start(100, list(&["31251"])).await.job;
    let first = stage.dispatch().await.remove(0);
    stage.make_everything_overdue().await;
    rmu_catalogue::ledger::sweep(&stage.database).await.unwrap();
    stage.make_everything_due().await;
    let second = stage.dispatch().await.remove(0);
    assert_eq!(stage.answer(&first, failed(FailureKind::Timeout)).await, Applied::Ignored);
    assert_eq!(stage.job(job).await.dispatched, 1, "the second attempt is still out");
    let late = stage.answer(&first, unit("31251", 2026, "Read after all")).await;
    assert_eq!(late, Applied::Finished(TaskState::Succeeded));
    assert_eq!(stage.answer(&second, unit("31251", 2026, "Read again")).await, Applied::Ignored);
    assert_eq!(stage.count("unit_versions").await, 1);
    assert_eq!(stage.job(job).await.state, JobState::Completed);
}

#[tokio::test]
async fn an_answer_to_a_dispatch_that_was_not_marked_counts() {
    let stage = Stage::new().await;
    stage.start(100, list(&["31251"])).await;
    // The relay published and crashed before it committed.
    let sent = std::sync::Mutex::new(Vec::new());
    rmu_catalogue::ledger::dispatch_due(&stage.database, crate::stage::LIMITS, |tasks| {
        *sent.lock().unwrap() = tasks;
        async { Vec::new() }
    })
    .await
    .unwrap();
    let task = sent.into_inner().unwrap().remove(0);
    assert_eq!(stage.answer(&task, failed(FailureKind::Timeout)).await, Applied::Retried);
    stage.make_everything_due().await;
    assert_eq!(stage.dispatch().await.remove(0).attempt, 2);
}

#[tokio::test]
async fn unchanged_is_not_believed_of_an_unknown_page() {
    let stage = Stage::new().await;
    stage.start(100, list(&["31251"])).await;
    let task = stage.dispatch().await.remove(0);
    assert_eq!(task.known_hash, None);
    assert_eq!(stage.answer(&task, TaskOutcome::Unchanged).await, Applied::Retried);
}

#[tokio::test]
async fn a_missing_page_is_recorded_and_stored_nowhere() {
    let stage = Stage::new().await;
    let job = stage.start(100, list(&["31251"])).await.job;
    let task = stage.dispatch().await.remove(0);
    let outcome = TaskOutcome::NotFound { detail: "Page Not Found with status 200".to_owned() };
    assert_eq!(stage.answer(&task, outcome).await, Applied::Finished(TaskState::NotFound));
    assert_eq!(stage.count("units").await, 0);
    assert_eq!(stage.job(job).await.state, JobState::Completed);
}

#[tokio::test]
async fn results_of_nobody_are_recognised() {
    let stage = Stage::new().await;
    stage.start(100, list(&["31251"])).await;
    let task = stage.dispatch().await.remove(0);
    let own = result(&task, unit("31251", 2026, "A title"));
    for foreign in [
        rmu_catalogue::ingest::TaskResult { task: TaskId::new(), ..own.clone() },
        rmu_catalogue::ingest::TaskResult { job: JobId::new(), ..own.clone() },
        rmu_catalogue::ingest::TaskResult { source: uuid::Uuid::new_v4().into(), ..own.clone() },
    ] {
        assert_eq!(apply_result(&stage.database, &foreign).await.unwrap(), Applied::Unknown);
    }
    assert_eq!(stage.count("units").await, 0);
}

#[tokio::test]
async fn tasks_carry_the_newest_rules_and_results_name_those_that_read_them() {
    let stage = Stage::new().await;
    stage.start(100, list(&["31251", "31252"])).await;
    let old = stage.dispatch().await;
    let mut definition = crate::stage::definition();
    definition["politeness"] = serde_json::json!({ "minGapMs": 500 });
    let updated = update_source(&stage.database, &crate::stage::slug("northfield-handbook"), &definition, None).await;
    assert_eq!(updated.unwrap().version, 2);
    stage.answer(&old[0], unit("31251", 2026, "Read by version 1")).await;
    stage.answer(&old[1], failed(FailureKind::Timeout)).await;
    stage.make_everything_due().await;
    let new = stage.dispatch().await.remove(0);
    assert_eq!((old[0].source.version, new.source.version), (1, 2));
    assert_eq!(stage.count("unit_versions WHERE source_version = 1").await, 1);
}
