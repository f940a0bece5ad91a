//! The building blocks against a real Redis and over real connections.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "the whole program is a test")]

mod drain;
mod edge;
mod rate_limit;
mod server;
