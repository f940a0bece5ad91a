//! What travels in messages: one module a family, one struct a message, JSON with camelCase names.
//!
//! These are wire types. Receivers turn them into domain types by parsing; unknown fields are ignored, so a
//! field may be added at any time, and none is ever removed or given another meaning within a version.

/// Messages with their types and the examples of their fields; for requests also the answer.
macro_rules! messages {
    ($($(#[$doc:meta])* $name:ident = $kind:literal { $($(#[$fdoc:meta])* $field:ident: $ty:ty = $example:expr),* $(,)? } $(-> $answer:ty)?;)+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "camelCase")]
        pub struct $name { $($(#[$fdoc])* pub $field: $ty),* }

        impl Contract for $name {
            const TYPE: &'static str = $kind;

            fn example() -> Self {
                Self { $($field: $example),* }
            }
        }

        $(impl Request for $name { type Answer = $answer; })?
    )+};
}

pub mod accounts;
pub mod auth;
pub mod control;
pub mod digest;
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
