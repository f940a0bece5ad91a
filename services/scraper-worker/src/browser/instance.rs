//! Where a running worker keeps its browsers' files, and how what a dead worker left is cleared away.
//!
//! Each worker has one folder below the state directory, named in a lock file that it holds locked as long as
//! it lives: the kernel lets go of the lock however the worker ends, so a lock that can be had means a dead
//! owner. In the folder is one directory a browser, with a record of its process group.

use super::processes;
use nix::fcntl::{Flock, FlockArg};
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

const RECORD: &str = "record.json";

/// The folder of this worker, locked.
pub(super) struct Instance {
    pub(super) directory: PathBuf,
    lock_path: PathBuf,
    _lock: Flock<File>,
    next_slot: AtomicU64,
}

/// Whose processes live in a slot's directory: a group's number may be given to others later, so when its
/// leader was started belongs to it.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    group: i32,
    started: u64,
}

/// What a sweep cleared away.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Swept {
    pub processes: usize,
    pub directories: usize,
}

impl Instance {
    /// Makes and locks a folder of our own. Names are short: Chromium puts a socket below them, and a
    /// socket's path may have 107 bytes.
    pub(super) fn create(state_directory: &Path) -> io::Result<Self> {
        fs::create_dir_all(state_directory)?;
        let mut name = format!("w{}", std::process::id());
        for again in 1.. {
            let lock_path = state_directory.join(format!("{name}.lock"));
            let file = File::options().create(true).truncate(false).write(true).open(&lock_path)?;
            if let Ok(lock) = Flock::lock(file, FlockArg::LockExclusiveNonblock)
                && lock_path.exists()
            {
                let directory = state_directory.join(&name);
                // What lies there under our number is an earlier worker's of the same number.
                sweep_instance(&directory);
                fs::create_dir_all(&directory)?;
                return Ok(Self { directory, lock_path, _lock: lock, next_slot: AtomicU64::new(1) });
            }
            name = format!("w{}-{again}", std::process::id());
        }
        Err(io::Error::other("no free name in the state directory"))
    }

    /// A new directory for one browser, with places for its temporary files, profile and home.
    pub(super) fn new_slot(&self) -> io::Result<PathBuf> {
        let number = self.next_slot.fetch_add(1, Ordering::Relaxed);
        // The trailing dot keeps `s1.` from being the beginning of `s10.` where processes are looked up by it.
        let directory = self.directory.join(format!("s{number}."));
        for part in ["tmp", "profile", "home"] {
            fs::create_dir_all(directory.join(part))?;
        }
        Ok(directory)
    }

    /// Removes the folder. Called when all browsers are gone.
    pub(super) fn remove(&self) {
        let _ = fs::remove_dir_all(&self.directory);
        let _ = fs::remove_file(&self.lock_path);
    }
}

/// Writes down which group lives in the slot.
pub(super) fn record(slot: &Path, group: i32) -> io::Result<()> {
    let started = processes::start_time(group).unwrap_or_default();
    let text = serde_json::to_vec(&Record { group, started })?;
    fs::write(slot.join(RECORD), text)
}

/// Kills what lives in a slot and removes its directory; for a group that is ours, named by `group`, or that
/// of a dead worker, named by the record. Blocking.
pub(super) fn clear_slot(slot: &Path, group: Option<i32>) -> Swept {
    let group = group.or_else(|| recorded_group(slot));
    let processes = processes::kill_members(slot, group);
    // A process that was just killed may have been writing: its directory can fill behind our back.
    for _ in 0..20 {
        match fs::remove_dir_all(slot) {
            Ok(()) => return Swept { processes, directories: 1 },
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Swept { processes, directories: 0 },
            Err(_) => std::thread::sleep(Duration::from_millis(25)),
        }
    }
    tracing::warn!(directory = %slot.display(), "could not remove a browser's directory");
    Swept { processes, directories: 0 }
}

/// The recorded group, if its leader is still the process that was recorded or is gone while others of the
/// group are left; `None` if the number belongs to somebody else now.
fn recorded_group(slot: &Path) -> Option<i32> {
    let record: Record = serde_json::from_slice(&fs::read(slot.join(RECORD)).ok()?).ok()?;
    match processes::start_time(record.group) {
        Some(started) if started == record.started => Some(record.group),
        // A group outlives its leader, and its number is not given away before the last member is gone.
        None if processes::is_group_alive(record.group) => Some(record.group),
        _ => None,
    }
}

/// Clears away what dead workers left below the state directory. Blocking.
pub fn sweep(state_directory: &Path) -> Swept {
    let mut swept = Swept::default();
    let Ok(entries) = fs::read_dir(state_directory) else { return swept };
    for path in entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()) {
        let found = sweep_dead(&path);
        swept.processes += found.processes;
        swept.directories += found.directories;
    }
    swept
}

