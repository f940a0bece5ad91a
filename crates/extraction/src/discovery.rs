//! Finding units: from a sitemap, an index of sitemaps or a listing page to addresses.

use crate::{
    MAX_PAGE_BYTES, html,
    paging::ResultsPage,
    source::{CompiledSignal, Look, Source},
    xml::{self, XmlError},
};
use rmu_domain::{unit_code::UnitCode, year::Year};
use scraper::{ElementRef, Html, Selector};
use std::collections::BTreeSet;
use url::Url;

/// What a sitemap may name by its own standard.
const MAX_ADDRESSES: usize = 50_000;

/// What one file or page of discovery names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Discovery {
    /// Further files to read: the children of an index of sitemaps.
    pub discovery: Vec<Url>,
    pub units: Vec<FoundUnit>,
}

/// A unit's page, as far as its address tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundUnit {
    pub url: Url,
    pub code: UnitCode,
    pub year: Option<Year>,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DiscoveryError {
    #[error("is larger than {} MiB", MAX_PAGE_BYTES / 1024 / 1024)]
    TooLarge,
    #[error("names more than {MAX_ADDRESSES} addresses")]
    TooMany,
    #[error("is not UTF-8 text")]
    NotText,
    #[error("is not a sitemap: {0}")]
    NotASitemap(String),
    #[error("cannot be read: {0}")]
    Unreadable(String),
    /// An error page or a wall in its place: it names no units, and does not say that there are none.
    #[error("is another page: {0}")]
    AnotherPage(&'static str),
    /// It may name half of the units.
    #[error("does not come to its end: nothing of recognise.whole shows")]
    CutOff,
}

/// Reads a sitemap, an index of sitemaps or a listing page. Only addresses of the source's own origins come
/// back, each once. With `years` empty in the source, the newest year named in this file is what is kept.
pub fn discover(
    source: &Source,
    url: &Url,
    content_type: Option<&str>,
    body: &[u8],
) -> Result<Discovery, DiscoveryError> {
    if body.len() > MAX_PAGE_BYTES {
        return Err(DiscoveryError::TooLarge);
    }
    let text = std::str::from_utf8(body).map_err(|_| DiscoveryError::NotText)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text).trim_start();
    let named = if is_xml(content_type, text) { sitemap(text)? } else { listing(source, url, text)? };
    if named.pages.len() + named.sitemaps.len() > MAX_ADDRESSES {
        return Err(DiscoveryError::TooMany);
    }
    let discovery = allowed(source, named.sitemaps).filter(|child| child != url).collect();
    Ok(Discovery { discovery, units: units(source, named.pages) })
}

/// Reads one page of a listing over many: the units it names and, unless it is the last, the page after it.
/// `url` is where the page finally was.
pub fn discover_results(
    source: &Source,
    page: &ResultsPage<'_>,
    url: &Url,
    body: &[u8],
) -> Result<Discovery, DiscoveryError> {
    if body.len() > MAX_PAGE_BYTES {
        return Err(DiscoveryError::TooLarge);
    }
    let text = std::str::from_utf8(body).map_err(|_| DiscoveryError::NotText)?;
    let html = page_of(source, text)?;
    let pages = match page.links() {
        Some(links) => linked(&html, url, links),
        None => linked(&html, url, &any_link()?),
    };
    let next = page.next_by(&html).filter(|next| source.allows(next));
    Ok(Discovery { discovery: next.into_iter().collect(), units: units(source, pages?) })
}

#[derive(Default)]
struct Named {
    sitemaps: Vec<Url>,
    pages: Vec<Url>,
}

/// By what the server says, unless it plainly errs: some send sitemaps as text, and pages as XML (XHTML).
fn is_xml(content_type: Option<&str>, text: &str) -> bool {
    let head: String = text.chars().take(200).collect::<String>().to_ascii_lowercase();
    if head.starts_with("<!doctype html") || head.starts_with("<html") {
        return false;
    }
    head.starts_with("<?xml")
        || head.starts_with("<urlset")
        || head.starts_with("<sitemapindex")
        || content_type.is_some_and(|kind| kind.to_ascii_lowercase().contains("xml"))
}

