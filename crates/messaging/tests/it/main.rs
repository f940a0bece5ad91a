//! Everything of this crate that needs a broker, against a real one.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test reports a failure by a panic")]

mod consuming;
mod definitions;
mod permissions;
mod publishing;
mod recovery;
mod rpc;
mod support;
