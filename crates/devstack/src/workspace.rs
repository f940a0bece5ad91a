//! Where the checkout is.

use anyhow::Context;
use std::path::PathBuf;

/// The root of the workspace: the nearest folder upwards that holds `Cargo.lock` and `crates`.
pub fn root() -> anyhow::Result<PathBuf> {
    let start = std::env::current_dir().context("the current directory cannot be read")?;
    let found = start.ancestors().find(|folder| folder.join("Cargo.lock").is_file() && folder.join("crates").is_dir());
    found
        .map(PathBuf::from)
        .with_context(|| format!("{} is not inside a checkout of the project: no Cargo.lock above it", start.display()))
}
