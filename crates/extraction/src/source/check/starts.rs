//! Where discovery begins.

use super::{Checker, child};
use crate::{
    paging::Paging,
    pattern::Pattern,
    source::{Paged, Start},
    template::{Place, Template, Values},
    xml::XmlPath,
};
use rmu_domain::{
    code_template::{CodeTemplate, TemplateMistake},
    unit_code::UnitCode,
    year::Year,
};
use url::{Origin, Url};

const MAX_STARTS: usize = 50;
const MAX_BARREN_PAGES: u32 = 20;
const MAX_PAGES: u32 = 10_000;
const MAX_FIRST_PAGE: u32 = 1_000;
/// Codes times years, over all templates: half of what a job may have, so that pages a site names find room beside.
const MAX_CODES: u64 = 100_000;

/// What discovery begins with, beside plain addresses.
#[derive(Debug, Default)]
pub(super) struct Starts {
    pub(super) paged: Vec<Paging>,
    pub(super) codes: Vec<CodeTemplate>,
}

impl Checker {
    pub(super) fn starts(
        &mut self,
        start: &[Start],
        origins: &[Origin],
        years: &[u16],
        unit_address: Option<&Template>,
    ) -> Starts {
        if start.is_empty() {
            self.error("/start", "must name where discovery begins");
        }
        self.at_most("/start", start, MAX_STARTS);
        let mut starts = Starts::default();
        for (index, start) in start.iter().enumerate() {
            let path = format!("/start/{index}");
            let url = match start {
                Start::Sitemap { url } | Start::Listing { url } | Start::Feed { url, .. } => Url::parse(url).ok(),
                Start::Paged(listing) => {
                    let Some(paging) = self.paged(&path, listing, years) else { continue };
                    let sample = paging.template.fill_url(Values { page: Some(1), year: sample_year(), code: None });
                    starts.paged.push(paging);
                    sample
                }
                Start::Codes { codes } => {
                    match codes.parse() {
                        Ok(template) => starts.codes.push(template),
                        Err(mistakes) => self.mistakes(&child(&path, "codes"), &mistakes),
                    }
                    self.needs_an_address(&path, years, unit_address);
                    continue;
                }
            };
            if !url.is_some_and(|url| origins.contains(&url.origin())) {
                self.error(child(&path, "url"), "must be an address of one of the origins");
            }
        }
        let by_year = unit_address.is_some_and(|template| template.has(Place::Year));
        let pages_each = if by_year { years.len().max(1) as u64 } else { 1 };
        if starts.codes.iter().map(|codes| u64::from(codes.count()) * pages_each).sum::<u64>() > MAX_CODES {
            self.error("/start", format!("must give at most {MAX_CODES} pages by codes, over all years"));
        }
        starts
    }

    pub(super) fn unit_address(&mut self, raw: &str, origins: &[Origin]) -> Option<Template> {
        let places = [Place::Code, Place::CodeLower, Place::Year];
        let template = self.note("/unitAddress", Template::parse_url(raw, &places))?;
        if !template.has(Place::Code) && !template.has(Place::CodeLower) {
            self.error("/unitAddress", "must have a place for {code} or {codeLower}");
        }
        let code = UnitCode::parse("AB12").ok();
        let sample = template.fill_url(Values { page: None, year: sample_year(), code: code.as_ref() });
        if !sample.is_some_and(|url| origins.contains(&url.origin())) {
            self.error("/unitAddress", "must be an address of one of the origins");
        }
        Some(template)
    }

    /// Codes lead nowhere without a template of addresses.
    fn needs_an_address(&mut self, path: &str, years: &[u16], unit_address: Option<&Template>) {
        match unit_address {
            None => self.error(path, "needs `unitAddress`, which says where the unit of a code is"),
            Some(template) if template.has(Place::Year) && years.is_empty() => {
                self.error(path, "needs `years`, for `unitAddress` has a place for {year}");
            }
            Some(_) => {}
        }
    }

    fn mistakes(&mut self, path: &str, mistakes: &[TemplateMistake]) {
        for mistake in mistakes {
            let place = mistake.place.replace('[', "/").replace(']', "");
            self.error(format!("{path}/{place}"), mistake.reason.clone());
        }
    }

    /// Feeds with the compiled paths of their entries.
    pub(super) fn feeds(&mut self, start: &[Start]) -> Vec<(Url, XmlPath)> {
        let mut feeds: Vec<(Url, XmlPath)> = Vec::new();
        for (index, start) in start.iter().enumerate() {
            let Start::Feed { url, entry } = start else { continue };
            let path = format!("/start/{index}/entry");
            let Some(entry) = self.note(&path, XmlPath::parse(entry)) else { continue };
            if !entry.is_from_root() || entry.is_to_attribute() {
                self.error(path, "must be a path of elements from the root, such as /catalog/provider/course");
            }
            // An address that is none was told already.
            let Ok(mut url) = Url::parse(url) else { continue };
            url.set_fragment(None);
            if feeds.iter().any(|(other, _)| *other == url) {
                self.error(format!("/start/{index}/url"), "is the address of an earlier feed");
            }
            feeds.push((url, entry));
        }
        feeds
    }

    fn paged(&mut self, path: &str, listing: &Paged, years: &[u16]) -> Option<Paging> {
        let place = child(path, "url");
        let template = self.note(&place, Template::parse_url(&listing.url, &[Place::Page, Place::Year]));
        if let Some(template) = &template {
            if !template.has(Place::Page) {
                self.error(place.clone(), "must have a place for {page}");
            }
            if template.has(Place::Year) && years.is_empty() {
                self.error(place, "has a place for {year}, so `years` must name some");
            }
        }
        for (name, number, most) in
            [("barrenPages", listing.barren_pages, MAX_BARREN_PAGES), ("maxPages", listing.max_pages, MAX_PAGES)]
        {
            if !(1..=most).contains(&number) {
                self.error(child(path, name), format!("must be 1 to {most}"));
            }
        }
        if listing.first_page > MAX_FIRST_PAGE {
            self.error(child(path, "firstPage"), format!("must be at most {MAX_FIRST_PAGE}"));
        }
        let links = listing.links.as_deref().and_then(|raw| self.selector(&child(path, "links"), raw));
        let last_page = listing.last_page.as_ref().and_then(|last| {
            let path = child(path, "lastPage");
            let selector = self.selector(&child(&path, "css"), &last.css);
            let pattern = self.note(&child(&path, "regex"), Pattern::parse(last.regex.as_deref().unwrap_or("\\d+")));
            selector.zip(pattern)
        });
        Some(Paging {
            template: template?,
            first_page: listing.first_page,
            links,
            last_page,
            barren_pages: listing.barren_pages,
            max_pages: listing.max_pages,
        })
    }
}

fn sample_year() -> Option<Year> {
    Year::new(2026).ok()
}
