//! Faults that a site can be told to have, so that tests and drills see what crawlers make of them.

use crate::random::spread;
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// The longest that any page is held back, so that a forgotten fault cannot hold a connection for ever.
const LONGEST: Duration = Duration::from_secs(600);

/// Shares are in per cent of the requests for pages, spread evenly over them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Faults {
    /// Every page comes this much later.
    pub delay_ms: u64,
    /// Pages that never come.
    pub hang_share: u8,
    /// Pages answered with status 500.
    pub error_share: u8,
    /// Pages replaced by the site's error page, with status 200.
    pub error_page_share: u8,
    /// Pages that end in the middle.
    pub truncate_share: u8,
    /// After this many pages, counted from now, every one is refused with status 403.
    pub forbid_after: Option<u64>,
    pub robots: RobotsFault,
    /// The markup and the JSON have other names, as after a relaunch.
    pub redesigned: bool,
    /// What deep paging does to results (site D).
    pub paging: PagingFault,
    /// What is wrong with the feed of site E.
    pub feed: FeedFault,
    /// Pages spoiled in some way, each a share of its own.
    pub spoil: BTreeMap<Spoil, u8>,
    /// Which year's edition is the current one at sites of one edition at a time (B and C), instead of the newest:
    /// units have other names, are retired or not yet.
    pub edition: Option<u16>,
}

/// How a page is spoiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Spoil {
    /// The page, and eleven megabytes more.
    Huge,
    /// A body of one gigabyte, sent bit by bit.
    Flood,
    /// A small body that unfolds to 64 MiB.
    GzipBomb,
    /// Markup that no two parsers agree on.
    Malformed,
    /// Sent on to another site.
    OffSite,
    /// Sent on to an address that is sent on, without end.
    RedirectLoop,
    /// The page, with a script that never ends.
    ScriptLoop,
    /// The page, with alerts without end.
    AlertLoop,
    /// The page, which opens ten windows.
    PopUps,
    /// A file to keep instead of a page to see.
    Download,
    /// The page, inside a hundred thousand elements.
    Nested,
}

impl Spoil {
    /// The page as it comes out. Those that are no pages are answered elsewhere.
    pub(crate) fn page(self, page: &str) -> String {
        let with = |script: &str| page.replacen("</body>", &format!("<script>{script}</script></body>"), 1);
        match self {
            Self::Huge => page.replacen("</body>", &format!("<p>{}</p></body>", "padding ".repeat(11 << 17)), 1),
            // Closing what was never opened, opening what is never closed, attributes without end of quotes.
            Self::Malformed => {
                format!("</div></p><table><tr><p>{}<b><i></b><a href=\"x", page.replace("</div>", "</span>"))
            }
            Self::ScriptLoop => with("while (true) {}"),
            Self::AlertLoop => with("while (true) alert('again')"),
            Self::PopUps => with("for (let i = 0; i < 10; i++) window.open(location.href + '#' + i, '_blank')"),
            Self::Nested => page.replacen("<body>", &format!("<body>{}", "<div>".repeat(100_000)), 1),
            Self::Flood | Self::GzipBomb | Self::OffSite | Self::RedirectLoop | Self::Download => page.to_owned(),
        }
    }
}

/// In the second half of the pages of results.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct PagingFault {
    /// Rows that stand on the page after theirs once more.
    pub repeat_share: u8,
    /// Rows that stand on no page of this order.
    pub drop_share: u8,
    /// The last page is not said to be the last, and is what any later one shows.
    pub endless: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RobotsFault {
    #[default]
    Normal,
    /// Status 404.
    Missing,
    /// Status 503.
    ServerError,
    /// Status 403.
    Forbidden,
    DisallowAll,
    /// Asks for this many seconds between requests.
    CrawlDelay(u32),
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum FeedFault {
    #[default]
    Normal,
    /// An element that is never closed.
    Malformed,
    /// A document type whose entities unfold to gigabytes.
    Doctype,
    /// Far more bytes than any reader should take.
    Huge,
    /// Every tenth entry has no title.
    BadEntries,
}

/// What is to become of one request for a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Serve { error_page: bool, truncate: bool, redesigned: bool, spoil: Option<Spoil> },
    Hang,
    Fail,
    Forbid,
}

impl Verdict {
    /// Whether this request is treated worse than others. A redesign is the same for all.
    pub fn is_fault(&self) -> bool {
        !matches!(self, Self::Serve { error_page: false, truncate: false, spoil: None, .. })
    }
}

/// The faults in force and the count of requests since they were set.
#[derive(Debug, Default)]
pub struct FaultSwitch {
    faults: Mutex<Faults>,
    requests: AtomicU64,
}

