//! Site B: static HTML from another decade.

pub(crate) mod listing;
pub(crate) mod page;

use crate::{
    catalogue::{Catalogue, University},
    unit::{Fact, Unit},
};

pub(crate) const STYLE: &str = include_str!("../assets/legacy.css");

/// The school as the page has it: site B words faculty and school in one line, which begins with the faculty, so
/// that without a faculty there is no place for the school either.
pub(crate) fn school<'u>(catalogue: &Catalogue, unit: &'u Unit) -> &'u Fact<&'static str> {
    if catalogue.university == University::Eastmoor && unit.faculty.given().is_none() {
        return &Fact::Absent;
    }
    &unit.school
}
