//! Browsers that leave a page and are idle again soon.

use super::Inner;
use crate::browser::{
    scope::{Scope, ScopeKey},
    session::{self, Browser},
};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

#[derive(Default)]
pub(super) struct Settlers {
    scopes: Mutex<Vec<ScopeKey>>,
    changed: Notify,
}

/// A browser counts as settling as long as this lives. Made before it is out of its holder's hands or no longer idle, so
/// that it is always seen somewhere.
pub(super) struct Settling {
    pool: Arc<Inner>,
    scope: ScopeKey,
}

impl Settling {
    pub(super) fn begin(pool: &Arc<Inner>, browser: &Browser) -> Self {
        pool.settlers.scopes().push(browser.scope().clone());
        Self { pool: Arc::clone(pool), scope: browser.scope().clone() }
    }
}

impl Drop for Settling {
    fn drop(&mut self) {
        let mut scopes = self.pool.settlers.scopes();
        if let Some(index) = scopes.iter().position(|scope| *scope == self.scope) {
            scopes.swap_remove(index);
        }
        drop(scopes);
        self.pool.settlers.changed.notify_waiters();
    }
}

impl Settlers {
    fn scopes(&self) -> MutexGuard<'_, Vec<ScopeKey>> {
        self.scopes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// An idle browser of this scope, also one that is so in a moment: in its place one of another scope would be ended.
    pub(super) async fn take_settled(&self, scope: &Scope) -> Option<Browser> {
        let key = scope.key();
        loop {
            let mut changed = std::pin::pin!(self.settlers.changed.notified());
            changed.as_mut().enable();
            if let Some(browser) = self.take_idle(&key) {
                return Some(browser);
            }
            if !self.settlers.scopes().contains(&key) {
                // It may have become idle between the two looks.
                return self.take_idle(&key);
            }
            tokio::time::timeout(session::patience(&self.settings.limits), changed).await.ok()?;
        }
    }
}
