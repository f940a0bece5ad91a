//! A page while it is being read: its tree, its embedded JSON, and what may still be spent on it.

use super::LoadedPage;
use crate::{
    html::{TooIntricate, parse, text_of},
    pattern::Pattern,
    xml::{Hit, XmlPath, xml_text},
};
use ego_tree::NodeRef;
use scraper::{ElementRef, Html, Node, Selector};
use serde_json::Value;
use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
};
use url::Url;

/// How many nodes all rules of a source together may look at on one page set. A page of 200 KB needs a few
/// hundred thousand; only a page made to be expensive needs more.
const NODES_LOOKED_AT: usize = 10_000_000;
/// How much text counts as much as a node.
const BYTES_PER_NODE: usize = 32;
/// Values in embedded JSON, counted by their separators.
const MAX_JSON_SEPARATORS: usize = 2_000_000;

/// What reading may still cost.
#[derive(Debug)]
pub(crate) struct Budget(Cell<usize>);

impl Default for Budget {
    fn default() -> Self {
        Self(Cell::new(NODES_LOOKED_AT))
    }
}

impl Budget {
    /// Whether so many nodes may be looked at. Once something was refused, everything is.
    fn spend(&self, nodes: usize) -> bool {
        let rest = self.0.get().saturating_sub(nodes);
        self.0.set(rest);
        rest > 0
    }

    pub(crate) fn is_spent(&self) -> bool {
        self.0.get() == 0
    }
}

/// A parsed page.
#[derive(Debug)]
pub(crate) struct Document<'p> {
    pub(super) url: &'p Url,
    html: Html,
    json: Option<Value>,
    entry: Option<Entry<'p>>,
    budget: &'p Budget,
}

/// An entry of a feed, instead of a page.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry<'p> {
    pub(crate) element: roxmltree::Node<'p, 'p>,
    pub(crate) feed: &'p Feed<'p>,
}

/// What all entries of a feed share, the budget too; what paths from its root lead to is found once.
#[derive(Debug)]
pub(crate) struct Feed<'p> {
    url: &'p Url,
    budget: &'p Budget,
    found: RefCell<BTreeMap<String, Vec<Hit<'p>>>>,
}

impl<'p> Feed<'p> {
    pub(crate) fn new(url: &'p Url, budget: &'p Budget) -> Self {
        Self { url, budget, found: RefCell::default() }
    }

    pub(crate) fn is_beyond_budget(&self) -> bool {
        self.budget.is_spent()
    }
}

impl<'p> Document<'p> {
    pub(super) fn parse(
        page: &'p LoadedPage,
        embedded_json: Option<&Selector>,
        budget: &'p Budget,
    ) -> Result<Self, TooIntricate> {
        let html = parse(&page.html)?;
        let json = embedded_json.and_then(|selector| embedded(&html, selector));
        Ok(Self { url: &page.url, html, json, entry: None, budget })
    }

    pub(super) fn of_entry(entry: Entry<'p>) -> Self {
        let Feed { url, budget, .. } = *entry.feed;
        Self { url, html: Html::new_document(), json: None, entry: Some(entry), budget }
    }

    /// What a path leads to from an element, or from the entry; nothing on a page.
    pub(super) fn find<'d>(&'d self, from: Option<roxmltree::Node<'d, 'd>>, path: &XmlPath) -> Vec<Hit<'d>> {
        let Some(entry) = &self.entry else { return Vec::new() };
        if path.is_from_root()
            && let Some(found) = entry.feed.found.borrow().get(path.as_str())
        {
            return found.clone();
        }
        if path.is_from_root() {
            let (found, looked) = path.find(entry.element);
            self.budget.spend(looked);
            entry.feed.found.borrow_mut().insert(path.as_str().to_owned(), found.clone());
            return found;
        }
        let (found, looked) = path.find(from.unwrap_or(entry.element));
        if self.budget.spend(looked) { found } else { Vec::new() }
    }

    pub(super) fn xml_text(&self, element: roxmltree::Node<'_, '_>) -> String {
        if self.budget.is_spent() || !self.budget.spend(element.descendants().count()) {
            return String::new();
        }
        let text = xml_text(element);
        self.budget.spend(text.len() / BYTES_PER_NODE);
        text
    }

    pub(super) fn json(&self) -> Option<&Value> {
        self.json.as_ref()
    }

    pub(super) fn select<'d>(&'d self, selector: &Selector) -> Vec<ElementRef<'d>> {
        if !self.budget.spend(self.html.tree.values().len()) {
            return Vec::new();
        }
        self.html.select(selector).collect()
    }

    /// Matches below an element.
    pub(super) fn select_in<'d>(&'d self, scope: ElementRef<'d>, selector: &Selector) -> Vec<ElementRef<'d>> {
        if !self.spend_on(*scope) {
            return Vec::new();
        }
        scope.select(selector).collect()
    }

    /// Matches among some siblings and below them.
    pub(super) fn select_among<'d>(&'d self, group: &[NodeRef<'d, Node>], selector: &Selector) -> Vec<ElementRef<'d>> {
        let mut found = Vec::new();
        for element in group.iter().copied().filter_map(ElementRef::wrap) {
            if selector.matches(&element) {
                found.push(element);
            }
            found.extend(self.select_in(element, selector));
        }
        found
    }

    pub(super) fn text(&self, nodes: &[NodeRef<'_, Node>]) -> String {
        if !nodes.iter().all(|node| self.spend_on(*node)) {
            return String::new();
        }
        let text = text_of(nodes.iter().copied());
        self.budget.spend(text.len() / BYTES_PER_NODE);
        text
    }

    /// Whether one more search with this pattern may be made.
    pub(super) fn may_search(&self, pattern: &Pattern) -> bool {
        self.budget.spend(pattern.cost())
    }

    pub(super) fn whole_text(&self) -> String {
        match &self.entry {
            Some(entry) => self.xml_text(entry.element),
            None => self.text(&[self.html.tree.root()]),
        }
    }

    fn spend_on(&self, node: NodeRef<'_, Node>) -> bool {
        !self.budget.is_spent() && self.budget.spend(node.descendants().count())
    }
}

/// The first match that holds JSON. Nesting is bounded by the JSON parser.
fn embedded(html: &Html, selector: &Selector) -> Option<Value> {
    html.select(selector).find_map(|element| {
        let text: String = element.text().collect();
        let separators = text.bytes().filter(|b| matches!(b, b',' | b'[' | b'{')).count();
        if separators > MAX_JSON_SEPARATORS { None } else { serde_json::from_str(&text).ok() }
    })
}
