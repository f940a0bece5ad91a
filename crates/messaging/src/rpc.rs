//! Requests and answers over the broker, at most once: [`Client`] on the gateway's side, [`Server`] on auth's.

mod client;
mod server;

pub use client::{Client, RPC_LIMIT, RpcError};
pub use server::{Router, Server};

/// The type under which every answer travels.
pub const ANSWER_TYPE: &str = "auth.answer.v1";

/// The broker's pseudo-queue for answers: no queue is declared, nothing is stored.
const REPLY_TO: &str = "amq.rabbitmq.reply-to";
