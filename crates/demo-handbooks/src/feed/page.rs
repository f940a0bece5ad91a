//! The page that an entry links. It says no more than the title: the feed is what is to be read.

use crate::{html::escape, unit::Unit};

pub(crate) fn served(unit: Option<&Unit>) -> String {
    let (title, text) = match unit {
        Some(unit) => (format!("{} {}", unit.code, escape(&unit.title)), "The course feed has the details."),
        None => ("Course not found".to_owned(), "There is no such course."),
    };
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><title>{title}</title></head><body><h1>{title}</h1><p>{text}</p></body></html>\n"
    )
}
