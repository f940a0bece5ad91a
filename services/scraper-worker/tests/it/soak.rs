//! The pool over hundreds of leases and pages: a short form in every test run, the long one in `make soak`. Counts are
//! asserted, times and sizes are printed.
#![allow(clippy::print_stderr, reason = "the figures are what one reads a soak run for")]

use crate::{
    pool_faults::attack,
    site::{Site, page},
    support::{
        limits, memory_of_a_worn_browser, nothing_left, pool, processes_of, read, scope, short_limits, slots_of, until,
    },
};
use rmu_scraper_worker::browser::{BrowserPool, LeaseError, PageError, PoolLimits, Scope};
use std::time::{Duration, Instant};

/// How much of something is done: `short` in every run, `long` in a soak.
fn amount(short: usize, long: usize) -> usize {
    if std::env::var_os("RMU_SOAK").is_some() { long } else { short }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn leases_under_kills_freezes_and_cancelled_callers_leave_nothing_behind() {
    let leases = amount(20, 200);
    let state = tempfile::tempdir().unwrap();
    let site = Site::start().await;
    site.on("/", page("<h1>Unit</h1>"));
    site.on("/slow", page("<h1>Slow</h1>").after(Duration::from_secs(600)));
    let bounds = PoolLimits { command: Duration::from_secs(4), ..short_limits(2) };
    let pool = pool(state.path(), bounds).await;
    let scope = scope(&site);
    let started = Instant::now();
    for number in 0..leases {
        match number % 5 {
            4 => abandon(&pool, &site, &scope).await,
            attacked => {
                let mut lease = lease(&pool, &scope).await;
                attack(&lease, attacked);
                let failed = read(&mut lease, &site.url("/")).await;
                assert!(failed.is_err(), "attack {attacked} was not noticed");
            }
        }
    }
    let (attacked_for, since) = (started.elapsed(), Instant::now());
    until("every permit is back", async || pool.free() == 2).await;
    // Full capacity: two pages at once, read well.
    let page = site.url("/");
    let (mut first, mut second) = tokio::join!(lease(&pool, &scope), lease(&pool, &scope));
    let both = tokio::join!(read(&mut first, &page), read(&mut second, &page));
    assert!(both.0.is_ok() && both.1.is_ok());
    let recovery = since.elapsed();
    assert_eq!(slots_of(state.path()).len(), 2);
    drop((first, second));
    until("every permit is back", async || pool.free() == 2).await;
    let restarts = pool.stats().restarts;

    pool.drain(Duration::from_secs(10)).await;
    nothing_left(state.path()).await;
    assert_eq!(std::fs::read_dir(state.path()).unwrap().count(), 0);
    eprintln!(
        "pool under attack
  leases attacked or abandoned   {leases} in {:.1} s
  browsers replaced              {restarts:?}
  full capacity again after      {:.1} s (wanted: 5 s)
  orphan processes               {}
  leaked permits                 0
  directories left               {}",
        attacked_for.as_secs_f64(),
        recovery.as_secs_f64(),
        processes_of(state.path()).len(),
        slots_of(state.path()).len(),
    );
}

/// A caller that goes away in the middle of a page, and one that goes away while it waits.
async fn abandon(pool: &BrowserPool, site: &Site, scope: &Scope) {
    let (pool_of_task, scope_of_task, url) = (pool.clone(), scope.clone(), site.url("/slow"));
    let before = site.requests("/slow");
    let task = tokio::spawn(async move {
        let mut lease = lease(&pool_of_task, &scope_of_task).await;
        let _ = lease.open(&url).await;
    });
    until("the page is asked for", async || site.requests("/slow") > before).await;
    task.abort();
    let _ = tokio::time::timeout(Duration::from_millis(10), pool.lease(scope)).await;
}

/// A browser; one that is killed while it starts is tried again, as a task does.
async fn lease(pool: &BrowserPool, scope: &Scope) -> rmu_scraper_worker::browser::Lease {
    loop {
        match pool.lease(scope).await {
            Ok(lease) => return lease,
            Err(LeaseError::Start(_) | LeaseError::BreakerOpen(_)) => {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            Err(error) => panic!("{error}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_do_not_get_slower_and_browsers_not_larger() {
    let (pages, recycle) = (amount(60, 1000), 50);
    let window = (pages / 10).max(10);
    let handbooks = rmu_demo_handbooks::serve(rmu_demo_handbooks::ServeConfig { units: 100, ..Default::default() });
    let handbooks = handbooks.await.unwrap();
    let origin = url::Url::parse(&handbooks.addresses.northfield).unwrap();
    let port = origin.port().unwrap();
    let scope = Scope::new([rmu_scraper_worker::browser::Pin {
        host: "127.0.0.1".into(),
        port,
        address: [127, 0, 0, 1].into(),
    }]);
    let paths = unit_paths(&handbooks.addresses.northfield).await;

    let state = tempfile::tempdir().unwrap();
    let pool = pool(state.path(), PoolLimits { recycle_pages: recycle, ..limits(1) }).await;
    let (mut times, mut memory) = (Vec::new(), Vec::new());
    for number in 0..pages {
        let url = format!("{}{}", handbooks.addresses.northfield, paths[number % paths.len()]);
        let started = Instant::now();
        let html = read_unit(&pool, &scope, &url).await.unwrap_or_else(|error| panic!("{url}: {error}"));
        times.push(started.elapsed());
        memory.push(pool.stats().memory_bytes);
        assert!(html.contains("ai-header"), "{url}");
    }
    let replaced = u64::try_from(pages).unwrap() / u64::from(recycle);
    until("the last browser is replaced or idle", async || pool.free() == 1).await;
    assert_eq!(pool.stats().restarts.get("pages").copied().unwrap_or_default(), replaced, "after {recycle} pages each");
    assert_eq!(
        pool.stats().restarts.len(),
        usize::from(replaced > 0),
        "for no other reason: {:?}",
        pool.stats().restarts
    );
    pool.drain(Duration::from_secs(10)).await;
    nothing_left(state.path()).await;
    handbooks.stop().await;

    let (first, last) = (p95(&times[..window]), p95(&times[pages - window..]));
    let (early, late) = (largest(&memory[..pages / 2]), largest(&memory[pages / 2..]));
    eprintln!(
        "pages in a row
  pages                          {pages}, a new browser after every {recycle}
  p95 of the first {window:>4}           {:.0} ms
  p95 of the last {window:>4}            {:.0} ms, {:.2} of the first (wanted: 1.20)
  most memory, first half        {} MiB
  most memory, second half       {} MiB, {:+.1} % (wanted: 15)",
        first.as_secs_f64() * 1e3,
        last.as_secs_f64() * 1e3,
        last.as_secs_f64() / first.as_secs_f64(),
        early >> 20,
        late >> 20,
        percent(early, late),
    );
}

async fn unit_paths(origin: &str) -> Vec<String> {
    let truth: serde_json::Value =
        reqwest::get(format!("{origin}/_truth/units.json?year=2026")).await.unwrap().json().await.unwrap();
    truth["units"].as_array().unwrap().iter().map(|unit| unit["path"].as_str().unwrap().to_owned()).collect()
}

async fn read_unit(pool: &BrowserPool, scope: &Scope, url: &str) -> Result<String, PageError> {
    let mut lease = lease(pool, scope).await;
    lease.open(url).await?;
    lease.wait_for_any(&["[data-testid=\"ai-header\"]".into()]).await?;
    lease.click_all("[data-testid=\"accordion-toggle\"][aria-expanded=\"false\"]").await?;
    Ok(lease.snapshot().await?.html)
}

fn p95(times: &[Duration]) -> Duration {
    let mut sorted = times.to_vec();
    sorted.sort();
    sorted[sorted.len() * 95 / 100]
}

fn largest(values: &[u64]) -> u64 {
    values.iter().copied().max().unwrap_or_default()
}

#[allow(clippy::cast_precision_loss, reason = "for people to read")]
fn percent(before: u64, after: u64) -> f64 {
    (after as f64 / before.max(1) as f64 - 1.0) * 100.0
}

/// Recycling does not wait for a quiet moment: a pool that is never idle replaces by age and by memory too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_busy_pool_recycles_by_age_and_by_memory() {
    let site = Site::start().await;
    site.on("/", page("<h1>Unit</h1>"));
    // By nothing else: a fast machine has read fifty pages before a browser is old.
    let limits = PoolLimits { recycle_pages: u32::MAX, ..limits(1) };
    for (reason, bounds) in [
        ("age", PoolLimits { recycle_age: Duration::from_secs(3), ..limits.clone() }),
        ("memory", PoolLimits { recycle_memory: memory_of_a_worn_browser(&site).await, ..limits.clone() }),
    ] {
        let state = tempfile::tempdir().unwrap();
        let pool = pool(state.path(), bounds).await;
        // Two callers for one browser: whenever it comes back, somebody waits for it.
        let callers = [(); 2].map(|()| tokio::spawn(busy(pool.clone(), scope(&site), site.url("/"), reason)));
        for caller in callers {
            assert!(caller.await.unwrap() > 0);
        }
        assert_eq!(pool.stats().restarts.keys().collect::<Vec<_>>(), [reason]);
        pool.drain(Duration::from_secs(10)).await;
        nothing_left(state.path()).await;
    }
}

/// Reads until browsers were replaced twice, and says how many pages that were.
async fn busy(pool: BrowserPool, scope: Scope, url: String, reason: &str) -> usize {
    let ends = Instant::now() + Duration::from_secs(180);
    let mut pages = 0;
    while pool.stats().restarts.get(reason).copied().unwrap_or_default() < 2 {
        assert!(Instant::now() < ends, "no browser was replaced by {reason}: {:?}", pool.stats());
        let mut lease = pool.lease(&scope).await.unwrap();
        assert!(read(&mut lease, &url).await.unwrap().contains("Unit"));
        pages += 1;
    }
    pages
}
