//! Load by `oha`.

use serde_json::Value;
use std::{io::Write, process::Stdio};
use tokio::process::Command;

const SECONDS: &str = "10s";
const USERS: &str = "50";

/// How requests follow one another.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Pace {
    /// Each user asks again when answered.
    Closed,
    /// So many a second, whether answers come or not; waiting counts from when a request was due.
    Open(f64),
}

/// What came of it; times in milliseconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Figures {
    pub(crate) rate: f64,
    pub(crate) p50: f64,
    pub(crate) p95: f64,
    pub(crate) p99: f64,
    /// Answers that were none: everything but 200.
    pub(crate) failed: u64,
}

/// Asks for any of `urls`, for ten seconds.
pub(crate) async fn ask(urls: &[String], pace: Pace) -> Figures {
    let mut list = tempfile::NamedTempFile::new().unwrap();
    list.write_all(urls.join("\n").as_bytes()).unwrap();
    let mut command = Command::new("oha");
    command.args([
        "--no-tui",
        "--disable-compression",
        "--output-format",
        "json",
        "-z",
        SECONDS,
        "-c",
        USERS,
        "--urls-from-file",
    ]);
    command.arg(list.path());
    if let Pace::Open(rate) = pace {
        command.args(["-q", &format!("{rate:.0}"), "--latency-correction"]);
    }
    let output = command.stderr(Stdio::inherit()).kill_on_drop(true).output().await;
    let output = output.expect("oha runs; `cargo install oha` installs it");
    assert!(output.status.success(), "oha failed: {}", output.status);
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    let percentile = |name: &str| told["latencyPercentiles"][name].as_f64().unwrap_or(f64::NAN) * 1e3;
    let by_status = told["statusCodeDistribution"].as_object().unwrap();
    let odd = by_status.iter().filter(|(status, _)| *status != "200").filter_map(|(_, count)| count.as_u64());
    // What was under way when the time was up is no failure.
    let errors = told["errorDistribution"].as_object().into_iter().flatten();
    let errors = errors.filter(|(error, _)| !error.contains("deadline")).filter_map(|(_, count)| count.as_u64());
    Figures {
        rate: told["summary"]["requestsPerSec"].as_f64().unwrap(),
        p50: percentile("p50"),
        p95: percentile("p95"),
        p99: percentile("p99"),
        failed: odd.chain(errors).sum(),
    }
}
