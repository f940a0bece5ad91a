//! `devstack down`: stops the stack of this checkout, however it was started and whatever became of it.

use crate::{
    progress, record,
    record::ProcessRecord,
    stack::{folder::Folder, state::State},
};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use std::{
    path::Path,
    time::{Duration, Instant},
};
use tokio::time::sleep;

/// Longer than the services' drain and the servers' stop together.
const LIMIT: Duration = Duration::from_secs(90);

/// Asks the supervisor to stop; kills what is left of it and of everything it started.
pub async fn run(root: &Path) -> anyhow::Result<()> {
    let folder = Folder::open(root)?;
    match State::of_live_supervisor(&folder) {
        Some(state) => progress::step("stopped", stop_supervisor(&state.supervisor)).await?,
        None => progress::line("The stack of this checkout is not running."),
    }
    let ended = record::end_all(&folder.processes())?;
    if ended > 0 {
        progress::line(&format!("  ended {ended} processes that were left"));
    }
    // Already gone after an orderly stop.
    let _ = std::fs::remove_file(folder.stack_env());
    State::remove(&folder);
    Ok(())
}

async fn stop_supervisor(supervisor: &ProcessRecord) -> anyhow::Result<()> {
    let pid = Pid::from_raw(i32::try_from(supervisor.pid)?);
    kill(pid, Signal::SIGTERM)?;
    let deadline = Instant::now() + LIMIT;
    while supervisor.is_alive() {
        if Instant::now() > deadline {
            progress::line("  the supervisor did not stop in time and is killed");
            kill(pid, Signal::SIGKILL)?;
            break;
        }
        sleep(Duration::from_millis(100)).await;
    }
    Ok(())
}
