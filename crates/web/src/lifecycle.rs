//! From serving to stopped, in phases that lose no request.
//!
//! `Serving` → `NotReady` (ready says 503, everything is still answered, load balancers notice) → `Refusing`
//! (new requests get 503, those in flight finish) → `Stopped`. A second signal or the deadline forces it.

mod in_flight;
mod signals;

pub use in_flight::InFlight;

use rmu_config::Reader;
use std::{
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    time::Duration,
};
use tokio_util::sync::CancellationToken;

/// How long the phases may take.
#[derive(Debug, Clone, Copy)]
pub struct DrainSettings {
    /// How long to go on serving after ready turned 503.
    pub ready_grace: Duration,
    /// From the signal to the forced end.
    pub drain: Duration,
}

impl DrainSettings {
    pub fn read(env: &mut Reader<'_>) -> Option<Self> {
        let ready_grace = env
            .seconds("READY_GRACE_SECONDS", "How long to go on serving after ready turned 503.", 0..=300)
            .default("5");
        let drain =
            env.seconds("DRAIN_SECONDS", "From the stop signal to the forced end, all in all.", 1..=600).default("30");
        let (ready_grace, drain) = (ready_grace?, drain?);
        if ready_grace >= drain {
            env.mistake("READY_GRACE_SECONDS", "must be less than DRAIN_SECONDS");
            return None;
        }
        Some(Self { ready_grace, drain })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Phase {
    Serving,
    NotReady,
    Refusing,
    Stopped,
}

/// The state of a service's life, shared by its parts.
#[derive(Debug, Clone)]
pub struct Lifecycle(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    settings: DrainSettings,
    phase: AtomicU8,
    in_flight: in_flight::Count,
    stop_asked: CancellationToken,
    refusing: CancellationToken,
    forced: CancellationToken,
}

impl Lifecycle {
    pub fn new(settings: DrainSettings) -> Self {
        Self(Arc::new(Shared {
            settings,
            phase: AtomicU8::new(Phase::Serving as u8),
            in_flight: in_flight::Count::default(),
            stop_asked: CancellationToken::new(),
            refusing: CancellationToken::new(),
            forced: CancellationToken::new(),
        }))
    }

    /// SIGTERM and SIGINT ask to stop; a second one forces it.
    pub fn listen_for_signals(&self) -> std::io::Result<()> {
        signals::listen(self.clone())
    }

    /// Asks to stop; asked again, it is forced.
    pub fn stop(&self) {
        if self.0.stop_asked.is_cancelled() {
            self.force();
            return;
        }
        self.0.stop_asked.cancel();
    }

    /// Ends the waiting for whatever is still going on.
    pub fn force(&self) {
        self.0.stop_asked.cancel();
        self.0.forced.cancel();
    }

    pub fn phase(&self) -> Phase {
        match self.0.phase.load(Ordering::Acquire) {
            0 => Phase::Serving,
            1 => Phase::NotReady,
            2 => Phase::Refusing,
            _ => Phase::Stopped,
        }
    }

    /// Cancelled when stopping was asked for.
    pub fn stop_asked(&self) -> &CancellationToken {
        &self.0.stop_asked
    }

    /// Cancelled when new requests are refused: streams without an end of their own end now.
    pub fn refusing(&self) -> &CancellationToken {
        &self.0.refusing
    }

    /// Cancelled at the deadline or by a second signal: nothing is waited for any more.
    pub fn forced(&self) -> &CancellationToken {
        &self.0.forced
    }

    pub fn in_flight(&self) -> usize {
        self.0.in_flight.now()
    }

    pub(crate) fn enter(&self) -> InFlight {
        self.0.in_flight.enter()
    }

    /// Goes through the phases up to `Refusing` and returns when nothing is in flight, or when it is forced.
    /// The deadline runs from the signal and stays in force for what the caller closes afterwards.
    pub async fn drain(&self) {
        self.0.stop_asked.cancelled().await;
        self.arm_deadline();
        self.advance(Phase::NotReady);
        tokio::select! {
            () = tokio::time::sleep(self.0.settings.ready_grace) => {}
            () = self.0.forced.cancelled() => {}
        }
        self.advance(Phase::Refusing);
        self.0.refusing.cancel();
        tokio::select! {
            () = self.0.in_flight.none() => {}
            () = self.0.forced.cancelled() => {
                tracing::warn!(in_flight = self.in_flight(), "forced to stop with requests in flight");
            }
        }
    }

    pub(crate) fn stopped(&self) {
        self.advance(Phase::Stopped);
    }

    fn arm_deadline(&self) {
        let lifecycle = self.clone();
        let limit = self.0.settings.drain;
        tokio::spawn(async move {
            tokio::time::sleep(limit).await;
            lifecycle.force();
        });
    }

    fn advance(&self, phase: Phase) {
        tracing::info!(?phase, in_flight = self.in_flight(), "stopping");
        self.0.phase.store(phase as u8, Ordering::Release);
    }
}

#[cfg(test)]
mod tests;
