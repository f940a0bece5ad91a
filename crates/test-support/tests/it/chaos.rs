//! Each fault of the proxy, seen from a client.

use rmu_test_support::{chaos::ChaosProxy, wait};
use std::{io::ErrorKind, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::timeout,
};

const SOON: Duration = Duration::from_millis(300);
const LIMIT: Duration = Duration::from_secs(10);

/// A server that sends back what it gets.
async fn echo() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut reads, mut writes) = client.split();
                let _ = tokio::io::copy(&mut reads, &mut writes).await;
            });
        }
    });
    address
}

async fn round_trip(client: &mut TcpStream) -> std::io::Result<()> {
    client.write_all(b"ping").await?;
    let mut answer = [0; 4];
    client.read_exact(&mut answer).await?;
    assert_eq!(&answer, b"ping");
    Ok(())
}

async fn connected() -> (ChaosProxy, TcpStream) {
    let proxy = ChaosProxy::start(echo().await).await;
    let mut client = TcpStream::connect(proxy.address()).await.unwrap();
    timeout(LIMIT, round_trip(&mut client)).await.unwrap().unwrap();
    (proxy, client)
}

#[tokio::test]
async fn latency_holds_bytes_back_and_loses_none() {
    let (proxy, mut client) = connected().await;
    proxy.latency(Duration::from_secs(1));
    assert!(timeout(SOON, round_trip(&mut client)).await.is_err());

    let mut answer = [0; 4];
    timeout(LIMIT, client.read_exact(&mut answer)).await.unwrap().unwrap();
    assert_eq!(&answer, b"ping");
}

#[tokio::test]
async fn a_black_hole_lets_nothing_through_until_restored() {
    let (proxy, mut client) = connected().await;
    proxy.black_hole();
    assert!(timeout(SOON, round_trip(&mut client)).await.is_err());
    let mut late = TcpStream::connect(proxy.address()).await.unwrap();
    assert!(timeout(SOON, round_trip(&mut late)).await.is_err());

    proxy.restore();

    let mut answer = [0; 4];
    timeout(LIMIT, client.read_exact(&mut answer)).await.unwrap().unwrap();
    assert_eq!(&answer, b"ping");
}

#[tokio::test]
async fn a_reset_ends_connections_with_an_error() {
    let (proxy, mut client) = connected().await;
    proxy.reset();
    let error = timeout(LIMIT, client.read_u8()).await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);

    proxy.restore();
    let mut again = TcpStream::connect(proxy.address()).await.unwrap();
    timeout(LIMIT, round_trip(&mut again)).await.unwrap().unwrap();
}

#[tokio::test]
async fn half_open_tells_the_server_and_not_the_client() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = ChaosProxy::start(listener.local_addr().unwrap().to_string()).await;
    let mut client = TcpStream::connect(proxy.address()).await.unwrap();
    let (mut server, _) = timeout(LIMIT, listener.accept()).await.unwrap().unwrap();

    proxy.half_open();

    let end = timeout(LIMIT, server.read(&mut [0; 1])).await.unwrap();
    assert!(matches!(end, Ok(0) | Err(_)), "the server sees the end");
    client.write_all(b"is anybody there").await.unwrap();
    assert!(timeout(SOON, client.read_u8()).await.is_err(), "the client hears nothing, not even an end");
}

#[tokio::test]
#[should_panic(expected = "did not happen within")]
async fn waiting_gives_up_at_its_deadline() {
    wait::until(Duration::from_millis(50), || async { false }).await;
}
