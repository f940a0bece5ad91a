//! A TCP proxy that misbehaves on request: the network between two programs, with its faults.

mod connection;

use std::{net::SocketAddr, time::Duration};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

/// How the proxy treats bytes and connections, old and new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Everything passes.
    Pass,
    /// Each piece is held back for this long, in either direction.
    Latency(Duration),
    /// Connections stand and are accepted, but not a byte passes: a firewall that drops packets.
    BlackHole,
    /// Connections are reset, old and new: a machine that has just started again.
    Reset,
    /// The server's side is gone and the client is not told: a peer that lost its power.
    HalfOpen,
}

/// A running proxy; dropping it closes everything.
#[derive(Debug)]
pub struct ChaosProxy {
    address: SocketAddr,
    mode: watch::Sender<Mode>,
    accepting: JoinHandle<()>,
}

impl ChaosProxy {
    /// Listens on a free port and passes everything on to `upstream` (`host:port`).
    pub async fn start(upstream: impl Into<String>) -> Self {
        let upstream = upstream.into();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port is free");
        let address = listener.local_addr().expect("a bound socket has an address");
        let (mode, modes) = watch::channel(Mode::Pass);
        let accepting = tokio::spawn(connection::accept(listener, upstream, modes));
        Self { address, mode, accepting }
    }

    /// The same in front of the server that a URL names with its port.
    pub async fn start_for(url: &str) -> Self {
        let url = url::Url::parse(url).expect("a URL");
        let (host, port) = (url.host_str().expect("a host"), url.port().expect("a port"));
        Self::start(format!("{host}:{port}")).await
    }

    /// Where clients connect.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The same URL with the proxy's address in place of the server's.
    pub fn in_front_of(&self, url: &str) -> String {
        let mut url = url::Url::parse(url).expect("a URL");
        url.set_host(Some("127.0.0.1")).expect("the URL takes a host");
        url.set_port(Some(self.address.port())).expect("the URL takes a port");
        url.into()
    }

    /// Holds every piece back for `delay`.
    pub fn latency(&self, delay: Duration) {
        self.set(Mode::Latency(delay));
    }

    /// Swallows silently. What was held back passes after [`ChaosProxy::restore`].
    pub fn black_hole(&self) {
        self.set(Mode::BlackHole);
    }

    /// Resets every connection there is and every one that comes.
    pub fn reset(&self) {
        self.set(Mode::Reset);
    }

    /// Ends the server's side of every connection and leaves the client in the belief that it stands.
    pub fn half_open(&self) {
        self.set(Mode::HalfOpen);
    }

    /// Back to normal, for new connections and for those that still stand.
    pub fn restore(&self) {
        self.set(Mode::Pass);
    }

    /// The general form of the above.
    pub fn set(&self, mode: Mode) {
        self.mode.send_replace(mode);
    }
}

impl Drop for ChaosProxy {
    fn drop(&mut self) {
        // The connections end too: their channel of modes closes.
        self.accepting.abort();
    }
}
