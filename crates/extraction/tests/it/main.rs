//! Reading pages as a worker does: through the public interface, by source documents.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "in a test a panic is how a failure is reported"
)]

mod any_input;
mod discovery;
mod feed;
mod hash;
mod pages;
mod preset_pages;
mod recognition;
mod rules;
mod safety;
mod sources;
mod support;
mod traces;
mod truth;
