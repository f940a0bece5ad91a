//! Checking and compiling rules and signals.

use super::{Checker, child};
use crate::{
    page::facts::{ListShape, list_shape},
    pointer::Pointer,
    source::{CompiledRule, CompiledSignal, Look, Place, Rule, Signal, Transform},
    xml::XmlPath,
};
use rmu_domain::{facts::FactName, requisite::RequisiteKind};
use std::collections::BTreeMap;

pub(super) type Written = BTreeMap<FactName, Vec<Rule>>;
pub(super) type Compiled = BTreeMap<FactName, Vec<CompiledRule>>;

/// Rules per fact or per field of an entry.
const MAX_RULES: usize = 20;

/// Where a rule stands: what is allowed depends on it.
#[derive(Clone, Copy)]
enum Standing<'a> {
    /// A rule of a fact that is one value.
    Value,
    /// A rule of a fact that is a list.
    List { shape: &'a ListShape, fact: FactName, first: bool },
    /// A rule of a field of an entry.
    Field { name: &'a str },
}

impl Checker {
    /// The rules of one fact. A rule that could not be decoded is `None`, so that the others keep their places.
    pub(super) fn rules(&mut self, fact: FactName, path: &str, rules: &[Option<Rule>]) -> Vec<CompiledRule> {
        if rules.is_empty() {
            self.error(path, "must have at least one rule");
        }
        self.at_most(path, rules, MAX_RULES);
        let mut compiled = Vec::new();
        for (index, rule) in rules.iter().enumerate() {
            let Some(rule) = rule else { continue };
            let standing = match list_shape(fact) {
                Some(shape) => Standing::List { shape, fact, first: index == 0 },
                None => Standing::Value,
            };
            compiled.extend(self.rule(standing, &format!("{path}/{index}"), rule));
        }
        compiled
    }

    pub(super) fn signal(&mut self, path: &str, signal: &Signal) -> Option<CompiledSignal> {
        if signal.css.is_none() && signal.json.is_none() && signal.xml.is_none() && signal.matches.is_none() {
            self.error(path, "must have css, json, xml or matches");
            return None;
        }
        let matches = signal.matches.as_deref().map(|raw| self.pattern(&child(path, "matches"), raw));
        let look = match (&signal.css, &signal.json, &signal.xml) {
            (Some(css), None, None) => Look::Css(self.selector_of_a_page(&child(path, "css"), css)?),
            (None, Some(json), None) => Look::Json(self.pointer(&child(path, "json"), json)?),
            (None, None, Some(xml)) => Look::Xml(self.xml(&child(path, "xml"), xml)?),
            (None, None, None) => Look::Text,
            _ => {
                self.error(path, "must have only one of css, json and xml");
                return None;
            }
        };
        Some(CompiledSignal { look, matches: matches.flatten() })
    }

    fn pointer(&mut self, path: &str, raw: &str) -> Option<Pointer> {
        if !self.has_json {
            self.error(path, "needs embeddedJson");
        }
        self.note(path, Pointer::parse(raw))
    }

    fn xml(&mut self, path: &str, raw: &str) -> Option<XmlPath> {
        if !self.has_feed {
            self.error(path, "needs a start of the kind feed");
        }
        self.note(path, XmlPath::parse(raw))
    }

    fn selector_of_a_page(&mut self, path: &str, raw: &str) -> Option<scraper::Selector> {
        if !self.has_pages {
            self.error(path, "finds nothing in a feed; use xml");
        }
        self.selector(path, raw)
    }

    fn rule(&mut self, standing: Standing<'_>, path: &str, rule: &Rule) -> Option<CompiledRule> {
        self.standing(standing, path, rule);
        let place = self.place(standing, path, rule);
        let regex = rule.regex.as_deref().map(|raw| self.pattern(&child(path, "regex"), raw));
        let split = rule.split.as_deref().map(|raw| self.pattern(&child(path, "split"), raw));
        let none_when = rule.none_when.as_deref().map(|raw| self.pattern(&child(path, "noneWhen"), raw));
        let skip_path = child(path, "skipWhen");
        let skip_when: Vec<_> = rule
            .skip_when
            .iter()
            .enumerate()
            .filter_map(|(index, signal)| self.signal(&format!("{skip_path}/{index}"), signal))
            .collect();
        let mut each = BTreeMap::new();
        for (name, rules) in &rule.each {
            let field_path = child(&child(path, "each"), name);
            if rules.is_empty() {
                self.error(field_path.as_str(), "must have at least one rule");
            }
            self.at_most(&field_path, rules, MAX_RULES);
            let compiled = rules
                .iter()
                .enumerate()
                .map(|(index, rule)| self.rule(Standing::Field { name }, &format!("{field_path}/{index}"), rule))
                .collect::<Vec<_>>();
            each.insert(name.clone(), compiled.into_iter().flatten().collect());
        }
        Some(CompiledRule {
            place: place?,
            page: rule.page.clone(),
            attribute: rule.attribute.as_ref().map(|name| name.to_ascii_lowercase()),
            regex: regex.flatten(),
            split: split.flatten(),
            transform: rule.transform.clone(),
            lines: rule.lines,
            each,
            skip_when,
            none_when: none_when.flatten(),
            merge: rule.merge,
        })
    }

    fn place(&mut self, standing: Standing<'_>, path: &str, rule: &Rule) -> Option<Place> {
        let places =
            [rule.css.is_some(), rule.json.is_some(), rule.xml.is_some(), rule.address, rule.constant.is_some()];
        let named = places.into_iter().filter(|is_named| *is_named).count();
        let in_entry = matches!(standing, Standing::Field { .. });
        if named > 1 || (named == 0 && !in_entry) {
            self.error(path, "must have one of css, json, xml, address or constant");
            return None;
        }
        if rule.css.is_none() && (rule.having.is_some() || rule.inside.is_some() || rule.until.is_some()) {
            self.error(path, "having, inside and until need css");
        }
        if let Some(css) = &rule.css {
            let selector = self.selector_of_a_page(&child(path, "css"), css);
            let having = rule.having.as_deref().map(|raw| self.pattern(&child(path, "having"), raw));
            let inside = rule.inside.as_deref().map(|raw| self.selector(&child(path, "inside"), raw));
            let until = rule.until.as_deref().map(|raw| self.selector(&child(path, "until"), raw));
            let (having, inside, until) = (having.flatten(), inside.flatten(), until.flatten());
            return Some(Place::Css { selector: selector?, having, inside, until });
        }
        if let Some(json) = &rule.json {
            return self.pointer(&child(path, "json"), json).map(Place::Json);
        }
        if let Some(xml) = &rule.xml {
            return self.xml(&child(path, "xml"), xml).map(Place::Xml);
        }
        if let Some(constant) = &rule.constant {
            return Some(Place::Constant(constant.clone()));
        }
        Some(if rule.address { Place::Address } else { Place::Entry })
    }

    /// What a rule may have where it stands.
    fn standing(&mut self, standing: Standing<'_>, path: &str, rule: &Rule) {
        if let Some(page) = &rule.page
            && !self.pages.contains(page)
        {
            self.error(child(path, "page"), "is the name of no follow step");
        }
        if rule.attribute.is_some() && rule.css.is_none() && !matches!(standing, Standing::Field { .. }) {
            self.error(child(path, "attribute"), "needs css");
        }
        if !matches!(standing, Standing::Field { .. }) && rule.constant.is_some() {
            self.error(child(path, "constant"), "is for fields of entries only: facts have no defaults");
        }
        match standing {
            Standing::List { shape, fact, first } => self.list(shape, fact, first, path, rule),
            Standing::Value => self.only_for_lists(path, rule),
            Standing::Field { name } => {
                self.only_for_lists(path, rule);
                if rule.page.is_some() {
                    self.error(child(path, "page"), "is for the rule of the whole list");
                }
                match &rule.constant {
                    Some(_) if !matches!(name, "kind" | "role") => {
                        self.error(child(path, "constant"), "is for kind and role only: fields have no defaults");
                    }
                    _ => {}
                }
            }
        }
        if rule.transform.contains(&Transform::CourseLoopRequisites)
            && !(matches!(standing, Standing::List { fact: FactName::Requisites, .. }) && rule.json.is_some())
        {
            self.error(child(path, "transform"), "courseLoopRequisites is for requisites found by json");
        }
    }

    fn only_for_lists(&mut self, path: &str, rule: &Rule) {
        for (name, is_used) in [
            ("each", !rule.each.is_empty()),
            ("skipWhen", !rule.skip_when.is_empty()),
            ("noneWhen", rule.none_when.is_some()),
            ("merge", rule.merge),
        ] {
            if is_used {
                self.error(child(path, name), "is for facts that are lists");
            }
        }
    }

    fn list(&mut self, shape: &ListShape, fact: FactName, first: bool, path: &str, rule: &Rule) {
        for name in rule.each.keys().filter(|name| !shape.has(name)) {
            let message = format!("is no field of an entry; the fields are {}", shape.names());
            self.error(child(&child(path, "each"), name), message);
        }
        if !rule.each.is_empty() {
            for name in shape.missing(|name| rule.each.contains_key(name)) {
                self.error(child(&child(path, "each"), name), "is missing");
            }
        }
        let is_whole = rule.transform.contains(&Transform::CourseLoopRequisites);
        if rule.each.is_empty() && rule.none_when.is_none() && !is_whole {
            self.error(child(path, "each"), "is missing: a list needs it, or noneWhen");
        }
        if rule.merge && first {
            self.error(child(path, "merge"), "has no earlier rule to add to");
        }
        if rule.lines {
            self.error(child(path, "lines"), "is for texts");
        }
        if let Some(kinds) = rule.each.get("kind").filter(|_| fact == FactName::Requisites) {
            for (index, kind) in kinds.iter().enumerate() {
                if kind.constant.as_deref().is_some_and(|word| RequisiteKind::from_label(word).is_none()) {
                    let place = format!("{path}/each/kind/{index}/constant");
                    self.error(place, "must be prerequisite, corequisite or prohibition");
                }
            }
        }
    }
}
