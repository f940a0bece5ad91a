//! One chromedriver with everything it starts: a process group and a directory that live and die together.

use super::{instance, limits::PoolSettings, processes, registry::Registry};
use std::{
    path::{Path, PathBuf},
    process::Stdio,
    sync::Arc,
    time::Duration,
};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, ChildStdout, Command},
};

/// A running driver. However it is dropped, its group is killed at once and its directory removed after.
pub(super) struct Driver {
    remains: Option<Remains>,
    group: i32,
    port: u16,
}

/// What has to be cleared away when a driver ends.
struct Remains {
    child: Option<Child>,
    group: Option<i32>,
    directory: PathBuf,
    registry: Arc<Registry>,
}

impl Driver {
    pub(super) async fn start(
        settings: &PoolSettings,
        directory: PathBuf,
        registry: &Arc<Registry>,
    ) -> Result<Self, String> {
        let mut remains = Remains { child: None, group: None, directory, registry: Arc::clone(registry) };
        let mut child = command(settings, &remains.directory)
            .spawn()
            .map_err(|error| format!("{}: {error}", settings.chromedriver.display()))?;
        let group = child.id().and_then(|id| i32::try_from(id).ok()).ok_or("the driver ended at once")?;
        let output = child.stdout.take();
        remains.child = Some(child);
        remains.group = Some(group);
        registry.add(group);
        instance::record(&remains.directory, group).map_err(|error| format!("recording the driver: {error}"))?;
        let output = output.ok_or("the driver has no output")?;
        let port = tokio::time::timeout(settings.limits.start, read_port(output))
            .await
            .map_err(|_| format!("the driver was not ready within {:?}", settings.limits.start))?
            .ok_or("the driver ended before it was ready")?;
        Ok(Self { remains: Some(remains), group, port })
    }

    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(super) fn group(&self) -> i32 {
        self.group
    }

    pub(super) fn directory(&self) -> Option<&Path> {
        self.remains.as_ref().map(|remains| remains.directory.as_path())
    }

    /// Whether the driver's own process has ended.
    pub(super) fn has_ended(&mut self) -> bool {
        let child = self.remains.as_mut().and_then(|remains| remains.child.as_mut());
        child.is_none_or(|child| !matches!(child.try_wait(), Ok(None)))
    }

    /// Kills the group and returns when nothing of it is left.
    pub(super) async fn kill(mut self) {
        if let Some(remains) = self.remains.take() {
            remains.clear().await;
        }
    }
}

impl Remains {
    async fn clear(mut self) {
        let (child, group) = (self.child.take(), self.group.take());
        let (directory, registry) = (std::mem::take(&mut self.directory), Arc::clone(&self.registry));
        clear(child, group, directory, &registry).await;
    }
}

impl Drop for Remains {
    fn drop(&mut self) {
        if self.directory.as_os_str().is_empty() {
            return;
        }
        // Nothing may be left running even if the rest never gets its turn.
        if let Some(group) = self.group {
            processes::kill_group(group);
        }
        let (child, group) = (self.child.take(), self.group.take());
        let (directory, registry) = (std::mem::take(&mut self.directory), Arc::clone(&self.registry));
        let tracker = registry.cleaning.clone();
        tracker.spawn_on(async move { clear(child, group, directory, &registry).await }, &self.registry.runtime);
    }
}

async fn clear(mut child: Option<Child>, group: Option<i32>, directory: PathBuf, registry: &Registry) {
    if let Some(group) = group {
        processes::kill_group(group);
    }
    if let Some(child) = &mut child {
        // SIGKILL was sent: this takes as long as the kernel needs.
        let _ = tokio::time::timeout(Duration::from_secs(5), child.wait()).await;
    }
    let cleared = registry.runtime.spawn_blocking(move || instance::clear_slot(&directory, group)).await;
    if let Err(error) = cleared {
        tracing::warn!(error = %error, "could not clear a browser's directory");
    }
    if let Some(group) = group {
        registry.remove(group);
    }
}

/// The driver gets nothing of the worker's environment, which holds the broker's password, and keeps all its
/// files in the slot.
fn command(settings: &PoolSettings, directory: &Path) -> Command {
    let mut command = Command::new(&settings.chromedriver);
    command
        .arg("--port=0")
        .arg("--log-level=SEVERE")
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .env("LANG", "C.UTF-8")
        .env("HOME", directory.join("home"))
        .env("XDG_CONFIG_HOME", directory.join("home"))
        .env("XDG_CACHE_HOME", directory.join("home"))
        .env("TMPDIR", directory.join("tmp"))
        .current_dir(directory)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .process_group(0)
        .kill_on_drop(true);
    command
}

/// The port the driver says it listens on. What it says later is read on, so that it never blocks.
async fn read_port(output: ChildStdout) -> Option<u16> {
    let mut lines = BufReader::new(output).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let Some((_, rest)) = line.split_once("started successfully on port ") else { continue };
        let port = rest.trim_end_matches('.').parse().ok()?;
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        return Some(port);
    }
    None
}
