//! The routes, in the shape of the URL tree.

mod access;
mod audit;
mod auth;
mod browser_pool;
mod docs;
mod export;
mod moderation;
mod reviews;
mod sources;
mod units;
mod universities;
