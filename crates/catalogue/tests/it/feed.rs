//! Parts of feeds: each entry is stored as a page of its own would be, and the part is one task.

use crate::stage::{HOST, Stage, read, request};
use chrono::Utc;
use rmu_catalogue::{
    ingest::{Applied, EntryOutcome, FeedRead, TaskOutcome, apply_result},
    ledger::{DueTask, FeedEntry, Scope, Target, admit_frontier, start_scrape},
};
use rmu_domain::{
    scrape::{FailureKind, TaskState},
    unit_code::UnitCode,
    year::Year,
};

fn feed() -> String {
    format!("{HOST}/xcri.xml")
}

fn entry(code: &str) -> FeedEntry {
    FeedEntry { code: UnitCode::parse(code).unwrap(), year: Year::new(2026).ok() }
}

fn unit(code: &str, title: &str) -> EntryOutcome {
    EntryOutcome::Unit(Box::new(read(code, 2026, title).record))
}

fn failed(code: &str) -> EntryOutcome {
    let detail = "title: is absent".to_owned();
    EntryOutcome::Failed { code: code.to_owned(), entry: Some(entry(code)), kind: FailureKind::MissingFact, detail }
}

fn answer(entries: Vec<EntryOutcome>) -> TaskOutcome {
    TaskOutcome::Entries(FeedRead { url: feed(), fetched_at: Utc::now(), entries })
}

fn unchanged(task: &DueTask) -> TaskOutcome {
    let Target::FeedPart { entries, .. } = &task.target else { panic!("{task:?}") };
    let said = entries.iter().zip(&task.known_entries).map(|(entry, known)| EntryOutcome::Unchanged {
        entry: entry.clone(),
        content_hash: known.clone().unwrap_or_else(|| "0".repeat(64)),
    });
    answer(said.collect())
}

/// A job whose discovery found a feed with one part of these units, up to that part's dispatch.
async fn part_of(stage: &Stage, codes: &[&str]) -> DueTask {
    stage.start(100, Scope::Discovery).await;
    let discovery = stage.dispatch().await.remove(0);
    let part = Target::feed_part(&feed(), codes.iter().map(|code| entry(code)).collect()).unwrap();
    stage.answer(&discovery, TaskOutcome::Children(vec![part])).await;
    assert_eq!(admit_frontier(&stage.database, 100).await.unwrap(), 1);
    stage.dispatch().await.remove(0)
}

#[tokio::test]
async fn a_part_is_one_task_and_each_of_its_entries_a_unit() {
    let stage = Stage::new().await;
    let task = part_of(&stage, &["31251", "31252", "31253"]).await;
    assert_eq!(task.known_entries, [None, None, None]);
    let entries = vec![unit("31252", "Two"), unit("31251", "One"), EntryOutcome::NotFound(entry("31253"))];
    let result = crate::stage::result(&task, answer(entries));
    let (one, two) = tokio::join!(apply_result(&stage.database, &result), apply_result(&stage.database, &result));
    let mut applied = [one.unwrap(), two.unwrap()];
    applied.sort_by_key(|applied| *applied == Applied::Ignored);
    assert_eq!(applied, [Applied::Finished(TaskState::Succeeded), Applied::Ignored]);
    let job = stage.job(task.job).await;
    assert_eq!((job.succeeded, job.versions_created, job.total()), (2, 2, 2));
    assert_eq!(stage.count("units").await, 2);
    assert_eq!(stage.count("unit_search").await, 2);
    assert_eq!(stage.count("source_pages WHERE target_key LIKE 'entry:%'").await, 2);
    stage.assert_counters_equal_a_recount().await;
}

#[tokio::test]
async fn unchanged_entries_are_named_and_cost_no_version() {
    let stage = Stage::new().await;
    let task = part_of(&stage, &["31251", "31252"]).await;
    stage.answer(&task, answer(vec![unit("31251", "One"), unit("31252", "Two")])).await;
    let task = part_of(&stage, &["31251", "31252"]).await;
    assert!(task.known_entries.iter().all(Option::is_some), "{:?}", task.known_entries);
    assert_eq!(stage.answer(&task, unchanged(&task)).await, Applied::Finished(TaskState::Unchanged));
    assert_eq!(stage.count("unit_versions").await, 2);
    assert_eq!(stage.count("unit_versions WHERE confirmed_at > fetched_at").await, 2);
    let task = part_of(&stage, &["31251", "31252"]).await;
    let TaskOutcome::Entries(mut read) = unchanged(&task) else { panic!() };
    read.entries[1] = unit("31252", "Two, renamed");
    assert_eq!(stage.answer(&task, TaskOutcome::Entries(read)).await, Applied::Finished(TaskState::Succeeded));
    assert_eq!(stage.count("unit_versions").await, 3);
    assert_eq!(stage.count("units WHERE title = 'Two, renamed'").await, 1);
}

