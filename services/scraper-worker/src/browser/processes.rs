//! What the operating system knows of a browser's processes: finding, measuring and killing them.
//!
//! A browser is not one process. chromedriver leads a process group in which Chromium and its helpers live,
//! the crash handler leaves that group for one of its own, and helpers forked by the zygote overwrite their
//! environment. So members are recognised by either mark: the group, or the slot's directory among their
//! environment or arguments. Together they miss none.

use nix::{
    errno::Errno,
    sys::{
        signal::{Signal, kill, killpg},
        wait::{WaitPidFlag, WaitStatus, waitpid},
    },
    unistd::Pid,
};
use procfs::process::{Process, all_processes};
use std::{
    collections::HashMap,
    os::unix::ffi::OsStrExt,
    path::Path,
    time::{Duration, Instant},
};

/// How long processes that were sent SIGKILL may take to be gone, and the pause between looks.
const GONE_LIMIT: Duration = Duration::from_secs(3);
const GONE_PAUSE: Duration = Duration::from_millis(10);

/// Sends SIGKILL to a whole process group. Frozen processes die of it too.
pub(super) fn kill_group(group: i32) {
    if group > 1 {
        // A group that is gone already is what was wanted.
        let _ = killpg(Pid::from_raw(group), Signal::SIGKILL);
    }
}

/// Kills every process that belongs to the slot and waits until they are gone; says how many there were.
///
/// Blocking: reads `/proc`. `group` is killed only together with the directory's mark or when the caller
/// knows it to be its own child, since the number of a finished group may be another's by now.
pub(super) fn kill_members(directory: &Path, group: Option<i32>) -> usize {
    let started = Instant::now();
    let mut killed = std::collections::HashSet::new();
    loop {
        let members = members(directory, group);
        for process in &members {
            if killed.insert(process.pid) {
                let _ = kill(Pid::from_raw(process.pid), Signal::SIGKILL);
            }
        }
        if let Some(group) = group {
            reap_group(group);
        }
        if members.is_empty() || started.elapsed() > GONE_LIMIT {
            return killed.len();
        }
        std::thread::sleep(GONE_PAUSE);
    }
}

/// The living processes that are marked by the slot's directory or are in its group.
fn members(directory: &Path, group: Option<i32>) -> Vec<Process> {
    let Ok(all) = all_processes() else { return Vec::new() };
    let own = std::process::id();
    all.flatten()
        .filter(|process| u32::try_from(process.pid) != Ok(own))
        .filter(|process| {
            let Ok(stat) = process.stat() else { return false };
            if stat.state == 'Z' || stat.state == 'X' {
                return false;
            }
            group == Some(stat.pgrp) || is_marked(process, directory)
        })
        .collect()
}

fn is_marked(process: &Process, directory: &Path) -> bool {
    let mark = directory.as_os_str().as_bytes();
    let contains = |text: &[u8]| text.windows(mark.len()).any(|window| window == mark);
    let read = |name: &str| std::fs::read(format!("/proc/{}/{name}", process.pid)).unwrap_or_default();
    !mark.is_empty() && (contains(&read("environ")) || contains(&read("cmdline")))
}

/// Collects the exit states of a killed group's members that were left to us. Only where the worker is a
/// reaper (its `main` makes it one, and in a container it may be process 1) are there any.
fn reap_group(group: i32) {
    loop {
        match waitpid(Pid::from_raw(-group), Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::StillAlive) | Err(Errno::ECHILD) => return,
            Ok(_) | Err(Errno::EINTR) => {}
            Err(_) => return,
        }
    }
}

/// Makes this process the one that orphans below it are handed to, so that it can collect them: in a container
/// without an init nobody else would.
pub fn adopt_orphans() {
    if let Err(error) = nix::sys::prctl::set_child_subreaper(true) {
        tracing::debug!(%error, "orphans of browsers go to the system's init");
    }
}

/// Collects dead processes of browsers that were handed to us. The driver itself is its owner's to wait for.
pub(super) fn reap_adopted() {
    let own = i32::try_from(std::process::id()).unwrap_or_default();
    let Ok(all) = all_processes() else { return };
    for stat in all.flatten().filter_map(|process| process.stat().ok()) {
        let is_browsers = stat.comm.starts_with("chrom") && stat.comm != "chromedriver";
        if stat.state == 'Z' && stat.ppid == own && is_browsers {
            let _ = waitpid(Pid::from_raw(stat.pid), Some(WaitPidFlag::WNOHANG));
        }
    }
}

/// When a process was started, in the kernel's clock ticks: with its number, what it is called for ever.
pub(super) fn start_time(pid: i32) -> Option<u64> {
    Process::new(pid).and_then(|process| process.stat()).ok().map(|stat| stat.starttime)
}

/// Whether any process of the group still lives.
pub(super) fn is_group_alive(group: i32) -> bool {
    all_processes().is_ok_and(|all| {
        all.flatten().filter_map(|process| process.stat().ok()).any(|stat| stat.pgrp == group && stat.state != 'Z')
    })
}

/// Memory per group in bytes, for the groups asked about: the proportional share of each member, since
/// Chromium's processes share most of their pages and would be counted many times over.
pub(super) fn memory_of_groups(groups: &[i32]) -> HashMap<i32, u64> {
    let mut sums = HashMap::new();
    let Ok(all) = all_processes() else { return sums };
    for process in all.flatten() {
        let Some(group) = process.stat().ok().map(|stat| stat.pgrp).filter(|group| groups.contains(group)) else {
            continue;
        };
        *sums.entry(group).or_default() += proportional_bytes(&process);
    }
    sums
}

/// The groups of which one process alone holds as much memory as `bound`, and how much that is. By the resident
/// set, which costs nothing to read; one process shares little enough for that to do.
pub(super) fn groups_beyond(groups: &[i32], bound: u64) -> HashMap<i32, u64> {
    let Ok(all) = all_processes() else { return HashMap::new() };
    let of_groups = all.flatten().filter_map(|process| process.stat().ok()).filter(|stat| groups.contains(&stat.pgrp));
    of_groups
        .map(|stat| (stat.pgrp, stat.rss.saturating_mul(procfs::page_size())))
        .filter(|(_, bytes)| *bytes >= bound)
        .collect()
}

fn proportional_bytes(process: &Process) -> u64 {
    let Ok(rollup) = process.smaps_rollup() else { return 0 };
    rollup.memory_map_rollup.0.iter().filter_map(|map| map.extension.map.get("Pss")).sum()
}
