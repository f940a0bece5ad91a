//! Extractors: handlers receive values that were understood, clients learn which field was not.

mod json;
mod params;
mod refusal;

pub use json::{BODY_LIMIT, Json, OptionalJson};
pub use params::{Path, Query};
