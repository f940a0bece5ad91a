//! Reading facts that are lists: entries, and their fields.

use super::{
    document::Document,
    facts::{Fields, ListShape, is_content},
    look::{Item, ItemText, Spotted, item_text, look, shows},
    values::{Pages, Reading, texts, transformed},
};
use crate::{
    pattern::Pattern,
    requisites::courseloop_requisites,
    source::{CompiledRule, Place, Transform},
};
use rmu_domain::requisite::Requisite;
use serde_json::Value;

/// The most entries of one list, the same as in the messages that carry them.
pub(super) const MAX_ENTRIES: usize = 500;

const TOO_MANY: &str = "more entries than believed";
/// The most places that are looked at for entries; a heading of a table is one as well.
const MAX_ITEMS: usize = 5_000;

/// What one rule has read: entries as fields, or whole requisites.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Entry {
    Fields(Fields),
    Requisite(Requisite),
}

/// Entries, with the indices of the rules that gave them.
#[derive(Debug, PartialEq)]
pub(super) struct Listed<T> {
    pub(super) entries: Vec<T>,
    pub(super) rules: Vec<usize>,
}

/// Reads a list by the first rule that gives one, and by those that add to it. `parse` makes all entries of one rule
/// into values, or says what it could not understand.
pub(super) fn read_list<T>(
    pages: &Pages<'_>,
    rules: &[CompiledRule],
    shape: &ListShape,
    parse: impl Fn(Vec<Entry>) -> Reading<Vec<T>>,
) -> Reading<Listed<T>> {
    let mut found: Option<Listed<T>> = None;
    let mut best = Reading::Absent;
    for (index, rule) in rules.iter().enumerate() {
        if found.is_some() && !rule.merge {
            continue;
        }
        let Some(document) = pages.of(rule) else { continue };
        let reading = match entries(document, rule, shape) {
            Reading::Value(entries) if entries.is_empty() => Reading::Value(Vec::new()),
            Reading::Value(entries) if entries.len() > MAX_ENTRIES => Reading::unparsed(TOO_MANY),
            Reading::Value(entries) => parse(entries),
            Reading::Unparsed(raw) => Reading::Unparsed(raw),
            Reading::Empty => Reading::Empty,
            Reading::Absent => Reading::Absent,
        };
        match reading {
            Reading::Value(mut entries) => {
                let listed = found.get_or_insert(Listed { entries: Vec::new(), rules: Vec::new() });
                listed.entries.append(&mut entries);
                listed.rules.push(index);
            }
            Reading::Unparsed(raw) => best = best.or(Reading::Unparsed(raw)),
            // What only adds to a list is not the place of the list: nothing there says nothing.
            Reading::Empty if rule.merge => {}
            Reading::Empty => best = best.or(Reading::Empty),
            Reading::Absent => {}
        }
    }
    match found {
        Some(listed) if listed.entries.len() > MAX_ENTRIES => Reading::unparsed(TOO_MANY),
        Some(listed) => Reading::Value(listed),
        None => best,
    }
}

/// The entries a rule gives. An empty list of entries as a value means that the page says there are none.
fn entries(document: &Document<'_>, rule: &CompiledRule, shape: &ListShape) -> Reading<Vec<Entry>> {
    let items = match look(document, None, &rule.place) {
        Spotted::Absent => return Reading::Absent,
        Spotted::Empty => return Reading::Empty,
        Spotted::Items(items) => flatten(items),
    };
    if items.len() > MAX_ITEMS {
        return Reading::unparsed(TOO_MANY);
    }
    let (items, says_none) = without_none(document, rule, items);
    let says_nothing = if says_none { Reading::Value(Vec::new()) } else { Reading::Empty };
    if rule.transform.contains(&Transform::CourseLoopRequisites) {
        let containers: Vec<_> = items.iter().filter_map(Item::json).collect();
        return match courseloop_requisites(&containers) {
            Ok(requisites) if requisites.is_empty() => says_nothing,
            Ok(requisites) => Reading::Value(requisites.into_iter().map(Entry::Requisite).collect()),
            Err(raw) => Reading::unparsed(&raw),
        };
    }
    if rule.each.is_empty() {
        // The rule only tells whether the page says that there are none, or nothing; other words are no place of
        // the fact.
        return if says_none || items.is_empty() { says_nothing } else { Reading::Absent };
    }
    let mut entries = Vec::new();
    for item in &items {
        if rule.skip_when.iter().any(|signal| shows(document, Some(item), signal) == Ok(true)) {
            continue;
        }
        match fields(document, item, rule, shape) {
            Ok(read) => entries.extend(read.into_iter().map(Entry::Fields)),
            Err(raw) => return Reading::Unparsed(raw),
        }
        if entries.len() > MAX_ENTRIES {
            break;
        }
    }
    if entries.is_empty() { says_nothing } else { Reading::Value(entries) }
}

