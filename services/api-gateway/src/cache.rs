//! Answers to reads, kept in Redis for a minute at most.
//!
//! An answer is kept under the versions of what it depends on. Versions are asked for before the database is read, and
//! a writer changes them after its commit and before its own answer: what was read before a write is never found
//! after it. Without Redis every read goes to the database; a change that could not be told is told before anything
//! is believed again.

mod flights;
mod redis_store;
mod versions;

pub use versions::Scope;

use crate::ApiError;
use flights::Flights;
use redis::aio::ConnectionManager;
use redis_store::RedisStore;
use sha2::{Digest, Sha256};
use std::{future::Future, sync::Arc, time::Duration};
use versions::Versions;

/// Longer answers are not kept: they are rare, and Redis is shared.
const LARGEST: usize = 256 * 1024;
/// Whoever waits longer for another who reads the same reads for itself.
const WAIT_LIMIT: Duration = Duration::from_secs(3);

/// Cheap to clone.
#[derive(Clone)]
pub struct ReadCache {
    store: Arc<RedisStore>,
    versions: Arc<Versions>,
    flights: Arc<Flights>,
    kept_for: Duration,
}

impl ReadCache {
    /// `kept_for` is how long an answer is kept at least; a fifth more at most, so that what was kept together does not
    /// go together. Nothing is kept if it is zero. Must be called on the main runtime, which owns the connection.
    pub fn new(redis: ConnectionManager, prefix: &str, kept_for: Duration) -> Self {
        Self {
            kept_for,
            store: Arc::new(RedisStore::new(redis, format!("{prefix}cache:"))),
            versions: Arc::default(),
            flights: Arc::default(),
        }
    }

    /// What `compute` answers, or what it answered before, unless any of `scopes` has changed since. `asked` is
    /// everything that the answer depends on besides; only successes are kept. Of several who ask the same at once,
    /// one computes.
    pub async fn read(
        &self,
        kind: &'static str,
        scopes: &[Scope],
        asked: &str,
        compute: impl Future<Output = Result<Vec<u8>, ApiError>>,
    ) -> Result<Vec<u8>, ApiError> {
        if self.kept_for.is_zero() {
            count(kind, "bypass");
            return compute.await;
        }
        let Some(versions) = self.versions.read(&self.store, scopes).await else {
            count(kind, "bypass");
            return compute.await;
        };
        let key = key(kind, &versions, asked);
        if let Some(kept) = self.store.get(&key).await {
            count(kind, "hit");
            return Ok(kept);
        }
        let Some(flight) = self.flights.join(&key) else {
            count(kind, "miss");
            return compute.await;
        };
        let Ok(mut answer) = tokio::time::timeout(WAIT_LIMIT, flight.lock()).await else {
            count(kind, "miss");
            return compute.await;
        };
        if let Some(answer) = answer.as_ref() {
            count(kind, "shared");
            return Ok(answer.clone());
        }
        count(kind, "miss");
        let computed = compute.await?;
        *answer = Some(computed.clone());
        drop(answer);
        if computed.len() <= LARGEST {
            self.store.put(&key, computed.clone(), jittered(self.kept_for)).await;
        }
        Ok(computed)
    }

    /// Something was written and committed. From here on nothing is answered that was read before.
    pub async fn changed(&self, scopes: &[Scope]) {
        self.versions.change(&self.store, scopes).await;
    }
}

/// Versions and questions are hashed: a key is short whatever was asked.
fn key(kind: &str, versions: &[String], asked: &str) -> String {
    let mut hash = Sha256::new();
    for part in versions.iter().map(String::as_str).chain([asked]) {
        hash.update(part.len().to_le_bytes());
        hash.update(part.as_bytes());
    }
    let digest: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{kind}:{digest}")
}

fn jittered(time: Duration) -> Duration {
    // The low digits of the clock are as good as any dice here.
    let dice = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |now| now.subsec_nanos());
    time + time / 5 * (dice % 1000) / 1000
}

fn count(kind: &'static str, outcome: &'static str) {
    metrics::counter!("rmu_cache_reads_total", "kind" => kind, "outcome" => outcome).increment(1);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_tells_everything_apart_and_is_short() {
        let versions = |versions: &[&str]| versions.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>();
        let one = key("units", &versions(&["1", "23"]), "q=a");
        assert_ne!(one, key("units", &versions(&["12", "3"]), "q=a"));
        assert_ne!(one, key("units", &versions(&["1", "23"]), "q=b"));
        assert_ne!(one, key("reviews", &versions(&["1", "23"]), "q=a"));
        assert!(key("units", &[], &"x".repeat(10_000)).len() < 80);
    }

    #[test]
    fn what_is_kept_is_kept_for_a_minute_at_most() {
        let kept_for = Duration::from_secs(50);
        assert!((kept_for..=Duration::from_secs(60)).contains(&jittered(kept_for)));
    }
}
