//! `devstack servers`: the servers alone, in the foreground, for whoever wants to run tests many times.

use crate::{
    commands::{stop_requested, try_lock},
    env_file,
    packages::Tools,
    progress, record,
    record::Record,
    servers::{ServerOptions, Servers},
};
use anyhow::{Context, bail};
use std::{fs, path::Path};

/// Runs throwaway servers under `dir` until interrupted; how to reach them is written to `env_file`.
pub async fn run(dir: &Path, env_file: &Path) -> anyhow::Result<()> {
    let tools = Tools::ensure().await?;
    let Some(_lock) = try_lock(dir)? else { bail!("servers are running in {} already", dir.display()) };
    let records = dir.join("processes.json");
    record::end_all(&records)?;
    remove(dir)?;
    // A file from before would tell its readers of servers that are gone.
    if env_file.exists() {
        fs::remove_file(env_file)?;
    }
    let record = Record::create(&records)?;
    let options = ServerOptions::throwaway(dir)?;
    let servers = tokio::select! {
        started = Servers::start(&tools, &options, &record) => started?,
        stopped = stop_requested() => {
            stopped?;
            record::end_all(&records)?;
            return Ok(());
        }
    };
    env_file::write(env_file, &servers.test_variables())?;
    progress::line(&format!("Ready. Use them by: . {}", env_file.display()));

    let crashed = tokio::select! {
        stopped = stop_requested() => { stopped?; None }
        (_, message) = servers.first_exit() => Some(message),
    };
    if let Some(message) = &crashed {
        progress::line(message);
    }
    servers.stop().await;
    record::end_all(&records)?;
    fs::remove_file(env_file).context("the file of variables was gone already")?;
    match crashed {
        Some(_) => bail!("a server ended by itself"),
        None => Ok(()),
    }
}

/// Removes the data of throwaway servers that have stopped.
pub fn remove(dir: &Path) -> anyhow::Result<()> {
    crate::postgres::remove_data(&dir.join("postgres"))?;
    for name in ["redis", "rabbitmq", "mail", "logs"] {
        let folder = dir.join(name);
        if folder.exists() {
            fs::remove_dir_all(&folder).with_context(|| format!("{} cannot be removed", folder.display()))?;
        }
    }
    Ok(())
}
