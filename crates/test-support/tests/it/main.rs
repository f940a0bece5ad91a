//! The helpers against the real test servers.
#![allow(clippy::unwrap_used, reason = "helpers of tests report failures as tests do")]

mod broker;
mod chaos;
mod database;
