//! Checks over the repository as a whole.
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "helpers of tests report failures as tests do")]

mod architecture;
mod check_aggregates;
mod contracts;
mod readme;
