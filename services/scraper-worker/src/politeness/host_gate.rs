//! One request at a time on a host, and a pause after it, over all workers: a lease in Redis.
//!
//! Time is Redis' own, so workers' clocks do not matter. A lease is short and renewed while a page loads: a
//! worker that dies frees its host within seconds. While Redis is gone nobody may go on: without it a worker
//! cannot know how many others there are, and any local pause times an unknown number of workers could be
//! more than the site bears. So those who are at work wait, and the others are handed back.

use super::{
    local_turns::LocalTurns,
    pace::{PaceLimits, REMEMBERED, SlowHost, SlowHosts, Went},
};
use redis::{Script, aio::ConnectionManager};
use std::{
    collections::BTreeMap,
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
/// A longer pause is not waited for: the task is handed back for another to be done.
pub(super) const LONGEST_REST: Duration = Duration::from_secs(60);
/// How often a turn that another worker holds is asked for.
const ASK_AGAIN: Duration = Duration::from_millis(50);

#[derive(Clone)]
pub struct HostGate {
    redis: ConnectionManager,
    prefix: Arc<str>,
    local: LocalTurns,
    limits: PaceLimits,
    slow: SlowHosts,
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
    #[error("{host} is to be left alone for {left:?}")]
    Paused { host: String, left: Duration },
    /// It has refused everything lately.
    #[error("{host} has refused everything for {refused:?} and is asked nothing for {left:?}")]
    Closed { host: String, left: Duration, refused: Duration, is_hopeless: bool },
    #[error("the limits of hosts are unreachable: {0}")]
    Unreachable(String),
}

/// Until when a host is waited for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Waits {
    /// While somebody else has its turn, or nobody can say.
    pub(super) held: Instant,
    /// While it rests after a visit.
    pub(super) rest: Instant,
}

/// The right to one request on a host, until it is finished or dropped.
pub struct HostTurn {
    gate: HostGate,
    host: String,
    keys: Keys,
    token: String,
    pause: Duration,
    renewal: JoinHandle<()>,
    is_lost: Arc<AtomicBool>,
    local: Option<OwnedSemaphorePermit>,
}

