//! The guard: a small process that outlives a killed worker just long enough to clear away its browsers.
//!
//! A worker that is killed with SIGKILL can do nothing any more, and its browsers would run on until another
//! worker sweeps the state directory. So the worker starts a guard whose standard input it holds open. When
//! the worker ends, in whatever way, the kernel closes that pipe; the guard wakes and sweeps.

use super::instance;
use std::{io::Read, path::Path, process::Stdio, time::Duration};
use tokio::process::{Child, ChildStdin, Command};

/// What the guard does, blocking: the body of the worker's command `guard`.
pub fn watch(state_directory: &Path) -> instance::Swept {
    let mut nothing = [0_u8; 64];
    let mut input = std::io::stdin().lock();
    // Anything but data means that the worker is gone.
    while matches!(input.read(&mut nothing), Ok(count) if count > 0) {}
    let mut swept = instance::Swept::default();
    // A browser that was being started at that moment may appear just after the first look.
    for _ in 0..3 {
        let found = instance::sweep(state_directory);
        swept.processes += found.processes;
        swept.directories += found.directories;
        std::thread::sleep(Duration::from_millis(200));
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
pub(super) fn start(program: &Path, state_directory: &Path) -> std::io::Result<Guard> {
    let mut child = Command::new(program)
        .arg("guard")
        .arg(state_directory)
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()?;
    let input = child.stdin.take();
    Ok(Guard { child, _input: input })
}
