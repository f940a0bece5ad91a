//! The mail sink, spoken to by a real mail client and by hand.

use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor, transport::smtp::client::Tls};
use rmu_devstack::smtp_sink::{SinkLimits, SmtpSink};
use std::{path::Path, time::Duration};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
    time::timeout,
};

const LIMIT: Duration = Duration::from_secs(10);

async fn sink(limits: SinkLimits) -> (SmtpSink, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let sink = SmtpSink::start(&folder.path().join("mail"), limits).await.unwrap();
    (sink, folder)
}

fn transport(sink: &SmtpSink) -> AsyncSmtpTransport<Tokio1Executor> {
    AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous("127.0.0.1")
        .port(sink.address().port())
        .tls(Tls::None)
        .timeout(Some(LIMIT))
        .build()
}

fn message(text: &str) -> Message {
    Message::builder()
        .from("RateMyUnit <noreply@ratemyunit.example>".parse().unwrap())
        .to("Zoë <zoe@student.northfield.example>".parse().unwrap())
        .subject("Confirm your address")
        .body(text.to_owned())
        .unwrap()
}

fn stored(dir: &Path) -> Vec<String> {
    let files = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    files.map(|file| std::fs::read_to_string(file).unwrap()).collect()
}

#[tokio::test]
async fn a_message_sent_by_a_mail_client_is_one_file() {
    let (sink, _folder) = sink(SinkLimits::default()).await;

    transport(&sink).send(message("Hello\r\n.\r\n.dots stay dots\r\n")).await.unwrap();

    let messages = stored(sink.dir());
    let [text] = messages.as_slice() else { panic!("{messages:?}") };
    assert!(text.starts_with("Return-Path: <noreply@ratemyunit.example>\r\n"), "{text}");
    assert!(text.contains("Delivered-To: zoe@student.northfield.example\r\n"), "{text}");
    assert!(text.contains("Subject: Confirm your address\r\n"), "{text}");
    assert!(text.trim_end().ends_with("Hello\r\n.\r\n.dots stay dots"), "{text}");
}

#[tokio::test]
async fn one_connection_sends_many_messages() {
    let (sink, _folder) = sink(SinkLimits::default()).await;
    let transport = transport(&sink);
    for number in 0..5 {
        transport.send(message(&format!("Number {number}\r\n"))).await.unwrap();
    }
    assert_eq!(stored(sink.dir()).len(), 5);
}

#[tokio::test]
async fn a_message_over_the_limit_is_refused_and_the_next_accepted() {
    let (sink, _folder) = sink(SinkLimits { message_bytes: 10_000, ..SinkLimits::default() }).await;
    let transport = transport(&sink);

    let error = transport.send(message(&"x".repeat(20_000))).await.unwrap_err();
    assert!(error.to_string().contains("552"), "{error}");

    transport.send(message("short")).await.unwrap();
    assert_eq!(stored(sink.dir()).len(), 1);
}

#[tokio::test]
async fn one_client_too_many_is_told_so() {
    let (sink, _folder) = sink(SinkLimits { connections: 1, ..SinkLimits::default() }).await;
    let mut first = BufReader::new(TcpStream::connect(sink.address()).await.unwrap());
    let mut line = String::new();
    timeout(LIMIT, first.read_line(&mut line)).await.unwrap().unwrap();
    assert!(line.starts_with("220 "), "{line}");

    let mut second = BufReader::new(TcpStream::connect(sink.address()).await.unwrap());
    let mut line = String::new();
    timeout(LIMIT, second.read_line(&mut line)).await.unwrap().unwrap();
    assert!(line.starts_with("421 "), "{line}");
}

#[tokio::test]
async fn a_silent_client_is_cut_off() {
    let (sink, _folder) = sink(SinkLimits { idle: Duration::from_millis(100), ..SinkLimits::default() }).await;
    let mut client = TcpStream::connect(sink.address()).await.unwrap();
    let mut all = Vec::new();
    timeout(LIMIT, client.read_to_end(&mut all)).await.unwrap().unwrap();
    assert!(all.starts_with(b"220 "));
}

#[tokio::test]
async fn a_line_without_end_is_refused() {
    let (sink, _folder) = sink(SinkLimits::default()).await;
    let mut client = TcpStream::connect(sink.address()).await.unwrap();
    // The sink hangs up on it, so writing the last of it may fail.
    let _ = client.write_all(&vec![b'x'; 64 * 1024]).await;
    let mut all = Vec::new();
    let _ = timeout(LIMIT, client.read_to_end(&mut all)).await.unwrap();
    let text = String::from_utf8_lossy(&all);
    assert!(text.contains("500 Line too long"), "{text}");
}
