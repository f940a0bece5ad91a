//! The dev stack's servers, sink and supervision, and the whole system, with the real programs.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests report failures as tests do"
)]

mod artefacts;
mod digest;
mod feed;
mod hanging_site;
mod journey;
mod losses;
mod new_university;
mod own_broker;
mod own_site;
mod paging;
mod preview;
mod redesign;
mod servers;
mod smtp_sink;
mod soak;
mod supervision;
mod truth_faults;
mod without_redis;
mod world;
