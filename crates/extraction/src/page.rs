//! From a rendered page to the facts of a unit, or to the reason why there are none.

pub(crate) mod document;
mod draft;
pub(crate) mod facts;
mod lists;
mod look;
mod recognise;
mod record;
mod trace;
mod values;

pub use self::trace::{FactTrace, FoundAt, Piece, RuleOutcome, RuleTrace};
use self::{
    document::{Budget, Document, Entry},
    recognise::{blocked, cut_off, recognise},
    record::record,
    values::{Pages, read_value},
};
use crate::source::{Source, UnitAddress};
use rmu_domain::{
    facts::{FactName, UnitRecord},
    unit_code::UnitCode,
    year::Year,
};
use std::collections::BTreeMap;
use url::Url;

/// A page as the browser had it when it was ready: the address it finally had, and its rendered source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadedPage {
    pub url: Url,
    pub html: String,
}

/// A unit's page and those opened from it by `follow` steps, by the name of the step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageSet {
    pub unit: LoadedPage,
    pub followed: BTreeMap<String, LoadedPage>,
}

/// What a page is.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    Unit(Box<UnitRecord>),
    /// The site says that there is no such unit, in whatever way it says that.
    NotFound {
        detail: String,
    },
    /// A bot wall, a challenge, an empty shell: the unit may well exist.
    Blocked {
        detail: String,
    },
    /// Some other page, one of another unit, or one that is too large or too deep to be read.
    NotAUnit {
        detail: String,
    },
    /// A unit's page that was cut off or mangled on its way: what it lacks, the site may well have, and what it has
    /// may be half of what the site says.
    CutOff {
        detail: String,
    },
    /// A unit's page without facts that it must have: the site was probably redesigned.
    MissingFacts {
        missing: Vec<FactName>,
        detail: String,
    },
}

/// Reads a unit's page by the rules of `source`. Where an address is expected, code and year on the page must
/// match it: a page of another unit under this address would otherwise overwrite the right one.
pub fn read_page(source: &Source, expected: Option<&UnitAddress>, pages: &PageSet) -> Verdict {
    let budget = Budget::default();
    let verdict = read_within(&budget, source, expected, pages);
    if budget.is_spent() {
        // What was read until then may be incomplete, so it is nothing.
        return Verdict::NotAUnit { detail: "the page is too intricate to be read".to_owned() };
    }
    verdict
}

/// Reads a page as [`read_page`] does, and says how each fact came about. Facts are traced whatever the page was taken
/// for; there are none of a page that cannot be read at all.
pub fn trace_page(source: &Source, expected: Option<&UnitAddress>, pages: &PageSet) -> (Verdict, Vec<FactTrace>) {
    let verdict = read_page(source, expected, pages);
    let budget = Budget::default();
    let parse = |page| Document::parse(page, source.embedded_json(), &budget);
    let Ok(unit) = parse(&pages.unit) else { return (verdict, Vec::new()) };
    let followed = pages.followed.iter().filter_map(|(name, page)| Some((name.as_str(), parse(page).ok()?))).collect();
    let facts = trace::trace(source, &Pages { unit, followed });
    // As with the verdict: what was traced until then may be incomplete.
    let facts = if budget.is_spent() { Vec::new() } else { facts };
    (verdict, facts)
}

fn read_within(budget: &Budget, source: &Source, expected: Option<&UnitAddress>, pages: &PageSet) -> Verdict {
    let unit = match Document::parse(&pages.unit, source.embedded_json(), budget) {
        Ok(document) => document,
        Err(reason) => return Verdict::NotAUnit { detail: reason.to_string() },
    };
    if let Some(other) = recognise(source, &unit) {
        return other;
    }
    if let Some(detail) = cut_off(source, &unit) {
        return Verdict::CutOff { detail };
    }
    let mut followed = Vec::new();
    for (name, page) in &pages.followed {
        let document = match Document::parse(page, source.embedded_json(), budget) {
            Ok(document) => document,
            Err(reason) => return Verdict::NotAUnit { detail: format!("page {name}: {reason}") },
        };
        // Facts behind a wall would look absent, though the site has them.
        if let Some(detail) = blocked(source, &document) {
            return Verdict::Blocked { detail: format!("page {name}: {detail}") };
        }
        if let Some(detail) = cut_off(source, &document) {
            return Verdict::CutOff { detail: format!("page {name}: {detail}") };
        }
        followed.push((name.as_str(), document));
    }
    match record(source, &Pages { unit, followed }) {
        Err(verdict) => verdict,
        Ok(record) => match expected.and_then(|expected| mismatch(expected, &record)) {
            Some(detail) => Verdict::NotAUnit { detail },
            None => Verdict::Unit(Box::new(record)),
        },
    }
}

/// Reads an entry of a feed. All entries share a budget; once it is spent, nothing more is believed.
pub(crate) fn read_entry(source: &Source, entry: Entry<'_>) -> Verdict {
    let unit = Document::of_entry(entry);
    let verdict = match recognise(source, &unit) {
        Some(other) => other,
        None => match record(source, &Pages { unit, followed: Vec::new() }) {
            Err(verdict) => verdict,
            Ok(record) => Verdict::Unit(Box::new(record)),
        },
    };
    if entry.feed.is_beyond_budget() {
        return Verdict::NotAUnit { detail: "the feed is too intricate to be read".to_owned() };
    }
    verdict
}

/// How each fact of an entry came about; nothing when it is too much to look at.
pub(crate) fn trace_entry(source: &Source, entry: Entry<'_>) -> Vec<FactTrace> {
    let facts = trace::trace(source, &Pages { unit: Document::of_entry(entry), followed: Vec::new() });
    if entry.feed.is_beyond_budget() { Vec::new() } else { facts }
}

/// Code and year of an entry, which are its name.
pub(crate) fn name_of_entry(source: &Source, entry: Entry<'_>) -> Option<(UnitCode, Option<Year>)> {
    let pages = Pages { unit: Document::of_entry(entry), followed: Vec::new() };
    let (mut code, mut year) = (None, None);
    read_value(&pages, source.rules(FactName::Code), |text| {
        code = UnitCode::parse(text).ok();
        code.is_some()
    });
    read_value(&pages, source.rules(FactName::Year), |text| {
        year = Year::parse(text).ok();
        year.is_some()
    });
    code.map(|code| (code, year))
}

/// What the page says of itself that does not fit its address.
fn mismatch(expected: &UnitAddress, record: &UnitRecord) -> Option<String> {
    let found = &record.facts.code;
    if found.normalised() != expected.code.normalised() {
        return Some(format!("expected the unit {}, the page is of {found}", expected.code));
    }
    let (wanted, found) = (expected.year?, record.facts.year?);
    (wanted != found).then(|| format!("expected the year {wanted}, the page is of {found}"))
}
