//! Looking: from the place of a rule to what stands there.

use super::document::Document;
use crate::{
    pattern::{Pattern, TooIntricate},
    pointer::{Found, Pointer},
    source::{CompiledSignal, Look, Place},
    xml::{Hit, XmlPath},
};
use ego_tree::NodeRef;
use scraper::{ElementRef, Node, Selector};
use serde_json::Value;

/// Something a rule has found.
#[derive(Debug, Clone)]
pub(super) enum Item<'d> {
    Element(ElementRef<'d>),
    /// Siblings from one heading to the next.
    Group(Vec<NodeRef<'d, Node>>),
    Json(&'d Value),
    Xml(roxmltree::Node<'d, 'd>),
    Text(String),
}

/// What stands at a place. Nothing there and something empty there are different answers.
#[derive(Debug, Clone)]
pub(super) enum Spotted<'d> {
    Absent,
    Empty,
    Items(Vec<Item<'d>>),
}

/// The text of one item.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ItemText {
    /// An object or a list, where text is wanted, is no place for it.
    NoPlace,
    Empty,
    Text(String),
}

/// Looks at a place of the page, or, with `entry`, of an entry of a list.
pub(super) fn look<'d>(document: &'d Document<'_>, entry: Option<&Item<'d>>, place: &Place) -> Spotted<'d> {
    match place {
        Place::Entry => entry.map_or(Spotted::Absent, |item| Spotted::Items(vec![item.clone()])),
        Place::Constant(word) => Spotted::Items(vec![Item::Text(word.clone())]),
        Place::Address => Spotted::Items(vec![Item::Text(document.url.as_str().to_owned())]),
        Place::Json(pointer) => look_json(document, entry, pointer),
        Place::Xml(path) => match look_xml(document, entry, path) {
            items if items.is_empty() => Spotted::Absent,
            items => Spotted::Items(items),
        },
        Place::Css { selector, having, inside, until } => {
            let kept = elements(document, entry, selector, having.as_ref());
            if kept.is_empty() {
                return Spotted::Absent;
            }
            let items = refine(document, kept, inside.as_ref(), until.as_ref());
            if items.is_empty() { Spotted::Empty } else { Spotted::Items(items) }
        }
    }
}

fn look_json<'d>(document: &'d Document<'_>, entry: Option<&Item<'d>>, pointer: &Pointer) -> Spotted<'d> {
    let root = match entry {
        Some(Item::Json(value)) => Some(*value),
        Some(_) => None,
        None => document.json(),
    };
    match root.map_or(Found::Absent, |root| pointer.find(root)) {
        Found::Absent => Spotted::Absent,
        Found::Empty => Spotted::Empty,
        Found::Values(values) => Spotted::Items(values.into_iter().map(Item::Json).collect()),
    }
}

fn look_xml<'d>(document: &'d Document<'_>, entry: Option<&Item<'d>>, path: &XmlPath) -> Vec<Item<'d>> {
    let from = match entry {
        Some(Item::Xml(element)) => Some(*element),
        Some(_) => return Vec::new(),
        None => None,
    };
    let item = |hit| match hit {
        Hit::Element(element) => Item::Xml(element),
        Hit::Attribute(_, value) => Item::Text(value.to_owned()),
    };
    document.find(from, path).into_iter().map(item).collect()
}

fn elements<'d>(
    document: &'d Document<'_>,
    entry: Option<&Item<'d>>,
    selector: &Selector,
    having: Option<&Pattern>,
) -> Vec<ElementRef<'d>> {
    let mut found = match entry {
        None => document.select(selector),
        Some(Item::Element(element)) => document.select_in(*element, selector),
        Some(Item::Group(group)) => document.select_among(group, selector),
        Some(Item::Json(_) | Item::Xml(_) | Item::Text(_)) => Vec::new(),
    };
    if let Some(pattern) = having {
        found.retain(|element| {
            document.may_search(pattern) && pattern.is_match(&document.text(&[**element])) == Ok(true)
        });
    }
    found
}

