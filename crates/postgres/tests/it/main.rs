//! The pool, transactions and notifications against a real Postgres.
#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is how a failure is reported")]

mod pool;
mod stage;
mod transactions;
