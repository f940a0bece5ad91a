//! Listings over many pages: which address is a page of one, and which page comes after it.
//!
//! Each page names its units and the next page, so that no step of discovery is large. Sites repeat and drop rows
//! deep inside, and some answer any number of a page: whoever keeps what was found takes units as a set, and ends a
//! listing whose pages have brought nothing new for [`ResultsPage::barren_pages`] in a row.

use crate::{
    pattern::Pattern,
    source::Source,
    template::{Template, Values},
};
use rmu_domain::year::Year;
use scraper::{Html, Selector};
use url::Url;

/// A listing over many pages, compiled.
#[derive(Debug, Clone)]
pub(crate) struct Paging {
    pub(crate) template: Template,
    pub(crate) first_page: u32,
    pub(crate) links: Option<Selector>,
    pub(crate) last_page: Option<(Selector, Pattern)>,
    pub(crate) barren_pages: u32,
    pub(crate) max_pages: u32,
}

impl Paging {
    fn last_allowed(&self) -> u32 {
        self.first_page.saturating_add(self.max_pages).saturating_sub(1)
    }

    pub(crate) fn address(&self, page: u32, year: Option<Year>) -> Option<Url> {
        self.template.fill_url(Values { page: Some(page), year, code: None })
    }
}

/// One page of a listing.
#[derive(Debug, Clone)]
pub struct ResultsPage<'s> {
    paging: &'s Paging,
    page: u32,
    year: Option<Year>,
}

impl ResultsPage<'_> {
    /// After so many pages in a row without anything new the listing has ended, whatever it says.
    pub fn barren_pages(&self) -> u32 {
        self.paging.barren_pages
    }

    /// The page after this one, as far as numbers go; `None` beyond the most that the source allows.
    pub fn next(&self) -> Option<Url> {
        let next = self.page.checked_add(1).filter(|next| *next <= self.paging.last_allowed())?;
        self.paging.address(next, self.year)
    }

    /// The page after this one, unless the page says that it is the last.
    pub(crate) fn next_by(&self, html: &Html) -> Option<Url> {
        let stated = self.paging.last_page.as_ref().and_then(|(selector, pattern)| {
            let texts = html.select(selector).map(|element| element.text().collect::<String>());
            // The largest: the number stands above and below, and a link to the next page may look like it.
            texts.filter_map(|text| pattern.value(text.trim()).ok()??.trim().parse::<u32>().ok()).max()
        });
        self.next().filter(|_| stated.is_none_or(|last| self.page < last))
    }

    pub(crate) fn links(&self) -> Option<&Selector> {
        self.paging.links.as_ref()
    }
}

impl Source {
    /// Where discovery begins to read: the source's start addresses, of a listing over many pages the first page (of every
    /// year, where the year is in its address).
    pub fn start_urls(&self) -> Vec<Url> {
        let plain = self.document().start.iter().filter(|start| start.pages().is_none());
        let plain = plain.filter_map(|start| Url::parse(start.url()?).ok());
        let years: Vec<_> = self.document().years.iter().filter_map(|year| Year::new(*year).ok()).collect();
        let paged = self.paged().iter().flat_map(|paging| {
            let by_year = paging.template.has(crate::template::Place::Year);
            let years: Vec<_> = if by_year { years.iter().copied().map(Some).collect() } else { vec![None] };
            years.into_iter().filter_map(|year| paging.address(paging.first_page, year)).collect::<Vec<_>>()
        });
        plain.chain(paged).collect()
    }

    /// The page of a listing that is at this address, if it is the address of one.
    pub fn results_page(&self, url: &Url) -> Option<ResultsPage<'_>> {
        self.paged().iter().find_map(|paging| {
            let (page, year) = paging.template.read(url.as_str())?;
            let page = page.filter(|page| (paging.first_page..=paging.last_allowed()).contains(page))?;
            Some(ResultsPage { paging, page, year })
        })
    }
}
