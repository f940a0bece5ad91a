//! A browser: a driver, its WebDriver session, and how worn both are.

use super::{
    command::LeaveUnheard,
    driver::Driver,
    limits::{PoolLimits, PoolSettings},
    network::Network,
    registry::Registry,
    scope::{Scope, ScopeKey},
};
use fantoccini::{Client, ClientBuilder, wd::Capabilities};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::json;
use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

/// The window that pages are read in, in CSS pixels: as wide as on a desk, and no taller than need be, since painting
/// is a good part of what a page costs.
pub(super) const WINDOW: (u32, u32) = (1280, 800);

pub(super) struct Browser {
    pub(super) client: Client,
    driver: Driver,
    scope: ScopeKey,
    started: Instant,
    pub(super) pages: u32,
    /// When the document last read was made, by its own clock: tells a new document from the one before.
    pub(super) document: Option<f64>,
    /// A page was opened and not read to the end.
    pub(super) is_unread: bool,
    /// The last page still stands there.
    pub(super) is_on_page: bool,
    pub(super) network: Network,
    last_used: Instant,
    registry: Arc<Registry>,
}

impl Browser {
    pub(super) async fn start(
        settings: &PoolSettings,
        directory: PathBuf,
        registry: &Arc<Registry>,
        scope: &Scope,
    ) -> Result<Self, String> {
        let driver = Driver::start(settings, directory, registry).await?;
        let directory = driver.directory().ok_or("the driver ended at once")?;
        let capabilities = capabilities(settings, directory, scope);
        let mut builder = ClientBuilder::new(HttpConnector::new());
        builder.capabilities(capabilities);
        let url = driver.url();
        let session = async {
            let client = builder.connect(&url).await.map_err(|error| format!("the driver gave no session: {error}"))?;
            let prepared = client.issue_cmd(LeaveUnheard).await;
            prepared.map_err(|error| format!("the browser could not be prepared: {error}"))?;
            Ok::<_, String>(client)
        };
        let client = tokio::time::timeout(settings.limits.start, session)
            .await
            .map_err(|_| format!("the browser was not ready within {:?}", settings.limits.start))??;
        Ok(Self {
            client,
            driver,
            scope: scope.key(),
            started: Instant::now(),
            pages: 0,
            document: None,
            is_unread: false,
            is_on_page: false,
            network: Network::default(),
            last_used: Instant::now(),
            registry: Arc::clone(registry),
        })
    }

    pub(super) fn scope(&self) -> &ScopeKey {
        &self.scope
    }

    pub(super) fn memory(&self) -> u64 {
        self.registry.memory(self.driver.group())
    }

    /// Why this browser should be replaced, if it should.
    pub(super) fn worn_by(&mut self, limits: &PoolLimits) -> Option<&'static str> {
        if self.driver.has_ended() {
            Some("crashed")
        } else if self.pages >= limits.recycle_pages {
            Some("pages")
        } else if self.started.elapsed() >= limits.recycle_age {
            Some("age")
        } else if self.memory() >= limits.recycle_memory {
            Some("memory")
        } else {
            None
        }
    }

    /// Whether the browser still answers, with one window and, if a page still stands there, from within that page:
    /// one whose scripts never end cannot be left either, which is nothing for the next page to find out.
    pub(super) async fn is_healthy(&mut self, limits: &PoolLimits) -> bool {
        let asked = async {
            if !self.keep_one_window().await {
                return None;
            }
            if !self.is_on_page {
                return Some(false);
            }
            let made = self.client.execute("return performance.timeOrigin", Vec::new()).await.ok()?;
            Some(made.as_f64() != self.document)
        };
        match tokio::time::timeout(patience(limits), asked).await {
            Ok(Some(false)) => true,
            // It goes from document to document by itself, and might do so while the next one is opened.
            Ok(Some(true)) => self.leave_page(limits).await,
            Ok(None) | Err(_) => false,
        }
    }

    /// Read to its end, so that the next page may be opened right from it: an empty page in between costs a process of
    /// its own, and twice the time of a quick page.
    pub(super) fn was_read(&self) -> bool {
        self.is_on_page && !self.is_unread
    }

    pub(super) fn rests(&mut self) {
        self.last_used = Instant::now();
    }

    /// Whether nobody wanted it for so long that its page is to be left.
    pub(super) fn lingers(&self, limit: Duration) -> bool {
        self.is_on_page && self.last_used.elapsed() >= limit
    }

    async fn keep_one_window(&mut self) -> bool {
        let Ok(mut windows) = self.client.windows().await else { return false };
        if windows.is_empty() {
            return false;
        }
        if windows.len() == 1 {
            return true;
        }
        while windows.len() > 1 {
            let Some(extra) = windows.pop() else { break };
            if self.client.switch_to_window(extra).await.is_err() || self.client.close_window().await.is_err() {
                return false;
            }
        }
        match windows.pop() {
            Some(first) => self.client.switch_to_window(first).await.is_ok(),
            None => false,
        }
    }

    /// Leaves the last page and closes what it has opened, so that its scripts do not run on in an idle browser.
    /// False if it does not let itself be left.
    pub(super) async fn leave_page(&mut self, limits: &PoolLimits) -> bool {
        self.document = None;
        self.is_unread = false;
        self.is_on_page = false;
        let leaving = async { self.keep_one_window().await && self.client.goto("about:blank").await.is_ok() };
        tokio::time::timeout(patience(limits), leaving).await.unwrap_or(false)
    }

    /// Ends the browser: politely for a while if it still listens, then by force, until nothing is left.
    pub(super) async fn end(self, limits: &PoolLimits, is_responsive: bool) {
        if is_responsive {
            let _ = tokio::time::timeout(limits.close, self.client.close()).await;
        }
        self.driver.kill().await;
    }

    /// Takes it down without a word, by its process group.
    pub(super) fn group(&self) -> i32 {
        self.driver.group()
    }
}

