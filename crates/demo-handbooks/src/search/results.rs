//! Search results, twenty a page, and what deep paging makes of them.

use super::page::document;
use crate::{faults::PagingFault, html::escape, random::hash, site::Site, unit::Unit};

const PAGE: usize = 20;

/// What is asked of the search.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Search {
    pub(crate) year: u16,
    /// From 1 on.
    pub(crate) page: usize,
    pub(crate) descending: bool,
}

/// A page of results.
pub(crate) fn page(site: &Site, search: Search, drift: PagingFault) -> String {
    let Search { year, page, descending } = search;
    let all = listed(site, year, descending);
    let pages = all.len().div_ceil(PAGE).max(1);
    let shown = if drift.endless { page.clamp(1, pages) } else { page };
    let rows = rows(&all, shown, pages, drift);
    let items: String = rows
        .iter()
        .map(|(code, title)| {
            format!(
                "<li class=\"search-results__result\"><a class=\"search-result-item__anchor\" href=\"{}\">\
                 <span class=\"search-result-item__code\">{code}</span> {}</a></li>\n",
                site.unit_path(year, code),
                escape(title)
            )
        })
        .collect();
    let items = if items.is_empty() { "<li class=\"search-results__none\">No results.</li>".to_owned() } else { items };
    let order = if descending { "desc" } else { "asc" };
    let to = |page: usize| format!("/search?types[]=subject&amp;year={year}&amp;order={order}&amp;page={page}");
    let last =
        if drift.endless { String::new() } else { format!(" of <b class=\"search-results__pages\">{pages}</b>") };
    let body = format!(
        "<main id=\"search\"><h1>Search results</h1>\n<p>{} subjects of {year}</p>\n\
         <ul class=\"search-results__list\">\n{items}</ul>\n\
         <nav class=\"search-results__paginate\"><a href=\"{}\">Previous</a> Page {page}{last} <a href=\"{}\">Next</a></nav>\n\
         <aside>Others look at <a href=\"{}\">this subject</a>.</aside></main>",
        all.len(),
        to(page.saturating_sub(1).max(1)),
        to(page + 1),
        site.unit_path(year, &all.first().map(|(code, _)| code.clone()).unwrap_or_default()),
    );
    document("Search results", &body)
}

fn rows(all: &[(String, String)], page: usize, pages: usize, drift: PagingFault) -> Vec<(String, String)> {
    let Some(from) = page.checked_sub(1).and_then(|page| page.checked_mul(PAGE)).filter(|from| *from < all.len())
    else {
        return Vec::new();
    };
    let own = &all[from..all.len().min(from + PAGE)];
    let is_deep = |page: usize| page * 2 > pages + 1;
    if !is_deep(page) {
        return own.to_vec();
    }
    let falls = |purpose: &str, code: &str, share: u8| hash(&format!("{purpose} {code}")) % 100 < u64::from(share);
    let before = all[from.saturating_sub(PAGE)..from].iter().filter(|_| is_deep(page - 1));
    let repeated = before.filter(|(code, _)| falls("repeat", code, drift.repeat_share));
    repeated.chain(own.iter().filter(|(code, _)| !falls("drop", code, drift.drop_share))).cloned().collect()
}

/// All subjects of a year by their codes, and a few that are no more.
fn listed(site: &Site, year: u16, descending: bool) -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = site
        .catalogue
        .in_year(year)
        .map(|index| (site.catalogue.entries[index].code.clone(), Unit::title_of(&site.catalogue, index, year)))
        .collect();
    if !all.is_empty() {
        all.extend(site.dead_codes().iter().map(|code| (code.clone(), "(discontinued)".to_owned())));
    }
    all.sort();
    if descending {
        all.reverse();
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};

    fn codes(site: &Site, descending: bool, drift: PagingFault, pages: usize) -> Vec<String> {
        let page = |page| page_codes(&super::page(site, Search { year: 2026, page, descending }, drift));
        (1..=pages).flat_map(page).collect()
    }

    fn page_codes(html: &str) -> Vec<String> {
        html.split("item__code\">").skip(1).map(|rest| rest.split('<').next().unwrap().to_owned()).collect()
    }

    #[test]
    fn every_row_stands_on_one_page_and_drift_repeats_and_drops_deep_ones() {
        let site = Site::search_first(1, 300);
        let all: BTreeSet<String> = listed(&site, 2026, false).into_iter().map(|(code, _)| code).collect();
        let found = codes(&site, false, PagingFault::default(), 40);
        assert_eq!(found.len(), all.len());
        assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), all);

        let drift = PagingFault { repeat_share: 30, drop_share: 20, endless: false };
        let (one, other) = (codes(&site, false, drift, 40), codes(&site, true, drift, 40));
        let mut times = BTreeMap::new();
        for code in &one {
            *times.entry(code).or_insert(0) += 1;
        }
        assert!(times.values().any(|times| *times == 2), "some rows are repeated");
        let missing = all.len() - times.len();
        assert!(missing > 5 && missing < all.len() / 5, "{missing} rows are dropped");
        let both: BTreeSet<String> = one.into_iter().chain(other).collect();
        assert_eq!(both, all, "none is deep in both orders");
    }

    #[test]
    fn an_endless_listing_repeats_its_last_page() {
        let site = Site::search_first(1, 50);
        let drift = PagingFault { endless: true, ..PagingFault::default() };
        let codes = |page| page_codes(&super::page(&site, Search { year: 2026, page, descending: false }, drift));
        assert_eq!(codes(3), codes(99));
        assert!(!codes(99).is_empty());
    }
}
