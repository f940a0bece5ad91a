//! The catalogue and the scrape ledger: use cases in one module a resource, SQL under `store`.
//!
//! Knows neither HTTP nor AMQP: what must be sent stands in tables (due tasks, outbox) until whoever
//! publishes has done so.

pub mod accounts;
pub mod aliases;
pub mod appeals;
pub mod audit;
pub mod comparisons;
pub mod dead_letters;
pub mod digests;
pub mod error;
pub mod export;
pub mod fanouts;
pub mod fetch_windows;
pub mod figures;
pub mod history;
pub mod idempotency;
pub mod ingest;
pub mod kept_units;
pub mod ledger;
pub mod migrations;
pub mod moderation;
pub mod moderation_figures;
pub mod nicknames;
pub mod notifications;
pub mod page;
pub mod refresh_requests;
pub mod requisites;
pub mod review_reports;
pub mod review_requests;
mod review_screening;
pub mod review_votes;
pub mod reviews;
pub mod schedules;
pub mod scores;
pub mod search;
pub mod source_health;
pub mod sources;
mod store;
pub mod takedowns;
pub mod units;
pub mod universities;
pub mod university_profiles;

pub use error::{CatalogueError, ConflictKind};
