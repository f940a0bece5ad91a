//! Schedules run once whoever looks, and pages are fetched only in their hours.

use crate::stage::{LIMITS, Stage, list, slug};
use chrono::{DateTime, TimeDelta, Utc};
use rmu_catalogue::{
    CatalogueError,
    fetch_windows::{FetchWindow, delete_fetch_window, set_fetch_window},
    ledger::{Scope, dispatch_due_at},
    schedules::{CronSchedule, RunOutcome, delete_schedule, get_schedule, run_next_due, set_schedule},
    sources::set_source_enabled,
};

const SOURCE: &str = "northfield-handbook";

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// Every night at three, seen from the evening before.
async fn nightly(stage: &Stage) -> DateTime<Utc> {
    let schedule = CronSchedule::parse("0 3 * * *", "UTC").unwrap();
    let view = set_schedule(
        &stage.database,
        &slug(SOURCE),
        &schedule,
        true,
        &crate::stage::admin(),
        at("2026-06-01T20:00:00Z"),
    )
    .await
    .unwrap();
    assert_eq!(view.next_runs.len(), 5);
    assert_eq!(view.next_runs[..2], [at("2026-06-02T03:00:00Z"), at("2026-06-03T03:00:00Z")]);
    at("2026-06-02T03:00:00Z")
}

