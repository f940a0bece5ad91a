//! The sitemap: an index of children, each with a part of one year.

use crate::site::Site;

/// How many units a child names.
const CHILD: usize = 1000;

pub(crate) fn index(site: &Site, origin: &str) -> String {
    let mut children = format!("<sitemap><loc>{origin}/sitemaps/pages.xml</loc></sitemap>\n");
    for year in site.years() {
        for part in 0..listed(site, *year).count().div_ceil(CHILD) {
            children.push_str(&format!(
                "<sitemap><loc>{origin}/sitemaps/subjects-{year}-{part}.xml</loc><lastmod>2025-11-03</lastmod></sitemap>\n"
            ));
        }
    }
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <sitemapindex xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n{children}</sitemapindex>\n"
    )
}

/// `pages` or `subjects-2026-0`; `None` for any other name.
pub(crate) fn child(site: &Site, origin: &str, name: &str) -> Option<String> {
    let urls: String = if name == "pages" {
        ["/", "/about", "/contact"].iter().map(|path| format!("<url><loc>{origin}{path}</loc></url>\n")).collect()
    } else {
        let (year, part) = name.strip_prefix("subjects-")?.split_once('-')?;
        let (year, part): (u16, usize) = (year.parse().ok()?, part.parse().ok()?);
        let codes = listed(site, year).skip(part.checked_mul(CHILD)?).take(CHILD);
        let urls: String = codes
            .map(|code| {
                let path = site.unit_path(year, code);
                format!("<url><loc>{origin}{path}</loc><lastmod>2025-11-03</lastmod></url>\n")
            })
            .collect();
        (!urls.is_empty()).then_some(urls)?
    };
    Some(format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n{urls}</urlset>\n"
    ))
}

/// All codes with a page in the year and, as sitemaps do, a few that have none any more.
fn listed(site: &Site, year: u16) -> impl Iterator<Item = &str> {
    let dead = if site.years().contains(&year) { site.dead_codes() } else { &[] };
    site.codes(year).chain(dead.iter().map(String::as_str))
}
