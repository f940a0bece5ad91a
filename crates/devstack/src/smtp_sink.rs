//! A mail server that keeps every message as a file instead of delivering it.
//!
//! Messages arrive over SMTP as at a real relay; the protocol's states are the `mailin` crate's. The number of
//! connections, the size of a line and of a message, and every wait are limited.

mod session;

use anyhow::Context;
use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::JoinHandle,
    time::timeout,
};

/// Limits of the sink.
#[derive(Debug, Clone, Copy)]
pub struct SinkLimits {
    /// Clients served at once; one more is told to come back.
    pub connections: usize,
    /// Bytes of one message.
    pub message_bytes: usize,
    /// Silence after which a client is cut off.
    pub idle: Duration,
    /// The longest a session may last.
    pub session: Duration,
}

impl Default for SinkLimits {
    fn default() -> Self {
        Self {
            connections: 64,
            message_bytes: 2 * 1024 * 1024,
            idle: Duration::from_secs(60),
            session: Duration::from_secs(600),
        }
    }
}

/// A running sink; dropping it closes its port.
#[derive(Debug)]
pub struct SmtpSink {
    address: SocketAddr,
    dir: PathBuf,
    accepting: JoinHandle<()>,
}

impl SmtpSink {
    /// Listens on a free port of 127.0.0.1 and stores messages as `.eml` files in `dir`.
    pub async fn start(dir: &Path, limits: SinkLimits) -> anyhow::Result<Self> {
        std::fs::create_dir_all(dir)?;
        let dir = dir.canonicalize()?;
        let [port] = crate::ports::free()?;
        let listener = TcpListener::bind(("127.0.0.1", port)).await.context("the mail sink cannot bind its port")?;
        let address = listener.local_addr()?;
        let accepting = tokio::spawn(accept(listener, dir.clone(), limits));
        Ok(Self { address, dir, accepting })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where messages are stored.
    pub fn dir(&self) -> &Path {
        &self.dir
    }
}

impl Drop for SmtpSink {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, dir: PathBuf, limits: SinkLimits) {
    let slots = Arc::new(Semaphore::new(limits.connections));
    loop {
        let (mut client, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(_) => {
                // Out of file handles, most likely: trying again at once would only burn the processor.
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let Ok(slot) = Arc::clone(&slots).try_acquire_owned() else {
            tokio::spawn(async move { timeout(Duration::from_secs(1), refuse(&mut client)).await });
            continue;
        };
        let dir = dir.clone();
        tokio::spawn(async move {
            let _slot = slot;
            // What goes wrong in a session was told to its client; there is nobody else to tell.
            let _ = timeout(limits.session, session::serve(client, peer.ip(), &dir, limits)).await;
        });
    }
}

async fn refuse(client: &mut TcpStream) {
    let _ = client.write_all(b"421 Too many connections, try again later\r\n").await;
}
