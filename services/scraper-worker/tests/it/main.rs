//! The worker against real browsers, a real Redis and small sites on this machine.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod acting;
mod artefacts;
mod host_limits;
mod hostile_answers;
mod hostile_markup;
mod hostile_pages;
mod pages;
mod pool;
mod pool_faults;
mod reach;
mod site;
mod site_faults;
mod sites_at_once;
mod soak;
mod support;
mod worker;
