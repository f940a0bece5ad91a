//! One request at a time on a host, and a pause after it, over all workers: a lease in Redis.
//!
//! Time is Redis' own, so workers' clocks do not matter. A lease is short and renewed while a page loads: a
//! worker that dies frees its host within seconds. While Redis is gone nobody may go on: without it a worker
//! cannot know how many others there are, and any local pause times an unknown number of workers could be
//! more than the site bears. So tasks wait, up to their deadline.

use super::local_turns::LocalTurns;
use redis::{Script, aio::ConnectionManager};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::OwnedSemaphorePermit,
    task::JoinHandle,
    time::{Instant, sleep_until, timeout},
};
use uuid::Uuid;

const LEASE: Duration = Duration::from_secs(10);
const RENEWAL: Duration = Duration::from_secs(3);
/// One call to Redis.
const CALL_LIMIT: Duration = Duration::from_secs(2);
/// How often a turn that another worker holds is asked for.
const ASK_AGAIN: Duration = Duration::from_millis(50);

#[derive(Clone)]
pub struct HostGate {
    redis: ConnectionManager,
    prefix: Arc<str>,
    local: LocalTurns,
    scripts: Arc<Scripts>,
    is_reachable: Arc<AtomicBool>,
}

struct Scripts {
    acquire: Script,
    renew: Script,
    release: Script,
}

#[derive(Debug, thiserror::Error)]
pub enum GateError {
    #[error("{host} was not free in time")]
    Busy { host: String },
    #[error("the limits of hosts are unreachable: {0}")]
    Unreachable(String),
}

/// The right to one request on a host, until it is finished or dropped.
pub struct HostTurn {
    gate: HostGate,
    keys: [String; 2],
    token: String,
    pause: Duration,
    renewal: JoinHandle<()>,
    is_lost: Arc<AtomicBool>,
    local: Option<OwnedSemaphorePermit>,
}

impl HostGate {
    /// `prefix` is that of all keys of the installation, such as `rmu:`.
    pub fn new(redis: ConnectionManager, prefix: &str) -> Self {
        let scripts = Scripts {
            acquire: Script::new(include_str!("host_gate/acquire.lua")),
            renew: Script::new(include_str!("host_gate/renew.lua")),
            release: Script::new(include_str!("host_gate/release.lua")),
        };
        Self {
            redis,
            prefix: format!("{prefix}host:").into(),
            local: LocalTurns::default(),
            scripts: Arc::new(scripts),
            is_reachable: Arc::new(AtomicBool::new(true)),
        }
    }

    /// Whether Redis answered when it was last asked.
    pub fn is_reachable(&self) -> bool {
        self.is_reachable.load(Ordering::Relaxed)
    }

    /// Asks Redis for nothing, to learn whether it is there.
    pub async fn look(&self) {
        let nobody = [format!("{}nobody:turn", self.prefix), format!("{}nobody:next", self.prefix)];
        let _ = self.release(&nobody, "nobody", Duration::ZERO).await;
    }

    /// Waits until the host is free and the pause after the last visit is over, by `until` at the latest.
    pub async fn wait(&self, host: &str, pause: Duration, until: Instant) -> Result<HostTurn, GateError> {
        let busy = || GateError::Busy { host: host.to_owned() };
        let local = tokio::time::timeout_at(until, self.local.wait(host)).await.map_err(|_| busy())?;
        let token = Uuid::new_v4().to_string();
        let keys = [format!("{}{host}:turn", self.prefix), format!("{}{host}:next", self.prefix)];
        loop {
            let answer = self.acquire(&keys, &token, pause).await;
            let again = match answer {
                Ok(0) => return Ok(self.turn(keys, token, pause, local)),
                Ok(milliseconds) => Duration::from_millis(milliseconds).min(ASK_AGAIN),
                Err(_) => ASK_AGAIN * 4,
            };
            if Instant::now() + again > until {
                return Err(answer.err().map_or_else(busy, GateError::Unreachable));
            }
            sleep_until(Instant::now() + again).await;
        }
    }

    fn turn(&self, keys: [String; 2], token: String, pause: Duration, local: Option<OwnedSemaphorePermit>) -> HostTurn {
        let is_lost = Arc::new(AtomicBool::new(false));
        let renewal = tokio::spawn(renew(self.clone(), keys[0].clone(), token.clone(), Arc::clone(&is_lost)));
        HostTurn { gate: self.clone(), keys, token, pause, renewal, is_lost, local }
    }

    async fn acquire(&self, keys: &[String; 2], token: &str, pause: Duration) -> Result<u64, String> {
        let mut call = self.scripts.acquire.key(&keys[0]);
        call.key(&keys[1]).arg(token).arg(milliseconds(LEASE)).arg(milliseconds(pause));
        let mut redis = self.redis.clone();
        self.heard(timeout(CALL_LIMIT, call.invoke_async(&mut redis)).await)
    }

    async fn release(&self, keys: &[String; 2], token: &str, pause: Duration) -> Result<u64, String> {
        let mut call = self.scripts.release.key(&keys[0]);
        call.key(&keys[1]).arg(token).arg(milliseconds(pause));
        let mut redis = self.redis.clone();
        self.heard(timeout(CALL_LIMIT, call.invoke_async(&mut redis)).await)
    }

    fn heard<T>(&self, answer: Result<redis::RedisResult<T>, tokio::time::error::Elapsed>) -> Result<T, String> {
        let heard = match answer {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err(format!("no answer within {CALL_LIMIT:?}")),
        };
        if self.is_reachable.swap(heard.is_ok(), Ordering::Relaxed) != heard.is_ok() {
            match &heard {
                Ok(_) => tracing::info!("the limits of hosts are reachable again"),
                Err(reason) => tracing::warn!(reason, "the limits of hosts are unreachable, tasks wait"),
            }
        }
        heard
    }
}

impl HostTurn {
    /// Whether somebody else may have the host by now: Redis was away too long, or forgot.
    pub fn is_lost(&self) -> bool {
        self.is_lost.load(Ordering::Relaxed)
    }

    /// Gives the turn back and lets the pause begin, before the next in line asks.
    pub async fn finish(mut self) {
        self.renewal.abort();
        // Should this fail, the lease runs out by itself.
        let _ = self.gate.release(&self.keys, &self.token, self.pause).await;
        self.local = None;
        self.token.clear();
    }
}

impl Drop for HostTurn {
    fn drop(&mut self) {
        self.renewal.abort();
        if self.token.is_empty() {
            return;
        }
        let (gate, keys, token, pause) = (self.gate.clone(), self.keys.clone(), self.token.clone(), self.pause);
        let local = self.local.take();
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                let _ = gate.release(&keys, &token, pause).await;
                drop(local);
            });
        }
    }
}

async fn renew(gate: HostGate, key: String, token: String, is_lost: Arc<AtomicBool>) {
    let mut good_until = Instant::now() + LEASE;
    loop {
        tokio::time::sleep(RENEWAL).await;
        let asked = Instant::now();
        let mut call = gate.scripts.renew.key(&key);
        call.arg(&token).arg(milliseconds(LEASE));
        let mut redis = gate.redis.clone();
        match gate.heard(timeout(CALL_LIMIT, call.invoke_async::<u64>(&mut redis)).await) {
            Ok(0) => is_lost.store(true, Ordering::Relaxed),
            Ok(_) => good_until = asked + LEASE,
            Err(_) if Instant::now() > good_until => is_lost.store(true, Ordering::Relaxed),
            Err(_) => {}
        }
        if is_lost.load(Ordering::Relaxed) {
            return;
        }
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
