//! The pool: at most so many browsers, handed out in order of arrival, replaced when worn or broken.
//!
//! Who holds a permit of the waiting line may have a browser, start one, end one or look after an idle one;
//! idle browsers and permits together never exceed the cap. Nothing that starts or ends a process runs inside
//! a caller's future: a caller that goes away can so leave nothing half done.

use super::{
    breaker::Breaker,
    error::LeaseError,
    guard::{self, Guard},
    instance::{self, Instance},
    lease::Lease,
    limits::PoolSettings,
    line::WaitingLine,
    processes,
    registry::Registry,
    scope::Scope,
    session::Browser,
};
use rmu_messaging::contracts::events::PoolStatsV1;
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

/// How often runaway browsers are looked for.
const RUNAWAY_PAUSE: Duration = Duration::from_millis(500);

/// A handle to the pool; clones share it.
#[derive(Clone)]
pub struct BrowserPool {
    inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub(super) settings: PoolSettings,
    line: WaitingLine,
    idle: Mutex<Vec<Browser>>,
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
        let guard = settings.guard_program.as_deref().map(|program| guard::start(program, &settings.state_directory));
        let inner = Arc::new(Inner {
            line: WaitingLine::new(limits.cap, limits.line, limits.wait),
            idle: Mutex::default(),
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
        inner.spawn(upkeep(Arc::clone(&inner)));
        inner.spawn(stop_runaways(Arc::clone(&inner)));
        if let Some(guard) = guard {
            inner.spawn(keep_guard(Arc::clone(&inner), guard?));
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
        while let Some(mut browser) = pool.take_idle(&scope) {
            if let Some(reason) = browser.worn_by(&pool.settings.limits) {
                pool.replace(browser, reason).await;
            } else if browser.is_healthy(&pool.settings.limits).await {
                return Ok(Lease::new(browser, permit, pool));
            } else {
                pool.replace(browser, "crashed").await;
            }
        }
        // Idle browsers of other scopes make room: with this permit out, at most cap - 1 others are used.
        while let Some(browser) = pool.take_surplus() {
            pool.replace(browser, "scope").await;
        }
        let browser = pool.start(&scope).await?;
        Ok(Lease::new(browser, permit, pool))
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
        pool.spawn(async move {
            match reason {
                Some(reason) => inner.replace(browser, reason).await,
                None if inner.line.is_closed() => inner.retire(browser, true).await,
                // A page may not want to be left, or leave windows and scripts behind. That is found out here, not
                // by whoever gets the browser next.
                None if browser.leave_page(&inner.settings.limits).await => inner.keep(browser, permit).await,
                None => inner.replace(browser, "stuck").await,
            }
        });
    }

    /// Puts a browser among the idle ones.
    async fn keep(&self, browser: Browser, permit: OwnedSemaphorePermit) {
        let surplus = {
            // Under the lock, so that nobody sees more browsers than permits and thinks one is too many.
            let mut idle = self.idle();
            let surplus = if self.line.is_closed() {
                Some(browser)
            } else {
                idle.push(browser);
                None
            };
            drop(permit);
            surplus
        };
        if let Some(browser) = surplus {
            self.retire(browser, true).await;
        }
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
    fn take_idle(&self, scope: &Scope) -> Option<Browser> {
        let mut idle = self.idle();
        let index = idle.iter().rposition(|browser| browser.is_for(scope))?;
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

    /// Ends one idle browser that is worn, holding a permit as everybody does.
    async fn end_worn_idle(&self) {
        let limits = &self.settings.limits;
        let Some(permit) = self.line.try_now() else { return };
        let needy = {
            let mut idle = self.idle();
            let mut worn = idle.iter_mut().map(|browser| browser.worn_by(limits)).enumerate();
            let found = worn.find_map(|(index, reason)| Some((index, reason?)));
            found.map(|(index, reason)| (idle.remove(index), reason))
        };
        if let Some((browser, reason)) = needy {
            self.replace(browser, reason).await;
        }
        drop(permit);
    }
}

/// Measures memory, and sees to it that idle browsers are not kept for ever.
async fn upkeep(pool: Arc<Inner>) {
    let mut ticks = tokio::time::interval(pool.settings.limits.upkeep);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = pool.stopping.cancelled() => return,
            _ = ticks.tick() => {}
        }
        let registry = Arc::clone(&pool.registry);
        let _ = pool.registry.runtime.spawn_blocking(move || registry.measure()).await;
        pool.end_worn_idle().await;
    }
}

/// A page that eats memory is stopped where it is; its holder sees a crash. Looked for more often than memory is
/// measured, since a script fills a gibibyte in a second or two.
async fn stop_runaways(pool: Arc<Inner>) {
    let mut ticks = tokio::time::interval(RUNAWAY_PAUSE);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let bound = pool.settings.limits.recycle_memory.saturating_mul(2);
    loop {
        tokio::select! {
            () = pool.stopping.cancelled() => return,
            _ = ticks.tick() => {}
        }
        let groups = pool.registry.groups();
        if groups.is_empty() {
            continue;
        }
        let of_all: Vec<_> = groups.iter().map(|group| (*group, pool.registry.memory(*group))).collect();
        let found = pool.registry.runtime.spawn_blocking(move || processes::groups_beyond(&groups, bound)).await;
        let of_one = found.unwrap_or_default();
        for (group, memory) in of_all.into_iter().filter(|(_, bytes)| *bytes >= bound).chain(of_one) {
            tracing::warn!(group, memory, "killing a browser that ran away with memory");
            processes::kill_group(group);
        }
    }
}

/// Keeps a guard running, and lets it go when the pool stops.
async fn keep_guard(pool: Arc<Inner>, mut guard: Guard) {
    let Some(program) = pool.settings.guard_program.clone() else { return };
    loop {
        tokio::select! {
            () = pool.stopping.cancelled() => break,
            _ = guard.child.wait() => {}
        }
        tracing::warn!("the guard of the browsers ended and is started again");
        tokio::time::sleep(Duration::from_secs(1)).await;
        match guard::start(&program, &pool.settings.state_directory) {
            Ok(again) => guard = again,
            Err(error) => tracing::error!(error = %error, "the guard of the browsers could not be started"),
        }
    }
    // It stays until the browsers are gone: closing its input makes it look for what is left.
    while !pool.registry.groups().is_empty() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let _ = guard.child.kill().await;
}
