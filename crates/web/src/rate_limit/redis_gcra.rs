//! GCRA in Redis: one script, one key per subject, the server's clock.

use super::{Decision, Limit};
use redis::{RedisResult, Script, aio::ConnectionManager};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::runtime::Handle;

/// A limit must never cost more than this.
const ANSWER_LIMIT: Duration = Duration::from_millis(100);
/// After a failure nobody asks Redis for so long: requests do not queue up behind a dead server.
const PAUSE_MS: u64 = 500;

/// The key holds the theoretical arrival time of the next request in microseconds. Answers: admitted, remaining,
/// microseconds until the burst is whole, microseconds until the next is admitted.
const GCRA: &str = r"
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local interval = tonumber(ARGV[1])
local burst = tonumber(ARGV[2])
local arrival = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now)
local next_arrival = arrival + interval
local admit_at = next_arrival - interval * burst
if now < admit_at then
  return {0, 0, arrival - now, admit_at - now}
end
redis.call('SET', KEYS[1], string.format('%.0f', next_arrival), 'PX', math.ceil((next_arrival - now) / 1000))
return {1, math.floor((now - admit_at) / interval), next_arrival - now, 0}
";

pub(super) struct SharedLimits {
    redis: ConnectionManager,
    /// Where Redis is spoken to. A connection belongs to the runtime that opened it, and the web workers' have
    /// one thread each: what one of them opened would stand still whenever that one is busy.
    runtime: Handle,
    prefix: String,
    script: Arc<Script>,
    begun: Instant,
    /// Milliseconds since `begun` before which Redis is left alone.
    paused_until: AtomicU64,
}

impl SharedLimits {
    pub(super) fn new(redis: ConnectionManager, prefix: &str) -> Self {
        Self {
            redis,
            runtime: Handle::current(),
            prefix: prefix.to_owned(),
            script: Arc::new(Script::new(GCRA)),
            begun: Instant::now(),
            paused_until: AtomicU64::new(0),
        }
    }

    /// `None` when Redis does not answer.
    pub(super) async fn check(&self, limit: Limit, subject: &str) -> Option<Decision> {
        let now = self.milliseconds();
        if now < self.paused_until.load(Ordering::Relaxed) {
            return None;
        }
        let asked = tokio::time::timeout(ANSWER_LIMIT, self.ask(limit, subject));
        match self.runtime.spawn(asked).await {
            Ok(Ok(Ok(answer))) => Some(decision(limit, answer)),
            Ok(Ok(Err(error))) => self.pause(&error.to_string()),
            Ok(Err(_)) => self.pause("no answer in time"),
            Err(error) => self.pause(&error.to_string()),
        }
    }

    fn ask(&self, limit: Limit, subject: &str) -> impl Future<Output = RedisResult<(u8, u32, u64, u64)>> + use<> {
        let interval = limit.period.as_micros() / u128::from(limit.burst.max(1));
        let interval = u64::try_from(interval).unwrap_or(u64::MAX);
        let key = format!("{}rate:{}:{subject}", self.prefix, limit.name);
        let (mut connection, script) = (self.redis.clone(), Arc::clone(&self.script));
        async move { script.key(key).arg(interval).arg(limit.burst).invoke_async(&mut connection).await }
    }

    fn pause(&self, cause: &str) -> Option<Decision> {
        tracing::warn!(cause, "Redis does not answer; limits are local and stricter");
        self.paused_until.store(self.milliseconds() + PAUSE_MS, Ordering::Relaxed);
        None
    }

    fn milliseconds(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

fn decision(limit: Limit, (admitted, remaining, reset, retry): (u8, u32, u64, u64)) -> Decision {
    Decision {
        limit,
        admitted: admitted == 1,
        remaining,
        reset: Duration::from_micros(reset),
        retry_after: Duration::from_micros(retry),
    }
}
