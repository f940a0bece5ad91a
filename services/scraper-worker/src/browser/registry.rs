//! Which process groups the pool has started, how much memory each holds, and who is clearing up after them.

use super::processes;
use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};
use tokio::runtime::Handle;
use tokio_util::task::TaskTracker;

pub(super) struct Registry {
    memory: Mutex<HashMap<i32, u64>>,
    /// Clean-ups that nobody waits for but the drain.
    pub(super) cleaning: TaskTracker,
    /// Where clean-ups run: dropping a browser may happen on any thread.
    pub(super) runtime: Handle,
}

impl Registry {
    pub(super) fn new(runtime: Handle) -> Self {
        Self { memory: Mutex::default(), cleaning: TaskTracker::new(), runtime }
    }

    pub(super) fn add(&self, group: i32) {
        self.lock().insert(group, 0);
    }

    pub(super) fn remove(&self, group: i32) {
        self.lock().remove(&group);
    }

    pub(super) fn groups(&self) -> Vec<i32> {
        self.lock().keys().copied().collect()
    }

    pub(super) fn memory(&self, group: i32) -> u64 {
        self.lock().get(&group).copied().unwrap_or_default()
    }

    pub(super) fn total_memory(&self) -> u64 {
        self.lock().values().sum()
    }

    /// Measures all groups. Blocking: reads `/proc`.
    pub(super) fn measure(&self) {
        processes::reap_adopted();
        let measured = processes::memory_of_groups(&self.groups());
        let mut memory = self.lock();
        for (group, bytes) in measured {
            if let Some(known) = memory.get_mut(&group) {
                *known = bytes;
            }
        }
    }

    /// The last resort of a drain that took too long.
    pub(super) fn kill_all(&self) {
        for group in self.groups() {
            processes::kill_group(group);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<i32, u64>> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
