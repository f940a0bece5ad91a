//! The sites as a crawler meets them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail like tests")]

mod contract;
mod faults;
mod feed;
mod pages;
mod process;
mod reading;
mod server;
