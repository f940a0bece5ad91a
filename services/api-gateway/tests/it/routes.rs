//! The routes, in the shape of the URL tree.

mod access;
mod auth;
mod browser_pool;
mod docs;
mod reviews;
mod units;
mod universities;
