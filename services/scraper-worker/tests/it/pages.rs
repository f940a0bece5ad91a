//! Pages that misbehave: the limits hold, the error says what it was, and the next page is read well.

use crate::{
    site::{Site, page, status},
    support::{limits, nothing_left, pool, read, scope, short_limits},
};
use rmu_scraper_worker::browser::{PageError, PoolLimits};
use std::time::Duration;

#[tokio::test]
async fn hanging_looping_and_alerting_pages_end_in_time_and_harm_no_other() {
    let state = tempfile::tempdir().unwrap();
    let site = Site::start().await;
    site.on("/good", page("<h1>Unit</h1>"));
    site.on("/hangs", page("").after(Duration::from_secs(60)));
    site.on("/loops", page("<h1>x</h1><script>while (true) {}</script>"));
    site.on("/loops-later", page("<h1>x</h1><script>setTimeout(() => { while (true) {} }, 1)</script>"));
    site.on("/alerts", page("<h1>x</h1><script>while (true) alert('again')</script>"));
    let pool = pool(state.path(), short_limits(1)).await;
    for path in ["/hangs", "/loops", "/loops-later", "/alerts"] {
        let mut lease = pool.lease(&scope(&site)).await.unwrap();
        let failed = read(&mut lease, &site.url(path)).await;
        assert!(failed.is_err(), "{path} was read");
        drop(lease);
        let mut lease = pool.lease(&scope(&site)).await.unwrap();
        assert!(read(&mut lease, &site.url("/good")).await.unwrap().contains("Unit"), "after {path}");
    }
    pool.drain(Duration::from_secs(10)).await;
    nothing_left(state.path()).await;
}

#[tokio::test]
async fn what_the_site_answers_is_told_apart() {
    let state = tempfile::tempdir().unwrap();
    let site = Site::start().await;
    site.on("/good", page("<!doctype html><h1>Unit</h1>"));
    site.on("/late", page("<h1>Unit</h1>").after(Duration::from_millis(400)));
    site.on("/slow-down", status("429 Too Many Requests").header("Retry-After: 17"));
    site.on("/forbidden", status("403 Forbidden").body("<h1>Go away</h1>").header("Retry-After: 5"));
    site.on("/nothing", status("204 No Content"));
    site.on("/file", page("bytes").kind("application/octet-stream").header("Content-Disposition: attachment"));
    site.on("/large", page(&format!("<h1>Unit</h1>{}", "<p>word</p>".repeat(20_000))));
    let pool = pool(state.path(), PoolLimits { page_bytes: 100_000, ..limits(1) }).await;
    let mut lease = pool.lease(&scope(&site)).await.unwrap();

    lease.open(&site.url("/good")).await.unwrap();
    lease.wait_for_any(&["h2".into(), "h1".into()]).await.unwrap();
    let snapshot = lease.snapshot().await.unwrap();
    assert_eq!((snapshot.status, snapshot.url), (Some(200), site.url("/good")));
    assert!(snapshot.html.starts_with("<!DOCTYPE html><html>"), "{}", snapshot.html);

    lease.open(&site.url("/late")).await.unwrap();
    let late = lease.snapshot().await.unwrap().latency.unwrap();
    assert!(late >= Duration::from_millis(390), "the site's own delay: {late:?}");

    let failed = read(&mut lease, &site.url("/slow-down")).await.unwrap_err();
    assert!(
        matches!(&failed, PageError::HttpStatus { status: 429, retry_after: Some(after) } if after == "17"),
        "{failed:?}"
    );
    lease.open(&site.url("/forbidden")).await.unwrap();
    assert_eq!(lease.snapshot().await.unwrap().status, Some(403));
    assert_eq!(lease.last_response().await.unwrap().retry_after.as_deref(), Some("5"));

    for path in ["/nothing", "/file"] {
        read(&mut lease, &site.url("/good")).await.unwrap();
        let failed = read(&mut lease, &site.url(path)).await.unwrap_err();
        assert!(matches!(failed, PageError::NoDocument), "{path}: {failed:?}");
        // Also when the page before was opened and never read.
        lease.open(&site.url("/good")).await.unwrap();
        let failed = read(&mut lease, &site.url(path)).await.unwrap_err();
        assert!(matches!(failed, PageError::NoDocument), "{path}: {failed:?}");
    }
    assert!(matches!(read(&mut lease, &site.url("/large")).await, Err(PageError::TooLarge(_))));
    assert!(read(&mut lease, &site.url("/good")).await.is_ok());
    let group = lease.process_group();
    drop(lease);
    let mut lease = pool.lease(&scope(&site)).await.unwrap();
    assert_eq!(lease.process_group(), group, "none of this is a reason for another browser");
    let failed = read(&mut lease, "http://127.0.0.1:9/").await.unwrap_err();
    assert!(matches!(failed, PageError::Unreachable(_)), "{failed:?}");
    drop(lease);
    pool.drain(Duration::from_secs(10)).await;
    nothing_left(state.path()).await;
}

