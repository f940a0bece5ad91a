//! Whatever happens in whatever order: nothing is lost, nothing counts twice, counters equal a recount.

use crate::stage::{LIMITS, Stage, child, failed, unit};
use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, TestRunner},
};
use rmu_catalogue::{
    ingest::TaskOutcome,
    ledger::{DueTask, Scope, Target, admit_frontier, dispatch_due, pause_job, queue_overview, resume_job, sweep},
    source_health::resume_source,
};
use rmu_domain::{
    ids::JobId,
    scrape::{FailureKind, JobState},
};

const LIMIT: u32 = 8;
const CHILDREN: usize = 14;

/// What can happen next. Numbers choose among the messages that were ever sent, old ones included.
#[derive(Debug, Clone)]
enum Event {
    Relay,
    /// Published, but the relay died before it committed.
    RelayCrash,
    Admit,
    Read {
        message: usize,
        title: u8,
    },
    Unchanged {
        message: usize,
    },
    NotFound {
        message: usize,
    },
    Fail {
        message: usize,
        kind: FailureKind,
    },
    /// Nobody answers what is out.
    Silence,
    RetriesComeDue,
    Pause,
    Resume,
}

fn event() -> impl Strategy<Value = Event> {
    let kind = prop::sample::select(FailureKind::ALL.to_vec());
    prop_oneof![
        4 => Just(Event::Relay),
        1 => Just(Event::RelayCrash),
        2 => Just(Event::Admit),
        8 => (any::<prop::sample::Index>(), 0..3u8)
            .prop_map(|(index, title)| Event::Read { message: index.index(1000), title }),
        1 => any::<prop::sample::Index>().prop_map(|index| Event::Unchanged { message: index.index(1000) }),
        1 => any::<prop::sample::Index>().prop_map(|index| Event::NotFound { message: index.index(1000) }),
        4 => (any::<prop::sample::Index>(), kind)
            .prop_map(|(index, kind)| Event::Fail { message: index.index(1000), kind }),
        1 => Just(Event::Silence),
        2 => Just(Event::RetriesComeDue),
        1 => Just(Event::Pause),
        1 => Just(Event::Resume),
    ]
}

#[tokio::test]
async fn nothing_is_lost_and_nothing_counts_twice() {
    let stage = Stage::new().await;
    let mut runner = TestRunner::new_with_rng(Config::default(), seeded());
    for _ in 0..25 {
        let events = prop::collection::vec(event(), 10..60).new_tree(&mut runner).unwrap().current();
        run(&stage, &events).await;
    }
}

/// One job from its start through `events` to its end.
async fn run(stage: &Stage, events: &[Event]) {
    let versions_before = stage.count("unit_versions").await;
    let job = stage.start(LIMIT, Scope::Discovery).await.job;
    let mut sent: Vec<DueTask> = Vec::new();
    for event in events {
        apply(stage, job, &mut sent, event).await;
        check(stage, events).await;
    }
    // From here on everything works: the job must come to its end.
    resume(stage, job).await;
    for _ in 0..200 {
        if stage.job(job).await.has_ended() {
            break;
        }
        admit_frontier(&stage.database, LIMIT).await.unwrap();
        stage.make_everything_overdue().await;
        sweep(&stage.database).await.unwrap();
        stage.make_everything_due().await;
        for task in stage.dispatch().await {
            answer(stage, &task, 0).await;
        }
        check(stage, events).await;
    }
    let view = stage.job(job).await;
    assert!(matches!(view.state, JobState::Completed | JobState::Failed), "{view:?} after {events:?}");
    assert_eq!((view.pending, view.dispatched, view.frontier), (0, 0, 0), "{events:?}");
    // The discovery and, when it was read, each of its children ended exactly once.
    let discovered = stage.count(&format!("scrape_tasks WHERE job_id = '{job}' AND target->>'kind' = 'unit'")).await;
    assert!(discovered == 0 || discovered == CHILDREN as i64, "{discovered} of {CHILDREN} after {events:?}");
    assert_eq!(i64::from(view.total()), discovered + 1, "{events:?}");
    let made = stage.count("unit_versions").await - versions_before;
    assert_eq!(i64::from(view.versions_created), made, "{events:?}");
}

async fn apply(stage: &Stage, job: JobId, sent: &mut Vec<DueTask>, event: &Event) {
    let chosen = |message: &usize| sent.get(message % sent.len().max(1)).cloned();
    match event {
        Event::Relay => sent.extend(stage.dispatch().await),
        Event::RelayCrash => {
            let published = std::sync::Mutex::new(Vec::new());
            dispatch_due(&stage.database, LIMITS, |tasks| {
                published.lock().unwrap().extend(tasks);
                async { Vec::new() }
            })
            .await
            .unwrap();
            sent.extend(published.into_inner().unwrap());
        }
        Event::Admit => {
            admit_frontier(&stage.database, LIMIT).await.unwrap();
        }
        Event::Read { message, title } => {
            if let Some(task) = chosen(message) {
                answer(stage, &task, *title).await;
            }
        }
        Event::Unchanged { message } => {
            if let Some(task) = chosen(message) {
                stage.answer(&task, TaskOutcome::Unchanged).await;
            }
        }
        Event::NotFound { message } => {
            if let Some(task) = chosen(message) {
                stage.answer(&task, TaskOutcome::NotFound { detail: "gone".to_owned() }).await;
            }
        }
        Event::Fail { message, kind } => {
            if let Some(task) = chosen(message) {
                stage.answer(&task, failed(*kind)).await;
            }
        }
        Event::Silence => {
            stage.make_everything_overdue().await;
            sweep(&stage.database).await.unwrap();
        }
        Event::RetriesComeDue => stage.make_everything_due().await,
        Event::Pause => {
            // Refused when the job has ended, as it should be.
            let _ = pause_job(&stage.database, job, &Default::default(), None).await;
        }
        Event::Resume => resume(stage, job).await,
    }
}

async fn resume(stage: &Stage, job: JobId) {
    // Enough pages that stopped being units pause their source.
    let source = crate::stage::slug("northfield-handbook");
    resume_source(&stage.database, &source, &crate::stage::admin()).await.unwrap();
    let _ = resume_job(&stage.database, job, &Default::default(), None).await;
}

async fn answer(stage: &Stage, task: &DueTask, title: u8) {
    let outcome = match &task.target {
        Target::Discovery { .. } => {
            TaskOutcome::Children((0..CHILDREN).map(|number| child(&format!("{number:05}"))).collect())
        }
        Target::Unit { url, .. } => {
            let code = url.rsplit('/').next().unwrap();
            unit(code, 2026, &format!("Title {title}"))
        }
        Target::FeedPart { url, .. } => panic!("{url}: the discovery of these runs names pages only"),
    };
    stage.answer(task, outcome).await;
}

async fn check(stage: &Stage, events: &[Event]) {
    stage.assert_counters_equal_a_recount().await;
    let live = queue_overview(&stage.database).await.unwrap().live();
    assert!(live <= LIMIT, "{live} live tasks after {events:?}");
    let twice =
        "(SELECT unit_id, year, content_hash, lag(content_hash) OVER (PARTITION BY unit_id, year ORDER BY number)
                  AS before FROM unit_versions) v WHERE content_hash = before";
    assert_eq!(stage.count(twice).await, 0, "a version that changed nothing after {events:?}");
}

/// The same runs each time, so that a failure can be seen again.
fn seeded() -> proptest::test_runner::TestRng {
    proptest::test_runner::TestRng::from_seed(proptest::test_runner::RngAlgorithm::ChaCha, &[7; 32])
}
