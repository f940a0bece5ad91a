//! The pool under attack: whatever is killed or frozen, nothing is left over and the pool recovers. `soak` attacks it
//! for longer.

use crate::{
    site::{Site, page},
    support::{limits, nothing_left, pool, processes_of, read, scope, short_limits, until},
};
use nix::{
    sys::signal::{Signal, kill, killpg},
    unistd::Pid,
};
use rmu_scraper_worker::browser::{Lease, PoolLimits};
use std::time::Duration;

/// The browser's own process: the child of the driver, who leads the group.
fn browser_of(driver: i32) -> Option<i32> {
    // The driver starts it from whichever thread served the request.
    let threads = std::fs::read_dir(format!("/proc/{driver}/task")).ok()?.flatten();
    let children = threads.filter_map(|thread| std::fs::read_to_string(thread.path().join("children")).ok());
    children.flat_map(|text| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>()).next()?.parse().ok()
}

pub(crate) fn attack(lease: &Lease, number: usize) {
    let driver = lease.process_group().unwrap();
    let signal = |pid: i32, signal| kill(Pid::from_raw(pid), signal).unwrap();
    match number % 4 {
        0 => signal(browser_of(driver).unwrap(), Signal::SIGKILL),
        1 => signal(driver, Signal::SIGKILL),
        2 => signal(browser_of(driver).unwrap(), Signal::SIGSTOP),
        _ => killpg(Pid::from_raw(driver), Signal::SIGSTOP).unwrap(),
    }
}

#[tokio::test]
async fn a_browser_killed_while_idle_is_noticed_before_it_is_handed_out() {
    let state = tempfile::tempdir().unwrap();
    let site = Site::start().await;
    site.on("/", page("<h1>Unit</h1>"));
    let pool = pool(state.path(), PoolLimits { upkeep: Duration::from_secs(60), ..short_limits(1) }).await;
    for attacked in 0..3 {
        let lease = pool.lease(&scope(&site)).await.unwrap();
        attack(&lease, attacked);
        drop(lease);
        let mut lease = pool.lease(&scope(&site)).await.unwrap();
        assert!(read(&mut lease, &site.url("/")).await.is_ok(), "after attack {attacked}");
    }
    pool.drain(Duration::from_secs(10)).await;
    nothing_left(state.path()).await;
}

#[tokio::test]
async fn what_a_killed_worker_left_is_cleared_at_once_by_its_guard() {
    let state = tempfile::tempdir().unwrap();
    // A worker that is killed cannot clean up: here a process that opens a pool, leases and hangs.
    let mut worker = tokio::process::Command::new(std::env::current_exe().unwrap())
        .args(["pool_faults::a_worker_that_leases_and_hangs", "--exact", "--include-ignored", "--nocapture"])
        .env("RMU_TEST_HANG_IN", state.path())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    until("its browser runs", async || processes_of(state.path()).len() > 5 && state.path().join("leased").exists())
        .await;
    let id = i32::try_from(worker.id().unwrap()).unwrap();
    kill(Pid::from_raw(id), Signal::SIGKILL).unwrap();
    worker.wait().await.unwrap();
    nothing_left(state.path()).await;
}

#[tokio::test]
async fn what_worker_and_guard_left_is_cleared_by_the_next_worker() {
    let state = tempfile::tempdir().unwrap();
    let mut worker = tokio::process::Command::new(std::env::current_exe().unwrap())
        .args(["pool_faults::a_worker_that_leases_and_hangs", "--exact", "--nocapture"])
        .env("RMU_TEST_HANG_IN", state.path())
        .env("RMU_TEST_NO_GUARD", "1")
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    until("its browser runs", async || processes_of(state.path()).len() > 5 && state.path().join("leased").exists())
        .await;
    worker.kill().await.unwrap();
    assert!(!processes_of(state.path()).is_empty(), "without a guard they run on");
    let pool = pool(state.path(), limits(1)).await;
    assert!(pool.stats().orphans_reaped > 5);
    pool.drain(Duration::from_secs(5)).await;
    nothing_left(state.path()).await;
}

/// Not a test of its own: what the two above start, kill and look at. Without its variable it does nothing.
#[tokio::test]
async fn a_worker_that_leases_and_hangs() {
    let Some(state) = std::env::var_os("RMU_TEST_HANG_IN") else { return };
    let state = std::path::PathBuf::from(state);
    let site = Site::start().await;
    let mut settings = crate::support::settings(&state, limits(1));
    if std::env::var_os("RMU_TEST_NO_GUARD").is_some() {
        settings.guard_program = None;
    }
    let pool = rmu_scraper_worker::browser::BrowserPool::open(settings).await.unwrap();
    let _lease = pool.lease(&scope(&site)).await.unwrap();
    std::fs::write(state.join("leased"), "").unwrap();
    tokio::time::sleep(Duration::from_secs(120)).await;
}
