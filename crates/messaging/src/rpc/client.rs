//! The caller's side: direct reply-to, correlation, limits.

use super::{AUTH, Answers, Endpoint, REPLY_TO};
use crate::{
    connection::{Connection, ConnectionError},
    consumer::declare_exclusive,
    contracts::auth::{Request, RpcAnswerV1, RpcErrorV1},
    envelope::{Envelope, short},
    topology::{Route, Service},
};
use futures_util::StreamExt;
use lapin::{
    Channel, Confirmation,
    options::{BasicConsumeOptions, BasicPublishOptions, ConfirmSelectOptions},
    types::FieldTable,
};
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::{Semaphore, oneshot},
    time::{Instant, timeout},
};
use uuid::Uuid;

const MAX_PENDING: usize = 512;
/// A channel is opened by then, or the broker is away: however long the answer may take, that is known sooner.
const LINE_LIMIT: Duration = Duration::from_secs(2);

/// Asks whoever answers at an endpoint. Clones share a channel and a bound on calls under way.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

struct Inner {
    connection: Connection,
    endpoint: &'static Endpoint,
    line: tokio::sync::Mutex<Option<Arc<Line>>>,
    calls: Semaphore,
    limit: Duration,
}

/// A channel with its reply consumer, and who waits for an answer on it. Answers come back only on the
/// channel of the request, so that with the channel the hope for them is lost, too.
struct Line {
    channel: Channel,
    /// Where answers to requests of this line go.
    reply_to: String,
    waiting: Mutex<HashMap<String, oneshot::Sender<Vec<u8>>>>,
    /// No answer comes here any more.
    has_ended: AtomicBool,
}

/// Why there is no answer. All but [`RpcError::Malformed`] are worth a 503 with `Retry-After`.
#[derive(Debug, thiserror::Error)]
pub enum RpcError {
    #[error("no answer within the limit")]
    TimedOut,
    #[error("too many calls wait for an answer")]
    TooManyCalls,
    #[error("the request queue is full")]
    QueueFull,
    #[error("the broker is not available: {0}")]
    Unavailable(String),
    #[error("request or answer cannot be read: {0}")]
    Malformed(#[from] serde_json::Error),
}

impl RpcError {
    fn label(&self) -> &'static str {
        match self {
            Self::TimedOut => "timed_out",
            Self::TooManyCalls => "too_many_calls",
            Self::QueueFull => "queue_full",
            Self::Unavailable(_) => "unavailable",
            Self::Malformed(_) => "malformed",
        }
    }
}

impl Client {
    /// Asks the auth service.
    pub fn new(connection: Connection) -> Self {
        Self::with_limit(connection, AUTH.limit)
    }

    /// Asks the auth service, with a limit of one's own.
    pub fn with_limit(connection: Connection, limit: Duration) -> Self {
        Self::within(connection, &AUTH, limit)
    }

    /// Asks whoever answers there.
    pub fn to(connection: Connection, endpoint: &'static Endpoint) -> Self {
        Self::within(connection, endpoint, endpoint.limit)
    }

    fn within(connection: Connection, endpoint: &'static Endpoint, limit: Duration) -> Self {
        let (line, calls) = (tokio::sync::Mutex::new(None), Semaphore::new(MAX_PENDING));
        Self { inner: Arc::new(Inner { connection, endpoint, line, calls, limit }) }
    }

    /// Asks once and waits. The inner error is the service's own answer, the outer one says there was none.
    pub async fn call<R: Request>(&self, request: &R) -> Result<Result<R::Answer, RpcErrorV1>, RpcError> {
        let start = Instant::now();
        let result = match self.inner.calls.try_acquire() {
            Err(_) => Err(RpcError::TooManyCalls),
            Ok(_permit) => timeout(self.inner.limit, self.ask(request)).await.unwrap_or(Err(RpcError::TimedOut)),
        };
        let outcome = result.as_ref().err().map_or("answered", RpcError::label);
        metrics::counter!("rmu_rpc_calls_total", "kind" => R::TYPE, "outcome" => outcome).increment(1);
        metrics::histogram!("rmu_rpc_seconds", "kind" => R::TYPE).record(start.elapsed());
        let answer: RpcAnswerV1<R::Answer> = serde_json::from_slice(&result?)?;
        Ok(match answer {
            RpcAnswerV1::Ok(answer) => Ok(answer),
            RpcAnswerV1::Error(error) => Err(error),
        })
    }

