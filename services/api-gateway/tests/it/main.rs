//! The gateway over real HTTP, with a real Postgres, Redis and RabbitMQ, each test with its own. The auth
//! service is played by a server that speaks its published contract.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "in a test a panic is how a failure is reported"
)]

mod accounts;
mod artefacts;
mod auth_service;
mod cache;
mod filled;
mod gateway;
mod health;
mod routes;
mod scrapes;
mod tokens;
mod trace;

pub(crate) use gateway::TestGateway;
