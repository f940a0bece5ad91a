//! Site C: every fact in an element with an id of its own.

pub(crate) mod listing;
pub(crate) mod page;

pub(crate) const STYLE: &str = include_str!("../assets/elements.css");