/// Clears away everything of a worker that has ended, also what is no longer, or not yet, to be found by its directory.
/// Nothing while the worker's lock is held: by a process it was just starting, which lets go of it at once, or by a
/// worker that was given the same number. Blocking.
pub(super) fn sweep_dead(folder: &Path) -> Swept {
    let lock_path = folder.with_extension("lock");
    let lock = match File::options().create(true).truncate(false).write(true).open(&lock_path) {
        Ok(file) => match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(lock) => Some(lock),
            Err(_) => return Swept::default(),
        },
        // The whole state directory is gone: nobody can have the lock.
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(_) => return Swept::default(),
    };
    let mut swept = sweep_instance(folder);
    // With what follows a folder's name, or `w1` would be the beginning of `w10`.
    swept.processes += processes::kill_members(&folder.join(""), None);
    if lock.is_some() {
        let _ = fs::remove_file(&lock_path);
    }
    swept
}

/// Clears one dead worker's folder.
fn sweep_instance(directory: &Path) -> Swept {
    let mut swept = Swept::default();
    let Ok(entries) = fs::read_dir(directory) else { return swept };
    for slot in entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()) {
        let found = clear_slot(&slot, None);
        swept.processes += found.processes;
        swept.directories += found.directories;
    }
    let _ = fs::remove_dir_all(directory);
    swept
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{os::unix::process::CommandExt, process::Command};

    #[test]
    fn a_living_workers_folder_is_left_alone_and_a_dead_ones_is_cleared() {
        let state = tempfile::tempdir().unwrap();
        let living = Instance::create(state.path()).unwrap();
        let kept = living.new_slot().unwrap();
        let dead = Instance::create(state.path()).unwrap();
        let slot = dead.new_slot().unwrap();
        let mut child = Command::new("sleep").arg("1000").process_group(0).spawn().unwrap();
        record(&slot, i32::try_from(child.id()).unwrap()).unwrap();
        drop(dead);

        assert_eq!(sweep(state.path()), Swept { processes: 1, directories: 1 });
        assert!(!slot.exists());
        assert!(kept.exists());
        // Reaped already by the sweep, or by us now.
        assert!(child.wait().is_ok_and(|status| status.code().is_none()) || child.wait().is_err());
        assert_eq!(sweep(state.path()), Swept::default());
    }

    #[test]
    fn a_process_that_only_inherited_a_groups_number_is_spared() {
        let state = tempfile::tempdir().unwrap();
        let dead = Instance::create(state.path()).unwrap();
        let slot = dead.new_slot().unwrap();
        let mut child = Command::new("sleep").arg("1000").process_group(0).spawn().unwrap();
        let record = Record { group: i32::try_from(child.id()).unwrap(), started: 1 };
        fs::write(slot.join(RECORD), serde_json::to_vec(&record).unwrap()).unwrap();
        drop(dead);

        assert_eq!(sweep(state.path()), Swept { processes: 0, directories: 1 });
        assert!(child.try_wait().unwrap().is_none(), "it lives");
        child.kill().unwrap();
        child.wait().unwrap();
    }

    #[test]
    fn what_an_ended_worker_started_is_cleared_also_when_its_folder_is_gone() {
        let state = tempfile::tempdir().unwrap();
        let worker = Instance::create(state.path()).unwrap();
        let (folder, slot) = (worker.directory.clone(), worker.new_slot().unwrap());
        let mut child = Command::new("sleep").arg("1000").env("TMPDIR", slot.join("tmp")).spawn().unwrap();
        assert_eq!(sweep_dead(&folder), Swept::default(), "its lock is held");
        assert!(child.try_wait().unwrap().is_none());
        fs::remove_dir_all(&folder).unwrap();
        drop(worker);

        assert_eq!(sweep(state.path()), Swept::default(), "nothing leads to it");
        assert_eq!(sweep_dead(&folder), Swept { processes: 1, directories: 0 });
        let _ = child.wait();
        assert_eq!(fs::read_dir(state.path()).unwrap().count(), 0);

        let mut child = Command::new("sleep").arg("1000").env("TMPDIR", slot.join("tmp")).spawn().unwrap();
        state.close().unwrap();
        assert_eq!(sweep_dead(&folder).processes, 1, "also without the state directory");
        let _ = child.wait();
    }

    #[test]
    fn an_unrecorded_process_is_known_by_the_directory_in_its_environment() {
        let state = tempfile::tempdir().unwrap();
        let dead = Instance::create(state.path()).unwrap();
        let slot = dead.new_slot().unwrap();
        let mut child = Command::new("sleep").arg("1000").env("TMPDIR", slot.join("tmp")).spawn().unwrap();
        drop(dead);

        assert_eq!(sweep(state.path()).processes, 1);
        let _ = child.wait();
    }
}
