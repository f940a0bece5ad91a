//! One connection through the proxy: two pumps that look at the mode before every piece.

use super::Mode;
use std::{future::pending, io, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
    time::sleep,
};

const PIECE: usize = 16 * 1024;

/// Accepts clients until the proxy is dropped; the connections end with this task.
pub(super) async fn accept(listener: TcpListener, upstream: String, modes: watch::Receiver<Mode>) {
    let mut connections = JoinSet::new();
    loop {
        let Ok((client, _)) = listener.accept().await else {
            sleep(Duration::from_millis(20)).await;
            continue;
        };
        while connections.try_join_next().is_some() {}
        connections.spawn(serve(client, upstream.clone(), modes.clone()));
    }
}

async fn serve(mut client: TcpStream, upstream: String, mut modes: watch::Receiver<Mode>) {
    let fault = tokio::select! {
        _ = relay(&mut client, &upstream, modes.clone()) => None,
        fault = fault(&mut modes) => Some(fault),
    };
    match fault {
        // With a linger time of zero, closing sends a reset instead of a farewell.
        Some(Mode::Reset) => drop(client.set_zero_linger()),
        // The server's side has been closed; the client's stays until it gives up or the proxy ends.
        Some(_) => swallow(&mut client).await,
        None => {}
    }
}

/// Waits for a mode that ends connections before either side wanted them to.
async fn fault(modes: &mut watch::Receiver<Mode>) -> Mode {
    let found = modes.wait_for(|mode| matches!(mode, Mode::Reset | Mode::HalfOpen)).await.map(|mode| *mode);
    match found {
        Ok(mode) => mode,
        Err(_) => pending().await,
    }
}

async fn relay(client: &mut TcpStream, upstream: &str, mut modes: watch::Receiver<Mode>) -> io::Result<()> {
    passing(&mut modes).await;
    client.set_nodelay(true)?;
    let mut server = TcpStream::connect(upstream).await?;
    server.set_nodelay(true)?;
    let (client_reads, client_writes) = client.split();
    let (server_reads, server_writes) = server.split();
    tokio::try_join!(pump(client_reads, server_writes, modes.clone()), pump(server_reads, client_writes, modes))?;
    Ok(())
}

/// Copies one direction until its end, which is passed on too.
async fn pump(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut modes: watch::Receiver<Mode>,
) -> io::Result<()> {
    let mut piece = vec![0; PIECE];
    loop {
        let read = from.read(&mut piece).await?;
        passing(&mut modes).await;
        if read == 0 {
            return to.shutdown().await;
        }
        to.write_all(&piece[..read]).await?;
    }
}

/// Waits as long as nothing may pass, and the latency when there is one.
async fn passing(modes: &mut watch::Receiver<Mode>) {
    let mode = modes.wait_for(|mode| matches!(mode, Mode::Pass | Mode::Latency(_))).await.map(|mode| *mode);
    match mode {
        Ok(Mode::Latency(delay)) => sleep(delay).await,
        Ok(_) => {}
        Err(_) => pending().await,
    }
}

async fn swallow(client: &mut TcpStream) {
    let mut piece = vec![0; PIECE];
    while client.read(&mut piece).await.is_ok_and(|read| read > 0) {}
}
