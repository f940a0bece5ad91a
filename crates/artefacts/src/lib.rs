//! Pages and screenshots of failures, kept in a directory or a bucket.
//!
//! Workers write, the gateway shows and clears away. Nothing here decides what is worth keeping, and nothing that
//! goes wrong here may cost a task: every call ends within its limit and says what happened.

mod packing;
mod place;
pub mod retention;
mod store;

pub use packing::{MOST_PACKED_BYTES, MOST_SOURCE_BYTES, pack, unpack};
pub use place::Place;
pub use store::{ArtefactStore, MOST_BYTES, StoreError, Stored};
