//! From a task to its result.
//!
//! A task is answered once it is known what became of it, whatever that is: facts, children, unchanged, not
//! found, or a failure with its kind. The result is confirmed by the broker before the task is acknowledged,
//! so a crash at any point means that the task comes again; the same result twice is harmless.

pub mod control;
mod discovery;
mod evidence;
mod failure;
mod feed;
mod handler;
mod outcome;
mod preview;
mod sources;
mod steps;
mod unit;

pub use handler::{Arrival, TaskHandler, TaskSettings};
