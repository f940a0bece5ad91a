//! The program: it says where it serves and ends when told.

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::Value;
use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};

/// Ends the program with the test, whatever becomes of that.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn it_prints_its_addresses_once_they_answer_and_ends_when_told() {
    let directory = tempfile::tempdir().unwrap();
    let port_file = directory.path().join("ports.json");
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let child = Command::new(env!("CARGO_BIN_EXE_demo-handbooks"))
            .args(["--units", "10", "--eastmoor-faults", r#"{"errorShare":100}"#])
            .env("RMU_PORT_FILE", &port_file)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut program = Program(child);
        let mut line = String::new();
        BufReader::new(program.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let addresses: Value = serde_json::from_str(&line).unwrap();
        let written: Value = serde_json::from_slice(&std::fs::read(&port_file).unwrap()).unwrap();
        assert_eq!(addresses, written);
        assert!(addresses["northfield"].as_str().unwrap().ends_with(&format!(":{}", addresses["port"])));
        for (site, path, status) in
            [("northfield", "/subject/2026/COMP2011", 200), ("eastmoor", "/subjects/31251.html", 500)]
        {
            let url = format!("{}{path}", addresses[site].as_str().unwrap());
            assert_eq!(reqwest::get(&url).await.unwrap().status().as_u16(), status, "{url}");
        }
        kill(Pid::from_raw(program.0.id().cast_signed()), signal).unwrap();
        assert!(program.0.wait().unwrap().success());
    }
}

#[test]
fn unknown_faults_are_refused_before_anything_is_served() {
    let output = Command::new(env!("CARGO_BIN_EXE_demo-handbooks"))
        .args(["--eastmoor-faults", r#"{"eror":1}"#])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("eror"));
}
