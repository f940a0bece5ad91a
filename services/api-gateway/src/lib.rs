//! The gateway: the public REST API, the catalogue and the scrape ledger.
//!
//! Requests come in through `routes`, which parse them, ask a use case of `rmu-catalogue` (or the auth service,
//! over RPC) and say what came of it in HTTP. What runs beside requests is registered in `background`.
//! `startup` puts the parts together.

pub mod auth;
pub mod background;
pub mod cache;
pub mod config;
pub mod routes;
pub mod startup;
pub mod state;
pub mod workers;

pub use config::{Config, Role};
pub use routes::error::ApiError;
pub use state::AppState;
