//! Answers to reads, kept in Redis for a minute at most.
//!
//! An answer is kept with the versions of what it depends on, and believed while these are the same. Versions are asked
//! for, together with the answer, before the database is read, and a writer changes them after its commit and before its
//! own answer: what was read before a write is never believed after it. Without Redis every read goes to the database; a change that could not be told is told before anything
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

type Stamp = [u8; 32];

/// An answer from the database.
pub struct Computed {
    pub bytes: Vec<u8>,
    /// Not one that depends on more than it was asked for with: nobody would say when it changes.
    pub is_kept: bool,
}

impl From<Vec<u8>> for Computed {
    fn from(bytes: Vec<u8>) -> Self {
        Self { bytes, is_kept: true }
    }
}

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
        compute: impl Future<Output = Result<Computed, ApiError>>,
    ) -> Result<Vec<u8>, ApiError> {
        if self.kept_for.is_zero() {
            count(kind, "bypass");
            return Ok(compute.await?.bytes);
        }
        let key = key(kind, asked);
        let Some((versions, kept)) = self.versions.read(&self.store, scopes, &key).await else {
            count(kind, "bypass");
            return Ok(compute.await?.bytes);
        };
        let stamp = stamp(&versions);
        if let Some(answer) = kept.and_then(|kept| stamped(kept, &stamp)) {
            count(kind, "hit");
            return Ok(answer);
        }
        let Some(flight) = self.flights.join(&format!("{key}:{}", hex(&stamp))) else {
            count(kind, "miss");
            return Ok(compute.await?.bytes);
        };
        let Ok(mut answer) = tokio::time::timeout(WAIT_LIMIT, flight.lock()).await else {
            count(kind, "miss");
            return Ok(compute.await?.bytes);
        };
        if let Some(answer) = answer.as_ref() {
            count(kind, "shared");
            return Ok(answer.clone());
        }
        count(kind, "miss");
        let Computed { bytes, is_kept } = compute.await?;
        if !is_kept {
            return Ok(bytes);
        }
        *answer = Some(bytes.clone());
        drop(answer);
        if bytes.len() <= LARGEST {
            let value = [stamp.as_slice(), &bytes].concat();
            self.store.put(&key, value, jittered(self.kept_for)).await;
        }
        Ok(bytes)
    }

    /// Something was written and committed. From here on nothing is answered that was read before.
    pub async fn changed(&self, scopes: &[Scope]) {
        self.versions.change(&self.store, scopes).await;
    }
}

/// Questions are hashed: a key is short whatever was asked.
fn key(kind: &str, asked: &str) -> String {
    format!("{kind}:{}", hex(&Sha256::digest(asked).into()))
}

/// What stands before an answer that was read under these versions.
fn stamp(versions: &[String]) -> Stamp {
    let mut hash = Sha256::new();
    for version in versions {
        hash.update(version.len().to_le_bytes());
        hash.update(version);
    }
    hash.finalize().into()
}

/// The answer, if it has this stamp.
fn stamped(mut kept: Vec<u8>, stamp: &Stamp) -> Option<Vec<u8>> {
    kept.starts_with(stamp).then(|| kept.split_off(stamp.len()))
}

fn hex(digest: &Stamp) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
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
    fn a_key_tells_questions_apart_and_is_short() {
        let one = key("units", "q=a");
        assert_ne!(one, key("units", "q=b"));
        assert_ne!(one, key("reviews", "q=a"));
        assert!(key("units", &"x".repeat(10_000)).len() < 80);
    }

    #[test]
    fn an_answer_is_believed_under_its_own_versions_only() {
        let stamp_of = |versions: &[&str]| stamp(&versions.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>());
        let kept = [stamp_of(&["1", "23"]).as_slice(), b"answer"].concat();
        assert_eq!(stamped(kept.clone(), &stamp_of(&["1", "23"])).as_deref(), Some(b"answer".as_slice()));
        assert_eq!(stamped(kept, &stamp_of(&["12", "3"])), None);
        assert_eq!(stamped(b"short".to_vec(), &stamp_of(&[])), None);
    }

    #[test]
    fn what_is_kept_is_kept_for_a_minute_at_most() {
        let kept_for = Duration::from_secs(50);
        assert!((kept_for..=Duration::from_secs(60)).contains(&jittered(kept_for)));
    }
}
