//! Postgres for the services that own a schema: pool, transactions, TLS, migrations, notifications, errors.
//!
//! A store takes a `&mut AsyncPgConnection`; a use case takes a [`Database`] and opens one transaction with
//! [`Database::transaction`], or borrows a connection with [`Database::connection`] for a single read.
//! Nothing else begins a transaction, and nobody asks for a second connection while holding one.

pub mod config;
pub mod error;
pub mod listener;
pub mod migrations;
mod pool;
mod tls;
mod transaction;

pub use config::DatabaseConfig;
/// What stores work on; use cases pass it along without naming the library it comes from.
pub use diesel_async::AsyncPgConnection;
pub use error::{DatabaseError, MaybeTransient};
pub use pool::{Connection, Database, PoolState};
