//! Checks over the repository as a whole.
#![allow(clippy::expect_used, reason = "helpers of tests report failures as tests do")]

mod architecture;
mod contracts;
mod readme;
