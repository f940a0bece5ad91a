//! The commands of the `devstack` binary, one a file.

pub mod down;
pub mod run;
pub mod servers;
pub mod status;
pub mod test;
pub mod truth;
pub mod truth_faults;
pub mod up;

use nix::sys::signal::Signal;
use std::{fs, path::Path};
use tokio::signal::unix::{SignalKind, signal};

/// Waits until somebody asks this process to end, and says with which signal.
pub async fn stop_requested() -> anyhow::Result<Signal> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    Ok(tokio::select! {
        _ = interrupt.recv() => Signal::SIGINT,
        _ = terminate.recv() => Signal::SIGTERM,
        _ = hangup.recv() => Signal::SIGHUP,
    })
}

/// Takes the lock of a folder, or nothing when another live process holds it. It ends with this process,
/// however that ends.
pub fn try_lock(dir: &Path) -> anyhow::Result<Option<fs::File>> {
    fs::create_dir_all(dir)?;
    let file = fs::OpenOptions::new().create(true).truncate(false).write(true).open(dir.join("lock"))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(fs::TryLockError::WouldBlock) => Ok(None),
        Err(fs::TryLockError::Error(error)) => Err(error.into()),
    }
}
