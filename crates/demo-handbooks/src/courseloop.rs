//! Site A: CourseLoop, with JSON in the page and a script that turns it into what readers see.

pub(crate) mod assets;
pub(crate) mod ballast;
pub(crate) mod content;
mod dialect;
pub(crate) mod page;
pub(crate) mod rendered;
pub(crate) mod second_host;
pub(crate) mod sitemap;
