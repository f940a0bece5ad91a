//! Plain HTTP, for what a browser would only show in a viewer of its own: robots.txt and sitemaps.

pub mod address;
mod client;
mod origins;
pub mod retry_after;

pub use client::{FetchError, Fetched, Fetcher, PRODUCT, user_agent};
pub use origins::{Origins, host_key};
