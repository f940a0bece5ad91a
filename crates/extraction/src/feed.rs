//! Feeds: XML files that hold the units themselves.
//!
//! A feed is read in parts, since it may hold thousands of units and a message no more than some. A part names
//! its entries by code and year and not by their place: a feed that has changed since it was surveyed gives each
//! entry as it is now, and says of one that is gone that it is.

use crate::{
    MAX_PAGE_BYTES,
    page::{
        FactTrace, Verdict,
        document::{Budget, Entry, Feed},
        name_of_entry, read_entry, trace_entry,
    },
    source::Source,
    xml::{self, Hit, XmlError},
};
use rmu_domain::{unit_code::UnitCode, year::Year};
use roxmltree::Node;
use std::collections::{BTreeMap, BTreeSet};
use url::Url;

/// So many entries are read at once at most.
pub const MAX_ENTRIES_OF_A_PART: usize = 50;
/// And so much of the feed's source, since facts travel in a message of about its size.
const MAX_BYTES_OF_A_PART: usize = 256 * 1024;
/// Larger feeds have to be split by whoever publishes them.
const MAX_ENTRIES: usize = 20_000;

/// An entry by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedEntry {
    pub code: UnitCode,
    pub year: Option<Year>,
}

/// What a feed holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FeedSurvey {
    /// Every entry once, in parts that can be read each by itself.
    pub parts: Vec<Vec<FeedEntry>>,
    /// Entries without a code that can be read, which nothing can be done about.
    pub nameless: usize,
}

/// What became of one entry.
#[derive(Debug, Clone, PartialEq)]
pub struct EntryRead {
    pub entry: FeedEntry,
    pub verdict: Verdict,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FeedError {
    #[error("is larger than {} MiB", MAX_PAGE_BYTES / 1024 / 1024)]
    TooLarge,
    #[error("names more than {MAX_ENTRIES} units")]
    TooMany,
    #[error("is not UTF-8 text")]
    NotText,
    /// A bot wall or an error page, most likely.
    #[error("is a page and no feed")]
    Page,
    /// Cut off on the way, most likely.
    #[error("is not XML: {0}")]
    Malformed(String),
    #[error("is refused: {0}")]
    Refused(String),
    #[error("has nothing at {0}")]
    NoEntries(String),
    #[error("has no entry with a code that can be read, of {0}")]
    NoNames(usize),
    #[error("is too intricate to be read")]
    TooIntricate,
    #[error("is no feed of the source")]
    Unknown,
}

impl From<XmlError> for FeedError {
    fn from(error: XmlError) -> Self {
        match error {
            XmlError::Large => Self::TooLarge,
            XmlError::Malformed(reason) => Self::Malformed(reason),
            other => Self::Refused(other.to_string()),
        }
    }
}

/// Names everything a feed of the source holds, of the years asked for.
pub fn survey_feed(source: &Source, url: &Url, body: &[u8]) -> Result<FeedSurvey, FeedError> {
    with_entries(source, url, body, |entries| {
        let years = &source.document().years;
        let (mut survey, mut seen) = (FeedSurvey::default(), BTreeSet::new());
        let (mut part, mut bytes) = (Vec::new(), 0);
        for entry in entries {
            let Some((code, year)) = name_of_entry(source, *entry) else {
                survey.nameless += 1;
                continue;
            };
            if year.is_some_and(|year| !years.is_empty() && !years.contains(&year.get())) {
                continue;
            }
            if !seen.insert(key(&code, year)) {
                continue;
            }
            let size = entry.element.range().len();
            if part.len() >= MAX_ENTRIES_OF_A_PART || (bytes + size > MAX_BYTES_OF_A_PART && !part.is_empty()) {
                survey.parts.push(std::mem::take(&mut part));
                bytes = 0;
            }
            part.push(FeedEntry { code, year });
            bytes += size;
        }
        survey.parts.extend((!part.is_empty()).then_some(part));
        match survey.nameless {
            nameless if nameless == entries.len() => Err(FeedError::NoNames(nameless)),
            _ => Ok(survey),
        }
    })
}

/// Reads the entries with these names as they are now. One that is there several times counts as the first of
/// them that is a unit.
pub fn read_entries(
    source: &Source,
    url: &Url,
    body: &[u8],
    wanted: &[FeedEntry],
) -> Result<Vec<EntryRead>, FeedError> {
    with_entries(source, url, body, |entries| {
        let mut by_name: BTreeMap<_, Vec<Entry<'_>>> = BTreeMap::new();
        for entry in entries {
            if let Some((code, year)) = name_of_entry(source, *entry) {
                by_name.entry(key(&code, year)).or_default().push(*entry);
            }
        }
        let read = |entry: &FeedEntry| {
            let named = by_name.get(&key(&entry.code, entry.year)).map_or(&[][..], Vec::as_slice);
            let mut first = None;
            for element in named {
                match read_entry(source, *element) {
                    unit @ Verdict::Unit(_) => return unit,
                    other => first = first.or(Some(other)),
                }
            }
            first.unwrap_or_else(|| Verdict::NotFound { detail: "the feed has no such entry any more".to_owned() })
        };
        Ok(wanted.iter().map(|entry| EntryRead { entry: entry.clone(), verdict: read(entry) }).collect())
    })
}

/// Reads one entry of a feed, the one with this code or else the first, and says how each fact came about.
pub fn trace_feed(
    source: &Source,
    url: &Url,
    body: &[u8],
    code: Option<&UnitCode>,
) -> Result<(Verdict, Vec<FactTrace>), FeedError> {
    with_entries(source, url, body, |entries| {
        let is_wanted = |entry: &&Entry<'_>| {
            code.is_none_or(|code| {
                name_of_entry(source, **entry).is_some_and(|(name, _)| name.normalised() == code.normalised())
            })
        };
        Ok(entries.iter().find(is_wanted).map_or_else(
            || (Verdict::NotFound { detail: "the feed has no entry with this code".to_owned() }, Vec::new()),
            |entry| (read_entry(source, *entry), trace_entry(source, *entry)),
        ))
    })
}

