//! A source document: everything that is particular to one handbook site, as data.
//!
//! An administrator writes and versions it; workers receive it inside each task. [`Source::parse`] is the only
//! way to a usable source: it compiles every selector, path and expression and names the place of each mistake.

mod check;
mod compiled;
mod rule;

pub(crate) use compiled::{CompiledRule, CompiledSignal, Look, Place};
pub use {
    check::{SourceError, SourceErrors},
    compiled::{Source, UnitAddress},
    rule::{Rule, Signal, Transform},
};

use rmu_domain::{
    code_template::{CodeTemplate, TemplateMistake},
    facts::FactName,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The document as written. See [`Source`] for the checked and compiled form.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SourceDocument {
    /// Origins (`https://handbook.example.edu`) a worker may contact for this source, and no others.
    pub origins: Vec<String>,
    /// Where discovery begins.
    pub start: Vec<Start>,
    /// Handbook years to read; empty means the newest year that each file or page of discovery names.
    #[serde(default)]
    pub years: Vec<u16>,
    /// A regular expression over whole URLs, with a group `code` and, where the site has years, `year`:
    /// which of the pages found are units. Only a source with nothing but feeds may do without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit_url: Option<String>,
    /// The address of a unit that is known by its code alone, with `{code}` or `{codeLower}` and, where the site has
    /// years, `{year}` for each of `years`. What it gives must match `unitUrl`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit_address: Option<String>,
    #[serde(default)]
    pub politeness: Politeness,
    #[serde(default)]
    pub page: PageSteps,
    /// How to tell a unit's page from others, whatever its status code says.
    pub recognise: Recognise,
    /// A CSS selector of the element whose text is a JSON document (`script#__NEXT_DATA__`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub embedded_json: Option<String>,
    /// Rules per fact, tried in order until one gives a value.
    #[schemars(with = "BTreeMap<String, Vec<Rule>>")]
    pub facts: BTreeMap<FactName, Vec<Rule>>,
    /// Facts without which a page is refused. `code` and `title` always are.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub required: Vec<FactName>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Start {
    /// A sitemap or an index of sitemaps.
    Sitemap { url: String },
    /// A page whose links are followed, one level: those that match `unitUrl`.
    Listing { url: String },
    /// A listing over many pages, read one after the other.
    Paged(Paged),
    /// An XML file that holds the units themselves: every element at `entry`, a path from the root such as
    /// `/catalog/provider/course`, is one. All years are read, or those of `years`.
    Feed { url: String, entry: String },
    /// Codes from a template, each at the address that `unitAddress` gives it.
    Codes { codes: CodesWritten },
}

/// A template of at most 100 000 codes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "camelCase", deny_unknown_fields)]
pub enum CodesWritten {
    /// From one code to another that differs in its last digits; zeros before a number are kept.
    Range {
        from: String,
        to: String,
    },
    List {
        codes: Vec<String>,
    },
    /// `#` is a digit, `@` a capital letter, `[1-3A]` one of these, anything else itself.
    Pattern {
        pattern: String,
    },
}

impl CodesWritten {
    /// The template, or every mistake in it.
    pub fn parse(&self) -> Result<CodeTemplate, Vec<TemplateMistake>> {
        match self {
            Self::Range { from, to } => CodeTemplate::range(from, to),
            Self::List { codes } => CodeTemplate::list(codes),
            Self::Pattern { pattern } => CodeTemplate::pattern(pattern),
        }
    }
}

/// A listing over many pages. What it names is a set: rows that come twice do no harm, and rows that a site drops
/// deep inside are found by a second `paged` start in another order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Paged {
    /// The address of a page, with `{page}` and, where the site has years, `{year}` for each of `years`.
    pub url: String,
    #[serde(default = "one")]
    pub first_page: u32,
    /// A CSS selector of the links that are results; without it, all links that match `unitUrl`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub links: Option<String>,
    /// Where a page says how many there are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_page: Option<LastPage>,
    /// The listing has ended after so many pages in a row that name nothing new, whatever they say: 1 to 20.
    #[serde(default = "default_barren_pages")]
    pub barren_pages: u32,
    /// No more pages than this are read: 1 to 10 000.
    #[serde(default = "default_max_pages")]
    pub max_pages: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LastPage {
    pub css: String,
    /// Its group `value`, or first group, or whole match is the number of the last page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub regex: Option<String>,
}

fn one() -> u32 {
    1
}

fn default_barren_pages() -> u32 {
    3
}

fn default_max_pages() -> u32 {
    1000
}

impl Start {
    /// The address it begins at, or the template of its pages' addresses; none where codes are all there is.
    pub fn url(&self) -> Option<&str> {
        match self {
            Self::Sitemap { url } | Self::Listing { url } | Self::Feed { url, .. } => Some(url),
            Self::Paged(paged) => Some(&paged.url),
            Self::Codes { .. } => None,
        }
    }

    /// The listing over many pages, if it is one.
    pub fn pages(&self) -> Option<&Paged> {
        match self {
            Self::Paged(paged) => Some(paged),
            Self::Sitemap { .. } | Self::Listing { .. } | Self::Feed { .. } | Self::Codes { .. } => None,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Politeness {
    /// The least time between two requests to one host, over all workers.
    #[serde(default = "default_gap")]
    pub min_gap_ms: u64,
}

fn default_gap() -> u64 {
    1000
}

impl Default for Politeness {
    fn default() -> Self {
        Self { min_gap_ms: default_gap() }
    }
}

/// What the browser does with a unit's page before it is read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PageSteps {
    /// CSS selectors of which any one, once present, says that the page is ready (a unit's or an error's).
    #[serde(default)]
    pub ready: Vec<String>,
    #[serde(default)]
    pub steps: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Step {
    /// Clicks every element that matches; none is no mistake.
    ClickAll { selector: String },
    /// Waits until an element matches, or for `unless` to match instead.
    WaitFor {
        selector: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        unless: Option<String>,
    },
    /// Types `text` into the first element that matches, in place of what stands there, and presses Enter if so
    /// wanted. `{code}`, `{codeLower}` and `{year}` in it are those of the unit that is looked for: a unit without an
    /// address of its own has the address of the search page, with its code in the query for us to know it by.
    Type {
        selector: String,
        text: String,
        #[serde(default, skip_serializing_if = "is_false")]
        enter: bool,
    },
    /// Clicks the first element that matches and, with `text` (filled in as for `type`), has it among its words, in
    /// whatever case; none is no mistake, for the page then says what it is.
    Click {
        selector: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<String>,
    },
    /// Scrolls to the end, again for as long as the page grows, at most so many times: 1 to 50.
    Scroll {
        #[serde(default = "default_scrolls")]
        times: u32,
    },
    /// Opens the address in the first matching element's `href` and keeps that page under `name` for rules.
    Follow {
        selector: String,
        name: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ready: Option<String>,
    },
}

fn default_scrolls() -> u32 {
    10
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_false(value: &bool) -> bool {
    !*value
}

/// Each list is tried in order; the first list with a match decides: blocked, not found, unit. A page that
/// matches nothing is no unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Recognise {
    #[serde(default)]
    pub blocked: Vec<Signal>,
    #[serde(default)]
    pub not_found: Vec<Signal>,
    pub unit: Vec<Signal>,
    /// What only a page that came to its end has: its foot, best where it belongs (`body > main + footer`), since in
    /// markup that was mangled other elements run on to the end. Half a page has half of the facts, and nothing else
    /// tells: a unit's page, or one opened from it, on which none of these shows is read again later. Listings are held to those with `css`. Empty, if the site's pages have no
    /// end that one could know.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub whole: Vec<Signal>,
}

/// The JSON Schema of a source document, for publication.
pub fn source_schema() -> serde_json::Value {
    schemars::schema_for!(SourceDocument).to_value()
}
