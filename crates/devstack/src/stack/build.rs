//! Building the services.

use anyhow::{Context, bail};
use serde::Deserialize;
use std::path::{Path, PathBuf};
use tokio::process::Command;

#[derive(Deserialize)]
struct Metadata {
    target_directory: PathBuf,
}

/// Builds all binaries and returns the folder they are in. Cargo's own progress is shown.
pub async fn build(root: &Path, release: bool) -> anyhow::Result<PathBuf> {
    let mut command = cargo();
    // The whole workspace, so that features, and with them what was built before, are the same as everywhere.
    command.current_dir(root).args(["build", "--workspace", "--bins", "--locked"]);
    if release {
        command.arg("--release");
    }
    let status = command.kill_on_drop(true).status().await.context("cargo cannot be started")?;
    if !status.success() {
        bail!("the services could not be built ({status}); cargo's messages are above");
    }
    Ok(target_folder(root).await?.join(if release { "release" } else { "debug" }))
}

async fn target_folder(root: &Path) -> anyhow::Result<PathBuf> {
    let mut command = cargo();
    command.current_dir(root).args(["metadata", "--no-deps", "--format-version", "1", "--locked"]);
    let output = command.kill_on_drop(true).output().await?;
    if !output.status.success() {
        bail!("cargo metadata failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    let metadata: Metadata = serde_json::from_slice(&output.stdout)?;
    Ok(metadata.target_directory)
}

/// The cargo that runs us, or the one on the path.
fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}