#[tokio::test]
async fn accordions_are_clicked_and_waited_for() {
    let state = tempfile::tempdir().unwrap();
    let site = Site::start().await;
    site.on(
        "/",
        page(
            "<h1>Unit</h1><button class=more>More</button><div id=body></div><a id=rules href='/rules'>Rules</a>
            <script>document.querySelector('.more').onclick = () =>
                setTimeout(() => { document.querySelector('#body').innerHTML = '<p class=filled>Text</p>' }, 200)</script>",
        ),
    );
    let pool = pool(state.path(), short_limits(1)).await;
    let mut lease = pool.lease(&scope(&site)).await.unwrap();
    lease.open(&site.url("/")).await.unwrap();
    assert_eq!(lease.click_all(".more").await.unwrap(), 1);
    assert_eq!(lease.click_all(".absent").await.unwrap(), 0);
    assert_eq!(lease.wait_for_any(&[".error".into(), "p.filled".into()]).await.unwrap(), Some(1));
    assert_eq!(lease.link("#rules").await.unwrap(), Some(site.url("/rules")));
    assert_eq!(lease.link("#none").await.unwrap(), None);
    let failed = lease.click_all("[[").await;
    assert!(matches!(failed, Err(PageError::Refused(_))), "{failed:?}");
    assert!(matches!(lease.wait_for_any(&[".never".into()]).await, Err(PageError::NeverReady(_))));
    drop(lease);
    pool.drain(Duration::from_secs(10)).await;
    nothing_left(state.path()).await;
}

/// More than a page may keep still in tests.
const LATE: Duration = Duration::from_secs(6);

#[tokio::test]
async fn a_page_that_keeps_still_is_given_up_and_one_that_may_still_come_is_not() {
    let state = tempfile::tempdir().unwrap();
    let site = Site::start().await;
    let show = "document.body.insertAdjacentHTML('beforeend', '<p class=late>Facts</p>')";
    let script = |script: &str| page(&format!("<!doctype html><h1>Unit</h1><script>{script}</script>"));
    site.on("/still", script("1"));
    site.on("/half", page("<!doctype html><h1>Unit</h1>").header("Content-Length: 100000").then(*b"x", 0, LATE));
    site.on("/asks", script(&format!("fetch('/facts').then(() => {show})")));
    site.on("/facts", page("facts").after(LATE));
    site.on(
        "/changes",
        script(&format!(
            "let n = 0; const text = document.querySelector('h1').firstChild;
             setInterval(() => {{ text.nodeValue = n; if (++n == 8) {show} }}, 900)"
        )),
    );
    site.on("/picture", page("<!doctype html><h1>Unit</h1><img src=/slow.png>"));
    site.on("/slow.png", page("").kind("image/png").after(LATE));
    // Far off: it is not the page's time that ends the waiting.
    let bounds = PoolLimits { page: Duration::from_secs(600), ..limits(1) };
    let pool = pool(state.path(), bounds).await;
    let mut lease = pool.lease(&scope(&site)).await.unwrap();
    let late = [".late".to_owned()];
    let mut waited = async |path: &str, signs: &[String]| {
        lease.open(&site.url(path)).await.unwrap();
        tokio::time::timeout(Duration::from_secs(60), lease.wait_for_any(signs)).await.expect(path)
    };
    let still = waited("/still", &late).await;
    assert!(matches!(still, Err(PageError::NeverReady(_))), "{still:?}");
    let half = waited("/half", &late).await;
    assert!(matches!(half, Err(PageError::CutOff)), "{half:?}");
    assert_eq!(waited("/asks", &late).await.unwrap(), Some(0), "what it asked for was under way");
    assert_eq!(waited("/changes", &late).await.unwrap(), Some(0), "it was at work");
    assert_eq!(waited("/picture", &[]).await.unwrap(), None, "all that it embeds was wanted");
    assert_eq!(pool.stats().restarts.values().sum::<u64>(), 0, "one browser bears all of it");
    drop(lease);
    pool.drain(Duration::from_secs(10)).await;
    nothing_left(state.path()).await;
}

#[tokio::test]
async fn a_page_that_ends_before_it_said_it_would_is_not_read() {
    let state = tempfile::tempdir().unwrap();
    let site = Site::start().await;
    let half = "<!doctype html><h1>Unit</h1><p>Half of what";
    site.on("/good", page("<!doctype html><h1>Unit</h1>"));
    site.on("/length", page(half).header("Content-Length: 100000").then(*b"x", 0, Duration::ZERO));
    let chunk = format!("{:x}\r\n{half}\r\n", half.len());
    let chunked = page("").header("Transfer-Encoding: chunked").body(chunk);
    site.on("/chunk", chunked.then(*b"x", 0, Duration::ZERO));
    let pool = pool(state.path(), limits(1)).await;
    let mut lease = pool.lease(&scope(&site)).await.unwrap();
    for path in ["/length", "/chunk"] {
        lease.open(&site.url(path)).await.unwrap();
        assert_eq!(lease.wait_for_any(&["h1".into()]).await.unwrap(), Some(0), "{path} looks ready");
        let failed = lease.snapshot().await;
        assert!(matches!(failed, Err(PageError::CutOff)), "{path}: {failed:?}");
        assert!(read(&mut lease, &site.url("/good")).await.unwrap().contains("Unit"), "after {path}");
    }
    drop(lease);
    pool.drain(Duration::from_secs(10)).await;
    nothing_left(state.path()).await;
}
