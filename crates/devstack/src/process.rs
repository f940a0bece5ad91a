//! A child process in its own process group, with a log file, that is ended with all it started.

use anyhow::Context;
use nix::{
    sys::signal::{Signal, kill, killpg},
    unistd::Pid,
};
use std::{
    fs::OpenOptions,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::Duration,
};
use tokio::{process::Command, sync::watch, time::timeout};

const TAIL_BYTES: usize = 4_000;
const TAIL_LINES: usize = 25;

/// A running child. Dropping it kills its process group; [`Process::stop`] is the polite way.
#[derive(Debug)]
pub struct Process {
    name: String,
    pid: Pid,
    log: PathBuf,
    exit: watch::Receiver<Option<ExitStatus>>,
}

impl Process {
    /// Starts `command` as the leader of a new process group; its output is appended to `log`.
    pub fn spawn(name: &str, command: &mut Command, log: &Path) -> anyhow::Result<Self> {
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(log)
            .with_context(|| format!("cannot open the log file {}", log.display()))?;
        let mut child = command
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file)
            .spawn()
            .with_context(|| format!("cannot start {name} ({:?})", command.as_std().get_program()))?;
        let pid = child.id().context("the child ended before its id was known")?;
        let pid = Pid::from_raw(i32::try_from(pid)?);
        let (sender, exit) = watch::channel(None);
        tokio::spawn(async move {
            if let Ok(status) = child.wait().await {
                sender.send_replace(Some(status));
            }
        });
        Ok(Self { name: name.to_owned(), pid, log: log.to_owned(), exit })
    }

    /// The name shown to people.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The process id, which is the id of the group too.
    pub fn pid(&self) -> u32 {
        self.pid.as_raw().unsigned_abs()
    }

    /// How the process ended, if it has.
    pub fn exit_status(&self) -> Option<ExitStatus> {
        *self.exit.borrow()
    }

    /// Waits until the process has ended. `None` when its end could not be observed.
    pub async fn wait(&self) -> Option<ExitStatus> {
        self.ended().await
    }

    /// A future that waits for the end and may outlive this borrow.
    pub fn ended(&self) -> impl Future<Output = Option<ExitStatus>> + Send + use<> {
        let mut exit = self.exit.clone();
        async move { exit.wait_for(Option::is_some).await.ok().and_then(|status| *status) }
    }

    /// Sends a signal to the process itself, not to its group.
    pub fn signal(&self, signal: Signal) {
        if self.exit_status().is_none() {
            // The only failure is that it has just ended, which is what callers want to know from `wait`.
            let _ = kill(self.pid, signal);
        }
    }

    /// Asks the process to end, waits up to `limit`, then kills whatever is left of its group.
    /// `false` when force was needed.
    pub async fn stop(&self, signal: Signal, limit: Duration) -> bool {
        self.signal(signal);
        let polite = timeout(limit, self.wait()).await.is_ok();
        self.kill_group();
        if !polite {
            // A killed process is reaped at once; the limit only guards against one stuck in the kernel.
            let _ = timeout(Duration::from_secs(5), self.wait()).await;
        }
        self.group_has_gone().await;
        polite
    }

    /// Waits a moment until what was killed has gone, so that nobody sees it any more.
    async fn group_has_gone(&self) {
        for _ in 0..50 {
            if killpg(self.pid, None).is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Kills the whole group: also what the process left behind when it ended by itself.
    pub fn kill_group(&self) {
        let _ = killpg(self.pid, Signal::SIGKILL);
    }

    /// The last lines of the log, indented, for error messages.
    pub fn log_tail(&self) -> String {
        log_tail(&self.log)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // After its end the group may be empty and its number somebody else's; `stop` has seen to that case.
        if self.exit_status().is_none() {
            self.kill_group();
        }
    }
}

/// The last lines of a log file, indented.
pub fn log_tail(log: &Path) -> String {
    let Ok(bytes) = std::fs::read(log) else {
        return format!("(no log at {})", log.display());
    };
    let text = String::from_utf8_lossy(&bytes[bytes.len().saturating_sub(TAIL_BYTES)..]).into_owned();
    let lines: Vec<&str> = text.lines().collect();
    let shown = lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n    ");
    format!("last lines of {}:\n    {shown}", log.display())
}
