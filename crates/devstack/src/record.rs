//! A file of the processes that were started, so that they can be ended even after the supervisor was killed.
//!
//! A process is known by its id together with the time it started: an id alone may belong to somebody else by now.

use crate::process::Process;
use nix::{
    sys::signal::{Signal, kill, killpg},
    unistd::Pid,
};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::Mutex,
    time::{Duration, Instant},
};
use tokio::process::Command;

/// Every child inherits this variable. What escaped its process group is found by it.
pub const MARKER: &str = "RMU_STACK_ID";

/// One process, identified beyond doubt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessRecord {
    /// The name shown to people.
    pub name: String,
    /// Process id; the id of its group too, unless it is the supervisor.
    pub pid: u32,
    /// When it started, in clock ticks since the machine did.
    pub started: u64,
}

impl ProcessRecord {
    /// Describes a process that is running now.
    pub fn of(name: &str, pid: u32) -> Option<Self> {
        Some(Self { name: name.to_owned(), pid, started: start_time(pid)? })
    }

    /// Whether that very process still runs.
    pub fn is_alive(&self) -> bool {
        start_time(self.pid) == Some(self.started)
    }
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Contents {
    marker: String,
    processes: Vec<ProcessRecord>,
}

/// The record of one stack; written anew, atomically, whenever a process is added.
#[derive(Debug)]
pub struct Record {
    path: PathBuf,
    contents: Mutex<Contents>,
}

impl Record {
    /// Starts an empty record whose children carry a new marker.
    pub fn create(path: &Path) -> anyhow::Result<Self> {
        let contents = Contents { marker: crate::random::hex(16)?, processes: Vec::new() };
        let record = Self { path: path.to_owned(), contents: Mutex::new(contents) };
        record.change(|_| {})?;
        Ok(record)
    }

    /// The marker that children must carry in their environment as [`MARKER`].
    pub fn marker(&self) -> String {
        self.contents.lock().map(|contents| contents.marker.clone()).unwrap_or_default()
    }

    /// Starts a child that carries the marker, and records it.
    pub fn spawn(&self, name: &str, command: &mut Command, log: &Path) -> anyhow::Result<Process> {
        let process = Process::spawn(name, command.env(MARKER, self.marker()), log)?;
        self.add(name, process.pid())?;
        Ok(process)
    }

    /// Adds a process that has just been started.
    pub fn add(&self, name: &str, pid: u32) -> anyhow::Result<()> {
        let Some(process) = ProcessRecord::of(name, pid) else {
            // It has ended already; whoever waits for it will say so.
            return Ok(());
        };
        self.change(|processes| {
            // Parts that are restarted for days must not make the file grow.
            processes.retain(ProcessRecord::is_alive);
            processes.push(process);
        })
    }

    fn change(&self, change: impl FnOnce(&mut Vec<ProcessRecord>)) -> anyhow::Result<()> {
        let mut contents = self.contents.lock().map_err(|_| anyhow::anyhow!("the process record is unusable"))?;
        change(&mut contents.processes);
        crate::env_file::write_private(&self.path, &serde_json::to_vec_pretty(&*contents)?)
    }
}

/// The processes of the record at `path`; none when there is no such file.
pub fn read(path: &Path) -> Vec<ProcessRecord> {
    read_contents(path).processes
}

/// Kills every process of the record and all that carry its marker, waits until they are gone, and
/// removes the file. Returns how many had to be killed; an error when one would not go.
pub fn end_all(path: &Path) -> anyhow::Result<usize> {
    let contents = read_contents(path);
    let own = std::process::id();
    let mut ended = BTreeSet::new();
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let mut left: BTreeSet<u32> = marked(&contents.marker).into_iter().filter(|pid| *pid != own).collect();
        for process in contents.processes.iter().filter(|process| process.pid != own && process.is_alive()) {
            let _ = killpg(raw(process.pid), Signal::SIGKILL);
            left.insert(process.pid);
        }
        if left.is_empty() {
            break;
        }
        if Instant::now() > deadline {
            anyhow::bail!("these processes could not be ended: {left:?}");
        }
        for pid in left {
            let _ = kill(raw(pid), Signal::SIGKILL);
            ended.insert(pid);
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    if path.exists() {
        std::fs::remove_file(path)?;
    }
    Ok(ended.len())
}

fn read_contents(path: &Path) -> Contents {
    std::fs::read(path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
}

fn raw(pid: u32) -> Pid {
    Pid::from_raw(i32::try_from(pid).unwrap_or(i32::MAX))
}

/// Live processes whose environment holds the marker. Those of other users cannot be read and are not ours.
fn marked(marker: &str) -> Vec<u32> {
    if marker.is_empty() {
        return Vec::new();
    }
    let wanted = format!("{MARKER}={marker}").into_bytes();
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    let pids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.filter(|pid| {
        std::fs::read(format!("/proc/{pid}/environ"))
            .is_ok_and(|environment| environment.split(|byte| *byte == 0).any(|variable| variable == wanted))
    })
    .collect()
}

/// When a live process started; `None` when there is none of that id, or only its corpse.
fn start_time(pid: u32) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The command name stands in brackets and may hold anything, so fields are counted from its end.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let state = fields.next()?;
    if state == "Z" || state == "X" {
        return None;
    }
    fields.nth(18)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{os::unix::process::CommandExt, process};

    #[test]
    fn a_reused_id_is_not_mistaken_for_our_process() {
        let mut record = ProcessRecord::of("this test", process::id()).unwrap();
        assert!(record.is_alive());
        record.started += 1;
        assert!(!record.is_alive());
    }

    #[test]
    fn ends_recorded_groups_and_marked_strays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("processes.json");
        let record = Record::create(&path).unwrap();
        // The leader starts a child that leaves the group: only the marker finds that one.
        let mut leader = process::Command::new("sh")
            .args(["-c", "setsid sleep 300 & sleep 300 & wait"])
            .env(MARKER, record.marker())
            .process_group(0)
            .spawn()
            .unwrap();
        record.add("leader", leader.id()).unwrap();
        let deadline = Instant::now() + Duration::from_secs(10);
        while marked(&record.marker()).len() < 3 && Instant::now() < deadline {
            std::thread::yield_now();
        }

        // A zombie child of this test is no live process, so nobody has to reap it first.
        assert!(end_all(&path).unwrap() >= 3);

        leader.wait().unwrap();
        assert!(marked(&record.marker()).is_empty());
        assert!(!path.exists());
    }
}
