//! One of our own programs as a running part of the stack, which can be started again.

use crate::{process::Process, ready, record::Record};
use anyhow::bail;
use nix::sys::signal::Signal;
use std::{path::PathBuf, time::Duration};
use tokio::process::Command;

const READY_LIMIT: Duration = Duration::from_secs(60);
const REQUEST_LIMIT: Duration = Duration::from_secs(3);
/// Longer than the services' own drain deadline, so that force is the exception.
const STOP_LIMIT: Duration = Duration::from_secs(40);

/// How to start a part, as often as needed.
#[derive(Debug, Clone)]
pub struct Launch {
    /// The name shown to people and used for the log file.
    pub name: String,
    /// The binary.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Its whole environment, besides what every program needs.
    pub environment: Vec<(&'static str, String)>,
    /// Its log file.
    pub log: PathBuf,
    /// What answers 2xx once it is ready.
    pub ready_url: String,
}

impl Launch {
    /// Starts the program and waits until it says that it is ready.
    pub async fn start(&self, record: &Record) -> anyhow::Result<Part> {
        let process = record.spawn(&self.name, &mut self.command(), &self.log)?;
        let client = reqwest::Client::builder().timeout(REQUEST_LIMIT).no_proxy().build()?;
        ready::wait(&process, READY_LIMIT, || async {
            let status = client.get(&self.ready_url).send().await?.status();
            if !status.is_success() {
                bail!("{} answers {status}", self.ready_url);
            }
            Ok(())
        })
        .await?;
        Ok(Part { launch: self.clone(), process })
    }

    /// The program with its environment and nothing of the developer's that could lead it astray.
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).env_clear();
        for name in ["PATH", "HOME", "TMPDIR", "LANG"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command.envs(self.environment.iter().map(|(name, value)| (*name, value)));
        command
    }
}

/// A running part.
#[derive(Debug)]
pub struct Part {
    /// How it was started.
    pub launch: Launch,
    /// Its process.
    pub process: Process,
}

impl Part {
    /// Lets it finish what it does and ends it.
    pub async fn stop(self) -> bool {
        self.process.stop(Signal::SIGTERM, STOP_LIMIT).await
    }
}
