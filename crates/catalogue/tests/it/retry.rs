//! Reading again what was given up, and emptying the queue.

use crate::stage::{Stage, child, failed, list, unit};
use rmu_catalogue::{
    CatalogueError, ConflictKind,
    idempotency::IdempotencyKey,
    ingest::TaskOutcome,
    ledger::{
        ClearQueue, Cleared, Confirmation, RetryScrape, Scope, TaskFilter, admit_frontier, cancel_job, clear_queue,
        list_tasks, queue_overview, retry_scrape,
    },
};
use rmu_domain::{
    ids::{JobId, TaskId},
    scrape::{FailureKind, JobState, TaskState},
};

fn retry_of(job: JobId) -> RetryScrape {
    RetryScrape { job, task: None, started_by: crate::stage::admin(), trace: Default::default(), idempotency_key: None }
}

/// A job of which `dead` die and one is read.
async fn ended(stage: &Stage, dead: &[&str], read: &str) -> JobId {
    let job = stage.start(100, list(&[dead, &[read]].concat())).await.job;
    loop {
        let tasks = stage.dispatch().await;
        if tasks.is_empty() {
            return job;
        }
        for task in tasks {
            let code = task.target.url().rsplit('/').next().unwrap().to_owned();
            let outcome = if code == read { unit(read, 2026, "A title") } else { failed(FailureKind::TooLarge) };
            stage.answer(&task, outcome).await;
        }
    }
}

async fn dead_tasks(stage: &Stage, job: JobId) -> Vec<TaskId> {
    let filter = TaskFilter { job, state: Some(TaskState::Dead), after: None, limit: 50 };
    list_tasks(&stage.database, filter).await.unwrap().into_iter().map(|task| task.id).collect()
}

#[tokio::test]
async fn the_dead_tasks_of_an_ended_job_are_read_again() {
    let stage = Stage::new().await;
    let first = ended(&stage, &["00001", "00002"], "00003").await;
    let started = retry_scrape(&stage.database, 100, &retry_of(first)).await.unwrap();
    assert_eq!(started.admitted, 2);
    let again = stage.job(started.job).await;
    assert_eq!((again.retry_of, again.kind.as_str(), again.pending), (Some(first), "list", 2));
    // While they are being read, nobody else reads them.
    let twice = retry_scrape(&stage.database, 100, &retry_of(first)).await;
    assert!(matches!(twice, Err(CatalogueError::Conflict { kind: ConflictKind::WrongState, .. })));
    for task in stage.dispatch().await {
        assert_eq!(task.attempt, 1, "they begin anew");
        let code = task.target.url().rsplit('/').next().unwrap().to_owned();
        stage.answer(&task, unit(&code, 2026, "A title")).await;
    }
    assert_eq!((stage.job(started.job).await.state, stage.job(first).await.dead), (JobState::Completed, 2));
    stage.assert_counters_equal_a_recount().await;
    let nothing = retry_scrape(&stage.database, 100, &retry_of(started.job)).await;
    assert!(matches!(nothing, Err(CatalogueError::Conflict { .. })), "nothing of it is dead");
}

#[tokio::test]
async fn one_dead_task_can_be_read_again_by_itself() {
    let stage = Stage::new().await;
    let job = ended(&stage, &["00001", "00002"], "00003").await;
    let task = dead_tasks(&stage, job).await[0];
    let started = retry_scrape(&stage.database, 100, &RetryScrape { task: Some(task), ..retry_of(job) }).await.unwrap();
    assert_eq!((started.admitted, stage.dispatch().await.len()), (1, 1));

    let other = RetryScrape { task: Some(TaskId::new()), ..retry_of(job) };
    let missing = retry_scrape(&stage.database, 100, &other).await;
    assert!(matches!(missing, Err(CatalogueError::NotFound { what: "task" })));
    let filter = TaskFilter { job, state: Some(TaskState::Succeeded), after: None, limit: 50 };
    let read = list_tasks(&stage.database, filter).await.unwrap()[0].id;
    let fine = retry_scrape(&stage.database, 100, &RetryScrape { task: Some(read), ..retry_of(job) }).await;
    assert!(matches!(fine, Err(CatalogueError::Conflict { .. })), "it did not fail");
}

