//! The auth service over a real broker, a real Postgres and a real mail server.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test reports a failure by a panic")]

mod administration;
mod binary;
mod digests;
mod faults;
mod migrations;
mod registration;
mod sessions;
mod support;
