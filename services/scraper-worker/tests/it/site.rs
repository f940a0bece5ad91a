//! A small site that answers each path as the test says and counts what it is asked.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

#[derive(Clone)]
pub(crate) struct Answer {
    status: &'static str,
    headers: String,
    body: Vec<u8>,
    delay: Duration,
    /// What comes after the body, again and again.
    tail: Option<Tail>,
}

#[derive(Clone)]
struct Tail {
    piece: Arc<[u8]>,
    times: u64,
    pause: Duration,
}

pub(crate) struct Site {
    pub(crate) origin: String,
    pub(crate) port: u16,
    shared: Arc<Shared>,
    tasks: Vec<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    answers: Mutex<HashMap<String, Answer>>,
    /// Path and moment of each request, in order.
    requests: Mutex<Vec<(String, Instant)>>,
    agents: Mutex<Vec<String>>,
    at_once: AtomicUsize,
    most_at_once: AtomicUsize,
    connections: AtomicUsize,
    /// Bytes of tails that found their way into a socket.
    sent: AtomicU64,
}

pub(crate) fn page(body: &str) -> Answer {
    Answer {
        status: "200 OK",
        headers: "Content-Type: text/html; charset=utf-8\r\n".into(),
        body: body.into(),
        delay: Duration::ZERO,
        tail: None,
    }
}

pub(crate) fn status(status: &'static str) -> Answer {
    Answer { status, ..page("") }
}

impl Answer {
    pub(crate) fn header(mut self, header: &str) -> Self {
        self.headers.push_str(header);
        self.headers.push_str("\r\n");
        self
    }

    pub(crate) fn kind(mut self, kind: &str) -> Self {
        self.headers = format!("Content-Type: {kind}\r\n");
        self
    }

    pub(crate) fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    pub(crate) fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Goes on with `piece` so many times, with a pause before each. No length is announced.
    pub(crate) fn then(mut self, piece: impl Into<Arc<[u8]>>, times: u64, pause: Duration) -> Self {
        self.tail = Some(Tail { piece: piece.into(), times, pause });
        self
    }
}

impl Site {
    pub(crate) async fn start() -> Self {
        Self::start_on(&[]).await
    }

    /// The same, at further addresses of this machine under the same port. One the machine does not have is
    /// left out.
    pub(crate) async fn start_on(further: &[IpAddr]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared::default());
        let mut tasks = vec![tokio::spawn(serve(listener, Arc::clone(&shared)))];
        for address in further {
            if let Ok(listener) = TcpListener::bind((*address, port)).await {
                tasks.push(tokio::spawn(serve(listener, Arc::clone(&shared))));
            }
        }
        Self { origin: format!("http://127.0.0.1:{port}"), port, shared, tasks }
    }

    pub(crate) fn on(&self, path: &str, answer: Answer) {
        self.shared.answers.lock().unwrap().insert(path.to_owned(), answer);
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }

    pub(crate) fn requests(&self, path: &str) -> usize {
        self.shared.requests.lock().unwrap().iter().filter(|(asked, _)| asked == path).count()
    }

    pub(crate) fn moments(&self, path: &str) -> Vec<Instant> {
        self.shared.requests.lock().unwrap().iter().filter(|(asked, _)| asked == path).map(|(_, at)| *at).collect()
    }

    /// How often anybody connected, whatever was said then.
    pub(crate) fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    pub(crate) fn sent(&self) -> u64 {
        self.shared.sent.load(Ordering::SeqCst)
    }

    pub(crate) fn most_at_once(&self) -> usize {
        self.shared.most_at_once.load(Ordering::SeqCst)
    }

    pub(crate) fn agents(&self) -> Vec<String> {
        self.shared.agents.lock().unwrap().clone()
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept().await {
        shared.connections.fetch_add(1, Ordering::SeqCst);
        tokio::spawn(answer(stream, Arc::clone(&shared)));
    }
}

async fn answer(mut stream: TcpStream, shared: Arc<Shared>) -> Option<()> {
    let mut head = Vec::new();
    while !head.windows(4).any(|window| window == b"\r\n\r\n") {
        let mut part = [0_u8; 4096];
        let count = stream.read(&mut part).await.ok().filter(|count| *count > 0)?;
        head.extend_from_slice(&part[..count]);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let path = head.split(' ').nth(1)?.to_owned();
    let agent =
        head.lines().find_map(|line| line.strip_prefix("User-Agent: ").or_else(|| line.strip_prefix("user-agent: ")));
    shared.agents.lock().unwrap().extend(agent.map(str::to_owned));
    shared.requests.lock().unwrap().push((path.clone(), Instant::now()));
    let now = shared.at_once.fetch_add(1, Ordering::SeqCst) + 1;
    shared.most_at_once.fetch_max(now, Ordering::SeqCst);
    let known = shared.answers.lock().unwrap().get(&path).cloned();
    let answer = known.unwrap_or_else(|| status("404 Not Found"));
    let asked_for =
        head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("if-none-match: ").map(str::to_owned));
    let is_known =
        asked_for.is_some_and(|tag| answer.headers.to_ascii_lowercase().contains(&format!("etag: {tag}\r\n")));
    let answer = if is_known { Answer { body: Vec::new(), status: "304 Not Modified", ..answer } } else { answer };
    tokio::time::sleep(answer.delay).await;
    let length = answer.tail.is_none().then(|| format!("Content-Length: {}\r\n", answer.body.len()));
    let head = format!(
        "HTTP/1.1 {}\r\n{}Connection: close\r\n{}\r\n",
        answer.status,
        length.unwrap_or_default(),
        answer.headers
    );
    let _ = stream.write_all(head.as_bytes()).await;
    let _ = stream.write_all(&answer.body).await;
    if let Some(tail) = answer.tail {
        for _ in 0..tail.times {
            tokio::time::sleep(tail.pause).await;
            if stream.write_all(&tail.piece).await.is_err() {
                break;
            }
            shared.sent.fetch_add(u64::try_from(tail.piece.len()).unwrap(), Ordering::SeqCst);
        }
    }
    shared.at_once.fetch_sub(1, Ordering::SeqCst);
    Some(())
}
