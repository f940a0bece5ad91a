//! Counts what is being answered, up to the last byte of its body.

use actix_web::{body::BodySize, body::MessageBody, web::Bytes};
use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};
use tokio::sync::watch;

#[derive(Debug, Clone)]
pub(super) struct Count(Arc<watch::Sender<usize>>);

impl Default for Count {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(0)))
    }
}

impl Count {
    pub(super) fn enter(&self) -> InFlight {
        self.0.send_modify(|count| *count += 1);
        InFlight(self.clone())
    }

    pub(super) fn now(&self) -> usize {
        *self.0.borrow()
    }

    pub(super) async fn none(&self) {
        // The sender lives in `self`, so waiting cannot fail.
        let _ = self.0.subscribe().wait_for(|count| *count == 0).await;
    }
}

/// One request in flight, until dropped.
#[derive(Debug)]
pub struct InFlight(Count);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.0.send_modify(|count| *count -= 1);
    }
}

impl InFlight {
    /// `body`, in flight until it was sent or given up.
    pub(crate) fn hold<B: MessageBody>(self, body: B) -> Held<B> {
        Held { body: Box::pin(body), _in_flight: self }
    }
}

pub(crate) struct Held<B> {
    body: Pin<Box<B>>,
    _in_flight: InFlight,
}

impl<B: MessageBody> MessageBody for Held<B> {
    type Error = B::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, B::Error>>> {
        self.get_mut().body.as_mut().poll_next(context)
    }
}
