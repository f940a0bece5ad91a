//! The guard: a small process that outlives a killed worker just long enough to clear away its browsers.
//!
//! A worker that is killed with SIGKILL can do nothing any more, and its browsers would run on until another
//! worker sweeps the state directory. So the worker starts a guard whose standard input it holds open. When
//! the worker ends, in whatever way, the kernel closes that pipe; the guard wakes and sweeps.

use super::instance;
use std::{
    io::Read,
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};
use tokio::process::{Child, ChildStdin, Command};

/// A browser that was being started when the worker was killed shows itself a little later, and whoever was just being
/// started holds the worker's lock until then: we look until nothing has been there for so long.
const QUIET: Duration = Duration::from_secs(2);
/// But no longer than this.
const LONGEST: Duration = Duration::from_secs(30);
const BETWEEN_LOOKS: Duration = Duration::from_millis(200);

/// What the guard does, blocking: the body of the worker's command `guard`. `folder` is the worker's own.
pub fn watch(state_directory: &Path, folder: &Path) -> instance::Swept {
    let mut nothing = [0_u8; 64];
    let mut input = std::io::stdin().lock();
    // Anything but data means that the worker is gone.
    while matches!(input.read(&mut nothing), Ok(count) if count > 0) {}
    clear_up(state_directory, folder)
}

fn clear_up(state_directory: &Path, folder: &Path) -> instance::Swept {
    let mut swept = instance::Swept::default();
    let began = Instant::now();
    let mut found_last = began;
    while found_last.elapsed() < QUIET && began.elapsed() < LONGEST {
        // The worker's own also when its folder is gone already, by whomever it was removed.
        for found in [instance::sweep_dead(folder), instance::sweep(state_directory)] {
            if found != instance::Swept::default() {
                found_last = Instant::now();
            }
            swept.processes += found.processes;
            swept.directories += found.directories;
        }
        std::thread::sleep(BETWEEN_LOOKS);
    }
    swept
}

/// A running guard and its input, which must stay open as long as there may be browsers. It is kept apart from
/// the child, because waiting for a child closes its input.
pub(super) struct Guard {
    pub(super) child: Child,
    _input: Option<ChildStdin>,
}

/// Starts a guard. It has a process group of its own, so that a Ctrl-C meant for the worker spares it, and
/// none of the worker's secrets in its environment.
pub(super) fn start(program: &Path, state_directory: &Path, folder: &Path) -> std::io::Result<Guard> {
    let mut child = Command::new(program)
        .arg("guard")
        .arg(state_directory)
        .arg(folder)
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()?;
    let input = child.stdin.take();
    Ok(Guard { child, _input: input })
}
