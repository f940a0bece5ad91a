//! What the pool does on its own: measures, ends what is worn, leaves pages, stops runaways, keeps the guard.

use super::{Inner, settling::Settling};
use crate::browser::{
    guard::{self, Guard},
    processes,
};
use std::{sync::Arc, time::Duration};

/// How often runaway browsers are looked for.
const RUNAWAY_PAUSE: Duration = Duration::from_millis(500);
/// How long a page that was read may stand in an idle browser. The next task of a busy worker comes sooner.
const LINGERING: Duration = Duration::from_millis(500);

/// Begins all of it; each ends when the pool stops.
pub(super) fn start(pool: &Arc<Inner>) {
    pool.spawn(upkeep(Arc::clone(pool)));
    pool.spawn(stop_runaways(Arc::clone(pool)));
    pool.spawn(leave_lingering_pages(Arc::clone(pool)));
}

impl Inner {
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

    /// Leaves the page of one idle browser that nobody wanted for a while, holding a permit as everybody does; whether
    /// there was one.
    async fn leave_lingering_page(pool: &Arc<Self>) -> bool {
        let Some(permit) = pool.line.try_now() else { return false };
        let found = {
            let mut idle = pool.idle();
            let index = idle.iter().position(|browser| browser.lingers(LINGERING));
            index.map(|index| (Settling::begin(pool, &idle[index]), idle.remove(index)))
        };
        let Some((settling, browser)) = found else { return false };
        pool.settle(browser, permit, None).await;
        drop(settling);
        true
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

/// Scripts of a page that was read do not run on in an idle browser.
async fn leave_lingering_pages(pool: Arc<Inner>) {
    let mut ticks = tokio::time::interval(LINGERING);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = pool.stopping.cancelled() => return,
            _ = ticks.tick() => {}
        }
        while Inner::leave_lingering_page(&pool).await {}
    }
}

/// A page that eats memory is stopped where it is; its holder sees a crash. Looked for more often than memory is
/// measured, since a script fills a gibibyte in a second or two.
async fn stop_runaways(pool: Arc<Inner>) {
    let mut ticks = tokio::time::interval(RUNAWAY_PAUSE);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let bound = pool.settings.limits.runaway_memory;
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
pub(super) async fn keep_guard(pool: Arc<Inner>, mut guard: Guard) {
    let Some(program) = pool.settings.guard_program.clone() else { return };
    loop {
        tokio::select! {
            () = pool.stopping.cancelled() => break,
            _ = guard.child.wait() => {}
        }
        tracing::warn!("the guard of the browsers ended and is started again");
        tokio::time::sleep(Duration::from_secs(1)).await;
        match guard::start(&program, &pool.settings.state_directory, &pool.instance.directory) {
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
