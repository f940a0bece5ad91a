//! The real servers through the command itself: they answer, they end, and nothing of them is left.

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use rmu_devstack::record::{self, ProcessRecord};
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

const LIMIT: Duration = Duration::from_secs(150);

fn devstack() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_devstack"));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn wait_for(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + LIMIT;
    while !condition() {
        assert!(Instant::now() < deadline, "{what} did not happen within {LIMIT:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Ends the command and its servers also when the test fails.
struct Running {
    child: Child,
    dir: PathBuf,
}

impl Running {
    fn finish(mut self) -> Output {
        let child = std::mem::replace(&mut self.child, Command::new("true").spawn().unwrap());
        child.wait_with_output().unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both may have ended already, as they should have.
        let _ = self.child.kill();
        let _ = self.child.wait();
        record::end_all(&self.dir.join("processes.json")).unwrap();
    }
}

fn start_servers(dir: &Path) -> Running {
    let env_file = dir.join("env");
    let _ = fs::remove_file(&env_file);
    let mut child = devstack().arg("servers").arg("--dir").arg(dir).arg("--env-file").arg(&env_file).spawn().unwrap();
    wait_for("the start of the servers", || {
        assert!(child.try_wait().unwrap().is_none(), "the servers ended while starting");
        env_file.exists()
    });
    Running { child, dir: dir.to_owned() }
}

fn recorded(dir: &Path) -> Vec<ProcessRecord> {
    record::read(&dir.join("processes.json"))
}

fn pid_of(processes: &[ProcessRecord], name: &str) -> Pid {
    let process = processes.iter().find(|process| process.name == name).unwrap();
    Pid::from_raw(i32::try_from(process.pid).unwrap())
}

#[test]
fn a_command_runs_with_servers_and_its_exit_code_is_passed_on() {
    // A checkout is known by these two.
    let root = tempfile::tempdir().unwrap();
    fs::create_dir(root.path().join("crates")).unwrap();
    fs::write(root.path().join("Cargo.lock"), "").unwrap();
    let script = "cp .local/test-runs/*/processes.json processes.json; env > env; exit 7";

    let output = devstack().current_dir(&root).args(["test", "--", "sh", "-c", script]).output().unwrap();

    assert_eq!(output.status.code(), Some(7), "{}", String::from_utf8_lossy(&output.stderr));
    let environment = fs::read_to_string(root.path().join("env")).unwrap();
    for name in ["POSTGRES_URL", "REDIS_URL", "AMQP_URL", "RABBITMQ_API_URL", "SMTP_ADDR", "MAIL_DIR"] {
        assert!(environment.contains(&format!("\nRMU_TEST_{name}=")), "{name} is missing");
    }
    let processes = recorded(root.path());
    let names: Vec<&str> = processes.iter().map(|process| process.name.as_str()).collect();
    for name in ["PostgreSQL", "Redis", "RabbitMQ", "epmd"] {
        assert!(names.contains(&name), "{name} is not among {names:?}");
    }
    assert!(processes.iter().all(|process| !process.is_alive()), "{processes:?}");
    let runs = fs::read_dir(root.path().join(".local/test-runs")).unwrap();
    assert_eq!(runs.count(), 0, "the run's folder is removed");
}

#[test]
fn a_crash_is_reported_and_what_a_killed_run_left_is_ended_by_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let mut killed = start_servers(folder.path());
    let orphans = recorded(folder.path());
    killed.child.kill().unwrap();
    killed.child.wait().unwrap();
    assert!(orphans.iter().any(ProcessRecord::is_alive), "the servers outlive a killed supervisor");

    let second = start_servers(folder.path());
    assert!(orphans.iter().all(|process| !process.is_alive()), "{orphans:?}");

    let processes = recorded(folder.path());
    kill(pid_of(&processes, "Redis"), Signal::SIGKILL).unwrap();
    let output = second.finish();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(text.contains("Redis ended unexpectedly; last lines of"), "{text}");
    assert!(text.contains("Ready to accept connections"), "the tail of the log is shown: {text}");
    assert!(processes.iter().all(|process| !process.is_alive()), "{processes:?}");
}
