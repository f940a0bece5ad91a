//! SQL: one module a table, functions over a connection that a use case lends them.

pub(crate) mod accounts;
pub(crate) mod administration;
pub(crate) mod digests;
pub(crate) mod event_outbox;
pub(crate) mod mail_outbox;
pub(crate) mod schema;
pub(crate) mod sessions;
pub(crate) mod verifications;
