//! The auth service: accounts, sessions, keys and mail.
//!
//! It serves no public port. The gateway asks it over RabbitMQ ([`handlers`]); what a request means is in the
//! use cases ([`registration`], [`sessions`], [`accounts`], [`administration`]), what is kept is in `store`. Mail and events leave
//! through outbox tables, so that an account and the mail about it exist together or not at all.

pub mod accounts;
pub mod administration;
pub mod commands;
mod context;
mod digests;
mod error;
pub mod handlers;
mod housekeeping;
mod mail;
pub mod migrations;
mod opaque_token;
mod outbox;
pub mod passwords;
pub mod registration;
pub mod sessions;
pub mod settings;
pub mod startup;
mod store;
pub mod tokens;

pub use context::AuthContext;
pub use error::AuthError;
