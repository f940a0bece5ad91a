//! The other way in: a box to type a code into and results to click, which change the page and not its address.

use super::page::document;
use crate::site::Site;
use serde_json::{Value, json};

/// No more results than this are shown.
const MOST: usize = 10;

/// The page with the box.
pub(crate) fn page() -> String {
    document("Find a subject", include_str!("../../assets/find.html"))
}

/// What the box finds: subjects whose code begins with what was typed.
pub(crate) fn suggestions(site: &Site, typed: &str) -> Value {
    let (typed, year) = (typed.trim().to_uppercase(), site.current_year());
    let begins = |code: &&str| !typed.is_empty() && code.starts_with(&typed);
    let found = site.codes(year).filter(begins).take(MOST).filter_map(|code| {
        let unit = site.unit(year, code)?;
        Some(json!({"code": unit.code, "title": unit.title}))
    });
    found.collect()
}
