//! `devstack test -- command…`: runs a command with private servers that exist only for it.

use crate::{
    commands::{servers, stop_requested, try_lock},
    packages::Tools,
    progress, record,
    record::Record,
    servers::{ServerOptions, Servers},
};
use anyhow::{Context, bail};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use std::{fs, path::Path, process::ExitStatus};
use tokio::process::{Child, Command};

/// Runs the command and returns its exit code. Nothing of the servers is left, whatever happens.
pub async fn run(root: &Path, postgres_buffers: String, command: &[String]) -> anyhow::Result<u8> {
    let Some((program, arguments)) = command.split_first() else { bail!("no command was given after `--`") };
    let tools = Tools::ensure().await?;
    let runs = root.join(".local/test-runs");
    sweep(&runs)?;
    let dir = runs.join(crate::random::hex(6)?);
    let Some(lock) = try_lock(&dir)? else { bail!("{} is in use", dir.display()) };
    let records = dir.join("processes.json");
    let record = Record::create(&records)?;
    progress::line("Starting private servers for the tests");
    let options = ServerOptions { postgres_buffers, ..ServerOptions::throwaway(&dir)? };
    let started = tokio::select! {
        started = Servers::start(&tools, &options, &record) => started,
        stopped = stop_requested() => stopped.and_then(|signal| bail!("stopped by {signal} before the tests ran")),
    };
    let result = match started {
        Ok(servers) => {
            let mut command = Command::new(program);
            run_with(servers, command.args(arguments)).await
        }
        Err(error) => Err(error),
    };
    record::end_all(&records)?;
    if !matches!(result, Ok(0)) {
        keep_logs(&dir.join("logs"), &root.join(".local/test-logs"))?;
    }
    drop(lock);
    remove_run(&dir)?;
    result
}

async fn run_with(servers: Servers, command: &mut Command) -> anyhow::Result<u8> {
    let code = match command.envs(servers.test_variables()).spawn() {
        Ok(mut child) => supervise(&mut child, &servers).await,
        Err(error) => Err(error).with_context(|| format!("cannot start {:?}", command.as_std().get_program())),
    };
    progress::step("servers stopped", async {
        servers.stop().await;
        Ok(())
    })
    .await?;
    code
}

/// Waits for the command. Ctrl-C reaches it from the terminal by itself; other signals are passed on.
async fn supervise(child: &mut Child, servers: &Servers) -> anyhow::Result<u8> {
    let pid = child.id().and_then(|pid| i32::try_from(pid).ok()).map(Pid::from_raw);
    loop {
        tokio::select! {
            status = child.wait() => return Ok(exit_code(status?)),
            signal = stop_requested() => {
                if let (signal @ (Signal::SIGTERM | Signal::SIGHUP), Some(pid)) = (signal?, pid) {
                    let _ = kill(pid, signal);
                }
            }
            (_, message) = servers.first_exit() => {
                progress::line(&message);
                child.start_kill()?;
                child.wait().await?;
                bail!("a server ended while the tests ran");
            }
        }
    }
}

fn exit_code(status: ExitStatus) -> u8 {
    use std::os::unix::process::ExitStatusExt;
    // As a shell has it: 128 and the signal.
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(1);
    u8::try_from(code).unwrap_or(1)
}

/// Ends and removes what runs left that were killed: those whose lock nobody holds.
fn sweep(runs: &Path) -> anyhow::Result<()> {
    for entry in fs::read_dir(runs).into_iter().flatten().flatten() {
        let dir = entry.path();
        if try_lock(&dir)?.is_some() {
            record::end_all(&dir.join("processes.json"))?;
            remove_run(&dir)?;
        }
    }
    Ok(())
}

fn remove_run(dir: &Path) -> anyhow::Result<()> {
    servers::remove(dir)?;
    fs::remove_dir_all(dir).with_context(|| format!("{} cannot be removed", dir.display()))
}

fn keep_logs(from: &Path, to: &Path) -> anyhow::Result<()> {
    if to.exists() {
        fs::remove_dir_all(to)?;
    }
    if from.exists() {
        fs::rename(from, to)?;
        progress::line(&format!("The servers' logs are in {}", to.display()));
    }
    Ok(())
}
