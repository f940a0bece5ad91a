//! What the supervisor tells other commands about itself: `.local/supervisor.json`.

use super::folder::Folder;
use crate::{env_file, record::ProcessRecord};
use serde::{Deserialize, Serialize};
use std::fs;

/// How far the stack is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Building, starting servers and services.
    Starting,
    /// The API answers; the first scrape goes on.
    Scraping,
    /// The first scrape has finished.
    Ready,
    /// The API answers, but the first scrape did not end as it should.
    ScrapeFailed,
    /// On its way down.
    Stopping,
}

/// The supervisor and its phase.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct State {
    /// Its process, so that it can be told from another of the same id.
    pub supervisor: ProcessRecord,
    /// How far it is.
    pub phase: Phase,
}

impl State {
    /// Reads the state; nothing when no stack was started, or its supervisor is gone.
    pub fn of_live_supervisor(folder: &Folder) -> Option<Self> {
        let state: Self = serde_json::from_slice(&fs::read(path(folder)).ok()?).ok()?;
        state.supervisor.is_alive().then_some(state)
    }

    /// Says that this process supervises the stack and how far it is.
    pub fn write(folder: &Folder, phase: Phase) -> anyhow::Result<()> {
        let supervisor = ProcessRecord::of("supervisor", std::process::id())
            .ok_or_else(|| anyhow::anyhow!("this process cannot find itself under /proc"))?;
        env_file::write_private(&path(folder), &serde_json::to_vec_pretty(&Self { supervisor, phase })?)
    }

    /// Forgets the supervisor.
    pub fn remove(folder: &Folder) {
        // It may never have been written.
        let _ = fs::remove_file(path(folder));
    }
}

fn path(folder: &Folder) -> std::path::PathBuf {
    folder.join("supervisor.json")
}