async fn outcomes(stage: &Stage) -> Vec<RunOutcome> {
    let view = get_schedule(&stage.database, &slug(SOURCE), at("2026-06-01T20:00:00Z")).await.unwrap();
    view.runs.iter().map(|run| run.outcome).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_schedulers_one_runs_each_time() {
    let stage = Stage::new().await;
    let mut due = nightly(&stage).await;
    for night in 1..=3 {
        let early = run_next_due(&stage.database, 100, due - TimeDelta::seconds(1)).await.unwrap();
        assert_eq!(early, None, "not before its time");
        let looks = (0..12).map(|copy| {
            let database = stage.database.clone();
            // Their clocks differ a little.
            let now = due + TimeDelta::milliseconds(copy * 7);
            tokio::spawn(async move { run_next_due(&database, 100, now).await.unwrap() })
        });
        let mut ran = Vec::new();
        for look in looks.collect::<Vec<_>>() {
            ran.extend(look.await.unwrap());
        }
        assert_eq!(ran.len(), 1, "{ran:?}");
        assert_eq!((ran[0].run.outcome, ran[0].run.due_at), (RunOutcome::Started, due));
        assert_eq!(stage.count("scrape_jobs").await, night);
        assert_eq!(stage.count("schedule_runs").await, night);
        stage.inside.execute("UPDATE scrape_tasks SET state = 'cancelled'", &[]).await.unwrap();
        stage.inside.execute("UPDATE scrape_jobs SET state = 'completed', live = 0", &[]).await.unwrap();
        due += TimeDelta::days(1);
    }
}

#[tokio::test]
async fn times_missed_while_nobody_was_there_run_once() {
    let stage = Stage::new().await;
    let due = nightly(&stage).await;
    let back = due + TimeDelta::days(9) + TimeDelta::hours(5);
    let ran = run_next_due(&stage.database, 100, back).await.unwrap().unwrap();
    assert_eq!((ran.run.outcome, ran.run.due_at, ran.run.ran_at), (RunOutcome::Started, due, back));
    assert_eq!(run_next_due(&stage.database, 100, back).await.unwrap(), None);
    let view = get_schedule(&stage.database, &slug(SOURCE), back).await.unwrap();
    assert_eq!(view.next_runs[0], due + TimeDelta::days(10), "the next regular time");
}

#[tokio::test]
async fn what_a_time_meets_is_noted() {
    let stage = Stage::new().await;
    let mut due = nightly(&stage).await;
    let by_hand = stage.start(100, Scope::Discovery).await.job;
    let met = run_next_due(&stage.database, 100, due).await.unwrap().unwrap().run;
    assert_eq!((met.outcome, met.job), (RunOutcome::AlreadyRunning, None));
    assert!(met.detail.unwrap().contains("still running"));
    rmu_catalogue::ledger::cancel_job(&stage.database, by_hand, &Default::default(), None).await.unwrap();

    // No room: tried again within minutes, until there is.
    due += TimeDelta::days(1);
    stage.start(100, list(&["00001", "00002"])).await;
    let full = run_next_due(&stage.database, 2, due).await.unwrap().unwrap().run;
    assert_eq!(full.outcome, RunOutcome::QueueFull);
    assert_eq!(run_next_due(&stage.database, 2, due + TimeDelta::minutes(4)).await.unwrap(), None);
    let again = run_next_due(&stage.database, 3, due + TimeDelta::minutes(5)).await.unwrap().unwrap().run;
    assert_eq!(again.outcome, RunOutcome::Started);
    assert!(again.job.is_some());

    // A start that was refused leaves nothing behind.
    due += TimeDelta::days(1);
    stage.inside.execute("UPDATE scrape_jobs SET state = 'completed' WHERE kind = 'discovery'", &[]).await.unwrap();
    let jobs = stage.count("scrape_jobs").await;
    let reading = run_next_due(&stage.database, 100, due).await.unwrap().unwrap().run;
    assert_eq!(reading.outcome, RunOutcome::Refused, "its start page is a live task still");
    set_source_enabled(&stage.database, &slug(SOURCE), false, None).await.unwrap();
    due += TimeDelta::days(1);
    let off = run_next_due(&stage.database, 100, due).await.unwrap().unwrap().run;
    assert_eq!((off.outcome, stage.count("scrape_jobs").await), (RunOutcome::Refused, jobs));
    let all = [
        RunOutcome::Refused,
        RunOutcome::Refused,
        RunOutcome::Started,
        RunOutcome::QueueFull,
        RunOutcome::AlreadyRunning,
    ];
    assert_eq!(outcomes(&stage).await, all);
}

#[tokio::test]
async fn a_resting_schedule_does_not_run() {
    let stage = Stage::new().await;
    let due = nightly(&stage).await;
    let schedule = CronSchedule::parse("0 3 * * *", "UTC").unwrap();
    let by = crate::stage::admin();
    let view = set_schedule(&stage.database, &slug(SOURCE), &schedule, false, &by, due).await.unwrap();
    assert!(!view.enabled && view.next_runs.is_empty());
    assert_eq!(run_next_due(&stage.database, 100, due + TimeDelta::days(3)).await.unwrap(), None);
    // Switched on again it goes on from now, without what passed meanwhile.
    let on = due + TimeDelta::days(3);
    let view = set_schedule(&stage.database, &slug(SOURCE), &schedule, true, &by, on).await.unwrap();
    assert_eq!(view.next_runs[0], on + TimeDelta::days(1));
    delete_schedule(&stage.database, &slug(SOURCE), None).await.unwrap();
    assert_eq!(run_next_due(&stage.database, 100, on + TimeDelta::days(3)).await.unwrap(), None);
    let gone = delete_schedule(&stage.database, &slug(SOURCE), None).await;
    assert!(matches!(gone, Err(CatalogueError::NotFound { what: "schedule" })));
}

#[tokio::test]
async fn pages_are_fetched_only_in_the_hours_of_their_site() {
    let stage = Stage::new().await;
    stage.add_source("other-handbook").await;
    let window = FetchWindow::parse("22:00", "06:00", "Australia/Sydney").unwrap();
    set_fetch_window(&stage.database, &slug(SOURCE), window, None).await.unwrap();
    stage.start(100, list(&["00001"])).await;
    let sent =
        async |now: &str| {
            dispatch_due_at(&stage.database, LIMITS, at(now), |tasks| async move {
                tasks.iter().map(|task| task.id).collect()
            })
            .await
            .unwrap()
        };
    assert_eq!(sent("2030-06-01T03:00:00Z").await, 0, "one in the afternoon in Sydney");
    // Another site is not held up.
    let other = rmu_catalogue::ledger::StartScrape {
        source: slug("other-handbook"),
        ..crate::stage::request(list(&["00002"]))
    };
    rmu_catalogue::ledger::start_scrape(&stage.database, 100, &other).await.unwrap();
    assert_eq!(sent("2030-06-01T03:00:00Z").await, 1);
    assert_eq!(sent("2030-06-01T12:00:00Z").await, 1, "ten at night");
    stage.start(100, list(&["00003"])).await;
    delete_fetch_window(&stage.database, &slug(SOURCE), None).await.unwrap();
    assert_eq!(sent("2030-06-01T03:00:00Z").await, 1, "without a window at any time");
}
