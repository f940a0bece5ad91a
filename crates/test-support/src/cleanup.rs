//! Asynchronous work in `drop`, which is not asynchronous.

use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(20);

/// Runs `work` to its end on a thread of its own, so that it does not matter which runtime, if any, is here.
/// A failure is only printed: a second panic while unwinding would hide the first.
pub(crate) fn finish(what: &str, work: impl Future<Output = anyhow::Result<()>> + Send + 'static) {
    let thread = std::thread::spawn(move || -> anyhow::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async { tokio::time::timeout(LIMIT, work).await? })
    });
    match thread.join() {
        Ok(Ok(())) => {}
        Ok(Err(error)) => complain(what, &format!("{error:#}")),
        Err(_) => complain(what, "it panicked"),
    }
}

#[allow(clippy::print_stderr, reason = "the test's own output is the only place for it")]
fn complain(what: &str, error: &str) {
    eprintln!("{what} could not be removed: {error}");
}
