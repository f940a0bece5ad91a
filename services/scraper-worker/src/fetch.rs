//! Plain HTTP, for what a browser would only show in a viewer of its own: robots.txt, sitemaps and feeds.

pub mod address;
mod client;
mod kept;
mod origins;
pub mod retry_after;

pub use client::{FetchError, Fetched, Fetcher, PRODUCT, Validators, user_agent};
pub use kept::{Kept, Received};
pub use origins::{Origins, host_key};
