//! SQL: one module a resource, functions over a connection that a use case lends them.

mod cached_sql;
pub(crate) mod dead_letters;
pub(crate) mod dispatch;
mod error;
pub(crate) mod expansions;
pub(crate) mod fetch_windows;
pub(crate) mod frontier;
pub(crate) mod health;
pub(crate) mod health_figures;
pub(crate) mod history;
pub(crate) mod idempotency;
pub(crate) mod jobs;
pub(crate) mod outbox;
pub(crate) mod overview;
pub(crate) mod refresh_requests;
pub(crate) mod requisites;
pub(crate) mod reviews;
pub(crate) mod schedules;
pub(crate) mod schema;
pub(crate) mod scores;
pub(crate) mod search;
pub(crate) mod sources;
pub(crate) mod tasks;
pub(crate) mod units;
pub(crate) mod universities;
pub(crate) mod university_profiles;
pub(crate) mod versions;
