//! The pool when nothing is attacked: reuse, recycling, the waiting line, scopes, the breaker, draining.

use crate::{
    site::{Site, page, status},
    support::{limits, memory_of_a_worn_browser, nothing_left, pool, read, scope, settings, short_limits, until},
};
use rmu_scraper_worker::browser::{BrowserPool, LeaseError, PageError, PoolLimits};
use std::time::{Duration, Instant};

#[tokio::test]
async fn a_browser_is_reused_recycled_after_its_pages_and_gone_after_the_drain() {
    let state = tempfile::tempdir().unwrap();
    let site = Site::start().await;
    site.on("/", page("<!doctype html><h1>Unit</h1>"));
    let pool = pool(state.path(), PoolLimits { recycle_pages: 3, ..limits(1) }).await;
    let mut groups = Vec::new();
    for _ in 0..7 {
        let mut lease = pool.lease(&scope(&site)).await.unwrap();
        assert!(read(&mut lease, &site.url("/")).await.unwrap().contains("<h1>Unit</h1>"));
        groups.push(lease.process_group().unwrap());
    }
    assert_eq!(groups[0], groups[2]);
    assert_ne!(groups[2], groups[3]);
    assert_eq!(groups[3], groups[5]);
    assert_eq!(pool.stats().restarts.get("pages"), Some(&2));
    assert!(site.agents().iter().all(|agent| agent == "RateMyUnitBot/test (+https://example.org/bot)"));

    pool.drain(Duration::from_secs(10)).await;
    nothing_left(state.path()).await;
    assert_eq!(std::fs::read_dir(state.path()).unwrap().count(), 0, "the worker's own folder is gone too");
}

#[tokio::test]
async fn the_waiting_line_is_bounded_in_length_and_time() {
    let state = tempfile::tempdir().unwrap();
    let site = Site::start().await;
    let bounds = PoolLimits { line: 1, wait: Duration::from_millis(800), ..limits(1) };
    let pool = pool(state.path(), bounds).await;
    let scope = scope(&site);
    let held = pool.lease(&scope).await.unwrap();
    let waiting = tokio::spawn({
        let (pool, scope) = (pool.clone(), scope.clone());
        async move { pool.lease(&scope).await.map(drop) }
    });
    until("somebody waits", async || pool.stats().waiters == 1).await;
    assert!(matches!(pool.lease(&scope).await, Err(LeaseError::LineFull(1))));
    assert!(matches!(waiting.await.unwrap(), Err(LeaseError::TimedOut(_))));
    drop(held);
    until("the place is free again", async || pool.lease(&scope).await.is_ok()).await;
    pool.drain(Duration::from_secs(10)).await;
    nothing_left(state.path()).await;
}

#[tokio::test]
async fn a_browser_reaches_its_scope_and_nothing_else() {
    let state = tempfile::tempdir().unwrap();
    let (site, stranger) = (Site::start().await, Site::start().await);
    let body = format!("<h1>Unit</h1><img src='{}'><iframe src='{}'></iframe>", stranger.url("/i"), stranger.url("/f"));
    site.on("/", page(&body));
    stranger.on("/f", page("secret"));
    let pool = pool(state.path(), limits(1)).await;
    let mut lease = pool.lease(&scope(&site)).await.unwrap();
    assert!(read(&mut lease, &site.url("/")).await.unwrap().contains("<h1>Unit</h1>"));
    assert!(read(&mut lease, &stranger.url("/f")).await.is_err());
    assert_eq!(stranger.requests("/i") + stranger.requests("/f"), 0);
    drop(lease);

    // Another scope gets another browser, in the place of the first.
    let mut lease = pool.lease(&scope(&stranger)).await.unwrap();
    assert!(read(&mut lease, &stranger.url("/f")).await.unwrap().contains("secret"));
    drop(lease);
    pool.drain(Duration::from_secs(10)).await;
    nothing_left(state.path()).await;
}

#[tokio::test]
async fn sources_that_take_turns_keep_their_browsers() {
    let state = tempfile::tempdir().unwrap();
    let (one, other) = (Site::start().await, Site::start().await);
    let pool = pool(state.path(), limits(2)).await;
    for _ in 0..4 {
        for site in [&one, &other] {
            site.on("/", page("<h1>Unit</h1>"));
            let mut lease = pool.lease(&scope(site)).await.unwrap();
            assert!(read(&mut lease, &site.url("/")).await.is_ok());
        }
    }
    assert!(pool.stats().restarts.is_empty(), "{:?}", pool.stats().restarts);
    pool.drain(Duration::from_secs(10)).await;
    nothing_left(state.path()).await;
}

#[tokio::test]
async fn a_page_does_not_run_on_in_an_idle_browser() {
    let state = tempfile::tempdir().unwrap();
    let site = Site::start().await;
    site.on("/beats", page("<h1>Unit</h1><script>setInterval(() => fetch('/beat'), 50)</script>"));
    let pool = pool(state.path(), limits(1)).await;
    let mut lease = pool.lease(&scope(&site)).await.unwrap();
    assert!(read(&mut lease, &site.url("/beats")).await.is_ok());
    until("it lives", async || site.requests("/beat") > 0).await;
    drop(lease);
    let (mut beats, mut last) = (site.requests("/beat"), Instant::now());
    until("it is silent for a second", async || {
        let now = site.requests("/beat");
        if now != beats {
            (beats, last) = (now, Instant::now());
        }
        last.elapsed() > Duration::from_secs(1)
    })
    .await;
    assert_eq!(pool.stats().idle, 1, "left, not ended: {:?}", pool.stats().restarts);
    pool.drain(Duration::from_secs(10)).await;
    nothing_left(state.path()).await;
}

