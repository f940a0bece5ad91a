//! How each fact of a page came about, for whoever writes the rules: what every rule that was tried found, where, and
//! what became of it. Read by the same code as the facts themselves.

use super::{
    document::Document,
    draft::Draft,
    facts::list_shape,
    lists::{Entry, Listed, read_list},
    look::{Item, ItemText, Spotted, item_text, look},
    record,
    values::{Pages, Reading, read_value},
};
use crate::{
    source::{CompiledRule, Place, Source},
    xml::{Hit, XmlPath},
};
use rmu_domain::facts::{FactName, Gap};
use scraper::ElementRef;
use serde::Serialize;
use serde_json::Value;

/// How much of what a rule finds is shown.
const MOST_PIECES: usize = 10;
const MOST_RAW: usize = 300;

/// One fact of a page.
#[derive(Debug, Clone, PartialEq)]
pub struct FactTrace {
    pub fact: FactName,
    /// The value as it stands among a unit's facts, or why there is none.
    pub value: Result<Value, Gap>,
    /// The rules that were tried, in order.
    pub rules: Vec<RuleTrace>,
}

/// What one rule did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleTrace {
    /// By its place in the source: `creditPoints[1]`.
    pub rule: String,
    /// The page of a `follow` step that it looks at; the unit's own without one.
    pub page: Option<String>,
    pub outcome: RuleOutcome,
    /// What stands at its place, the first few.
    pub found: Vec<Piece>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuleOutcome {
    /// It gave the fact, or a part of a list.
    Value,
    Gap(Gap),
    /// The page it looks at was not opened.
    NoPage,
}

/// Something that a rule found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    pub place: FoundAt,
    /// As it stands there, cut to a bound.
    pub raw: String,
}

/// Where something stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FoundAt {
    /// An element, by a selector that matches it alone; of a section its first.
    Element {
        path: String,
    },
    Attribute {
        path: String,
        name: String,
    },
    /// By a pointer into the embedded document.
    Json {
        pointer: String,
    },
    /// An element of a feed or an attribute of one, by its path from the root with the places among those of one name.
    Xml {
        path: String,
    },
    Address,
    /// Somewhere that has no name of its own.
    Elsewhere,
}

/// Every fact, in their order.
pub(super) fn trace(source: &Source, pages: &Pages<'_>) -> Vec<FactTrace> {
    FactName::ALL.into_iter().map(|fact| trace_fact(fact, source.rules(fact), pages)).collect()
}

fn trace_fact(fact: FactName, rules: &[CompiledRule], pages: &Pages<'_>) -> FactTrace {
    let is_list = list_shape(fact).is_some();
    let mut traced = Vec::new();
    let mut is_found = false;
    for (index, rule) in rules.iter().enumerate() {
        if is_found && !(is_list && rule.merge) {
            continue;
        }
        let name = format!("{}[{index}]", fact.as_str());
        let (outcome, found) = match pages.of(rule) {
            None => (RuleOutcome::NoPage, Vec::new()),
            Some(document) => {
                let outcome = match read(fact, std::slice::from_ref(rule), pages).into_gap() {
                    Ok(_) => RuleOutcome::Value,
                    Err(gap) => RuleOutcome::Gap(gap),
                };
                (outcome, pieces(document, rule, is_list))
            }
        };
        is_found |= outcome == RuleOutcome::Value;
        traced.push(RuleTrace { rule: name, page: rule.page.clone(), outcome, found });
    }
    FactTrace { fact, value: read(fact, rules, pages).into_gap(), rules: traced }
}

/// The value that these rules give.
fn read(fact: FactName, rules: &[CompiledRule], pages: &Pages<'_>) -> Reading<Value> {
    match fact {
        FactName::Outcomes => list(fact, rules, pages, record::outcomes),
        FactName::Assessments => list(fact, rules, pages, record::assessments),
        FactName::Offerings => list(fact, rules, pages, record::offerings),
        FactName::Requisites => list(fact, rules, pages, record::requisites),
        FactName::Contacts => list(fact, rules, pages, record::contacts),
        single => {
            let mut draft = Draft::default();
            read_value(pages, rules, |text| draft.take(single, text)).map(|_| draft.value(single))
        }
    }
}

fn list<T: Serialize>(
    fact: FactName,
    rules: &[CompiledRule],
    pages: &Pages<'_>,
    parse: impl Fn(Vec<Entry>) -> Reading<Vec<T>>,
) -> Reading<Value> {
    let Some(shape) = list_shape(fact) else { return Reading::Absent };
    read_list(pages, rules, shape, parse)
        .map(|Listed { entries, .. }| serde_json::to_value(entries).unwrap_or_default())
}

