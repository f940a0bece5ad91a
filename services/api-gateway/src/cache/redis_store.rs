//! Redis as a place that may be away: nothing here fails, and nothing waits long.

use redis::{RedisResult, aio::ConnectionManager};
use std::{
    future::Future,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};
use tokio::runtime::Handle;

/// An answer from here must never cost more than one from the database.
const ANSWER_LIMIT: Duration = Duration::from_millis(100);
/// After a failure nobody asks for so long: requests do not queue up behind a dead server.
const PAUSE_MS: u64 = 500;
/// Versions outlive every answer that is kept under them by far.
const VERSIONS_KEPT_FOR_SECONDS: u64 = 3600;

pub(super) struct RedisStore {
    redis: ConnectionManager,
    /// Where Redis is spoken to: a connection belongs to the runtime that opened it.
    runtime: Handle,
    prefix: String,
    begun: Instant,
    /// Milliseconds since `begun` before which Redis is left alone.
    paused_until: AtomicU64,
}

impl RedisStore {
    pub(super) fn new(redis: ConnectionManager, prefix: String) -> Self {
        let runtime = Handle::current();
        Self { redis, runtime, prefix, begun: Instant::now(), paused_until: AtomicU64::new(0) }
    }

    pub(super) async fn put(&self, key: &str, value: Vec<u8>, kept_for: Duration) {
        let mut command = redis::cmd("SET");
        let milliseconds = u64::try_from(kept_for.as_millis()).unwrap_or(u64::MAX);
        command.arg(format!("{}{key}", self.prefix)).arg(value).arg("PX").arg(milliseconds);
        let mut redis = self.redis.clone();
        self.ask(async move { command.query_async::<()>(&mut redis).await }).await;
    }

    /// The values of versions, empty for one that nobody changed for long, and what is kept under `key`; in one question,
    /// since each costs as much as a small answer. `None` when Redis does not answer.
    pub(super) async fn versions_and(&self, names: &[String], key: &str) -> Option<(Vec<String>, Option<Vec<u8>>)> {
        let mut command = redis::cmd("MGET");
        for name in names {
            command.arg(format!("{}version:{name}", self.prefix));
        }
        command.arg(format!("{}{key}", self.prefix));
        let mut redis = self.redis.clone();
        let mut found = self.ask(async move { command.query_async::<Vec<Option<Vec<u8>>>>(&mut redis).await }).await?;
        let kept = found.pop()?;
        let text = |version: Option<Vec<u8>>| String::from_utf8(version.unwrap_or_default()).ok();
        Some((found.into_iter().map(text).collect::<Option<Vec<_>>>()?, kept))
    }

    /// Gives versions a value that they never had. False when Redis does not answer.
    pub(super) async fn renew(&self, names: &[String]) -> bool {
        let mut pipe = redis::pipe();
        pipe.atomic();
        for name in names {
            let key = format!("{}version:{name}", self.prefix);
            pipe.cmd("SET").arg(key).arg(uuid::Uuid::new_v4().to_string()).arg("EX").arg(VERSIONS_KEPT_FOR_SECONDS);
            pipe.ignore();
        }
        let mut redis = self.redis.clone();
        self.ask(async move { pipe.query_async::<()>(&mut redis).await }).await.is_some()
    }

    async fn ask<T: Send + 'static>(
        &self,
        question: impl Future<Output = RedisResult<T>> + Send + 'static,
    ) -> Option<T> {
        let now = self.milliseconds();
        if now < self.paused_until.load(Ordering::Relaxed) {
            return None;
        }
        let asked = tokio::time::timeout(ANSWER_LIMIT, question);
        match self.runtime.spawn(asked).await {
            Ok(Ok(Ok(answer))) => Some(answer),
            Ok(Ok(Err(error))) => self.pause(&error.to_string()),
            Ok(Err(_)) => self.pause("no answer in time"),
            Err(error) => self.pause(&error.to_string()),
        }
    }

    fn pause<T>(&self, reason: &str) -> Option<T> {
        let until = self.milliseconds() + PAUSE_MS;
        let before = self.paused_until.swap(until, Ordering::Relaxed);
        metrics::counter!("rmu_cache_failures_total").increment(1);
        if before + PAUSE_MS < until {
            tracing::warn!(reason, "Redis does not answer; reads go to the database");
        }
        None
    }

    fn milliseconds(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}
