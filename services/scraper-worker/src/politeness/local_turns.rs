//! Turns among the tasks of this worker: only the first in line for a host asks Redis.
//!
//! Not needed for correctness, which Redis gives, but it makes turns fair within a worker and hands them over
//! without delay.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

#[derive(Clone, Default)]
pub(super) struct LocalTurns {
    lines: Arc<Mutex<HashMap<String, Arc<Semaphore>>>>,
}

impl LocalTurns {
    /// Waits to be the first in line.
    pub(super) async fn wait(&self, line: &str) -> Option<OwnedSemaphorePermit> {
        let turns = {
            let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
            // Lines in which nobody stands are forgotten, so that the map holds no more than there are tasks.
            lines.retain(|_, turns| Arc::strong_count(turns) > 1);
            Arc::clone(lines.entry(line.to_owned()).or_insert_with(|| Arc::new(Semaphore::new(1))))
        };
        turns.acquire_owned().await.ok()
    }
}
