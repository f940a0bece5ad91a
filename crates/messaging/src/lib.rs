//! RabbitMQ for RateMyUnit: topology, envelope, confirmed publisher, consumer loop, RPC and the contracts of
//! every message. The only crate that names lapin.
//!
//! A service opens one [`Connection`], which lives as long as the service and mends itself. Everything else
//! takes a clone of it: a [`Publisher`], any number of [`Consumer`]s, an [`rpc::Client`] or an
//! [`rpc::Server`]. None of them is told when the connection was lost; they wait, within their limits.

mod backoff;
pub mod connection;
pub mod consumer;
pub mod contracts;
pub mod envelope;
pub mod published;
pub mod publisher;
pub mod rpc;
pub mod topology;
pub mod trace_context;

pub use connection::{Connection, ConnectionOptions, Declare};
pub use consumer::{Consumer, Context, Outcome, Prefetch};
pub use envelope::{DecodeError, Envelope};
pub use published::published_contracts;
pub use publisher::{PublishError, Publisher};
pub use topology::{Limits, Route, Service};
