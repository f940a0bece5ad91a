//! Workers and the broker killed again and again in one scrape: a short form in every test run, the long one in `make soak`.
#![allow(clippy::print_stderr, reason = "the figures are what one reads a soak run for")]

use crate::{
    journey::browsers_below,
    own_broker::OwnBroker,
    world::{Worker, World},
};
use rmu_devstack::{stack::api::Api, truth};
use rmu_messaging::topology::Limits;
use rmu_test_support::wait;
use std::time::{Duration, Instant};

/// How long a scrape may stand still after a kill: what is asserted is that it goes on.
const RESUME_LIMIT: Duration = Duration::from_secs(180);
const WORKERS: usize = 2;

struct Size {
    units: usize,
    worker_kills: usize,
    broker_kills: usize,
}

impl Size {
    fn of_this_run() -> Self {
        match std::env::var_os("RMU_SOAK") {
            None => Self { units: 40, worker_kills: 5, broker_kills: 1 },
            Some(_) => Self { units: 400, worker_kills: 50, broker_kills: 10 },
        }
    }
}

/// Tasks that have ended in any way, over all jobs, and how many jobs still run.
async fn ended(mut admin: Api, jobs: &[String]) -> (u64, usize) {
    let (mut tasks, mut running) = (0, 0);
    for job in jobs {
        let job = admin.get(&format!("/api/admin/scrapes/{job}")).await.unwrap();
        running += usize::from(job["state"] == "running");
        let counts = &job["counts"];
        tasks += ["succeeded", "unchanged", "notFound", "dead", "cancelled"]
            .iter()
            .filter_map(|state| counts[*state].as_u64())
            .sum::<u64>();
    }
    (tasks, running)
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_and_broker_killed_in_one_scrape_lose_nothing_and_do_nothing_twice() {
    let size = Size::of_this_run();
    let mut broker = OwnBroker::start(Limits::default()).await;
    let mut world = World::start_on(broker.users(), size.units, Limits::default()).await;
    let mut workers = Vec::new();
    for _ in 0..WORKERS {
        workers.push(world.worker(1).await);
    }
    let started = Instant::now();
    let jobs = world.scrape_all().await;
    let (mut broker_kills, mut longest) = (0, Duration::ZERO);
    let mut seen = progressed(&mut world, &jobs, 0).await;
    for kill in 0..size.worker_kills {
        let killed_at = Instant::now();
        replace(&mut world, &mut workers, kill % WORKERS).await;
        if (kill + 1) * size.broker_kills / size.worker_kills > broker_kills {
            broker.crash_and_restart().await;
            broker_kills += 1;
        }
        // Each kill meets a scrape that is going on.
        seen = progressed(&mut world, &jobs, seen).await;
        longest = longest.max(killed_at.elapsed());
    }
    assert_eq!(broker_kills, size.broker_kills);
    run_out(&mut world, &jobs, seen).await;
    let mut tasks = 0;
    for job in world.ended(&jobs).await {
        assert_eq!(job["state"], "completed", "{job}");
        let counts = &job["counts"];
        for state in ["dead", "pending", "dispatched", "frontier", "cancelled"] {
            assert_eq!(counts[state].as_u64().unwrap_or_default(), 0, "{state}: {job}");
        }
        tasks += counts["total"].as_u64().unwrap();
    }
    let took = started.elapsed();
    let (mut units, mut reader) = (0, world.anybody());
    for site in world.handbooks.sites() {
        let report = truth::compare(&mut reader, &site).await.unwrap();
        assert!(report.is_perfect(), "{site}: {report}");
        units += report.units;
    }
    let doubles =
        "SELECT count(*) FROM (SELECT 1 FROM catalogue.scrape_tasks GROUP BY job_id, target_key HAVING count(*) > 1) x";
    assert_eq!(world.count(doubles).await, 0, "a target was made a task twice");
    let versions = world.count("SELECT count(*) FROM catalogue.unit_versions").await;
    assert_eq!(usize::try_from(versions).unwrap(), units, "applied twice would be a second version");
    assert_eq!(world.count("SELECT count(*) FROM catalogue.outbox").await, 0);
    let retries = world.count("SELECT coalesce(sum(attempt - 1), 0)::bigint FROM catalogue.scrape_tasks").await;
    for worker in workers {
        assert!(worker.service.terminate().await.success());
        assert_eq!(browsers_below(worker.state.path()), Vec::<String>::new());
    }
    eprintln!(
        "kills in one scrape
  workers killed, broker killed  {}, {broker_kills}
  tasks, units                   {tasks}, {units} in {:.0} s
  further attempts needed        {retries}
  longest until it went on       {:.1} s (wanted: 60 s)
  lost tasks                     0
  double effects                 0
  orphan processes               0",
        size.worker_kills,
        took.as_secs_f64(),
        longest.as_secs_f64(),
    );
}

/// Waits until more tasks have ended than `before`, or all jobs; as [`ended`].
async fn moved(world: &mut World, jobs: &[String], before: u64) -> (u64, usize) {
    world.stay_logged_in().await;
    let world = &*world;
    wait::value(RESUME_LIMIT, || async {
        let (tasks, running) = ended(world.admin.clone(), jobs).await;
        (tasks > before || running == 0).then_some((tasks, running))
    })
    .await
}

/// The same; there must be some left: a kill after the end proves nothing.
async fn progressed(world: &mut World, jobs: &[String], before: u64) -> u64 {
    let (tasks, running) = moved(world, jobs, before).await;
    assert!(running > 0, "the scrape had ended after {tasks} tasks, before all kills");
    tasks
}

/// Waits until the scrape has ended: as long as it takes, if it moves.
async fn run_out(world: &mut World, jobs: &[String], mut seen: u64) {
    while let (tasks, 1..) = moved(world, jobs, seen).await {
        seen = tasks;
    }
}

/// Kills a worker and starts another in its place. Of the dead one's browsers nothing may be left.
async fn replace(world: &mut World, workers: &mut [Worker], place: usize) {
    let fresh = world.worker(1).await;
    let dead = std::mem::replace(&mut workers[place], fresh);
    dead.service.kill().await;
    let state = dead.state.path();
    wait::until(Duration::from_secs(30), || async { browsers_below(state).is_empty() }).await;
}