#[tokio::test]
async fn where_a_page_went_by_itself_is_not_taken_for_the_next_one() {
    let state = tempfile::tempdir().unwrap();
    let site = Site::start().await;
    let goes = "document.querySelector('button').onclick = () => setTimeout(() => { location = '/elsewhere' }, 50)";
    site.on("/goes", page(&format!("<h1>Unit</h1><button>Go</button><script>{goes}</script>")));
    site.on("/elsewhere", page("<h1>Elsewhere</h1>"));
    site.on("/nothing", status("204 No Content"));
    let pool = pool(state.path(), limits(1)).await;
    let mut lease = pool.lease(&scope(&site)).await.unwrap();
    assert!(read(&mut lease, &site.url("/goes")).await.is_ok());
    lease.click_all("button").await.unwrap();
    drop(lease);
    until("it has gone on", async || site.requests("/elsewhere") > 0).await;
    let mut lease = pool.lease(&scope(&site)).await.unwrap();
    let next = read(&mut lease, &site.url("/nothing")).await;
    assert!(matches!(next, Err(PageError::NoDocument)), "{next:?}");
    drop(lease);
    pool.drain(Duration::from_secs(10)).await;
    nothing_left(state.path()).await;
}

#[tokio::test]
async fn a_page_that_is_late_after_another_is_tried_in_a_new_browser() {
    let state = tempfile::tempdir().unwrap();
    let site = Site::start().await;
    site.on("/", page("<h1>Unit</h1>"));
    site.on("/late", page("").after(Duration::from_secs(60)));
    let pool = pool(state.path(), PoolLimits { page: Duration::from_secs(40), ..short_limits(1) }).await;
    let mut lease = pool.lease(&scope(&site)).await.unwrap();
    assert!(read(&mut lease, &site.url("/")).await.is_ok());
    // Nothing was inherited: the site is to blame, and is not asked twice.
    let late = read(&mut lease, &site.url("/late")).await;
    assert!(matches!(late, Err(PageError::TimedOut(_))), "{late:?}");
    assert_eq!(site.requests("/late"), 1);
    drop(lease);

    let mut lease = pool.lease(&scope(&site)).await.unwrap();
    assert!(read(&mut lease, &site.url("/")).await.is_ok());
    drop(lease);
    let mut lease = pool.lease(&scope(&site)).await.unwrap();
    let before = lease.process_group();
    let url = site.url("/late");
    let asked = until("it is asked for", async || site.requests("/late") == 2);
    let mends = async {
        asked.await;
        site.on("/late", page("<h1>Late</h1>"));
    };
    let (read, ()) = tokio::join!(read(&mut lease, &url), mends);
    assert!(read.as_ref().is_ok_and(|html| html.contains("<h1>Late</h1>")), "{read:?}");
    assert_ne!(lease.process_group(), before);
    assert_eq!(pool.stats().in_use, 1);
    drop(lease);
    pool.drain(Duration::from_secs(10)).await;
    nothing_left(state.path()).await;
}

#[tokio::test]
async fn the_breaker_opens_when_browsers_cannot_start_and_lets_one_probe() {
    let state = tempfile::tempdir().unwrap();
    let site = Site::start().await;
    let mut wrong = settings(state.path(), PoolLimits { breaker_pause: Duration::from_millis(300), ..limits(2) });
    wrong.chromedriver = "/usr/bin/no-such-driver".into();
    let pool = BrowserPool::open(wrong).await.unwrap();
    for _ in 0..3 {
        assert!(matches!(pool.lease(&scope(&site)).await, Err(LeaseError::Start(_))));
    }
    assert_eq!(pool.stats().breaker, "open");
    assert!(matches!(pool.lease(&scope(&site)).await, Err(LeaseError::BreakerOpen(_))));
    until("the breaker is half open", async || pool.stats().breaker == "half_open").await;
    assert!(matches!(pool.lease(&scope(&site)).await, Err(LeaseError::Start(_))));
    assert_eq!(pool.stats().breaker, "open");
    assert_eq!(pool.free(), 2);
    pool.drain(Duration::from_secs(5)).await;
    nothing_left(state.path()).await;
}

#[tokio::test]
async fn a_worn_idle_browser_is_not_kept() {
    let state = tempfile::tempdir().unwrap();
    let site = Site::start().await;
    site.on("/", page("<h1>Unit</h1>"));
    let recycle_memory = memory_of_a_worn_browser(&site).await;
    let pool = pool(state.path(), PoolLimits { recycle_memory, ..limits(1) }).await;
    let mut lease = pool.lease(&scope(&site)).await.unwrap();
    assert!(read(&mut lease, &site.url("/")).await.is_ok());
    drop(lease);
    until("it is gone", async || pool.stats().idle == 0 && pool.stats().memory_bytes == 0).await;
    assert_eq!(pool.stats().restarts.get("memory"), Some(&1));
    nothing_left(state.path()).await;
    pool.drain(Duration::from_secs(5)).await;
}
