//! The sites over HTTP; the only part that knows the web framework.

mod control;
mod eastmoor;
mod harbourview;
mod host;
mod northfield;
mod robots;
pub mod server;
mod southmere;
mod spoiled;
mod westhaven;
