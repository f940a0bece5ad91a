//! The catalogue against a real Postgres, a database per test.
#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is how a failure is reported")]

mod artefacts;
mod audit;
mod bad_input;
mod code_templates;
mod comparisons;
mod dead_letters;
mod drift;
mod export;
mod feed;
mod history;
mod ingest;
mod ledger;
mod listings;
mod migrations;
mod moderation;
mod nicknames;
mod notifications;
mod paging;
mod priorities;
mod random_runs;
mod requisites;
mod retry;
mod review_requests;
mod review_states;
mod reviews;
mod schedules;
mod scores;
mod search;
mod search_filters;
mod sources;
mod spelling;
mod stage;
mod support;
mod units;
mod universities;
