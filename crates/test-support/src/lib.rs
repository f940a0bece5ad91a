//! What tests share: a database per test, a broker vhost per test, a proxy that misbehaves, services as processes.
//!
//! The servers themselves are started by `devstack test` (or `devstack servers`) and found through `RMU_TEST_*`
//! variables. Everything made here is the test's own and is removed when its value is dropped.
#![allow(
    clippy::panic,
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "this crate is part of tests, in which a panic is how a failure is reported"
)]

pub mod broker;
pub mod chaos;
mod cleanup;
pub mod database;
pub mod mail;
pub mod process;
pub mod redis;
mod servers;
pub mod wait;
