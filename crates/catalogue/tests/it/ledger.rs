//! Starting, bounding, holding and ending jobs.

use crate::stage::{LIMITS, Stage, child, failed, list, numbered, request, slug, unit, url};
use rmu_catalogue::{
    CatalogueError, ConflictKind,
    idempotency::IdempotencyKey,
    ingest::{Applied, Failure, TaskOutcome},
    ledger::{
        JobFilter, OutboxCommand, Scope, StartScrape, TaskFilter, admit_frontier, cancel_job, dispatch_due,
        dispatch_outbox, list_jobs, list_tasks, pause_job, queue_overview, resume_job, start_scrape, sweep,
    },
    universities::{NewUniversity, create_university, university_of_address},
};
use rmu_domain::{
    account::EmailAddress,
    scrape::{FailureKind, JobState, TaskState},
    unit_code::UnitCode,
};
use rmu_postgres::DatabaseError;
use rmu_test_support::wait;
use std::{sync::Mutex, time::Duration};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_500_concurrent_posts_exactly_as_many_as_the_limit_are_admitted() {
    let stage = Stage::new().await;
    let limit = 120;
    let posts = (0..500).map(|number| {
        let database = stage.database.clone();
        tokio::spawn(async move {
            let request = request(list(&[&format!("{number:05}")]));
            wait::value(Duration::from_secs(60), || async {
                match start_scrape(&database, limit, &request).await {
                    // Nothing was begun: on a slow machine some must ask again, as a 503 tells them to.
                    Err(CatalogueError::Database(DatabaseError::Timeout(_))) => None,
                    other => Some(other),
                }
            })
            .await
        })
    });
    let (mut admitted, mut refused) = (0, 0);
    for post in posts.collect::<Vec<_>>() {
        match post.await.unwrap() {
            Ok(started) => admitted += started.admitted,
            Err(CatalogueError::LimitReached { limit: 120, live: 120, retry_after }) => {
                assert!(retry_after > Duration::ZERO);
                refused += 1;
            }
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!((admitted, refused), (120, 380));
    assert_eq!(stage.count("scrape_tasks").await, 120);
    assert_eq!(stage.count("scrape_jobs").await, 120);
    stage.assert_counters_equal_a_recount().await;
}

#[tokio::test]
async fn children_wait_in_the_frontier_and_live_tasks_stay_within_the_limit() {
    let stage = Stage::new().await;
    let limit = 10;
    let job = stage.start(limit, Scope::Discovery).await.job;
    let discovery = stage.dispatch().await.remove(0);
    // Twice the same child, and one of another site: neither becomes a task.
    let mut children: Vec<_> = (0..25).map(|number| child(&format!("{number:05}"))).collect();
    children.push(child("00000"));
    children.push(rmu_catalogue::ledger::Target::unit("https://evil.example/subject/2026/1", None, None).unwrap());
    let answered = stage.answer(&discovery, TaskOutcome::Children(children)).await;
    assert_eq!(answered, Applied::Finished(TaskState::Succeeded));
    assert_eq!((stage.job(job).await.frontier, stage.job(job).await.skipped), (25, 2));

    let mut read = 0;
    while stage.job(job).await.state == JobState::Running {
        admit_frontier(&stage.database, limit).await.unwrap();
        let live = queue_overview(&stage.database).await.unwrap().live();
        assert!((1..=9).contains(&live), "a tenth is left to new jobs, but {live} are live");
        stage.assert_counters_equal_a_recount().await;
        for task in stage.dispatch().await {
            let code = task.target.url().rsplit('/').next().unwrap().to_owned();
            stage.answer(&task, unit(&code, 2026, "A title")).await;
            read += 1;
        }
    }
    assert_eq!(read, 25);
    let job = stage.job(job).await;
    assert_eq!((job.state, job.succeeded, job.frontier, job.versions_created), (JobState::Completed, 26, 0, 25));
    assert!(job.finished_at.is_some());
    stage.assert_counters_equal_a_recount().await;
}

#[tokio::test]
async fn a_target_is_read_by_one_job_at_a_time() {
    let stage = Stage::new().await;
    stage.start(100, list(&["31251"])).await;
    let again = start_scrape(&stage.database, 100, &request(list(&["31251"]))).await;
    assert!(matches!(again, Err(CatalogueError::Conflict { kind: ConflictKind::WrongState, .. })));
    // Of two targets the free one is read.
    let second = stage.start(100, list(&["31251", "31252"])).await;
    assert_eq!(second.admitted, 1);
    assert_eq!(stage.job(second.job).await.skipped, 1);

    stage.start(100, Scope::Discovery).await;
    let again = start_scrape(&stage.database, 100, &request(Scope::Discovery)).await;
    assert!(matches!(again, Err(CatalogueError::Conflict { .. })));
}

#[tokio::test]
async fn the_same_key_starts_one_job() {
    let stage = Stage::new().await;
    let request = StartScrape {
        started_by: Some(crate::stage::admin()),
        idempotency_key: Some(IdempotencyKey::parse("k-1").unwrap()),
        ..request(list(&["31251"]))
    };
    let (one, two) =
        tokio::join!(start_scrape(&stage.database, 100, &request), start_scrape(&stage.database, 100, &request));
    assert_eq!(one.unwrap(), two.unwrap());
    assert_eq!(stage.count("scrape_jobs").await, 1);
    let other = StartScrape { scope: list(&["31252"]), ..request.clone() };
    let reused = start_scrape(&stage.database, 100, &other).await;
    assert!(matches!(reused, Err(CatalogueError::Conflict { kind: ConflictKind::IdempotencyKeyReused, .. })));

    // A refused request leaves no trace: its key is good for another try.
    let refused = StartScrape { idempotency_key: Some(IdempotencyKey::parse("k-2").unwrap()), ..other };
    let answer = start_scrape(&stage.database, 1, &refused).await;
    assert!(matches!(answer, Err(CatalogueError::LimitReached { .. })));
    start_scrape(&stage.database, 2, &refused).await.unwrap();
}

#[tokio::test]
async fn bad_requests_are_refused_by_field() {
    let stage = Stage::new().await;
    let start = async |scope| start_scrape(&stage.database, 100, &request(scope)).await.unwrap_err();
    for wrong in ["ftp://a/b", "https://evil.example/subject/2026/31251", "not an address", &url("31251/more")] {
        let scope = Scope::List { urls: vec![url("31250"), wrong.to_owned()], codes: Vec::new() };
        let error = start(scope).await;
        assert!(matches!(&error, CatalogueError::Invalid { field, .. } if field == "urls[1]"), "{wrong}: {error}");
    }
    let unknown = Scope::List { urls: Vec::new(), codes: vec![UnitCode::parse("31251").unwrap()] };
    assert!(matches!(start(unknown).await, CatalogueError::Invalid { field, .. } if field == "codes[0]"));
    assert!(matches!(start(numbered(0)).await, CatalogueError::Invalid { .. }));
    let nowhere = StartScrape { source: slug("nowhere"), ..request(Scope::Discovery) };
    let error = start_scrape(&stage.database, 100, &nowhere).await.unwrap_err();
    assert!(matches!(error, CatalogueError::NotFound { what: "source" }));
    assert_eq!(stage.count("scrape_jobs").await, 0);
}

#[tokio::test]
async fn a_known_unit_can_be_read_again_by_its_code() {
    let stage = Stage::new().await;
    stage.start(100, list(&["31251"])).await;
    let task = stage.dispatch().await.remove(0);
    stage.answer(&task, unit("31251", 2026, "Data Structures")).await;
    let scope = Scope::List { urls: Vec::new(), codes: vec![UnitCode::parse("31251").unwrap()] };
    stage.start(100, scope).await;
    let again = stage.dispatch().await.remove(0);
    assert_eq!(again.target.url(), url("31251"));
    assert!(again.known_hash.is_some(), "the worker can answer unchanged");
    assert_eq!(again.trace["traceparent"], "00-1-2-01");
}

#[tokio::test]
async fn what_the_broker_does_not_confirm_stays_due() {
    let stage = Stage::new().await;
    stage.start(100, list(&["31251", "31252"])).await;
    let sent = dispatch_due(&stage.database, LIMITS, |_| async { Vec::new() }).await.unwrap();
    assert_eq!(sent, 0);
    // One of the two is confirmed.
    let sent = dispatch_due(&stage.database, LIMITS, |tasks| async move { vec![tasks[0].id] }).await.unwrap();
    assert_eq!(sent, 1);
    assert_eq!(stage.dispatch().await.len(), 1);
    assert!(stage.dispatch().await.is_empty());
}

#[tokio::test]
async fn two_relays_never_send_the_same_task() {
    let stage = Stage::new().await;
    stage.start(100, numbered(30)).await;
    let (one, two) = tokio::join!(stage.dispatch(), stage.dispatch());
    let mut ids: Vec<_> = one.iter().chain(&two).map(|task| task.id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), one.len() + two.len());
}

#[tokio::test]
async fn the_window_of_a_source_bounds_what_is_out_at_once() {
    let stage = Stage::new().await;
    stage.start(100, numbered(50)).await;
    let first = stage.dispatch().await;
    assert_eq!(first.len(), 8, "a host gives one page at a time");
    assert!(stage.dispatch().await.is_empty());
    stage.answer(&first[0], unit("00000", 2026, "A title")).await;
    assert_eq!(stage.dispatch().await.len(), 1);
}

#[tokio::test]
async fn cancelling_ends_everything_and_late_results_change_nothing() {
    let stage = Stage::new().await;
    let job = stage.start(100, Scope::Discovery).await.job;
    let discovery = stage.dispatch().await.remove(0);
    stage.answer(&discovery, TaskOutcome::Children((0..5).map(|n| child(&format!("{n:05}"))).collect())).await;
    admit_frontier(&stage.database, 3).await.unwrap();
    let out = stage.dispatch().await;
    assert_eq!(out.len(), 3);

    cancel_job(&stage.database, job, &request(Scope::Discovery).trace, None).await.unwrap();
    cancel_job(&stage.database, job, &request(Scope::Discovery).trace, None).await.unwrap();
    assert_eq!(stage.answer(&out[0], unit("00000", 2026, "Late")).await, Applied::Ignored);
    assert_eq!(stage.answer(&out[1], failed(FailureKind::Timeout)).await, Applied::Ignored);
    assert_eq!(stage.count("units").await, 0);
    let view = stage.job(job).await;
    assert_eq!((view.state, view.cancelled, view.frontier, view.skipped), (JobState::Cancelled, 3, 0, 2));
    stage.assert_counters_equal_a_recount().await;
    assert!(resume_job(&stage.database, job, &Default::default(), None).await.is_err());

    let told = Mutex::new(Vec::new());
    dispatch_outbox(&stage.database, 10, |messages| {
        let ids = messages.iter().map(|message| message.id).collect();
        told.lock().unwrap().extend(messages.into_iter().map(|message| message.command));
        async move { ids }
    })
    .await
    .unwrap();
    assert_eq!(*told.lock().unwrap(), [OutboxCommand::CancelJob { job_id: job }]);
    assert_eq!(stage.count("outbox").await, 0);
}

#[tokio::test]
async fn a_paused_job_rests_until_it_resumes() {
    let stage = Stage::new().await;
    let job = stage.start(100, list(&["31251", "31252"])).await.job;
    pause_job(&stage.database, job, &Default::default(), None).await.unwrap();
    assert!(stage.dispatch().await.is_empty());
    resume_job(&stage.database, job, &Default::default(), None).await.unwrap();
    let tasks = stage.dispatch().await;
    // A worker hands a task back because the job is paused again: no failure of the page.
    pause_job(&stage.database, job, &Default::default(), None).await.unwrap();
    for _ in 0..2 {
        stage.answer(&tasks[0], failed(FailureKind::Cancelled)).await;
    }
    let view = list_tasks(&stage.database, TaskFilter { job, state: None, after: None, limit: 10 }).await.unwrap();
    assert!(view.iter().all(|task| task.failures == 0));
    stage.answer(&tasks[1], unit("31252", 2026, "A title")).await;
    resume_job(&stage.database, job, &Default::default(), None).await.unwrap();
    stage.make_everything_due().await;
    let back = stage.dispatch().await;
    assert_eq!(back.len(), 1);
    assert_eq!(back[0].attempt, 2);
}

#[tokio::test]
async fn what_is_handed_back_until_its_host_is_asked_again_waits_that_long_and_has_not_failed() {
    let stage = Stage::new().await;
    let job = stage.start(100, list(&["31251"])).await.job;
    let closed = TaskOutcome::Failed(Failure {
        kind: FailureKind::Cancelled,
        detail: "the host is left alone".to_owned(),
        retry_after: Some(Duration::from_secs(900)),
    });
    // More often than a task may fail.
    for _ in 0..7 {
        let task = stage.dispatch().await.remove(0);
        assert_eq!(stage.answer(&task, closed.clone()).await, Applied::Retried);
        assert!(stage.dispatch().await.is_empty(), "not before its time");
        let sql = "SELECT run_at > now() + interval '890 seconds' FROM scrape_tasks";
        assert!(stage.inside.query_one(sql, &[]).await.unwrap().get::<_, bool>(0), "it waits as long as was asked");
        stage.make_everything_due().await;
    }
    let view = list_tasks(&stage.database, TaskFilter { job, state: None, after: None, limit: 10 }).await.unwrap();
    assert_eq!((view[0].failures, view[0].attempt), (0, 7));
}

#[tokio::test]
async fn what_nobody_answers_while_others_are_answered_dies_after_five_attempts() {
    let stage = Stage::new().await;
    let job = stage.start(100, list(&["31251"])).await.job;
    for attempt in 1..=5 {
        stage.start(100, list(&["31252"])).await;
        stage.make_everything_due().await;
        let (mut ours, others): (Vec<_>, Vec<_>) = stage.dispatch().await.into_iter().partition(|task| task.job == job);
        assert_eq!(ours.remove(0).attempt, attempt);
        assert_eq!(sweep(&stage.database).await.unwrap().unanswered, 0, "it may still be answered");
        stage.answer(&others[0], unit("31252", 2026, "A title")).await;
        stage.make_everything_overdue().await;
        assert_eq!(sweep(&stage.database).await.unwrap().unanswered, 1);
    }
    let view = stage.job(job).await;
    assert_eq!((view.state, view.dead, view.retries), (JobState::Failed, 1, 4));
    let filter = TaskFilter { job, state: Some(TaskState::Dead), after: None, limit: 10 };
    let dead = list_tasks(&stage.database, filter).await.unwrap();
    assert_eq!(dead[0].error_kind.as_deref(), Some("timeout"));
    stage.assert_counters_equal_a_recount().await;
}

#[tokio::test]
async fn no_task_dies_because_all_workers_are_away() {
    let stage = Stage::new().await;
    let job = stage.start(100, list(&["31251"])).await.job;
    for _ in 0..60 {
        stage.make_everything_due().await;
        assert_eq!(stage.dispatch().await.len(), 1);
        stage.make_everything_overdue().await;
        sweep(&stage.database).await.unwrap();
    }
    let task = stage.dispatch().await.remove(0);
    assert_eq!(stage.answer(&task, failed(FailureKind::Timeout)).await, Applied::Retried, "the first failure");
    stage.make_everything_due().await;
    let task = stage.dispatch().await.remove(0);
    stage.answer(&task, unit("31251", 2026, "A title")).await;
    assert_eq!(stage.job(job).await.state, JobState::Completed);
    stage.assert_counters_equal_a_recount().await;
}

#[tokio::test]
async fn jobs_are_listed_newest_first_page_by_page() {
    let stage = Stage::new().await;
    let first = stage.start(100, list(&["31251"])).await.job;
    let second = stage.start(100, list(&["31252"])).await.job;
    let page = async |after| {
        let filter = JobFilter { state: Some(JobState::Running), after, limit: 1 };
        list_jobs(&stage.database, filter).await.unwrap().into_iter().map(|job| job.id).collect::<Vec<_>>()
    };
    assert_eq!(page(None).await, [second]);
    assert_eq!(page(Some(second)).await, [first]);
    assert!(page(Some(first)).await.is_empty());
}

#[tokio::test]
async fn an_address_belongs_to_the_university_of_its_domain() {
    let stage = Stage::new().await;
    let find =
        async |address| university_of_address(&stage.database, &EmailAddress::parse(address).unwrap()).await.unwrap();
    let own = find("ada@northfield.example").await;
    assert!(own.is_some());
    assert_eq!(find("ada@student.northfield.example").await, own);
    assert_eq!(find("ada@othernorthfield.example").await, None);
    let twin = NewUniversity::parse("twin", "Twin", &["northfield.example".to_owned()]).unwrap();
    assert!(matches!(create_university(&stage.database, &twin, None).await, Err(CatalogueError::Conflict { .. })));
}