/// How long what takes milliseconds in a healthy browser may take in one.
pub(super) fn patience(limits: &PoolLimits) -> Duration {
    limits.command.min(Duration::from_secs(2))
}

fn capabilities(settings: &PoolSettings, directory: &Path, scope: &Scope) -> Capabilities {
    let limits = &settings.limits;
    let milliseconds = |limit: Duration| limit.mul_f32(0.9).as_millis();
    let capabilities = json!({
        "browserName": "chrome",
        // A page is read when its document is there and its own signals say so; a picture that never comes
        // must not hold it up.
        "pageLoadStrategy": "eager",
        // A page that asks whether it may be left is left.
        "unhandledPromptBehavior": { "default": "dismiss", "beforeUnload": "accept" },
        "acceptInsecureCerts": false,
        // A little below our own limits: the driver then gives up first and can say on what.
        "timeouts": {
            "implicit": 0,
            "pageLoad": milliseconds(limits.command),
            "script": milliseconds(limits.command),
        },
        "goog:loggingPrefs": { "performance": "ALL" },
        "goog:chromeOptions": {
            "binary": settings.chromium,
            "args": arguments(settings, directory, scope),
            "excludeSwitches": ["disable-popup-blocking"],
            "perfLoggingPrefs": { "enableNetwork": true, "enablePage": false },
            "prefs": {
                "download_restrictions": 3,
                "download.default_directory": directory.join("tmp"),
                "download.prompt_for_download": false,
                "credentials_enable_service": false,
                "profile.default_content_setting_values.notifications": 2,
                "profile.default_content_setting_values.geolocation": 2,
                "profile.default_content_setting_values.popups": 2,
                // Datagrams of calls between browsers go past the resolver: without a proxy there are none.
                "webrtc.ip_handling_policy": "disable_non_proxied_udp",
            },
        },
    });
    match capabilities {
        serde_json::Value::Object(map) => map,
        _ => Capabilities::new(),
    }
}

fn arguments(settings: &PoolSettings, directory: &Path, scope: &Scope) -> Vec<String> {
    let mut arguments: Vec<String> = [
        "--headless=new",
        // Containers and root have no user namespaces to build Chromium's own sandbox from; the container
        // and the worker's lack of credentials are the wall.
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-extensions",
        "--disable-breakpad",
        "--disable-crash-reporter",
        "--disable-default-apps",
        "--no-first-run",
        "--no-default-browser-check",
        "--no-proxy-server",
        "--mute-audio",
        // The last two are processes and pages kept for a reader who goes back or elsewhere; nobody does.
        "--disable-features=Translate,MediaRouter,OptimizationHints,WebUSB,WebBluetooth,\
         BackForwardCache,SpareRendererForSitePerProcess",
        "--webrtc-ip-handling-policy=disable_non_proxied_udp",
        "--js-flags=--max-old-space-size=512",
    ]
    .map(str::to_owned)
    .into();
    arguments.push(format!("--window-size={},{}", WINDOW.0, WINDOW.1));
    arguments.push(format!("--user-data-dir={}", directory.join("profile").display()));
    arguments.push(format!("--disk-cache-dir={}", directory.join("tmp/cache").display()));
    arguments.push("--disk-cache-size=33554432".to_owned());
    arguments.push(format!("--user-agent={}", settings.user_agent));
    arguments.push(format!("--host-resolver-rules={}", scope.resolver_rules()));
    arguments
}
