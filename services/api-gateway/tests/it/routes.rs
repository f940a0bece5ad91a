//! The routes, in the shape of the URL tree.

mod access;
mod admin_users;
mod audit;
mod auth;
mod browser_pool;
mod docs;
mod export;
mod me;
mod moderation;
mod reviews;
mod sources;
mod stats;
mod units;
mod universities;