    async fn ask<R: Request>(&self, request: &R) -> Result<Vec<u8>, RpcError> {
        let line = match timeout(LINE_LIMIT, self.line()).await {
            Ok(line) => line.map_err(unavailable)?,
            Err(_) => return Err(unavailable("no channel in time")),
        };
        let id = Uuid::new_v4().to_string();
        let mut envelope = Envelope::of(request)?.correlated_with(&id);
        envelope.expiration = Some(self.inner.limit);
        envelope.persistent = false;
        // Removes itself when this call gives up, so that a late answer finds nobody and is dropped.
        let mut call = Call::register(&line, id);
        let confirm = line
            .channel
            .basic_publish(
                short(&self.inner.endpoint.request.exchange),
                short(&self.inner.endpoint.request.key),
                BasicPublishOptions::default(),
                &envelope.body,
                envelope.properties().with_reply_to(short(&line.reply_to)),
            )
            .await
            .map_err(unavailable)?;
        // The answer may overtake the confirmation.
        tokio::select! {
            answer = &mut call.answer => return answer.map_err(|_| lost()),
            confirmation = confirm => match confirmation {
                Ok(Confirmation::Ack(_) | Confirmation::NotRequested) => {}
                Ok(Confirmation::Nack(_)) => return Err(RpcError::QueueFull),
                Err(error) => return Err(unavailable(error)),
            },
        }
        (&mut call.answer).await.map_err(|_| lost())
    }

    async fn line(&self) -> Result<Arc<Line>, ConnectionError> {
        let mut slot = self.inner.line.lock().await;
        if let Some(line) = slot.as_ref().filter(|line| line.is_open()) {
            return Ok(line.clone());
        }
        let channel = self.inner.connection.channel().await?;
        channel.confirm_select(ConfirmSelectOptions::default()).await?;
        let (queue, reply_to) = match self.inner.endpoint.answers {
            Answers::Direct => (REPLY_TO.to_owned(), REPLY_TO.to_owned()),
            Answers::Topic { exchange, key } => {
                let reply_to = format!("{key}{}", Uuid::new_v4());
                let route = Route::new(exchange, reply_to.clone());
                (declare_exclusive(&channel, Service::Gateway, &[route]).await?, reply_to)
            }
        };
        let options = BasicConsumeOptions { no_ack: true, ..Default::default() };
        let answers = channel.basic_consume(short(&queue), "answers".into(), options, FieldTable::default()).await?;
        let line = Arc::new(Line {
            channel,
            reply_to,
            waiting: Mutex::new(HashMap::new()),
            has_ended: AtomicBool::new(false),
        });
        tokio::spawn(deliver(Arc::downgrade(&line), answers));
        Ok(slot.insert(line).clone())
    }
}

/// Hands every answer to who waits for it, until the channel ends; then everybody's wait ends.
async fn deliver(line: std::sync::Weak<Line>, mut answers: lapin::Consumer) {
    while let Some(Ok(delivery)) = answers.next().await {
        let Some(line) = line.upgrade() else { return };
        let id = delivery.properties.correlation_id().as_ref().map(lapin::types::ShortString::as_str);
        match id.and_then(|id| line.waiting().remove(id)) {
            Some(caller) => drop(caller.send(delivery.data)),
            None => metrics::counter!("rmu_rpc_late_answers_total").increment(1),
        }
    }
    // The broker may end the queue of answers and leave the channel as it is.
    if let Some(line) = line.upgrade() {
        line.has_ended.store(true, Ordering::Release);
        line.waiting().clear();
    }
}

impl Line {
    fn is_open(&self) -> bool {
        self.channel.status().connected() && !self.has_ended.load(Ordering::Acquire)
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<String, oneshot::Sender<Vec<u8>>>> {
        self.waiting.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// A place among those who wait, given up when dropped.
struct Call<'a> {
    line: &'a Line,
    id: String,
    answer: oneshot::Receiver<Vec<u8>>,
}

impl<'a> Call<'a> {
    fn register(line: &'a Line, id: String) -> Self {
        let (sender, answer) = oneshot::channel();
        line.waiting().insert(id.clone(), sender);
        Self { line, id, answer }
    }
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        self.line.waiting().remove(&self.id);
    }
}

fn unavailable(error: impl std::fmt::Display) -> RpcError {
    RpcError::Unavailable(error.to_string())
}

fn lost() -> RpcError {
    RpcError::Unavailable("the channel ended before the answer came".to_owned())
}
