//! The scraper worker: takes tasks, drives browsers over handbook sites politely, and answers with facts.
//!
//! It holds no database credential: the process that opens untrusted pages cannot reach the data.

pub mod browser;
pub mod config;
pub mod fetch;
pub mod politeness;
pub mod startup;
pub mod task;
