//! Pages made to harm a browser: each ends in time, and the next good page is read by a whole pool.

use crate::{
    site::{Answer, Site, page, status},
    support::{limits, nothing_left, pool, read, scope, short_limits, slots_of, until},
};
use rmu_scraper_worker::browser::{BrowserPool, PageError, PoolLimits};
use std::{path::Path, time::Duration};

/// Loads the page, lets it answer a click, and looks at it, as a task would.
async fn suffer(pool: &BrowserPool, site: &Site, path: &str) -> Result<String, PageError> {
    let mut lease = pool.lease(&scope(site)).await.unwrap();
    lease.open(&site.url(path)).await?;
    lease.wait_for_any(&["h1".into()]).await?;
    lease.click_all("button").await?;
    Ok(lease.snapshot().await?.html)
}

/// All browsers can be had at once, and each reads a good page well.
async fn whole(pool: &BrowserPool, site: &Site, after: &str) {
    let cap = usize::try_from(pool.stats().cap).unwrap();
    until("every permit is back", async || pool.free() == cap).await;
    let mut leases = Vec::new();
    for _ in 0..cap {
        leases.push(pool.lease(&scope(site)).await.unwrap());
    }
    for lease in &mut leases {
        let html = read(lease, &site.url("/good")).await;
        assert!(html.as_ref().is_ok_and(|html| html.contains("<h1>Good</h1>")), "after {after}: {html:?}");
    }
}

async fn endure(pages: &[(&str, Answer)], bounds: PoolLimits, mut judge: impl FnMut(&str, Result<String, PageError>)) {
    let state = tempfile::tempdir().unwrap();
    let site = Site::start().await;
    site.on("/good", page("<h1>Good</h1>"));
    let pool = pool(state.path(), bounds).await;
    for (path, answer) in pages {
        site.on(path, answer.clone());
    }
    for (path, _) in pages {
        judge(path, suffer(&pool, &site, path).await);
        whole(&pool, &site, path).await;
        assert!(downloads_in(state.path()).is_empty(), "after {path}: {:?}", downloads_in(state.path()));
    }
    pool.drain(Duration::from_secs(10)).await;
    nothing_left(state.path()).await;
}

fn script(text: &str) -> Answer {
    page(&format!("<!doctype html><h1>x</h1><button>More</button><script>{text}</script>"))
}

/// Files below browsers' directories that a page has named.
fn downloads_in(state: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut open: Vec<_> = slots_of(state).into_iter().map(std::path::PathBuf::from).collect();
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            if path.is_dir() && !path.is_symlink() {
                open.push(path);
            } else if name.contains("present") || name.ends_with(".crdownload") {
                found.push(path.display().to_string());
            }
        }
    }
    found
}

#[tokio::test]
async fn dialogs_without_end() {
    let pages = [
        ("/confirm", script("while (true) confirm('again')")),
        ("/prompt", script("while (true) prompt('again')")),
        ("/print", script("for (let i = 0; i < 1000; i++) print()")),
        ("/click-alert", script("document.querySelector('button').onclick = () => { while (true) alert('again') }")),
        (
            "/stay",
            script(
                "document.querySelector('button').onclick = () => { document.title = 'clicked' };
                 onbeforeunload = event => { event.preventDefault(); return event.returnValue = 'stay' }",
            ),
        ),
        ("/stay-alerting", script("onbeforeunload = () => { while (true) alert('stay') }")),
        ("/stay-listening", script("addEventListener('beforeunload', () => { while (true) {} }, true)")),
        (
            "/stay-hiding",
            script(
                "for (const t of ['pagehide', 'unload', 'visibilitychange']) (t[0] == 'v' ? document : window)['on' + t] = () => { while (true) {} }",
            ),
        ),
        ("/stay-attribute", page("<body onbeforeunload='while (true) {}' onpagehide='while (true) {}'><h1>x</h1>")),
        ("/reload-and-stay", script("onbeforeunload = () => 'stay'; setInterval(() => location.reload(), 1)")),
    ];
    // Which of them can be read is the browser's affair; that they end, and harm nobody else, is ours.
    endure(&pages, short_limits(1), |_, _| {}).await;
}

#[tokio::test]
async fn scripts_without_end() {
    let pages = [
        ("/promises", script("(function again() { Promise.resolve().then(again) })()")),
        ("/click-loop", script("document.querySelector('button').onclick = () => { while (true) {} }")),
        (
            "/observer",
            script(
                "new MutationObserver(() => document.body.append('x')).observe(document, { childList: true, subtree: true }); document.body.append('x')",
            ),
        ),
        (
            "/workers",
            script("for (let i = 0; i < 8; i++) new Worker(URL.createObjectURL(new Blob(['while (true) {}'])))"),
        ),
        ("/elsewhere", script("let i = 0; setInterval(() => { location = '/elsewhere?' + i++ }, 5)")),
        (
            "/back",
            script(
                "for (let i = 0; i < 500; i++) history.pushState(i, '', '?' + i); setInterval(() => history.back(), 1)",
            ),
        ),
        ("/refresh", page("<meta http-equiv=refresh content='0;url=/refresh'><h1>x</h1>")),
        ("/write", script("setInterval(() => document.write('<h1>x</h1>' + 'y'.repeat(1e5)), 1)")),
        ("/regex", script("/^(a+)+$/.test('a'.repeat(60) + 'b')")),
    ];
    endure(&pages, short_limits(1), |path, read| {
        if matches!(path, "/promises" | "/click-loop" | "/regex") {
            assert!(read.is_err(), "{path} was read");
        }
    })
    .await;
}

