//! The services' real binaries as child processes.

use nix::sys::signal::Signal;
use rmu_devstack::process::Process;
use serde::Deserialize;
use std::{
    path::{Path, PathBuf},
    process::ExitStatus,
    time::Duration,
};
use tempfile::TempDir;
use tokio::process::Command;

const START_LIMIT: Duration = Duration::from_secs(60);
const END_LIMIT: Duration = Duration::from_secs(60);

/// What a service writes into the file named by `RMU_PORT_FILE` once it is bound.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Ports {
    port: Option<u16>,
    ops_port: Option<u16>,
}

/// A running service. Dropping it kills it and its process group.
#[derive(Debug)]
pub struct Service {
    process: Process,
    ports: Ports,
    log: PathBuf,
    _folder: TempDir,
}

impl Service {
    /// Starts `binary` on free ports and waits until it has bound them. `env` is added to the few variables
    /// that every service needs; nothing of the caller's environment is passed on but `PATH`.
    pub async fn spawn<N: AsRef<str>, V: AsRef<str>>(binary: &str, env: impl IntoIterator<Item = (N, V)>) -> Self {
        Self::spawn_with(binary, &["serve"], env).await
    }

    /// The same with other arguments than `serve`.
    pub async fn spawn_with<N: AsRef<str>, V: AsRef<str>>(
        binary: &str,
        arguments: &[&str],
        env: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let (port_file, log) = (folder.path().join("ports.json"), folder.path().join("log"));
        let mut command = command(binary, env);
        command.args(arguments).env("RMU_PORT_FILE", &port_file).current_dir(folder.path());
        let process = Process::spawn(binary, &mut command, &log).expect("the service can be started");
        let ports = crate::wait::value(START_LIMIT, || async {
            if let Some(status) = process.exit_status() {
                panic!("{binary} ended while starting ({status})\n{}", process.log_tail());
            }
            read_ports(&port_file)
        })
        .await;
        Self { process, ports, log, _folder: folder }
    }

    /// The base URL of the API.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.ports.port.expect("this service has an API"))
    }

    /// The base URL of the operations port.
    pub fn ops_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.ports.ops_port.expect("this service has an operations port"))
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// Whether it still runs.
    pub fn is_running(&self) -> bool {
        self.process.exit_status().is_none()
    }

    /// Sends any signal to the process itself.
    pub fn signal(&self, signal: Signal) {
        self.process.signal(signal);
    }

    /// `kill -9` of the process alone, as a crash is: what it had started stays. Returns when it has gone.
    pub async fn kill(&self) {
        self.process.signal(Signal::SIGKILL);
        self.wait().await;
    }

    /// SIGTERM, then waits for the end.
    pub async fn terminate(&self) -> ExitStatus {
        self.process.signal(Signal::SIGTERM);
        self.wait().await
    }

    /// Waits for the end. Panics with the tail of the log when it does not come.
    pub async fn wait(&self) -> ExitStatus {
        let ended = tokio::time::timeout(END_LIMIT, self.process.wait()).await.ok().flatten();
        ended.unwrap_or_else(|| panic!("{} did not end; {}", self.process.name(), self.process.log_tail()))
    }

    /// Everything it has written so far.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.log).unwrap_or_default()).into_owned()
    }
}

/// Runs a binary to its end (`migrate`, `check-config`, …) and returns what it wrote.
pub async fn run<N: AsRef<str>, V: AsRef<str>>(
    binary: &str,
    arguments: &[&str],
    env: impl IntoIterator<Item = (N, V)>,
) -> std::process::Output {
    let output = command(binary, env).args(arguments).kill_on_drop(true).output();
    let output = tokio::time::timeout(END_LIMIT, output).await;
    output.unwrap_or_else(|_| panic!("{binary} did not end within {END_LIMIT:?}")).expect("the binary can be run")
}

/// The path of a workspace's binary, beside the running test.
pub fn binary(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("the test binary has a path");
    // target/debug/deps/it-0123 → target/debug
    let folder = test.ancestors().find(|folder| folder.join("deps").is_dir()).map(Path::to_owned);
    let path = folder.unwrap_or_default().join(name);
    assert!(path.is_file(), "{} is missing: build it first (cargo build --bin {name})", path.display());
    path
}

fn command<N: AsRef<str>, V: AsRef<str>>(name: &str, env: impl IntoIterator<Item = (N, V)>) -> Command {
    let mut command = Command::new(binary(name));
    command.env_clear();
    for inherited in ["PATH", "HOME", "TMPDIR", "LANG", "LLVM_PROFILE_FILE"] {
        if let Some(value) = std::env::var_os(inherited) {
            command.env(inherited, value);
        }
    }
    command.envs([
        ("APP_ENV", "development"),
        ("BIND_ADDRESS", "127.0.0.1"),
        ("OPS_BIND_ADDRESS", "127.0.0.1"),
        ("PORT", "0"),
        ("OPS_PORT", "0"),
        ("READY_GRACE_SECONDS", "0"),
    ]);
    for (name, value) in env {
        command.env(name.as_ref(), value.as_ref());
    }
    command
}

fn read_ports(file: &Path) -> Option<Ports> {
    serde_json::from_slice(&std::fs::read(file).ok()?).ok()
}
