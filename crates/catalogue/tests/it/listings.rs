//! Listings over many pages: each page names the next, and what they name is a set.

use crate::stage::{HOST, Stage, definition, failed, request, slug};
use rmu_catalogue::{
    ingest::TaskOutcome,
    ledger::{DueTask, Scope, StartScrape, Target, admit_frontier, start_scrape},
    sources::create_source,
};
use rmu_domain::{
    ids::JobId,
    scrape::{FailureKind, JobState},
};

const LIMIT: u32 = 200;

/// A job over a source that begins with a listing of which two barren pages in a row are the end.
async fn listing() -> (Stage, JobId) {
    let stage = Stage::new().await;
    let mut document = definition();
    document["start"] = serde_json::json!([
        { "kind": "paged", "url": format!("{HOST}/search?page={{page}}"), "barrenPages": 2, "maxPages": 50 }
    ]);
    create_source(&stage.database, &slug("northfield"), &slug("listing"), &document, None).await.unwrap();
    let start = StartScrape { source: slug("listing"), ..request(Scope::Discovery) };
    let job = start_scrape(&stage.database, LIMIT, &start).await.unwrap().job;
    (stage, job)
}

fn address(page: u32) -> String {
    format!("{HOST}/search?page={page}")
}

/// What a worker answers of a page: its units and the page after it.
fn page(number: u32, codes: std::ops::Range<u32>) -> TaskOutcome {
    let mut targets: Vec<Target> =
        codes.map(|code| Target::unit(&format!("{HOST}/subject/2026/{code:05}"), None, None).unwrap()).collect();
    targets.insert(0, Target::discovery(&address(number + 1)).unwrap());
    TaskOutcome::Children(targets)
}

/// The next page of the listing, once the units before it have been read.
async fn next_page(stage: &Stage) -> Option<DueTask> {
    loop {
        admit_frontier(&stage.database, LIMIT).await.unwrap();
        let (mut page, mut sent) = (None, 0);
        for task in stage.dispatch().await {
            sent += 1;
            match &task.target {
                Target::Discovery { .. } => page = Some(task),
                Target::Unit { .. } | Target::FeedPart { .. } => {
                    stage.answer(&task, TaskOutcome::NotFound { detail: "in a test".to_owned() }).await;
                }
            }
        }
        stage.assert_counters_equal_a_recount().await;
        if page.is_some() || sent == 0 {
            return page;
        }
    }
}

#[tokio::test]
async fn pages_that_repeat_rows_are_read_until_nothing_new_comes() {
    let (stage, job) = listing().await;
    // Page 3 repeats all of page 2, page 4 has something new again; from page 5 on it goes round in circles.
    let pages = [0..20, 10..30, 10..30, 25..40, 25..40, 25..40, 25..40];
    let mut read = Vec::new();
    for codes in pages {
        let Some(task) = next_page(&stage).await else { break };
        read.push(task.target.url().to_owned());
        let number = u32::try_from(read.len()).unwrap();
        assert_eq!(task.target.url(), address(number));
        stage.answer(&task, page(number, codes)).await;
    }
    assert_eq!(read.len(), 6, "two barren pages in a row are the end: {read:?}");
    assert_eq!(stage.count("scrape_tasks WHERE target->>'kind' = 'unit'").await, 40, "each unit once");
    assert!(next_page(&stage).await.is_none());
    assert_eq!(stage.job(job).await.state, JobState::Completed);
}

#[tokio::test]
async fn the_last_page_ends_a_listing_and_a_lost_one_does_not() {
    let (stage, job) = listing().await;
    let first = next_page(&stage).await.unwrap();
    stage.answer(&first, page(1, 0..5)).await;
    let second = next_page(&stage).await.unwrap();
    // Five attempts, and nobody ever sees what stands there.
    let mut lost = second;
    for _ in 0..5 {
        stage.answer(&lost, failed(FailureKind::HttpStatus)).await;
        stage.make_everything_due().await;
        match next_page(&stage).await {
            Some(again) => lost = again,
            None => break,
        }
    }
    assert_eq!(lost.target.url(), address(3), "the page behind the lost one is read");
    let TaskOutcome::Children(mut targets) = page(3, 5..8) else { panic!("no page") };
    targets.remove(0);
    stage.answer(&lost, TaskOutcome::Children(targets)).await;
    assert!(next_page(&stage).await.is_none(), "page 3 named no other");
    assert_eq!(stage.count("scrape_tasks WHERE target->>'kind' = 'unit'").await, 8);
    assert_eq!((stage.job(job).await.dead, stage.job(job).await.succeeded), (1, 2));
}

#[tokio::test]
async fn what_robots_forbid_is_not_asked_for_page_by_page() {
    let (stage, job) = listing().await;
    let first = next_page(&stage).await.unwrap();
    stage.answer(&first, failed(FailureKind::RobotsDisallowed)).await;
    assert!(next_page(&stage).await.is_none());
    assert_eq!(stage.job(job).await.state, JobState::Failed);
}