/// What two spellings of an entry's name have in common.
fn key(code: &UnitCode, year: Option<Year>) -> (String, Option<u16>) {
    (code.normalised(), year.map(Year::get))
}

/// Parses a feed and finds its entries; all that is done with them is paid from one budget.
fn with_entries<T>(
    source: &Source,
    url: &Url,
    body: &[u8],
    work: impl FnOnce(&[Entry<'_>]) -> Result<T, FeedError>,
) -> Result<T, FeedError> {
    let path = source.entry_path(url).ok_or(FeedError::Unknown)?;
    if body.len() > MAX_PAGE_BYTES {
        return Err(FeedError::TooLarge);
    }
    let text = std::str::from_utf8(body).map_err(|_| FeedError::NotText)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text).trim_start();
    if is_page(text) {
        return Err(FeedError::Page);
    }
    let document = xml::parse(text)?;
    let (hits, _) = path.find(document.root());
    let budget = Budget::default();
    let feed = Feed::new(url, &budget);
    let entries: Vec<Entry<'_>> =
        hits.into_iter().filter_map(element).map(|element| Entry { element, feed: &feed }).collect();
    if entries.is_empty() {
        return Err(FeedError::NoEntries(path.as_str().to_owned()));
    }
    if entries.len() > MAX_ENTRIES {
        return Err(FeedError::TooMany);
    }
    let done = work(&entries)?;
    if budget.is_spent() { Err(FeedError::TooIntricate) } else { Ok(done) }
}

fn element(hit: Hit<'_>) -> Option<Node<'_, '_>> {
    match hit {
        Hit::Element(element) => Some(element),
        Hit::Attribute(..) => None,
    }
}

fn is_page(text: &str) -> bool {
    let head: String = text.chars().take(200).collect::<String>().to_ascii_lowercase();
    head.starts_with("<!doctype html") || head.starts_with("<html")
}
