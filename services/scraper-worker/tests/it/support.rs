//! What several tests need: a pool with short limits, and a look at what it left behind.

use rmu_scraper_worker::browser::{BrowserPool, Lease, Pin, PoolLimits, PoolSettings, Scope};
use std::{
    path::Path,
    time::{Duration, Instant},
};

use crate::site::Site;

/// Waits until something is so; a test that waits longer has failed.
pub(crate) async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let ends = Instant::now() + Duration::from_secs(30);
    while !is_so().await {
        assert!(Instant::now() < ends, "not within 30 s: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Limits that no machine is too slow for: whatever a test awaits comes long before them.
pub(crate) fn limits(cap: usize) -> PoolLimits {
    PoolLimits {
        start: Duration::from_secs(40),
        command: Duration::from_secs(30),
        page: Duration::from_secs(60),
        still: Duration::from_secs(2),
        close: Duration::from_secs(2),
        upkeep: Duration::from_millis(300),
        ..PoolLimits::new(cap)
    }
}

/// For pages that never come to an end: limits that are waited for, and that a good page is still far from.
pub(crate) fn short_limits(cap: usize) -> PoolLimits {
    PoolLimits { command: Duration::from_secs(8), page: Duration::from_secs(15), ..limits(cap) }
}

pub(crate) fn settings(state: &Path, limits: PoolLimits) -> PoolSettings {
    PoolSettings {
        chromium: "/usr/bin/chromium".into(),
        chromedriver: "/usr/bin/chromedriver".into(),
        state_directory: state.to_owned(),
        guard_program: Some(env!("CARGO_BIN_EXE_scraper-worker").into()),
        user_agent: "RateMyUnitBot/test (+https://example.org/bot)".to_owned(),
        limits,
    }
}

pub(crate) async fn pool(state: &Path, limits: PoolLimits) -> BrowserPool {
    BrowserPool::open(settings(state, limits)).await.unwrap()
}

/// A limit that a browser is over as soon as it has read a page. How much it has depends on what it shares with the other
/// browsers of the machine, so one is measured first.
pub(crate) async fn memory_of_a_worn_browser(site: &Site) -> u64 {
    let state = tempfile::tempdir().unwrap();
    let pool = pool(state.path(), limits(1)).await;
    let mut lease = pool.lease(&scope(site)).await.unwrap();
    read(&mut lease, &site.url("/")).await.unwrap();
    until("it is measured", async || pool.stats().memory_bytes > 0).await;
    let measured = pool.stats().memory_bytes;
    drop(lease);
    pool.drain(Duration::from_secs(10)).await;
    measured * 2 / 3
}

pub(crate) fn scope(site: &Site) -> Scope {
    Scope::new([Pin { host: "127.0.0.1".into(), port: site.port, address: [127, 0, 0, 1].into() }])
}

/// Loads a page the way a task does.
pub(crate) async fn read(lease: &mut Lease, url: &str) -> Result<String, rmu_scraper_worker::browser::PageError> {
    lease.open(url).await?;
    lease.wait_for_any(&[]).await?;
    Ok(lease.snapshot().await?.html)
}

/// Living processes that name the state directory in arguments or environment, our own guard aside.
pub(crate) fn processes_of(state: &Path) -> Vec<String> {
    let mark = state.to_str().unwrap();
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let path = entry.path();
        let read =
            |name: &str| String::from_utf8_lossy(&std::fs::read(path.join(name)).unwrap_or_default()).into_owned();
        let arguments = read("cmdline");
        if arguments.contains("scraper-worker\0guard") || arguments.is_empty() {
            continue;
        }
        if arguments.contains(mark) || read("environ").contains(mark) {
            found.push(format!("{} {}", entry.file_name().display(), arguments.replace('\0', " ")));
        }
    }
    found
}

/// Directories of browsers below the state directory.
pub(crate) fn slots_of(state: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for instance in std::fs::read_dir(state).into_iter().flatten().flatten() {
        for slot in std::fs::read_dir(instance.path()).into_iter().flatten().flatten() {
            found.push(slot.path().display().to_string());
        }
    }
    found
}

/// Nothing is left of any browser.
pub(crate) async fn nothing_left(state: &Path) {
    until("all browsers and their directories are gone", async || {
        processes_of(state).is_empty() && slots_of(state).is_empty()
    })
    .await;
}