/// A host's turn, the earliest next moment, and its pace.
type Keys = [String; 3];

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
            limits: PaceLimits::default(),
            slow: SlowHosts::default(),
            scripts: Arc::new(scripts),
            is_reachable: Arc::new(AtomicBool::new(true)),
        }
    }

    /// The same with other bounds.
    #[must_use]
    pub fn with_limits(mut self, limits: PaceLimits) -> Self {
        self.limits = limits;
        self
    }

    /// Hosts that are slowed or left alone, as far as this worker knows.
    pub fn slow_hosts(&self) -> BTreeMap<String, SlowHost> {
        self.slow.all()
    }

    /// Whether Redis answered when it was last asked.
    pub fn is_reachable(&self) -> bool {
        self.is_reachable.load(Ordering::Relaxed)
    }

    /// Asks Redis for nothing, to learn whether it is there.
    pub async fn look(&self) {
        let _ = self.release(&self.keys("nobody"), "nobody", Duration::ZERO, Went::Unclear).await;
    }

    fn keys(&self, host: &str) -> Keys {
        ["turn", "next", "pace"].map(|part| format!("{}{host}:{part}", self.prefix))
    }

    /// Waits until the host is free and the pause after the last visit is over, by `until` at the latest. What is
    /// known to last longer is not waited for.
    pub async fn wait(&self, host: &str, pause: Duration, until: Instant) -> Result<HostTurn, GateError> {
        self.wait_for(host, pause, Waits { held: until, rest: until }).await
    }

    pub(super) async fn wait_for(&self, host: &str, pause: Duration, waits: Waits) -> Result<HostTurn, GateError> {
        let busy = || GateError::Busy { host: host.to_owned() };
        let local = tokio::time::timeout_at(waits.held, self.local.wait(host)).await.map_err(|_| busy())?;
        let token = Uuid::new_v4().to_string();
        let keys = self.keys(host);
        loop {
            let answer = self.acquire(&keys, &token, pause).await;
            let again = match &answer {
                Ok(Answer::Taken) => return Ok(self.turn(host, keys, token, pause, local)),
                Ok(Answer::Held) => ASK_AGAIN,
                Ok(Answer::Paused(left)) if Instant::now() + *left > waits.rest || *left > LONGEST_REST => {
                    return Err(GateError::Paused { host: host.to_owned(), left: *left });
                }
                Ok(Answer::Paused(left)) => *left,
                Ok(Answer::Closed { left, refused }) => {
                    let (left, refused, is_hopeless) = (*left, *refused, *refused > self.limits.patience);
                    self.slow.heard(host, Duration::ZERO, left);
                    return Err(GateError::Closed { host: host.to_owned(), left, refused, is_hopeless });
                }
                Err(_) => ASK_AGAIN * 4,
            };
            let is_resting = matches!(answer, Ok(Answer::Paused(_)));
            if !is_resting && Instant::now() + again > waits.held {
                return Err(answer.err().map_or_else(busy, GateError::Unreachable));
            }
            sleep_until(Instant::now() + again).await;
        }
    }

    fn turn(
        &self,
        host: &str,
        keys: Keys,
        token: String,
        pause: Duration,
        local: Option<OwnedSemaphorePermit>,
    ) -> HostTurn {
        let is_lost = Arc::new(AtomicBool::new(false));
        let renewal = tokio::spawn(renew(self.clone(), keys[0].clone(), token.clone(), Arc::clone(&is_lost)));
        HostTurn { gate: self.clone(), host: host.to_owned(), keys, token, pause, renewal, is_lost, local }
    }

    async fn acquire(&self, keys: &Keys, token: &str, pause: Duration) -> Result<Answer, String> {
        let mut call = self.scripts.acquire.prepare_invoke();
        call.key(keys.as_slice()).arg(token).arg(milliseconds(LEASE)).arg(milliseconds(pause));
        let mut redis = self.redis.clone();
        let answer: (String, u64, u64) = self.heard(timeout(CALL_LIMIT, call.invoke_async(&mut redis)).await)?;
        let left = Duration::from_millis(answer.1);
        match answer.0.as_str() {
            "taken" => Ok(Answer::Taken),
            "held" => Ok(Answer::Held),
            "paused" => Ok(Answer::Paused(left)),
            "closed" => Ok(Answer::Closed { left, refused: Duration::from_millis(answer.2) }),
            other => Err(format!("odd answer {other}")),
        }
    }

    /// Answers the host's gap from now on, and how long it is left alone.
    async fn release(
        &self,
        keys: &Keys,
        token: &str,
        pause: Duration,
        went: Went,
    ) -> Result<(Duration, Duration), String> {
        let limits = &self.limits;
        let (word, latency, asked) = match went {
            Went::Well(latency) => ("well", latency, Duration::ZERO),
            Went::Refused(asked) => ("refused", Duration::ZERO, asked.unwrap_or_default().min(limits.longest_asked)),
            Went::Unclear => ("unclear", Duration::ZERO, Duration::ZERO),
            Went::Nowhere => ("nowhere", Duration::ZERO, Duration::ZERO),
        };
        let mut call = self.scripts.release.prepare_invoke();
        call.key(keys.as_slice()).arg(token).arg(milliseconds(pause)).arg(word);
        for time in [latency, asked, limits.quick, limits.least_gap, limits.longest_gap] {
            call.arg(milliseconds(time));
        }
        call.arg(limits.refusals);
        for time in [limits.first_closed, limits.longest_closed, REMEMBERED] {
            call.arg(milliseconds(time));
        }
        let mut redis = self.redis.clone();
        let (gap, closed) = self.heard(timeout(CALL_LIMIT, call.invoke_async::<(u64, u64)>(&mut redis)).await)?;
        Ok((Duration::from_millis(gap), Duration::from_millis(closed)))
    }

    /// What workers have noted about a site for one another, if it is not forgotten yet.
    pub(super) async fn noted(&self, site: &str) -> Option<String> {
        let mut call = redis::cmd("GET");
        call.arg(format!("{}{site}:robots", self.prefix));
        let mut redis = self.redis.clone();
        self.heard(timeout(CALL_LIMIT, call.query_async(&mut redis)).await).ok().flatten()
    }

    /// Notes something for the other workers, for as long as it holds.
    pub(super) async fn note(&self, site: &str, note: &str, kept: Duration) {
        let mut call = redis::cmd("SET");
        call.arg(format!("{}{site}:robots", self.prefix)).arg(note).arg("PX").arg(milliseconds(kept));
        let mut redis = self.redis.clone();
        // Should this fail, the others ask for themselves.
        let _ = self.heard(timeout(CALL_LIMIT, call.query_async::<()>(&mut redis)).await);
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
                Err(reason) => tracing::warn!(reason, "the limits of hosts are unreachable: no host is visited"),
            }
        }
        heard
    }
}

enum Answer {
    Taken,
    Held,
    Paused(Duration),
    Closed { left: Duration, refused: Duration },
}

impl HostTurn {
    /// Whether somebody else may have the host by now: Redis was away too long, or forgot.
    pub fn is_lost(&self) -> bool {
        self.is_lost.load(Ordering::Relaxed)
    }

    /// Gives back a turn in which the host was asked nothing, so that no pause follows it.
    pub async fn give_back(self) {
        self.finish(Went::Nowhere).await;
    }

    /// Gives the turn back, says how the visit went, and lets the pause begin, before the next in line asks.
    pub async fn finish(mut self, went: Went) {
        self.renewal.abort();
        // Should this fail, the lease runs out by itself.
        if let Ok((gap, closed)) = self.gate.release(&self.keys, &self.token, self.pause, went).await {
            self.gate.slow.heard(&self.host, gap, closed);
            if !closed.is_zero() {
                tracing::warn!(host = self.host, ?closed, "the host refuses and is left alone");
                metrics::counter!("rmu_worker_hosts_closed_total").increment(1);
            }
        }
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
                let _ = gate.release(&keys, &token, pause, Went::Unclear).await;
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
