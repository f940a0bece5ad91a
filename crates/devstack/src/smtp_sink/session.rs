//! One SMTP session: reading lines within limits and storing finished messages.

use super::SinkLimits;
use anyhow::bail;
use mailin::{Action, Handler, Response, SessionBuilder, response};
use std::{
    net::IpAddr,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
    time::timeout,
};

/// RFC 5321 allows 1000 bytes a line; senders with long headers exceed it.
const LINE_BYTES: u64 = 64 * 1024;
const RECIPIENTS: usize = 100;
/// Orders messages that arrive within the same millisecond.
static SEQUENCE: AtomicU64 = AtomicU64::new(0);

/// Speaks with one client until it quits, fails or falls silent.
pub(super) async fn serve(client: TcpStream, peer: IpAddr, dir: &Path, limits: SinkLimits) -> anyhow::Result<()> {
    let inbox = Arc::new(Mutex::new(Inbox::new(limits.message_bytes)));
    let mut session = SessionBuilder::new("localhost").build(peer, InboxHandler(Arc::clone(&inbox)));
    let mut stream = BufReader::new(client);
    stream.write_all(&session.greeting().buffer()?).await?;
    let mut line = Vec::new();
    loop {
        line.clear();
        let mut limited = (&mut stream).take(LINE_BYTES);
        if timeout(limits.idle, limited.read_until(b'\n', &mut line)).await?? == 0 {
            return Ok(());
        }
        if line.last() != Some(&b'\n') {
            stream.write_all(b"500 Line too long\r\n").await?;
            bail!("a line was longer than {LINE_BYTES} bytes");
        }
        let answer = finish(session.process(&line), &inbox, dir).await;
        if answer.action != Action::NoReply {
            timeout(limits.idle, stream.write_all(&answer.buffer()?)).await??;
        }
        if answer.action == Action::Close {
            return Ok(());
        }
    }
}

/// Stores the message when one has just ended, and only then lets the client hear that it was accepted.
async fn finish(answer: Response, inbox: &Mutex<Inbox>, dir: &Path) -> Response {
    let finished = match inbox.lock() {
        Ok(mut inbox) => inbox.finished.take(),
        Err(_) => return response::INTERNAL_ERROR,
    };
    match finished {
        None => answer,
        Some(Finished::TooLarge) => response::NO_STORAGE,
        Some(Finished::Message(bytes)) => match store(dir, &bytes).await {
            Ok(()) => answer,
            Err(_) => response::INTERNAL_ERROR,
        },
    }
}

async fn store(dir: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let millis = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis();
    let sequence = SEQUENCE.fetch_add(1, Ordering::Relaxed);
    let name = format!("{millis:013}-{sequence:06}-{}", crate::random::hex(4)?);
    // Readers look for `.eml` and so never see half a message.
    let unfinished = dir.join(format!("{name}.part"));
    tokio::fs::write(&unfinished, bytes).await?;
    tokio::fs::rename(&unfinished, dir.join(format!("{name}.eml"))).await?;
    Ok(())
}

enum Finished {
    Message(Vec<u8>),
    TooLarge,
}

/// The message being received and the one just finished.
struct Inbox {
    limit: usize,
    current: Vec<u8>,
    too_large: bool,
    finished: Option<Finished>,
}

impl Inbox {
    fn new(limit: usize) -> Self {
        Self { limit, current: Vec::new(), too_large: false, finished: None }
    }
}

struct InboxHandler(Arc<Mutex<Inbox>>);

impl Handler for InboxHandler {
    fn data_start(&mut self, _domain: &str, from: &str, _is_8bit: bool, to: &[String]) -> Response {
        if to.len() > RECIPIENTS {
            return response::TRANSACTION_FAILED;
        }
        let Ok(mut inbox) = self.0.lock() else { return response::INTERNAL_ERROR };
        // The envelope is kept as a delivering server keeps it, in front of the message's own headers.
        let mut head = format!("Return-Path: <{from}>\r\n");
        for recipient in to {
            head.push_str(&format!("Delivered-To: {recipient}\r\n"));
        }
        inbox.current = head.into_bytes();
        inbox.too_large = false;
        response::OK
    }

    fn data(&mut self, line: &[u8]) -> std::io::Result<()> {
        let Ok(mut inbox) = self.0.lock() else { return Err(std::io::Error::other("the session is unusable")) };
        if inbox.current.len().saturating_add(line.len()) > inbox.limit {
            // The rest is read and thrown away; the client is told at the end, as SMTP wants it.
            inbox.too_large = true;
            inbox.current = Vec::new();
        }
        if !inbox.too_large {
            inbox.current.extend_from_slice(line);
        }
        Ok(())
    }

    fn data_end(&mut self) -> Response {
        let Ok(mut inbox) = self.0.lock() else { return response::INTERNAL_ERROR };
        let message = std::mem::take(&mut inbox.current);
        let finished = if inbox.too_large { Finished::TooLarge } else { Finished::Message(message) };
        inbox.finished = Some(finished);
        response::OK
    }
}