fn sitemap(text: &str) -> Result<Named, DiscoveryError> {
    let document = xml::parse(text).map_err(|error| match error {
        // Cut off on the way, most likely.
        XmlError::Malformed(reason) => DiscoveryError::Unreadable(reason),
        other => DiscoveryError::NotASitemap(other.to_string()),
    })?;
    let root = document.root_element();
    let addresses = |entry: &str| -> Vec<Url> {
        root.children()
            .filter(|child| child.tag_name().name() == entry)
            .filter_map(|child| child.children().find(|part| part.tag_name().name() == "loc"))
            .filter_map(|loc| Url::parse(loc.text()?.trim()).ok())
            .collect()
    };
    match root.tag_name().name() {
        "sitemapindex" => Ok(Named { sitemaps: addresses("sitemap"), pages: Vec::new() }),
        "urlset" => Ok(Named { sitemaps: Vec::new(), pages: addresses("url") }),
        other => {
            Err(DiscoveryError::NotASitemap(format!("its root is <{}>", other.chars().take(40).collect::<String>())))
        }
    }
}

fn listing(source: &Source, url: &Url, text: &str) -> Result<Named, DiscoveryError> {
    let page = page_of(source, text)?;
    let pages = linked(&page, url, &any_link()?)?;
    Ok(Named { sitemaps: Vec::new(), pages })
}

/// The page, unless its own marks say that it is none that lists anything, or not all of it.
fn page_of(source: &Source, text: &str) -> Result<Html, DiscoveryError> {
    let page = html::parse(text).map_err(|error| DiscoveryError::Unreadable(error.to_string()))?;
    for (signals, what) in [(source.blocked(), "a wall"), (source.not_found(), "an error page")] {
        if signals.iter().any(|signal| is_marked(&page, signal)) {
            return Err(DiscoveryError::AnotherPage(what));
        }
    }
    let mut marks = source.whole().iter().filter(|signal| matches!(signal.look, Look::Css(_))).peekable();
    if marks.peek().is_some() && !marks.any(|signal| is_marked(&page, signal)) {
        return Err(DiscoveryError::CutOff);
    }
    Ok(page)
}

/// Whether a signal that looks for an element shows. Words anywhere in a page of links say nothing of it, and data is
/// embedded in units' pages.
fn is_marked(page: &Html, signal: &CompiledSignal) -> bool {
    let Look::Css(selector) = &signal.look else { return false };
    let text = |element: ElementRef<'_>| html::text_of([*element]);
    page.select(selector)
        .any(|element| signal.matches.as_ref().is_none_or(|pattern| pattern.is_match(text(element).trim()) == Ok(true)))
}

fn any_link() -> Result<Selector, DiscoveryError> {
    Selector::parse("a[href]").map_err(|error| DiscoveryError::Unreadable(error.to_string()))
}

/// Where the links of a page lead.
fn linked(page: &Html, url: &Url, links: &Selector) -> Result<Vec<Url>, DiscoveryError> {
    let base = Selector::parse("base[href]").map_err(|error| DiscoveryError::Unreadable(error.to_string()))?;
    let href = |element: ElementRef<'_>| element.attr("href").map(str::trim).map(str::to_owned);
    let base = page.select(&base).next().and_then(href).and_then(|raw| url.join(&raw).ok()).unwrap_or(url.clone());
    Ok(page.select(links).filter_map(href).filter_map(|raw| base.join(&raw).ok()).collect())
}

/// Those of the addresses that are units', of the years asked for.
fn units(source: &Source, pages: Vec<Url>) -> Vec<FoundUnit> {
    let units = allowed(source, pages)
        .filter_map(|url| source.classify(&url).map(|unit| FoundUnit { url, code: unit.code, year: unit.year }))
        .collect();
    of_wanted_years(source, units)
}

/// Addresses a worker may contact, without fragment, each once, in the order of the file.
fn allowed(source: &Source, urls: Vec<Url>) -> impl Iterator<Item = Url> {
    let mut seen = BTreeSet::new();
    urls.into_iter().filter_map(move |mut url| {
        url.set_fragment(None);
        (source.allows(&url) && seen.insert(url.to_string())).then_some(url)
    })
}

/// Units of the years asked for; those whose address names no year are of any.
fn of_wanted_years(source: &Source, mut units: Vec<FoundUnit>) -> Vec<FoundUnit> {
    let wanted: Vec<u16> = match source.document().years.as_slice() {
        [] => units.iter().filter_map(|unit| unit.year).max().map(Year::get).into_iter().collect(),
        years => years.to_vec(),
    };
    units.retain(|unit| unit.year.is_none_or(|year| wanted.contains(&year.get())));
    units
}
