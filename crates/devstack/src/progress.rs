//! What the developer sees: one line a step, with its seconds.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "this command's output is its progress on the terminal")]

use std::{
    io::Write,
    time::{Duration, Instant},
};

/// Runs a step and prints one line when it has finished or failed.
pub async fn step<T>(label: &str, work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let started = Instant::now();
    let result = work.await;
    match &result {
        Ok(_) => done(label, started.elapsed()),
        Err(_) => eprintln!("  {label:<52} FAILED after {}", seconds(started.elapsed())),
    }
    result
}

/// One line about a finished step.
pub fn done(label: &str, elapsed: Duration) {
    eprintln!("  {label:<52} {}", seconds(elapsed));
}

/// A heading, or any other line of its own.
pub fn line(text: &str) {
    eprintln!("{text}");
}

/// Text that belongs to standard output, such as the final table.
pub fn output(text: &str) {
    let mut out = std::io::stdout().lock();
    // A closed pipe (`| head`) must not turn a good run into a failed one.
    let _ = writeln!(out, "{text}");
}

/// Whether a person watches.
pub fn on_terminal() -> bool {
    use std::io::IsTerminal;
    std::io::stderr().is_terminal()
}

/// Rewrites the current line on a terminal; prints nothing where output goes to a file.
pub fn rewrite(text: &str) {
    if on_terminal() {
        let mut err = std::io::stderr().lock();
        let _ = write!(err, "\r\x1b[2K{text}");
        let _ = err.flush();
    }
}

fn seconds(elapsed: Duration) -> String {
    format!("{:>6.1} s", elapsed.as_secs_f64())
}