#[tokio::test]
async fn what_is_said_to_be_unchanged_must_be_known_and_be_so() {
    let stage = Stage::new().await;
    let task = part_of(&stage, &["31251"]).await;
    assert_eq!(stage.answer(&task, unchanged(&task)).await, Applied::Retried, "nothing is known of it");
    stage.make_everything_due().await;
    let task = stage.dispatch().await.remove(0);
    stage.answer(&task, answer(vec![unit("31251", "One")])).await;
    let task = part_of(&stage, &["31251"]).await;
    let entries = vec![EntryOutcome::Unchanged { entry: entry("31251"), content_hash: "1".repeat(64) }];
    assert_eq!(stage.answer(&task, answer(entries)).await, Applied::Retried, "another version is known of it");
    stage.assert_counters_equal_a_recount().await;
}

#[tokio::test]
async fn a_broken_entry_is_recorded_and_loses_no_other() {
    let stage = Stage::new().await;
    let task = part_of(&stage, &["31251", "31252"]).await;
    let entries = vec![failed("31251"), unit("31252", "Two")];
    assert_eq!(stage.answer(&task, answer(entries)).await, Applied::Finished(TaskState::Succeeded));
    assert_eq!(stage.count("units WHERE code = '31252'").await, 1);
    let recorded = "scrape_tasks WHERE state = 'succeeded' AND error_kind = 'missing_fact'
                    AND error_detail = '1 of 2 entries could not be read: 31251: title: is absent'";
    assert_eq!(stage.count(recorded).await, 1);
}

#[tokio::test]
async fn a_part_of_which_nothing_could_be_read_has_failed() {
    let stage = Stage::new().await;
    let task = part_of(&stage, &["31251", "31252"]).await;
    let all = || answer(vec![failed("31251"), failed("31252")]);
    assert_eq!(stage.answer(&task, all()).await, Applied::Retried);
    assert_eq!(stage.count("units").await, 0);
    let mut last = Applied::Retried;
    while last == Applied::Retried {
        stage.make_everything_due().await;
        let task = stage.dispatch().await.remove(0);
        last = stage.answer(&task, all()).await;
    }
    assert_eq!(last, Applied::Finished(TaskState::Dead));
    stage.assert_counters_equal_a_recount().await;
}

#[tokio::test]
async fn one_unit_of_a_feed_can_be_read_again_by_its_code() {
    let stage = Stage::new().await;
    let task = part_of(&stage, &["31251", "31252"]).await;
    stage.answer(&task, answer(vec![unit("31251", "One"), unit("31252", "Two")])).await;
    let codes = vec![UnitCode::parse("31252").unwrap()];
    let scope = Scope::List { urls: Vec::new(), codes };
    start_scrape(&stage.database, 100, &request(scope)).await.unwrap();
    let again = stage.dispatch().await.remove(0);
    assert_eq!(again.target, Target::feed_part(&feed(), vec![entry("31252")]).unwrap());
    assert!(again.known_entries[0].is_some());
}

#[tokio::test]
async fn a_few_broken_entries_of_a_part_say_nothing_about_the_site() {
    let stage = Stage::new().await;
    let codes: Vec<String> = (0..50).map(|number| format!("{:05}", 31_000 + number)).collect();
    let codes: Vec<&str> = codes.iter().map(String::as_str).collect();
    let task = part_of(&stage, &codes).await;
    stage.answer(&task, answer(codes.iter().map(|code| unit(code, "A unit")).collect())).await;

    let broken = |task: &DueTask, number: usize| {
        let TaskOutcome::Entries(mut read) = unchanged(task) else { panic!() };
        for (entry, code) in read.entries.iter_mut().zip(&codes).take(number) {
            *entry = failed(code);
        }
        TaskOutcome::Entries(read)
    };
    let task = part_of(&stage, &codes).await;
    assert_eq!(stage.answer(&task, broken(&task, 5)).await, Applied::Retried, "five are looked at again");
    assert_eq!(stage.count("source_health WHERE paused_at IS NOT NULL").await, 0);
    stage.make_everything_due().await;
    let task = stage.dispatch().await.remove(0);
    assert_eq!(stage.answer(&task, broken(&task, 40)).await, Applied::Retried);
    assert_eq!(stage.count("source_health WHERE paused_at IS NOT NULL").await, 1, "most of them are too many");
    assert_eq!(stage.count("units").await, 50);
    stage.assert_counters_equal_a_recount().await;
}

#[tokio::test]
async fn a_failed_part_that_comes_twice_or_late_counts_once() {
    let stage = Stage::new().await;
    let task = part_of(&stage, &["31251"]).await;
    assert_eq!(stage.answer(&task, answer(vec![failed("31251")])).await, Applied::Retried);
    assert_eq!(stage.answer(&task, answer(vec![failed("31251")])).await, Applied::Ignored, "the same again");
    assert_eq!(stage.answer(&task, unchanged(&task)).await, Applied::Ignored, "it knew of nothing that could be so");
    stage.make_everything_due().await;
    let second = stage.dispatch().await.remove(0);
    assert_eq!(stage.answer(&task, answer(vec![failed("31251")])).await, Applied::Ignored, "late");
    let done = stage.answer(&second, answer(vec![unit("31251", "One")])).await;
    assert_eq!(done, Applied::Finished(TaskState::Succeeded));
    assert_eq!(stage.job(task.job).await.retries, 1);
    stage.assert_counters_equal_a_recount().await;
}