/// What stands at the place of a rule.
fn pieces(document: &Document<'_>, rule: &CompiledRule, is_list: bool) -> Vec<Piece> {
    if let Place::Json(pointer) = &rule.place {
        let located = document.json().map(|root| pointer.locate(root)).unwrap_or_default();
        // The elements of an array are the entries of a list.
        let entries = located.into_iter().flat_map(|(path, value)| match value {
            Value::Array(elements) if is_list => {
                elements.iter().enumerate().map(|(index, element)| (format!("{path}/{index}"), element)).collect()
            }
            other => vec![(path, other)],
        });
        return entries
            .take(MOST_PIECES)
            .map(|(pointer, value)| Piece { place: FoundAt::Json { pointer }, raw: json_raw(value) })
            .collect();
    }
    if let Place::Xml(path) = &rule.place {
        return document
            .find(None, path)
            .into_iter()
            .take(MOST_PIECES)
            .map(|hit| xml_piece(document, path, hit))
            .collect();
    }
    let Spotted::Items(items) = look(document, None, &rule.place) else { return Vec::new() };
    items.iter().take(MOST_PIECES).map(|item| piece(document, rule, item)).collect()
}

fn piece(document: &Document<'_>, rule: &CompiledRule, item: &Item<'_>) -> Piece {
    let raw = match item_text(document, item, rule.attribute.as_deref()) {
        ItemText::Text(text) => cut(&text),
        ItemText::Empty | ItemText::NoPlace => String::new(),
    };
    let element = if let Item::Element(element) = item {
        Some(*element)
    } else if let Item::Group(nodes) = item {
        nodes.iter().copied().find_map(ElementRef::wrap)
    } else {
        None
    };
    let place = match (element.map(path_of), &rule.attribute) {
        (Some(path), Some(name)) => FoundAt::Attribute { path, name: name.clone() },
        (Some(path), None) => FoundAt::Element { path },
        (None, _) if matches!(rule.place, Place::Address) => FoundAt::Address,
        (None, _) => FoundAt::Elsewhere,
    };
    Piece { place, raw }
}

fn xml_piece(document: &Document<'_>, path: &XmlPath, hit: Hit<'_>) -> Piece {
    let (element, raw) = match hit {
        Hit::Element(element) => (element, document.xml_text(element)),
        Hit::Attribute(element, value) => (element, value.to_owned()),
    };
    let attribute = path.attribute().map(|name| format!("/@{name}")).unwrap_or_default();
    Piece { place: FoundAt::Xml { path: xml_path_of(element) + &attribute }, raw: cut(&raw) }
}

fn json_raw(value: &Value) -> String {
    match value {
        Value::String(text) => cut(text),
        other => cut(&other.to_string()),
    }
}

/// Line breaks stay; what is left out is said.
fn cut(text: &str) -> String {
    match text.char_indices().nth(MOST_RAW) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// A selector that matches this element alone, with the ids on the way for readers.
fn path_of(element: ElementRef<'_>) -> String {
    let mut steps: Vec<String> =
        std::iter::once(element).chain(element.ancestors().filter_map(ElementRef::wrap)).map(step).collect();
    steps.reverse();
    steps.join(" > ")
}

fn step(element: ElementRef<'_>) -> String {
    let name = element.value().name();
    let of_its_name = |node: &ElementRef<'_>| node.value().name() == name;
    let before = element.prev_siblings().filter_map(ElementRef::wrap).filter(of_its_name).count();
    let is_alone = before == 0 && !element.next_siblings().filter_map(ElementRef::wrap).any(|node| of_its_name(&node));
    let is_plain = |id: &&str| {
        id.starts_with(|c: char| c.is_ascii_alphabetic())
            && id.len() <= 60
            && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    };
    let id = element.value().id().filter(is_plain).map(|id| format!("#{id}")).unwrap_or_default();
    if is_alone { format!("{name}{id}") } else { format!("{name}{id}:nth-of-type({})", before + 1) }
}

/// `/catalog/provider/course[3]/title`, as the rules of feeds are written but for the places.
fn xml_path_of(element: roxmltree::Node<'_, '_>) -> String {
    let mut steps: Vec<String> = element.ancestors().filter(roxmltree::Node::is_element).map(xml_step).collect();
    steps.reverse();
    format!("/{}", steps.join("/"))
}

fn xml_step(element: roxmltree::Node<'_, '_>) -> String {
    let name = element.tag_name().name();
    let of_its_name = |node: &roxmltree::Node<'_, '_>| node.is_element() && node.tag_name().name() == name;
    let before = element.prev_siblings().skip(1).filter(of_its_name).count();
    let is_alone = before == 0 && !element.next_siblings().skip(1).any(|node| of_its_name(&node));
    if is_alone { name.to_owned() } else { format!("{name}[{}]", before + 1) }
}