impl FaultSwitch {
    pub fn new(faults: Faults) -> Self {
        Self { faults: Mutex::new(faults), requests: AtomicU64::new(0) }
    }

    pub fn get(&self) -> Faults {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn set(&self, faults: Faults) {
        *self.faults.lock().unwrap_or_else(PoisonError::into_inner) = faults;
        self.requests.store(0, Ordering::SeqCst);
    }

    /// Decides about the next request for a page, and how long it is held back first.
    pub fn next(&self) -> (Duration, Verdict) {
        let faults = self.get();
        let number = self.requests.fetch_add(1, Ordering::SeqCst);
        let falls = |purpose: &str, share: u8| {
            share > 0 && (u128::from(spread(0, purpose, number)) * 100) >> 64 < u128::from(share)
        };
        let verdict = if faults.forbid_after.is_some_and(|allowed| number >= allowed) {
            Verdict::Forbid
        } else if falls("hang", faults.hang_share) {
            Verdict::Hang
        } else if falls("error", faults.error_share) {
            Verdict::Fail
        } else {
            Verdict::Serve {
                error_page: falls("error page", faults.error_page_share),
                truncate: falls("truncate", faults.truncate_share),
                redesigned: faults.redesigned,
                spoil: faults
                    .spoil
                    .iter()
                    .find(|(spoil, share)| falls(&format!("{spoil:?}"), **share))
                    .map(|(spoil, _)| *spoil),
            }
        };
        let delay =
            if verdict == Verdict::Hang { LONGEST } else { Duration::from_millis(faults.delay_ms).min(LONGEST) };
        (delay, verdict)
    }
}

/// The page under the names of another year's design.
pub fn redesign(page: &str) -> String {
    const NAMES: [(&str, &str); 13] = [
        ("pageContent", "contentBody"),
        ("credit_points", "creditPointValue"),
        ("data-testid", "data-qa"),
        ("data-menu-id", "data-block"),
        ("AttrContainer", "Fact"),
        ("<em>", "<span class=\"label\">"),
        ("</em>", "</span>"),
        ("SLOTable", "objectives"),
        ("assessmentTaskTable", "tasks"),
        ("class=\"subject\"", "class=\"study-unit\""),
        ("id=\"course-", "data-part=\"course-"),
        ("subject-header__", "unit-head__"),
        ("overview-table", "facts"),
    ];
    renamed(page, &NAMES)
}

/// The feed under the names of another year's format: still well-formed, its entries still under their codes.
pub(crate) fn redesign_feed(feed: &str) -> String {
    renamed(feed, &[(":title>", ":name>"), (":value>", ":worth>"), (" value=\"", " worth=\"")])
}

fn renamed(text: &str, names: &[(&str, &str)]) -> String {
    names.iter().fold(text.to_owned(), |text, (old, new)| text.replace(old, new))
}

/// The first half of the page, ending wherever that is.
pub(crate) fn truncate(mut page: String) -> String {
    let middle = (0..=page.len() / 2).rev().find(|at| page.is_char_boundary(*at)).unwrap_or(0);
    page.truncate(middle);
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdicts(faults: Faults, count: usize) -> Vec<Verdict> {
        let switch = FaultSwitch::new(faults);
        (0..count).map(|_| switch.next().1).collect()
    }

    #[test]
    fn a_share_is_a_share_from_the_first_hundred_on() {
        let failed = verdicts(Faults { error_share: 20, ..Faults::default() }, 100);
        let failed = failed.iter().filter(|verdict| **verdict == Verdict::Fail).count();
        assert!((17..=23).contains(&failed), "{failed}");
        assert!(verdicts(Faults { hang_share: 100, ..Faults::default() }, 9).iter().all(|v| *v == Verdict::Hang));
    }

    #[test]
    fn refusal_begins_after_exactly_so_many_and_setting_begins_anew() {
        let faults = Faults { forbid_after: Some(3), ..Faults::default() };
        let switch = FaultSwitch::new(faults.clone());
        let refused = |count: usize| (0..count).filter(|_| switch.next().1 == Verdict::Forbid).count();
        assert_eq!(refused(5), 2);
        switch.set(faults);
        assert_eq!(refused(5), 2);
    }

    #[test]
    fn unknown_faults_are_refused() {
        assert!(serde_json::from_str::<Faults>(r#"{"delayMs": 5, "robots": {"crawlDelay": 2}}"#).is_ok());
        assert!(serde_json::from_str::<Faults>(r#"{"delay": 5}"#).is_err());
    }
}
