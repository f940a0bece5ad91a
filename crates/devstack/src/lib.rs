//! Private copies of PostgreSQL, Redis, RabbitMQ and a mail sink, and on top of them the services.
//!
//! Nothing here touches a server that was already running: every copy has its own data directory,
//! its own free ports on 127.0.0.1 and its own process group, and is ended with all it started.

pub mod commands;
pub mod database;
pub mod env_file;
pub mod mailbox;
pub mod packages;
pub mod ports;
pub mod postgres;
pub mod process;
pub mod progress;
pub mod rabbitmq;
pub mod random;
pub mod ready;
pub mod record;
pub mod redis;
pub mod servers;
pub mod smtp_sink;
pub mod stack;
pub mod truth;
pub mod workspace;
