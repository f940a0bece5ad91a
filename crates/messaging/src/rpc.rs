//! Requests and answers over the broker, at most once: [`Client`] on the gateway's side, [`Server`] on the side of
//! whoever answers at an [`Endpoint`].

mod client;
mod endpoint;
mod server;

pub use client::{Client, RpcError};
pub use endpoint::{AUTH, Answers, Endpoint, PREVIEWS, RPC_LIMIT};
pub use server::{Router, Server};

/// The type under which every answer of the auth service travels.
pub const ANSWER_TYPE: &str = "auth.answer.v1";
/// The type under which a worker's answer about a preview travels.
pub const PREVIEW_ANSWER_TYPE: &str = "scrape.preview-answer.v1";

/// The broker's pseudo-queue for answers: no queue is declared, nothing is stored.
const REPLY_TO: &str = "amq.rabbitmq.reply-to";
