//! The pool: at most so many browsers, handed out in order of arrival, replaced when worn or broken.
//!
//! Who holds a permit of the waiting line may have a browser, start one, end one or look after an idle one;
//! idle browsers and permits together never exceed the cap. Nothing that starts or ends a process runs inside
//! a caller's future: a caller that goes away can so leave nothing half done.

mod settling;
mod upkeep;

use super::{
    breaker::Breaker,
    error::LeaseError,
    guard,
    instance::{self, Instance},
    lease::Lease,
    limits::PoolSettings,
    line::WaitingLine,
    registry::Registry,
    scope::{Scope, ScopeKey},
    session::Browser,
};
use rmu_messaging::contracts::events::PoolStatsV1;
use settling::{Settlers, Settling};
use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{
    runtime::Handle,
    sync::{OwnedSemaphorePermit, oneshot},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// A handle to the pool; clones share it.
#[derive(Clone)]
pub struct BrowserPool {
    inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub(super) settings: PoolSettings,
    line: WaitingLine,
    idle: Mutex<Vec<Browser>>,
    settlers: Settlers,
    breaker: Breaker,
    registry: Arc<Registry>,
    instance: Instance,
    starting: AtomicU32,
    orphans: AtomicU64,
    restarts: Mutex<BTreeMap<String, u64>>,
    /// Everything the pool does on its own.
    tasks: TaskTracker,
    stopping: CancellationToken,
}

impl BrowserPool {
    /// Clears away what earlier workers left behind and opens the pool. Starts no browser yet.
    pub async fn open(settings: PoolSettings) -> std::io::Result<Self> {
        let runtime = Handle::current();
        let state_directory = settings.state_directory.clone();
        let (swept, instance) = runtime
            .spawn_blocking(move || {
                let swept = instance::sweep(&state_directory);
                Instance::create(&state_directory).map(|instance| (swept, instance))
            })
            .await
            .map_err(std::io::Error::other)??;
        if swept != instance::Swept::default() {
            tracing::warn!(
                processes = swept.processes,
                directories = swept.directories,
                "cleared away a dead worker's browsers"
            );
        }
        let limits = &settings.limits;
        let orphans = u64::try_from(swept.processes.saturating_add(swept.directories)).unwrap_or(u64::MAX);
        let guard = settings.guard_program.as_deref();
        let guard = guard.map(|program| guard::start(program, &settings.state_directory, &instance.directory));
        let inner = Arc::new(Inner {
            line: WaitingLine::new(limits.cap, limits.line, limits.wait),
            idle: Mutex::default(),
            settlers: Settlers::default(),
            breaker: Breaker::new(limits.breaker_failures, limits.breaker_pause, limits.breaker_longest_pause),
            registry: Arc::new(Registry::new(runtime)),
            instance,
            starting: AtomicU32::new(0),
            orphans: AtomicU64::new(orphans),
            restarts: Mutex::default(),
            tasks: TaskTracker::new(),
            stopping: CancellationToken::new(),
            settings,
        });
        upkeep::start(&inner);
        if let Some(guard) = guard {
            inner.spawn(upkeep::keep_guard(Arc::clone(&inner), guard?));
        }
        Ok(Self { inner })
    }

    /// Waits for a browser that can reach `scope` and nothing else.
    pub async fn lease(&self, scope: &Scope) -> Result<Lease, LeaseError> {
        if let Some(pause) = self.inner.breaker.blocked_for() {
            return Err(LeaseError::BreakerOpen(pause));
        }
        let permit = self.inner.line.wait().await?;
        let (answer, prepared) = oneshot::channel();
        let (inner, scope) = (Arc::clone(&self.inner), scope.clone());
        // A lease that nobody takes any more is dropped, and so given back.
        self.inner.spawn(async move {
            let _ = answer.send(Inner::prepare(inner, permit, scope).await);
        });
        prepared.await.unwrap_or(Err(LeaseError::Draining))
    }

    /// Browsers that could be handed out at once.
    pub fn free(&self) -> usize {
        self.inner.line.free()
    }

    /// How long browsers cannot be started, if so.
    pub fn blocked_for(&self) -> Option<Duration> {
        self.inner.breaker.blocked_for()
    }

    pub fn stats(&self) -> PoolStatsV1 {
        self.inner.stats()
    }

    /// Hands out nothing more, waits for what is handed out, and ends all browsers. After `limit` by force.
    pub async fn drain(&self, limit: Duration) {
        let inner = &self.inner;
        inner.line.close();
        inner.stopping.cancel();
        let ends = tokio::time::Instant::now() + limit;
        let calm = async {
            let idle = std::mem::take(&mut *inner.idle());
            for browser in idle {
                inner.retire(browser, true).await;
            }
            while !inner.registry.groups().is_empty() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        if tokio::time::timeout_at(ends, calm).await.is_err() {
            tracing::warn!(browsers = inner.registry.groups().len(), "browsers did not end in time and are killed");
            inner.registry.kill_all();
        }
        inner.tasks.close();
        inner.registry.cleaning.close();
        let rest = async {
            inner.tasks.wait().await;
            inner.registry.cleaning.wait().await;
        };
        let _ = tokio::time::timeout(Duration::from_secs(3), rest).await;
        inner.instance.remove();
    }
}

impl Inner {
    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn_on(task, &self.registry.runtime);
    }

    /// Turns a permit into a lease: with an idle browser of the same scope if one is well, else a new one.
    async fn prepare(pool: Arc<Self>, permit: OwnedSemaphorePermit, scope: Scope) -> Result<Lease, LeaseError> {
        while let Some(mut browser) = pool.take_settled(&scope).await {
            if let Some(reason) = browser.worn_by(&pool.settings.limits) {
                pool.replace(browser, reason).await;
            } else if browser.is_healthy(&pool.settings.limits).await {
                return Ok(Lease::new(browser, permit, pool, scope));
            } else {
                pool.replace(browser, "crashed").await;
            }
        }
        // Idle browsers of other scopes make room: with this permit out, at most cap - 1 others are used.
        while let Some(browser) = pool.take_surplus() {
            pool.replace(browser, "scope").await;
        }
        let browser = pool.start(&scope).await?;
        Ok(Lease::new(browser, permit, pool, scope))
    }

    /// Puts a new browser in the place of one that is stuck, whose permit it keeps.
    pub(super) async fn exchange(
        pool: &Arc<Self>,
        browser: Browser,
        permit: OwnedSemaphorePermit,
        scope: Scope,
    ) -> Result<Lease, LeaseError> {
        let (answer, exchanged) = oneshot::channel();
        let inner = Arc::clone(pool);
        pool.spawn(async move {
            inner.replace(browser, "stuck").await;
            let started = inner.start(&scope).await;
            let _ = answer.send(started.map(|browser| Lease::new(browser, permit, inner, scope)));
        });
        exchanged.await.unwrap_or(Err(LeaseError::Draining))
    }

    async fn start(&self, scope: &Scope) -> Result<Browser, LeaseError> {
        let attempt = self.breaker.attempt().map_err(LeaseError::BreakerOpen)?;
        self.starting.fetch_add(1, Ordering::Relaxed);
        let started = match self.instance.new_slot() {
            Ok(directory) => Browser::start(&self.settings, directory, &self.registry, scope).await,
            Err(error) => Err(format!("no directory for a browser: {error}")),
        };
        self.starting.fetch_sub(1, Ordering::Relaxed);
        match started {
            Ok(browser) => {
                attempt.succeeded();
                Ok(browser)
            }
            Err(reason) => {
                attempt.failed();
                tracing::warn!(reason, breaker = self.breaker.name(), "a browser could not be started");
                Err(LeaseError::Start(reason))
            }
        }
    }

    /// Takes a browser back from its holder. Its permit is free again only when the browser is idle or gone.
    pub(super) fn take_back(
        pool: &Arc<Self>,
        mut browser: Browser,
        permit: OwnedSemaphorePermit,
        broken: Option<&'static str>,
    ) {
        let reason = broken.or_else(|| browser.worn_by(&pool.settings.limits));
        let inner = Arc::clone(pool);
        // At once: whoever comes next for the same hosts has to find it, or would take the place of a browser of others.
        let (browser, permit) = match reason {
            None if browser.was_read() => match inner.keep(browser, permit) {
                None => return,
                Some(surplus) => surplus,
            },
            _ => (browser, permit),
        };
        let settling = reason.is_none().then(|| Settling::begin(pool, &browser));
        pool.spawn(async move {
            inner.settle(browser, permit, reason).await;
            drop(settling);
        });
    }

    /// What becomes of a browser that cannot be handed on as it is.
    async fn settle(&self, mut browser: Browser, permit: OwnedSemaphorePermit, reason: Option<&'static str>) {
        match reason {
            Some(reason) => self.replace(browser, reason).await,
            None if self.line.is_closed() => self.retire(browser, true).await,
            // A page may not want to be left, or leave windows and scripts behind. That is found out here, not
            // by whoever gets the browser next.
            None if browser.leave_page(&self.settings.limits).await => {
                if let Some((browser, _permit)) = self.keep(browser, permit) {
                    self.retire(browser, true).await;
                }
            }
            None => self.replace(browser, "stuck").await,
        }
    }

    /// Puts a browser among the idle ones, and gives it back when the pool takes none any more.
    fn keep(&self, mut browser: Browser, permit: OwnedSemaphorePermit) -> Option<(Browser, OwnedSemaphorePermit)> {
        browser.rests();
        // Under the lock, so that nobody sees more browsers than permits and thinks one is too many.
        let mut idle = self.idle();
        if self.line.is_closed() {
            return Some((browser, permit));
        }
        idle.push(browser);
        drop(permit);
        None
    }

    /// Ends a browser in whose place another will be started when it is needed.
    async fn replace(&self, browser: Browser, reason: &'static str) {
        *self.restarts.lock().unwrap_or_else(PoisonError::into_inner).entry(reason.to_owned()).or_default() += 1;
        tracing::debug!(reason, pages = browser.pages, "replacing a browser");
        let is_responsive = matches!(reason, "pages" | "age" | "memory" | "scope");
        self.retire(browser, is_responsive).await;
    }

    async fn retire(&self, browser: Browser, is_responsive: bool) {
        browser.end(&self.settings.limits, is_responsive).await;
    }

    /// The idle browser of this scope that was used last: its caches are warm, the others may grow old.
    fn take_idle(&self, scope: &ScopeKey) -> Option<Browser> {
        let mut idle = self.idle();
        let index = idle.iter().rposition(|browser| browser.scope() == scope)?;
        Some(idle.remove(index))
    }

    /// The browser idle for longest, if more are there than the permits not in use allow.
    fn take_surplus(&self) -> Option<Browser> {
        let mut idle = self.idle();
        (idle.len() > self.line.free()).then(|| idle.remove(0))
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Browser>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stats(&self) -> PoolStatsV1 {
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let (waiters, oldest) = self.line.waiters();
        let starting = self.starting.load(Ordering::Relaxed);
        let taken = self.settings.limits.cap.saturating_sub(self.line.free());
        PoolStatsV1 {
            cap: count(self.settings.limits.cap),
            idle: count(self.idle().len()),
            in_use: count(taken).saturating_sub(starting),
            starting,
            waiters: count(waiters),
            oldest_wait_ms: u64::try_from(oldest.as_millis()).unwrap_or(u64::MAX),
            restarts: self.restarts.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            orphans_reaped: self.orphans.load(Ordering::Relaxed),
            memory_bytes: self.registry.total_memory(),
            breaker: self.breaker.name().to_owned(),
        }
    }
}
