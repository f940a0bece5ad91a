//! SIGTERM (the platform), SIGINT (a person).

use super::Lifecycle;
use tokio::signal::unix::{SignalKind, signal};

pub(super) fn listen(lifecycle: Lifecycle) -> std::io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::spawn(async move {
        loop {
            let name = tokio::select! {
                _ = terminate.recv() => "SIGTERM",
                _ = interrupt.recv() => "SIGINT",
            };
            tracing::info!(signal = name, "asked to stop");
            lifecycle.stop();
        }
    });
    Ok(())
}
