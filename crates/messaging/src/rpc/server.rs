//! The answering side: a router from request types to handlers, and the loop that serves it.

use super::{AUTH, Answers, Endpoint};
use crate::{
    connection::Connection,
    consumer::{Consumer, Context, Outcome, Prefetch},
    contracts::{
        Contract,
        auth::{Request, RpcAnswerV1, RpcErrorV1},
    },
    envelope::{Envelope, short},
};
use futures_util::future::BoxFuture;
use lapin::{Channel, options::BasicPublishOptions};
use std::{collections::HashMap, future::Future, sync::Arc, time::Duration};
use tokio::{sync::Mutex, time::timeout};
use tokio_util::sync::CancellationToken;

const REPLY_LIMIT: Duration = Duration::from_secs(2);

/// The encoded answer, and why the request could not be read if so.
type Answered = (Result<Vec<u8>, serde_json::Error>, Option<String>);
type Handler = Box<dyn Fn(Envelope, Context) -> BoxFuture<'static, Answered> + Send + Sync>;

/// Which handler answers which request.
#[derive(Default)]
pub struct Router {
    handlers: HashMap<&'static str, Handler>,
}

impl Router {
    pub fn new() -> Self {
        Self::default()
    }

    /// Answers requests of type `R`. What can be expected to go wrong is a value of the answer.
    #[must_use]
    pub fn on<R, H, F>(mut self, handler: H) -> Self
    where
        R: Request,
        H: Fn(R, Context) -> F + Send + Sync + 'static,
        F: Future<Output = Result<R::Answer, RpcErrorV1>> + Send + 'static,
    {
        let handler = Arc::new(handler);
        let boxed: Handler = Box::new(move |envelope, context| {
            let handler = handler.clone();
            Box::pin(async move {
                match envelope.decode::<R>() {
                    Ok(request) => (encode(handler(request, context).await), None),
                    Err(error) => (encode::<R::Answer>(Err(unreadable())), Some(error.to_string())),
                }
            })
        });
        self.handlers.insert(R::TYPE, boxed);
        self
    }
}

fn encode<A: Contract>(answer: Result<A, RpcErrorV1>) -> Result<Vec<u8>, serde_json::Error> {
    serde_json::to_vec(&match answer {
        Ok(answer) => RpcAnswerV1::Ok(answer),
        Err(error) => RpcAnswerV1::Error(error),
    })
}

fn unreadable() -> RpcErrorV1 {
    RpcErrorV1::Invalid { field: "request".to_owned(), detail: "does not fit its published contract".to_owned() }
}

/// Serves a [`Router`] on the request queue.
pub struct Server {
    connection: Connection,
    endpoint: &'static Endpoint,
    router: Arc<Router>,
    replies: Arc<Mutex<Option<Channel>>>,
    consumer: Consumer,
}

impl Server {
    /// Answers as the auth service. At most `concurrency` requests are handled at once; further ones wait in the
    /// broker until they expire.
    pub fn new(connection: &Connection, router: Router, concurrency: impl Into<Prefetch>) -> Self {
        Self::at(&AUTH, connection, router, concurrency)
    }

    /// Answers what is asked there.
    pub fn at(
        endpoint: &'static Endpoint,
        connection: &Connection,
        router: Router,
        concurrency: impl Into<Prefetch>,
    ) -> Self {
        let consumer = Consumer::new(connection, endpoint.queue, concurrency);
        Self {
            connection: connection.clone(),
            endpoint,
            router: Arc::new(router),
            replies: Arc::default(),
            consumer: consumer.handler_limit(endpoint.handler_limit + REPLY_LIMIT),
        }
    }

    #[must_use]
    pub fn drain_limit(mut self, limit: Duration) -> Self {
        self.consumer = self.consumer.drain_limit(limit);
        self
    }

    /// Runs until `stop`; requests under way are answered first.
    pub async fn run(self, stop: CancellationToken) {
        let Self { connection, endpoint, router, replies, consumer } = self;
        let handle = move |envelope: Envelope, context: Context| {
            let (connection, router, replies) = (connection.clone(), router.clone(), replies.clone());
            async move { answer(&connection, endpoint, &router, &replies, envelope, context).await }
        };
        consumer.run_envelopes(handle, stop).await;
    }
}

/// A request is handled at most once: whoever sent one that comes a second time has given up, and handling it
/// again could undo what they did since. So that nothing is ever retried here.
async fn answer(
    connection: &Connection,
    endpoint: &Endpoint,
    router: &Router,
    replies: &Mutex<Option<Channel>>,
    envelope: Envelope,
    context: Context,
) -> Outcome {
    if context.redelivered {
        tracing::warn!(kind = context.kind, "request of an interrupted connection is not handled again");
        return Outcome::Ack;
    }
    let Some(reply_to) = context.reply_to.clone() else {
        return Outcome::dead("request without reply-to");
    };
    let correlation = context.correlation_id.clone().unwrap_or_default();
    let (answer, unread) = match router.handlers.get(envelope.kind.as_str()) {
        None => (unknown(), Some(format!("no request of type {:?} is known", envelope.kind))),
        Some(handler) => match timeout(endpoint.handler_limit, handler(envelope, context)).await {
            Ok(answered) => answered,
            Err(_) => {
                tracing::error!("request took too long");
                (encode_error(RpcErrorV1::Internal), None)
            }
        },
    };
    match answer {
        Ok(body) => reply(connection, endpoint, replies, &reply_to, &correlation, &body).await,
        Err(error) => tracing::error!(%error, "answer cannot be written as JSON"),
    }
    match unread {
        Some(reason) => Outcome::dead(reason),
        None => Outcome::Ack,
    }
}

fn unknown() -> Result<Vec<u8>, serde_json::Error> {
    encode_error(unreadable())
}

fn encode_error(error: RpcErrorV1) -> Result<Vec<u8>, serde_json::Error> {
    serde_json::to_vec(&RpcAnswerV1::<serde_json::Value>::Error(error))
}

/// Not confirmed: whoever waits for it notices by itself when it does not come.
async fn reply(
    connection: &Connection,
    endpoint: &Endpoint,
    replies: &Mutex<Option<Channel>>,
    reply_to: &str,
    correlation: &str,
    body: &[u8],
) {
    let mut envelope =
        Envelope::from_parts(uuid::Uuid::now_v7(), endpoint.answer_type, Vec::new(), crate::trace_context::current());
    envelope.persistent = false;
    let properties = envelope.correlated_with(correlation).properties();
    let exchange = match endpoint.answers {
        Answers::Direct => "",
        // What the broker would refuse anyway, and close the channel for.
        Answers::Topic { key, .. } if !reply_to.starts_with(key) => {
            tracing::warn!(reply_to, "answer is wanted where none may go");
            return;
        }
        Answers::Topic { exchange, .. } => exchange,
    };
    let sent = timeout(REPLY_LIMIT, async {
        let mut slot = replies.lock().await;
        let channel = match slot.as_ref().filter(|channel| channel.status().connected()) {
            Some(channel) => channel.clone(),
            None => slot.insert(connection.channel().await.map_err(|error| error.to_string())?).clone(),
        };
        drop(slot);
        channel
            .basic_publish(short(exchange), short(reply_to), BasicPublishOptions::default(), body, properties)
            .await
            .map_err(|error| error.to_string())
    });
    match sent.await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => tracing::warn!(error, "answer could not be sent"),
        Err(_) => tracing::warn!("answer could not be sent in time"),
    }
}
