//! Site D: found by searching, page by page of results or by typing a code.

pub(crate) mod eligibility;
pub(crate) mod find;
pub(crate) mod page;
pub(crate) mod results;

pub(crate) const STYLE: &str = include_str!("../assets/search.css");