#[tokio::test]
async fn redirects_without_end_are_the_sites_fault_and_not_the_browsers() {
    let pages = [
        ("/round", status("302 Found").header("Location: /round")),
        ("/ping", status("302 Found").header("Location: /pong")),
        ("/pong", status("302 Found").header("Location: /ping")),
    ];
    endure(&pages, short_limits(1), |path, read| {
        assert!(matches!(read, Err(PageError::Unreachable(_))), "{path}: {read:?}");
    })
    .await;
}

#[tokio::test]
async fn pages_too_deep_or_too_large() {
    let deep =
        "for (let i = 0, at = document.body; i < 100000; i++) at = at.appendChild(document.createElement('div'))";
    // Of one piece: what is tried is the length, not how long a browser lays it out.
    let large = page(&format!("<h1>x</h1><script type=text/plain>{}</script>", "x".repeat(11 << 20)));
    let endless = page("<h1>x</h1>").then(vec![b'x'; 1 << 16], 1 << 14, Duration::ZERO);
    let pages = [
        ("/deep", page(&format!("<h1>x</h1>{}", "<div>".repeat(100_000)))),
        ("/deep-bold", page(&format!("<h1>x</h1>{}", "<b id=x><p>".repeat(50_000)))),
        ("/deep-script", script(deep)),
        ("/large", large),
        ("/endless", endless),
        ("/drip", page("<h1>x</h1>").then(*b"y", 1 << 20, Duration::from_millis(50))),
    ];
    endure(&pages, short_limits(1), |path, read| {
        if path == "/large" {
            assert!(matches!(read, Err(PageError::TooLarge(bytes)) if bytes > 10 << 20), "{:?}", read.err());
        }
    })
    .await;
}

#[tokio::test]
async fn a_page_that_eats_memory_is_stopped_where_it_is() {
    let eat = "const eaten = []; setInterval(() => { const more = new Uint8Array(16 << 20); more.fill(1); eaten.push(more) }, 20)";
    let state = tempfile::tempdir().unwrap();
    let site = Site::start().await;
    site.on("/good", page("<h1>Good</h1>"));
    site.on("/eats", script(eat));
    let bounds = PoolLimits { runaway_memory: 900 << 20, ..limits(2) };
    let pool = pool(state.path(), bounds).await;
    let mut lease = pool.lease(&scope(&site)).await.unwrap();
    lease.open(&site.url("/eats")).await.unwrap();
    let failed = lease.wait_for_any(&[".never".into()]).await.unwrap_err();
    assert!(matches!(failed, PageError::Browser(_)), "killed, not timed out: {failed:?}");
    drop(lease);
    whole(&pool, &site, "/eats").await;
    pool.drain(Duration::from_secs(10)).await;
    nothing_left(state.path()).await;
}

#[tokio::test]
async fn downloads_and_pop_ups_are_off() {
    let attached =
        page("x").kind("application/octet-stream").header("Content-Disposition: attachment; filename=present.bin");
    let pages = [
        ("/attached", attached),
        (
            "/blob",
            script(
                "document.querySelector('button').onclick = () => { const link = document.createElement('a');
                 link.href = URL.createObjectURL(new Blob(['x'])); link.download = 'present.txt'; link.click() };
                 document.querySelector('button').click()",
            ),
        ),
        ("/frame", page("<h1>x</h1><iframe src=/attached></iframe>")),
        ("/hangs", page("<h1>Pop-up</h1><script>while (true) {}</script>")),
        ("/opens-hanging", script("document.querySelector('button').onclick = () => window.open('/hangs')")),
    ];
    endure(&pages, short_limits(1), |_, _| {}).await;

    let state = tempfile::tempdir().unwrap();
    let site = Site::start().await;
    site.on("/good", page("<h1>Good</h1>"));
    site.on("/window", page("<h1>Pop-up</h1><script>setInterval(() => fetch('/window-lives'), 50)</script>"));
    site.on(
        "/opens",
        script(
            "const pop = () => { for (let i = 0; i < 50; i++) window.open('/window') };
             document.querySelector('button').onclick = pop; pop()",
        ),
    );
    let pool = pool(state.path(), short_limits(1)).await;
    for _ in 0..2 {
        assert!(suffer(&pool, &site, "/opens").await.unwrap().contains("<h1>x</h1>"));
        whole(&pool, &site, "/opens").await;
    }
    // A click through the driver counts as a reader's and may open one; it does not outlive its page.
    assert!(site.requests("/window") <= 4, "{} pop-ups", site.requests("/window"));
    let lived = site.requests("/window-lives");
    let mut lease = pool.lease(&scope(&site)).await.unwrap();
    lease.open(&site.url("/good")).await.unwrap();
    assert!(lease.wait_for_any(&[".never".into()]).await.is_err());
    assert_eq!(site.requests("/window-lives"), lived, "a pop-up lives on");
    drop(lease);
    pool.drain(Duration::from_secs(10)).await;
    nothing_left(state.path()).await;
}
