//! A source as it is used: every selector, pointer and expression compiled.

use super::{SourceDocument, SourceErrors, Transform, check};
use crate::{
    paging::Paging,
    pattern::Pattern,
    pointer::Pointer,
    template::{Place as Filled, Template, Values},
    xml::XmlPath,
};
use rmu_domain::{code_template::CodeTemplate, facts::FactName, unit_code::UnitCode, year::Year};
use scraper::Selector;
use std::collections::BTreeMap;
use url::{Origin, Url};

/// A checked and compiled source document.
#[derive(Debug, Clone)]
pub struct Source {
    pub(super) document: SourceDocument,
    pub(super) origins: Vec<Origin>,
    pub(super) paged: Vec<Paging>,
    pub(super) codes: Vec<CodeTemplate>,
    pub(super) unit_address: Option<Template>,
    pub(super) unit_url: Option<Pattern>,
    /// Feeds with the path of their entries.
    pub(super) feeds: Vec<(Url, XmlPath)>,
    pub(super) embedded_json: Option<Selector>,
    pub(super) blocked: Vec<CompiledSignal>,
    pub(super) not_found: Vec<CompiledSignal>,
    pub(super) unit: Vec<CompiledSignal>,
    pub(super) whole: Vec<CompiledSignal>,
    pub(super) facts: BTreeMap<FactName, Vec<CompiledRule>>,
}

/// A unit as its address names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitAddress {
    pub code: UnitCode,
    pub year: Option<Year>,
}

impl Source {
    /// Checks a document whole: the error holds every mistake that can be told apart, each with its place.
    pub fn parse(document: &serde_json::Value) -> Result<Self, SourceErrors> {
        check::check(document)
    }

    pub fn document(&self) -> &SourceDocument {
        &self.document
    }

    pub fn origins(&self) -> &[Origin] {
        &self.origins
    }

    /// Whether a worker may contact this address for this source.
    pub fn allows(&self, url: &Url) -> bool {
        matches!(url.scheme(), "http" | "https")
            && url.username().is_empty()
            && url.password().is_none()
            && self.origins.contains(&url.origin())
    }

    /// The unit whose page is at this address, if it is the address of one.
    pub fn classify(&self, url: &Url) -> Option<UnitAddress> {
        let captures = self.unit_url.as_ref()?.captures(url.as_str()).ok()??;
        let code = UnitCode::parse(captures.name("code")?.as_str()).ok()?;
        let year = match captures.name("year") {
            Some(year) => Some(Year::parse(year.as_str()).ok()?),
            None => None,
        };
        Some(UnitAddress { code, year })
    }

    /// The templates of codes among the start addresses.
    pub fn code_templates(&self) -> &[CodeTemplate] {
        &self.codes
    }

    /// Whether the address of a unit that is known by its code alone names the year; `None` where there is none.
    pub fn unit_address_by_year(&self) -> Option<bool> {
        self.unit_address.as_ref().map(|template| template.has(Filled::Year))
    }

    /// The address of a unit that is known by its code alone. `None` where the source has none for it, or one that
    /// its own `unitUrl` takes for another unit's.
    pub fn unit_address(&self, code: &UnitCode, year: Option<Year>) -> Option<Url> {
        let url = self.unit_address.as_ref()?.fill_url(Values { page: None, year, code: Some(code) })?;
        let named = self.classify(&url).filter(|_| self.allows(&url))?;
        (named.code.normalised() == code.normalised()).then_some(url)
    }

    pub(crate) fn paged(&self) -> &[Paging] {
        &self.paged
    }

    /// Whether a feed is at this address.
    pub fn is_feed(&self, url: &Url) -> bool {
        self.entry_path(url).is_some()
    }

    pub(crate) fn entry_path(&self, url: &Url) -> Option<&XmlPath> {
        self.feeds.iter().find(|(feed, _)| feed == url).map(|(_, path)| path)
    }

    pub(crate) fn embedded_json(&self) -> Option<&Selector> {
        self.embedded_json.as_ref()
    }

    pub(crate) fn blocked(&self) -> &[CompiledSignal] {
        &self.blocked
    }

    pub(crate) fn not_found(&self) -> &[CompiledSignal] {
        &self.not_found
    }

    pub(crate) fn unit(&self) -> &[CompiledSignal] {
        &self.unit
    }

    /// Signs of a page that came to its end; without any, every page counts as whole.
    pub(crate) fn whole(&self) -> &[CompiledSignal] {
        &self.whole
    }

    pub(crate) fn rules(&self, fact: FactName) -> &[CompiledRule] {
        self.facts.get(&fact).map_or(&[], Vec::as_slice)
    }
}

#[derive(Debug, Clone)]
pub(crate) struct CompiledSignal {
    pub(crate) look: Look,
    pub(crate) matches: Option<Pattern>,
}

/// Where a signal looks.
#[derive(Debug, Clone)]
pub(crate) enum Look {
    Text,
    Css(Selector),
    Json(Pointer),
    Xml(XmlPath),
}

#[derive(Debug, Clone)]
pub(crate) struct CompiledRule {
    pub(crate) place: Place,
    pub(crate) page: Option<String>,
    pub(crate) attribute: Option<String>,
    pub(crate) regex: Option<Pattern>,
    pub(crate) split: Option<Pattern>,
    pub(crate) transform: Vec<Transform>,
    pub(crate) lines: bool,
    pub(crate) each: BTreeMap<String, Vec<CompiledRule>>,
    pub(crate) skip_when: Vec<CompiledSignal>,
    pub(crate) none_when: Option<Pattern>,
    pub(crate) merge: bool,
}

/// Where a rule looks.
#[derive(Debug, Clone)]
pub(crate) enum Place {
    /// The entry of a list itself.
    Entry,
    Css {
        selector: Selector,
        having: Option<Pattern>,
        inside: Option<Selector>,
        until: Option<Selector>,
    },
    Json(Pointer),
    Xml(XmlPath),
    Address,
    Constant(String),
}