#[tokio::test]
async fn a_retry_is_admitted_whole_by_the_limit_and_once_by_its_key() {
    let stage = Stage::new().await;
    let job = ended(&stage, &["00001", "00002"], "00003").await;
    stage.start(100, list(&["00007", "00008"])).await;
    let request = RetryScrape { idempotency_key: Some(IdempotencyKey::parse("k").unwrap()), ..retry_of(job) };
    let refused = retry_scrape(&stage.database, 3, &request).await;
    assert!(matches!(refused, Err(CatalogueError::LimitReached { limit: 3, live: 2, .. })));
    let (one, two) =
        tokio::join!(retry_scrape(&stage.database, 4, &request), retry_scrape(&stage.database, 4, &request));
    assert_eq!(one.unwrap(), two.unwrap());
    assert_eq!((stage.count("scrape_jobs").await, queue_overview(&stage.database).await.unwrap().live()), (3, 4));
    let running = retry_scrape(&stage.database, 100, &retry_of(stage.start(100, list(&["00009"])).await.job)).await;
    assert!(matches!(running, Err(CatalogueError::Conflict { .. })), "it has not ended");
}

#[tokio::test]
async fn more_dead_tasks_than_the_limit_wait_in_the_frontier() {
    let stage = Stage::new().await;
    let codes: Vec<String> = (0..25).map(|number| format!("{number:05}")).collect();
    let job = ended(&stage, &codes.iter().map(String::as_str).collect::<Vec<_>>(), "99999").await;
    let started = retry_scrape(&stage.database, 10, &retry_of(job)).await.unwrap();
    assert_eq!((started.admitted, stage.job(started.job).await.frontier), (10, 15));
    stage.assert_counters_equal_a_recount().await;
    while stage.job(started.job).await.state == JobState::Running {
        for task in stage.dispatch().await {
            let code = task.target.url().rsplit('/').next().unwrap().to_owned();
            stage.answer(&task, unit(&code, 2026, "A title")).await;
        }
        admit_frontier(&stage.database, 10).await.unwrap();
        assert!(queue_overview(&stage.database).await.unwrap().live() <= 10);
    }
    assert_eq!(stage.job(started.job).await.succeeded, 25);
}

#[tokio::test]
async fn clearing_cancels_what_waits_and_leaves_what_is_out() {
    let stage = Stage::new().await;
    let scrape = stage.start(100, Scope::Discovery).await.job;
    let discovery = stage.dispatch().await.remove(0);
    stage.answer(&discovery, TaskOutcome::Children((0..6).map(|n| child(&format!("{n:05}"))).collect())).await;
    admit_frontier(&stage.database, 3).await.unwrap();
    let out = stage.dispatch().await;
    let other = stage.start(100, list(&["00050", "00051"])).await.job;
    let clear = async |job, confirmation| {
        let request = ClearQueue { job, confirmation, cleared_by: crate::stage::admin() };
        clear_queue(&stage.database, &request).await
    };
    // Three wait in the frontier, two are pending.
    assert!(matches!(clear(None, Confirmation::Number(4)).await, Err(CatalogueError::Conflict { .. })));
    assert_eq!(queue_overview(&stage.database).await.unwrap().pending, 2);
    assert_eq!(clear(Some(other), Confirmation::Number(2)).await.unwrap(), Cleared { cancelled: 2, jobs: 1 });
    assert_eq!(stage.job(other).await.state, JobState::Cancelled);
    assert_eq!(clear(None, Confirmation::Whatever).await.unwrap(), Cleared { cancelled: 3, jobs: 1 });
    let view = stage.job(scrape).await;
    assert_eq!((view.state, view.dispatched, view.frontier, view.skipped), (JobState::Running, 3, 0, 3));
    stage.assert_counters_equal_a_recount().await;
    for (number, task) in out.iter().enumerate() {
        stage.answer(task, unit(task.target.url().rsplit('/').next().unwrap(), 2026, &number.to_string())).await;
    }
    assert_eq!(stage.job(scrape).await.state, JobState::Completed);
    let missing = clear(Some(JobId::new()), Confirmation::Whatever).await;
    assert!(matches!(missing, Err(CatalogueError::NotFound { .. })));
    // Nothing waits any more, and ended jobs are left alone.
    cancel_job(&stage.database, other, &Default::default(), None).await.unwrap();
    assert_eq!(clear(None, Confirmation::Number(0)).await.unwrap(), Cleared::default());
}