/// From the elements kept to what is read: what follows them, what is inside them, or they themselves.
fn refine<'d>(
    document: &'d Document<'_>,
    kept: Vec<ElementRef<'d>>,
    inside: Option<&Selector>,
    until: Option<&Selector>,
) -> Vec<Item<'d>> {
    let mut items = Vec::new();
    for element in kept {
        match (inside, until) {
            (None, None) => items.push(Item::Element(element)),
            (Some(inside), None) => items.extend(document.select_in(element, inside).into_iter().map(Item::Element)),
            (None, Some(until)) => items.push(Item::Group(following(element, until))),
            (Some(inside), Some(until)) => {
                let group = following(element, until);
                items.extend(document.select_among(&group, inside).into_iter().map(Item::Element));
            }
        }
    }
    items
}

fn following<'d>(element: ElementRef<'d>, until: &Selector) -> Vec<NodeRef<'d, Node>> {
    element
        .next_siblings()
        .take_while(|node| !ElementRef::wrap(*node).is_some_and(|sibling| until.matches(&sibling)))
        .collect()
}

/// The text of an item, or of one of its attributes.
pub(super) fn item_text(document: &Document<'_>, item: &Item<'_>, attribute: Option<&str>) -> ItemText {
    let text = match (item, attribute) {
        (Item::Element(element), Some(name)) => match element.attr(name) {
            Some(value) => value.to_owned(),
            None => return ItemText::NoPlace,
        },
        (_, Some(_)) => return ItemText::NoPlace,
        (Item::Element(element), None) => document.text(&[**element]),
        (Item::Group(nodes), None) => document.text(nodes),
        (Item::Xml(element), None) => document.xml_text(*element),
        (Item::Text(text), None) => text.clone(),
        (Item::Json(value), None) => return json_text(value),
    };
    not_empty(&text)
}

/// Text of a JSON value; of a reference or an enumeration its label, else its value.
fn json_text(value: &Value) -> ItemText {
    match value {
        Value::Null => ItemText::Empty,
        Value::String(text) => not_empty(text),
        Value::Number(number) => ItemText::Text(number.to_string()),
        Value::Bool(truth) => ItemText::Text(truth.to_string()),
        Value::Array(entries) if entries.is_empty() => ItemText::Empty,
        Value::Array(_) => ItemText::NoPlace,
        Value::Object(map) => {
            let mut best = ItemText::NoPlace;
            for part in ["label", "value"].iter().filter_map(|name| map.get(*name)).filter(|part| !part.is_object()) {
                match json_text(part) {
                    ItemText::NoPlace => {}
                    ItemText::Empty => best = ItemText::Empty,
                    text => return text,
                }
            }
            best
        }
    }
}

fn not_empty(text: &str) -> ItemText {
    match text.trim() {
        "" => ItemText::Empty,
        trimmed => ItemText::Text(trimmed.to_owned()),
    }
}

/// Whether a signal is there, on the page or in an entry.
pub(super) fn shows(
    document: &Document<'_>,
    entry: Option<&Item<'_>>,
    signal: &CompiledSignal,
) -> Result<bool, TooIntricate> {
    let texts: Vec<String> = match &signal.look {
        Look::Text => vec![match entry {
            Some(item) => plain(item_text(document, item, None)),
            None => document.whole_text(),
        }],
        Look::Css(selector) => elements(document, entry, selector, None)
            .into_iter()
            .map(|element| if signal.matches.is_some() { document.text(&[*element]) } else { String::new() })
            .collect(),
        Look::Json(pointer) => match look_json(document, entry, pointer) {
            Spotted::Absent | Spotted::Empty => Vec::new(),
            Spotted::Items(items) => items.iter().map(|item| plain(item_text(document, item, None))).collect(),
        },
        Look::Xml(path) => {
            let items = look_xml(document, entry, path);
            items.iter().map(|item| plain(item_text(document, item, None))).collect()
        }
    };
    let Some(pattern) = &signal.matches else { return Ok(!texts.is_empty()) };
    for text in texts {
        if document.may_search(pattern) && pattern.is_match(&text)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn plain(text: ItemText) -> String {
    match text {
        ItemText::Text(text) => text,
        ItemText::NoPlace | ItemText::Empty => String::new(),
    }
}