impl<'d> Item<'d> {
    fn json(&self) -> Option<&'d Value> {
        match self {
            Self::Json(value) => Some(value),
            Self::Element(_) | Self::Group(_) | Self::Xml(_) | Self::Text(_) => None,
        }
    }
}

/// A JSON array found stands for its elements.
fn flatten(items: Vec<Item<'_>>) -> Vec<Item<'_>> {
    items
        .into_iter()
        .flat_map(|item| match item {
            Item::Json(Value::Array(elements)) => elements.iter().map(Item::Json).collect(),
            other => vec![other],
        })
        .collect()
}

/// Takes out what says that there are none, and empty texts; tells whether something said so.
fn without_none<'d>(document: &Document<'_>, rule: &CompiledRule, items: Vec<Item<'d>>) -> (Vec<Item<'d>>, bool) {
    let mut says_none = false;
    let mut kept = Vec::new();
    for item in items {
        match item_text(document, &item, rule.attribute.as_deref()) {
            ItemText::Empty => continue,
            ItemText::NoPlace => {}
            ItemText::Text(text) => {
                let plain = match transformed(&rule.transform, &text) {
                    Reading::Value(plain) => plain,
                    _ => text,
                };
                let says = |pattern: &Pattern| document.may_search(pattern) && pattern.is_match(&plain) == Ok(true);
                if rule.none_when.as_ref().is_some_and(says) {
                    says_none = true;
                    continue;
                }
            }
        }
        kept.push(item);
    }
    (kept, says_none)
}

/// The entries that one item gives: none, one, or several where a field was found several times. `Err` has what
/// was not understood.
fn fields(
    document: &Document<'_>,
    item: &Item<'_>,
    rule: &CompiledRule,
    shape: &ListShape,
) -> Result<Vec<Fields>, String> {
    let mut read: Vec<(&str, Vec<String>)> = Vec::new();
    for (name, rules) in &rule.each {
        match field(document, item, rules) {
            Reading::Value(values) => read.push((name, values)),
            Reading::Unparsed(raw) if shape.needs(name) => return Err(raw),
            _ => {}
        }
    }
    let has = |name: &str| read.iter().any(|(other, _)| *other == name);
    if !shape.missing(has).is_empty() {
        // With labels alone the entry is empty (a heading of a table, a label without text); with more, it is
        // something that was not understood, and leaving it out would make the list look whole.
        return match read.iter().find(|(name, _)| is_content(name)) {
            Some((_, values)) => Err(super::draft::cut_raw(&values.join(", "))),
            None => Ok(Vec::new()),
        };
    }
    let count = read.iter().map(|(_, values)| values.len()).max().unwrap_or(0);
    if count > MAX_ENTRIES || read.iter().any(|(_, values)| values.len() != 1 && values.len() != count) {
        return Err("fields found different numbers of times".to_owned());
    }
    let entry = |index: usize| -> Fields {
        read.iter()
            .filter_map(|(name, values)| Some(((*name).to_owned(), values.get(index).or(values.first())?.clone())))
            .collect()
    };
    Ok((0..count).map(entry).collect())
}

/// One field: the values of the first rule that gives any.
fn field<'d>(document: &'d Document<'_>, item: &Item<'d>, rules: &[CompiledRule]) -> Reading<Vec<String>> {
    let mut best = Reading::Absent;
    for rule in rules {
        let mut values = Vec::new();
        for reading in texts(document, Some(item), rule) {
            match reading {
                Reading::Value(text) => values.push(text),
                Reading::Unparsed(raw) => best = best.or(Reading::Unparsed(raw)),
                Reading::Empty => best = best.or(Reading::Empty),
                Reading::Absent => {}
            }
        }
        if values.is_empty() {
            continue;
        }
        // Only JSON with `*`, or `split`, names a field several times; of elements the first is meant.
        let is_of_elements = matches!(rule.place, Place::Css { .. } | Place::Xml(_));
        if is_of_elements && rule.split.is_none() {
            values.truncate(1);
        }
        return Reading::Value(values);
    }
    best
}
