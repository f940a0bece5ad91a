//! The routes, in the shape of the URL tree.

mod access;
mod auth;
mod browser_pool;
mod docs;
mod export;
mod reviews;
mod sources;
mod units;
mod universities;
