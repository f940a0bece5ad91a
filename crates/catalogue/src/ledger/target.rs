//! What a task is about: one page to read, some entries of a feed, or one step of discovery.

use crate::idempotency;
use rmu_domain::{ParseError, unit_code::UnitCode, year::Year};
use serde::{Deserialize, Serialize};
use url::Url;

/// So many entries a worker reads at once.
const MOST_ENTRIES: usize = rmu_extraction::MAX_ENTRIES_OF_A_PART;

/// Longer addresses are refused: no handbook has them, and they would not fit an index.
const LONGEST_URL: usize = 2000;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Target {
    Discovery {
        url: String,
        /// Of a listing over many pages: how many pages in a row before this one named nothing new.
        #[serde(default, skip_serializing_if = "is_zero")]
        barren: u32,
    },
    Unit {
        url: String,
        code: Option<UnitCode>,
        year: Option<Year>,
    },
    /// Some entries of a feed.
    FeedPart {
        url: String,
        entries: Vec<FeedEntry>,
    },
}

/// An entry of a feed by its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedEntry {
    pub code: UnitCode,
    pub year: Option<Year>,
}

impl Target {
    pub fn discovery(url: &str) -> Result<Self, ParseError> {
        Ok(Self::Discovery { url: parse_page_url(url)?.into(), barren: 0 })
    }

    pub fn unit(url: &str, code: Option<UnitCode>, year: Option<Year>) -> Result<Self, ParseError> {
        Ok(Self::Unit { url: parse_page_url(url)?.into(), code, year })
    }

    pub fn feed_part(url: &str, entries: Vec<FeedEntry>) -> Result<Self, ParseError> {
        if !(1..=MOST_ENTRIES).contains(&entries.len()) {
            return Err(ParseError::new(format!("must name 1 to {MOST_ENTRIES} entries")));
        }
        Ok(Self::FeedPart { url: parse_page_url(url)?.into(), entries })
    }

    pub fn url(&self) -> &str {
        match self {
            Self::Discovery { url, .. } | Self::Unit { url, .. } | Self::FeedPart { url, .. } => url,
        }
    }

    /// The target that a key was made from, as far as the key tells.
    pub(crate) fn from_key(key: &str, code: Option<UnitCode>, year: Option<Year>) -> Option<Self> {
        match key.split_once(':')? {
            ("unit", url) => Self::unit(url, code, year).ok(),
            ("discovery", url) => Self::discovery(url).ok(),
            ("entry", _) => FeedEntry::target_of(key),
            _ => None,
        }
    }

    /// What makes two targets of a source the same.
    pub(crate) fn key(&self) -> String {
        match self {
            Self::Discovery { url, .. } => format!("discovery:{url}"),
            Self::Unit { url, .. } => format!("unit:{url}"),
            Self::FeedPart { url, entries } => format!("feed:{}:{url}", idempotency::fingerprint(entries)),
        }
    }
}

impl FeedEntry {
    /// Under which an entry is remembered beside pages.
    pub(crate) fn key(&self, feed: &str) -> String {
        let year = self.year.map(|year| year.to_string()).unwrap_or_default();
        format!("entry:{}@{year}:{feed}", self.code.normalised())
    }

    /// The part that is just this remembered entry.
    fn target_of(key: &str) -> Option<Target> {
        let (code, rest) = key.strip_prefix("entry:")?.split_once('@')?;
        let (year, feed) = rest.split_once(':')?;
        let year = if year.is_empty() { None } else { Some(Year::parse(year).ok()?) };
        Target::feed_part(feed, vec![Self { code: UnitCode::parse(code).ok()?, year }]).ok()
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// An absolute http(s) address without credentials and without a fragment, in normal form.
pub(crate) fn parse_page_url(raw: &str) -> Result<Url, ParseError> {
    let mut url = Url::parse(raw).map_err(|_| ParseError::new("must be an address such as https://host/path"))?;
    if !matches!(url.scheme(), "http" | "https") || !url.username().is_empty() || url.password().is_some() {
        return Err(ParseError::new("must be an http or https address without a user name"));
    }
    url.set_fragment(None);
    if url.as_str().len() > LONGEST_URL {
        return Err(ParseError::new("must be an address of at most 2000 characters"));
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_page_has_one_key() {
        let key = |url| Target::unit(url, None, None).unwrap().key();
        assert_eq!(key("https://HANDBOOK.example:443/a#top"), key("https://handbook.example/a"));
        let unit = Target::unit("https://handbook.example/a", None, None).unwrap();
        assert_eq!(Target::from_key(&unit.key(), None, None), Some(unit));
        assert_eq!(Target::from_key("other:https://handbook.example/a", None, None), None);
        assert_ne!(Target::discovery("https://handbook.example/a").unwrap().key(), key("https://handbook.example/a"));
    }

    #[test]
    fn a_part_is_what_it_names_and_an_entry_is_found_again_by_its_key() {
        let entry = |code: &str, year| FeedEntry { code: UnitCode::parse(code).unwrap(), year };
        let year = Year::parse("2026").ok();
        let part = |entries: Vec<FeedEntry>| Target::feed_part("https://a.example/feed.xml?x=1:2@3", entries).unwrap();
        assert_ne!(part(vec![entry("31251", year)]).key(), part(vec![entry("31251", None)]).key());
        for entry in [entry("FIT-2004", year), entry("09009", None)] {
            let Some(Target::FeedPart { url, entries }) =
                Target::from_key(&entry.key("https://a.example/f?x=1:2@3"), None, None)
            else {
                panic!("{entry:?} is lost")
            };
            assert_eq!(url, "https://a.example/f?x=1:2@3");
            assert_eq!((entries[0].code.normalised(), entries[0].year), (entry.code.normalised(), entry.year));
        }
        assert!(Target::feed_part("https://a.example/f", Vec::new()).is_err());
        assert!(Target::feed_part("https://a.example/f", vec![entry("31251", None); 51]).is_err());
    }

    #[test]
    fn only_web_pages_are_targets() {
        for wrong in ["", "/a", "file:///etc/passwd", "ftp://a/b", "https://user:pw@a/b", "javascript:alert(1)"] {
            assert!(Target::discovery(wrong).is_err(), "{wrong:?}");
        }
        assert!(Target::discovery(&format!("https://a/{}", "x".repeat(2000))).is_err());
    }
}
