//! A browser on loan: what may be done with a page, each command under its limit.

mod acting;
mod picture;
mod waiting;

pub use picture::RenderedSource;

use super::{
    command::{self, DriverLog},
    error::PageError,
    network::Response,
    pool::Inner,
    scope::Scope,
    session::Browser,
};
use fantoccini::error::CmdError;
use serde::Deserialize;
use serde_json::{Value, json};
use std::{
    future::Future,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::OwnedSemaphorePermit;

/// A browser that is the holder's alone until dropped. Dropping it in the middle of a command, as a cancelled
/// caller does, is fine: the pool then replaces the browser.
pub struct Lease {
    browser: Option<Browser>,
    permit: Option<OwnedSemaphorePermit>,
    pool: Arc<Inner>,
    scope: Scope,
    /// The page of an earlier lease still stands in the browser.
    inherits_page: bool,
    page_ends: Instant,
    /// A command is under way, so that nobody knows what the browser is doing.
    is_busy: bool,
    /// Why the browser must not be used again.
    broken: Option<&'static str>,
}

/// A page as it stands rendered.
#[derive(Debug, Clone)]
pub struct Snapshot {
    pub url: String,
    pub status: Option<u16>,
    pub html: String,
    /// How long the site took to begin its answer, by the browser's own clock.
    pub latency: Option<Duration>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawSnapshot {
    url: String,
    status: Option<u16>,
    html: Option<String>,
    length: u64,
    has_ended: bool,
    origin: f64,
    latency: Option<f64>,
}

/// `HTML` of a page beyond the limit is not even carried over. A document whose connection ended before its length did
/// stands there like any other, but goes on loading for ever. The doctype decides how markup is read.
const SNAPSHOT: &str = r"
    const entry = performance.getEntriesByType('navigation')[0];
    const doctype = document.doctype ? new XMLSerializer().serializeToString(document.doctype) : '';
    const html = doctype + (document.documentElement ? document.documentElement.outerHTML : '');
    return {
        url: location.href,
        status: entry && entry.responseStatus ? entry.responseStatus : null,
        origin: performance.timeOrigin,
        latency: entry && entry.responseStart ? entry.responseStart - entry.requestStart : null,
        length: html.length,
        hasEnded: document.readyState !== 'loading',
        html: html.length > arguments[0] ? null : html,
    };";

const CLICK_ALL: &str = r"
    const all = Array.from(document.querySelectorAll(arguments[0])).slice(0, arguments[1]);
    for (const element of all) element.click();
    return all.length;";

const LINK: &str = r"
    const element = document.querySelector(arguments[0]);
    return element && element.href ? '' + element.href : null;";

/// So many elements does one step click; a page with more is not one that was written for readers.
const MOST_CLICKS: u32 = 500;

impl Lease {
    pub(super) fn new(browser: Browser, permit: OwnedSemaphorePermit, pool: Arc<Inner>, scope: Scope) -> Self {
        Self {
            inherits_page: browser.was_read(),
            browser: Some(browser),
            permit: Some(permit),
            page_ends: Instant::now() + pool.settings.limits.page,
            pool,
            scope,
            is_busy: false,
            broken: None,
        }
    }

    /// Opens an address, as the next page of this browser.
    pub async fn open(&mut self, url: &str) -> Result<(), PageError> {
        self.page_ends = Instant::now() + self.pool.settings.limits.page;
        let inherits_page = std::mem::take(&mut self.inherits_page);
        match self.navigate(url).await {
            // This page is late, or the one before does not let itself be left: in a new browser it is its own fault.
            Err(PageError::TimedOut(_)) if inherits_page => {
                self.exchange_browser().await?;
                self.navigate(url).await
            }
            opened => opened,
        }
    }

    /// Has the pool put a new browser in the place of this one. What that takes is not of the page's time.
    async fn exchange_browser(&mut self) -> Result<(), PageError> {
        let gone = || PageError::Browser("the lease was given back".to_owned());
        let (browser, permit) = self.browser.take().zip(self.permit.take()).ok_or_else(gone)?;
        let began = Instant::now();
        let fresh = Inner::exchange(&self.pool, browser, permit, self.scope.clone()).await;
        let mut fresh = fresh.map_err(|error| PageError::Browser(error.to_string()))?;
        fresh.page_ends = self.page_ends + began.elapsed();
        *self = fresh;
        Ok(())
    }

    async fn navigate(&mut self, url: &str) -> Result<(), PageError> {
        let browser = self.browser()?;
        let client = browser.client.clone();
        // An address may give no document, and then the page before it is left standing. One that was read is
        // known by the time of its making; one that was not is left first.
        if std::mem::replace(&mut browser.is_unread, true) {
            browser.document = None;
            self.command(async { client.goto("about:blank").await }).await?;
        }
        let browser = self.browser()?;
        browser.pages = browser.pages.saturating_add(1);
        browser.is_on_page = true;
        self.command(async { client.goto(url).await }).await
    }

    /// Clicks every element that matches and says how many did.
    pub async fn click_all(&mut self, selector: &str) -> Result<u64, PageError> {
        let answer = self.script(CLICK_ALL, vec![json!(selector), json!(MOST_CLICKS)]).await?;
        Ok(answer.as_u64().unwrap_or_default())
    }

    /// Where the first matching link leads.
    pub async fn link(&mut self, selector: &str) -> Result<Option<String>, PageError> {
        let answer = self.script(LINK, vec![json!(selector)]).await?;
        Ok(answer.as_str().map(str::to_owned))
    }

    /// The page as it stands now. Refused if it is no new document since the last snapshot of another page:
    /// what an address without a document leaves standing is the page before it.
    pub async fn snapshot(&mut self) -> Result<Snapshot, PageError> {
        let limit = self.pool.settings.limits.page_bytes;
        let answer = self.script(SNAPSHOT, vec![json!(limit)]).await?;
        let raw: RawSnapshot =
            serde_json::from_value(answer).map_err(|error| PageError::Browser(format!("odd snapshot: {error}")))?;
        let browser = self.browser()?;
        let is_new = browser.document != Some(raw.origin);
        browser.document = Some(raw.origin);
        browser.is_unread = false;
        if !is_new || raw.url == "about:blank" || raw.url == "data:," {
            return Err(PageError::NoDocument);
        }
        if raw.url.starts_with("chrome-error:") {
            return Err(self.error_page().await);
        }
        if !raw.has_ended {
            return Err(PageError::CutOff);
        }
        let Some(html) = raw.html else { return Err(PageError::TooLarge(raw.length)) };
        let bytes = u64::try_from(html.len()).unwrap_or(u64::MAX);
        if bytes > limit {
            return Err(PageError::TooLarge(bytes));
        }
        let latency = raw.latency.and_then(|latency| Duration::try_from_secs_f64(latency / 1e3).ok());
        Ok(Snapshot { url: raw.url, status: raw.status, html, latency })
    }

    /// Why the browser shows a page of its own.
    async fn error_page(&mut self) -> PageError {
        match self.last_response().await {
            Some(Response { status: Some(status), retry_after }) if status >= 400 => {
                PageError::HttpStatus { status, retry_after }
            }
            _ => PageError::Unreachable("the browser shows its own error page".to_owned()),
        }
    }

    /// What the site answered to the last document asked for, by the browser's network log. Told once.
    pub async fn last_response(&mut self) -> Option<Response> {
        self.read_network_log().await.ok()?;
        self.browser().ok()?.network.take_response()
    }

    async fn read_network_log(&mut self) -> Result<(), PageError> {
        let client = self.browser()?.client.clone();
        let log = self.command(async { client.issue_cmd(DriverLog).await }).await?;
        self.browser()?.network.read_on(&log);
        Ok(())
    }

    /// The process group of the browser, for tests that attack it.
    pub fn process_group(&self) -> Option<i32> {
        self.browser.as_ref().map(Browser::group)
    }

    async fn script(&mut self, script: &str, arguments: Vec<Value>) -> Result<Value, PageError> {
        let client = self.browser()?.client.clone();
        self.command(async { client.execute(script, arguments).await }).await
    }

    async fn command<T>(&mut self, future: impl Future<Output = Result<T, CmdError>>) -> Result<T, PageError> {
        let left = self.page_ends.saturating_duration_since(Instant::now());
        let limit = self.pool.settings.limits.command.min(left);
        if limit.is_zero() {
            return Err(PageError::TimedOut(self.pool.settings.limits.page));
        }
        self.is_busy = true;
        let answer = tokio::time::timeout(limit, future).await;
        self.is_busy = false;
        let error = match answer {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(error)) => command::classify(&error, limit),
            Err(_elapsed) => PageError::TimedOut(limit),
        };
        match &error {
            // A browser that is late may be late for ever; where a site has moved to, only a new one learns.
            PageError::TimedOut(_) | PageError::Stubborn(_) => self.broken = Some("stuck"),
            PageError::Unreachable(_) => self.broken = Some("unreachable"),
            PageError::Browser(_) => self.broken = Some("crashed"),
            PageError::NeverReady(_)
            | PageError::CutOff
            | PageError::HttpStatus { .. }
            | PageError::TooLarge(_)
            | PageError::NoDocument
            | PageError::Refused(_) => {}
        }
        Err(error)
    }

    fn browser(&mut self) -> Result<&mut Browser, PageError> {
        self.browser.as_mut().ok_or_else(|| PageError::Browser("the lease was given back".to_owned()))
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let (Some(browser), Some(permit)) = (self.browser.take(), self.permit.take()) {
            let broken = if self.is_busy { Some("cancelled") } else { self.broken };
            Inner::take_back(&self.pool, browser, permit, broken);
        }
    }
}
