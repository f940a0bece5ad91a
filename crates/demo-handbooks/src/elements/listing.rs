//! The start page, the list of all courses and the sitemap.

use crate::{elements::page::document, html::escape, site::Site, unit::Unit};

pub(crate) fn home(site: &Site, year: u16) -> String {
    let body = format!(
        "<div id=\"courses\"><h1>Courses and programs {year}</h1>\n<p>{} courses are described in the \
         <a href=\"/programs-courses/\">list of courses</a>.</p></div>",
        site.codes(year).count()
    );
    document("Courses and programs", &body)
}

/// Every course by its code, and a few that are no more.
pub(crate) fn courses(site: &Site, year: u16) -> String {
    let mut rows: Vec<(String, String)> = site
        .catalogue
        .in_year(year)
        .map(|index| (site.catalogue.entries[index].code.clone(), Unit::title_of(&site.catalogue, index, year)))
        .collect();
    rows.extend(site.dead_codes().iter().map(|code| (code.clone(), "(no longer offered)".to_owned())));
    rows.sort();
    let rows: String = rows
        .iter()
        .map(|(code, title)| {
            format!("<li><a href=\"{}\">{code}</a> {}</li>\n", site.unit_path(year, code), escape(title))
        })
        .collect();
    document("List of courses", &format!("<div id=\"courses\"><h1>Courses {year}</h1>\n<ul>\n{rows}</ul></div>"))
}

/// One file, without years, in which the courses that are no more stand as well.
pub(crate) fn sitemap(site: &Site, origin: &str, year: u16) -> String {
    let urls: String = site
        .codes(year)
        .chain(site.dead_codes().iter().map(String::as_str))
        .map(|code| format!("<url><loc>{}</loc></url>\n", escape(&format!("{origin}{}", site.unit_path(year, code)))))
        .collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n\
         <url><loc>{origin}/</loc></url>\n{urls}</urlset>\n"
    )
}
