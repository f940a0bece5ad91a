//! What answers depend on, and that it changed.

use super::redis_store::RedisStore;
use rmu_domain::ids::UnitId;
use std::{
    collections::BTreeMap,
    fmt,
    sync::{Mutex, PoisonError},
};

/// More changes than this that could not be told are one: that everything changed.
const MOST_OWED: usize = 1000;

/// What an answer depends on and a write changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// Every answer depends on it. Changed by what changes the catalogue itself, and by every write of which nobody said
    /// what it changes.
    Everything,
    /// Lists of units in which scores stand.
    Lists,
    /// One unit and its reviews.
    Unit(UnitId),
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everything => f.write_str("everything"),
            Self::Lists => f.write_str("lists"),
            Self::Unit(unit) => write!(f, "unit:{unit}"),
        }
    }
}

#[derive(Default)]
pub(super) struct Versions {
    /// Changes that are not told yet, each with the number of the change.
    owed: Mutex<Owed>,
}

#[derive(Default)]
struct Owed {
    scopes: BTreeMap<Scope, u64>,
    last: u64,
}

impl Versions {
    /// The versions of `scopes` and of everything, and what is kept under `key`. `None` while Redis is away, or knows less
    /// than this process.
    pub(super) async fn read(
        &self,
        store: &RedisStore,
        scopes: &[Scope],
        key: &str,
    ) -> Option<(Vec<String>, Option<Vec<u8>>)> {
        let owed = self.owed_now();
        if !owed.is_empty() && !self.tell(store, &owed).await {
            return None;
        }
        let names: Vec<String> = std::iter::once(&Scope::Everything).chain(scopes).map(ToString::to_string).collect();
        let (versions, kept) = store.versions_and(&names, key).await?;
        // Names too: two units without a version are still two.
        let versions = names.into_iter().zip(versions).map(|(name, version)| format!("{name}={version}")).collect();
        Some((versions, kept))
    }

    pub(super) async fn change(&self, store: &RedisStore, scopes: &[Scope]) {
        {
            let mut owed = self.lock();
            owed.last += 1;
            let number = owed.last;
            owed.scopes.extend(scopes.iter().map(|scope| (*scope, number)));
            if owed.scopes.len() > MOST_OWED {
                owed.scopes = BTreeMap::from([(Scope::Everything, number)]);
            }
        }
        let owed = self.owed_now();
        self.tell(store, &owed).await;
    }

    async fn tell(&self, store: &RedisStore, changes: &BTreeMap<Scope, u64>) -> bool {
        let names: Vec<String> = changes.keys().map(ToString::to_string).collect();
        let told = store.renew(&names).await;
        if told {
            // What changed again meanwhile is still owed.
            self.lock().scopes.retain(|scope, number| changes.get(scope) != Some(number));
        }
        told
    }

    fn owed_now(&self) -> BTreeMap<Scope, u64> {
        self.lock().scopes.clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Owed> {
        self.owed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
