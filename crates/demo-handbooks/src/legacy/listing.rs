//! The start page and the two listings of all subjects.

use super::page::document;
use crate::{html::escape, site::Site, unit::Unit, words::faculties::FACULTIES};

/// Every subject by its number, and a few numbers that are in use no more.
pub(crate) fn by_number(site: &Site, year: u16) -> String {
    let mut rows: Vec<(String, String)> = titles(site, year);
    rows.extend(site.dead_codes().iter().map(|code| (code.clone(), "(withdrawn)".to_owned())));
    rows.sort();
    listing("Subjects: numerical list", &rows)
}

pub(crate) fn by_name(site: &Site, year: u16) -> String {
    let mut rows = titles(site, year);
    rows.sort_by(|(code, title), (other_code, other)| (title, code).cmp(&(other, other_code)));
    listing("Subjects: alphabetical list", &rows)
}

pub(crate) fn home(site: &Site, year: u16) -> String {
    let faculties: String = FACULTIES.iter().map(|faculty| format!("<li>{}\n", escape(faculty.name))).collect();
    let body = format!(
        "<div class=\"subject\">\n<h1>Handbook {}</h1>\n<p>The handbook describes {} subjects of\n<ul>\n{faculties}</ul>\n\
         <p>See the <a href=\"/numerical.html\">numerical list</a> or the <a href=\"/alpha.html\">alphabetical list</a>.\n</div>",
        year,
        site.codes(year).count()
    );
    document("Handbook", &body)
}

fn titles(site: &Site, year: u16) -> Vec<(String, String)> {
    site.catalogue
        .in_year(year)
        .map(|index| (site.catalogue.entries[index].code.clone(), Unit::title_of(&site.catalogue, index, year)))
        .collect()
}

fn listing(heading: &str, rows: &[(String, String)]) -> String {
    let rows: String = rows
        .iter()
        .map(|(code, title)| format!("<a href=\"/subjects/{code}.html\">{code}</a> {}<br>\n", escape(title)))
        .collect();
    document(heading, &format!("<div class=\"subject\">\n<h1>{heading}</h1>\n<p>{rows}</div>"))
}
