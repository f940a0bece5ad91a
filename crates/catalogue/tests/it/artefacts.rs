//! What tasks remember of what was kept of their failures.

use crate::stage::{Stage, failed, list, result, unit};
use rmu_catalogue::{
    CatalogueError,
    ingest::{TaskOutcome, TaskResult, apply_result},
    ledger::{DueTask, TaskFilter, artefacts_of, forget_artefacts, list_tasks, unremembered_artefacts},
};
use rmu_domain::{
    artefact::{AttemptId, KeptArtefacts},
    ids::{JobId, TaskId},
    scrape::FailureKind,
};
use std::collections::HashSet;

async fn next(stage: &Stage) -> DueTask {
    stage.make_everything_due().await;
    stage.dispatch().await.remove(0)
}

async fn answer(stage: &Stage, task: &DueTask, outcome: TaskOutcome, kept: Option<KeptArtefacts>) {
    apply_result(&stage.database, &TaskResult { artefacts: kept, ..result(task, outcome) }).await.unwrap();
}

async fn remembered(stage: &Stage, task: &DueTask) -> Option<KeptArtefacts> {
    let remembered = artefacts_of(&stage.database, task.job, task.id).await.unwrap();
    let filter = TaskFilter { job: task.job, state: None, after: None, limit: 10 };
    assert_eq!(list_tasks(&stage.database, filter).await.unwrap()[0].artefacts, remembered, "the list says the same");
    remembered
}

#[tokio::test]
async fn a_task_remembers_the_newest_failure_that_left_something() {
    let stage = Stage::new().await;
    stage.start(100, list(&["00001"])).await;
    let task = next(&stage).await;
    assert_eq!(remembered(&stage, &task).await, None);
    let both = KeptArtefacts::new(1, true, true);
    answer(&stage, &task, failed(FailureKind::Blocked), both).await;
    assert_eq!(remembered(&stage, &task).await, both);
    // The same answer once more, as the broker may deliver it.
    answer(&stage, &task, failed(FailureKind::Blocked), KeptArtefacts::new(1, true, false)).await;
    assert_eq!(remembered(&stage, &task).await, both);

    let second = next(&stage).await;
    answer(&stage, &second, failed(FailureKind::Connection), None).await;
    assert_eq!(remembered(&stage, &task).await, both, "the second left nothing");
    let third = next(&stage).await;
    let page = KeptArtefacts::new(3, true, false);
    answer(&stage, &third, failed(FailureKind::MissingFact), page).await;
    assert_eq!(remembered(&stage, &task).await, page);
    // What was kept of a success was kept by mistake.
    let fourth = next(&stage).await;
    answer(&stage, &fourth, unit("00001", 2026, "A title"), KeptArtefacts::new(4, true, true)).await;
    assert_eq!(remembered(&stage, &task).await, page);
}

#[tokio::test]
async fn only_the_attempt_that_goes_is_forgotten() {
    let stage = Stage::new().await;
    stage.start(100, list(&["00001"])).await;
    let task = next(&stage).await;
    answer(&stage, &task, failed(FailureKind::TooLarge), KeptArtefacts::new(1, false, true)).await;
    let of = |attempt| AttemptId { task: task.id, attempt };
    let nobody = AttemptId { task: TaskId::new(), attempt: 1 };
    let unknown = unremembered_artefacts(&stage.database, &[of(1), of(2), nobody]).await.unwrap();
    assert_eq!(unknown, HashSet::from([of(2), nobody]));
    forget_artefacts(&stage.database, &[of(2), nobody]).await.unwrap();
    assert!(remembered(&stage, &task).await.is_some());
    forget_artefacts(&stage.database, &[of(1)]).await.unwrap();
    assert_eq!(remembered(&stage, &task).await, None);
    let elsewhere = artefacts_of(&stage.database, JobId::new(), task.id).await;
    assert!(matches!(elsewhere, Err(CatalogueError::NotFound { what: "task" })));
}

#[tokio::test]
async fn a_page_that_lost_facts_is_to_be_kept_next_time() {
    let stage = Stage::new().await;
    stage.start(100, list(&["00001"])).await;
    let first = next(&stage).await;
    assert!(!first.is_in_doubt);
    for (kind, is_in_doubt) in [(FailureKind::Connection, false), (FailureKind::Drift, true)] {
        let again = format!("UPDATE scrape_tasks SET state = 'pending', error_kind = '{}'", kind.as_str());
        stage.inside.execute(&again, &[]).await.unwrap();
        assert_eq!(next(&stage).await.is_in_doubt, is_in_doubt, "{kind:?}");
    }
}
