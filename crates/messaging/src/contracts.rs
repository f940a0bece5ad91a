//! What travels in messages: one module a family, one struct a message, JSON with camelCase names.
//!
//! These are wire types. Receivers turn them into domain types by parsing; unknown fields are ignored, so a
//! field may be added at any time, and none is ever removed or given another meaning within a version.

pub mod auth;
pub mod control;
pub mod events;
pub mod preview;
pub mod scrape;
pub mod unit_facts;

use schemars::JsonSchema;
use serde::{Serialize, de::DeserializeOwned};

/// A message with a published contract.
pub trait Contract: Serialize + DeserializeOwned + JsonSchema + Send + Sync + 'static {
    /// The `type` property: family, name, version.
    const TYPE: &'static str;

    /// An example that both sides' tests read and that the published contract shows.
    fn example() -> Self;
}
