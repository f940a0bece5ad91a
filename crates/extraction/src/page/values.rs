//! Reading facts that are single values, and the texts that rules give.

use super::{
    document::Document,
    draft::cut_raw,
    look::{Item, ItemText, Spotted, item_text, look},
};
use crate::{
    html::html_to_text,
    source::{CompiledRule, Transform},
};
use rmu_domain::facts::Gap;

/// What rules have made of a fact. The order is that of strength: a later one wins over an earlier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reading<T> {
    Absent,
    Empty,
    /// Something stood there that was not understood; how it stood.
    Unparsed(String),
    Value(T),
}

impl<T> Reading<T> {
    pub(super) fn unparsed(raw: &str) -> Self {
        Self::Unparsed(cut_raw(raw))
    }

    /// The stronger of two; of equals the first.
    pub(super) fn or(self, other: Self) -> Self {
        if other.strength() > self.strength() { other } else { self }
    }

    fn strength(&self) -> u8 {
        match self {
            Self::Absent => 0,
            Self::Empty => 1,
            Self::Unparsed(_) => 2,
            Self::Value(_) => 3,
        }
    }

    pub(super) fn map<U>(self, make: impl FnOnce(T) -> U) -> Reading<U> {
        match self {
            Self::Value(value) => Reading::Value(make(value)),
            Self::Unparsed(raw) => Reading::Unparsed(raw),
            Self::Empty => Reading::Empty,
            Self::Absent => Reading::Absent,
        }
    }

    /// The value, or why there is none.
    pub(super) fn into_gap(self) -> Result<T, Gap> {
        match self {
            Self::Value(value) => Ok(value),
            Self::Absent => Err(Gap::Absent),
            Self::Empty => Err(Gap::Empty),
            Self::Unparsed(raw) => Err(Gap::Unparsed { raw }),
        }
    }
}

/// The pages of a set, by the name a rule gives.
pub(super) struct Pages<'p> {
    pub(super) unit: Document<'p>,
    pub(super) followed: Vec<(&'p str, Document<'p>)>,
}

impl<'p> Pages<'p> {
    /// The page a rule looks at; `None` when it was not opened.
    pub(super) fn of(&self, rule: &CompiledRule) -> Option<&Document<'p>> {
        match &rule.page {
            None => Some(&self.unit),
            Some(name) => self.followed.iter().find(|(other, _)| other == name).map(|(_, document)| document),
        }
    }
}

/// Reads one fact: the first rule whose text `accept` takes. Says which rule it was.
pub(super) fn read_value(
    pages: &Pages<'_>,
    rules: &[CompiledRule],
    mut accept: impl FnMut(&str) -> bool,
) -> Reading<usize> {
    let mut best = Reading::Absent;
    for (index, rule) in rules.iter().enumerate() {
        let Some(document) = pages.of(rule) else { continue };
        for text in texts(document, None, rule) {
            let reading = match text {
                Reading::Value(text) if accept(&text) => return Reading::Value(index),
                Reading::Value(text) => Reading::unparsed(&text),
                Reading::Unparsed(raw) => Reading::Unparsed(raw),
                Reading::Empty => Reading::Empty,
                Reading::Absent => Reading::Absent,
            };
            best = best.or(reading);
        }
    }
    best
}

/// The texts a rule gives, one reading per text: in the order of the page, joined with `lines`.
pub(super) fn texts<'d>(
    document: &'d Document<'_>,
    entry: Option<&Item<'d>>,
    rule: &CompiledRule,
) -> Vec<Reading<String>> {
    let items = match look(document, entry, &rule.place) {
        Spotted::Absent => return vec![Reading::Absent],
        Spotted::Empty => return vec![Reading::Empty],
        Spotted::Items(items) => items,
    };
    let readings: Vec<_> = items
        .iter()
        .flat_map(|item| match item_text(document, item, rule.attribute.as_deref()) {
            ItemText::NoPlace => vec![Reading::Absent],
            ItemText::Empty => vec![Reading::Empty],
            ItemText::Text(text) => from_text(document, rule, &text),
        })
        .collect();
    if !rule.lines {
        return readings;
    }
    let mut joined = String::new();
    let mut weakest = Reading::Absent;
    for reading in readings {
        match reading {
            Reading::Value(text) => joined = if joined.is_empty() { text } else { format!("{joined}\n{text}") },
            other => weakest = weakest.or(other),
        }
    }
    vec![if joined.is_empty() { weakest } else { Reading::Value(joined) }]
}

/// From the text that stands somewhere to what a rule reads of it.
fn from_text(document: &Document<'_>, rule: &CompiledRule, raw: &str) -> Vec<Reading<String>> {
    let found = match &rule.regex {
        None => raw,
        Some(pattern) if !document.may_search(pattern) => return vec![Reading::unparsed(raw)],
        Some(pattern) => match pattern.value(raw) {
            Ok(Some(value)) => value.trim(),
            Ok(None) | Err(_) => return vec![Reading::unparsed(raw)],
        },
    };
    if found.is_empty() {
        return vec![Reading::Empty];
    }
    let parts = match &rule.split {
        None => vec![found],
        Some(pattern) => match pattern.split(found) {
            Ok(parts) => parts.into_iter().map(str::trim).filter(|part| !part.is_empty()).collect(),
            Err(_) => return vec![Reading::unparsed(found)],
        },
    };
    if parts.is_empty() {
        return vec![Reading::Empty];
    }
    parts.into_iter().map(|part| transformed(&rule.transform, part)).collect()
}

/// A text after all transforms of a rule.
pub(super) fn transformed(transforms: &[Transform], text: &str) -> Reading<String> {
    let mut current = text.to_owned();
    for transform in transforms {
        let Some(next) = apply(*transform, &current) else { return Reading::unparsed(text) };
        current = next;
    }
    match current.trim() {
        "" => Reading::Empty,
        trimmed => Reading::Value(trimmed.to_owned()),
    }
}

fn apply(transform: Transform, text: &str) -> Option<String> {
    match transform {
        Transform::HtmlToText => html_to_text(text),
        Transform::CollapseWhitespace => Some(rmu_domain::text::collapse_whitespace(text)),
        Transform::Uppercase => Some(text.to_uppercase()),
        Transform::Lowercase => Some(text.to_lowercase()),
        Transform::FirstInteger => first_number(text, false),
        Transform::FirstDecimal => first_number(text, true),
        Transform::Boolean => super::facts::hurdle(text).map(|truth| truth.to_string()),
        // Works on JSON, not on text; the list reader does it.
        Transform::CourseLoopRequisites => Some(text.to_owned()),
    }
}

fn first_number(text: &str, with_fraction: bool) -> Option<String> {
    let start = text.find(|c: char| c.is_ascii_digit())?;
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let mut end = start + digits(&text[start..]);
    if with_fraction && let Some(fraction) = text[end..].strip_prefix('.') {
        let length = digits(fraction);
        end += if length > 0 { length + 1 } else { 0 };
    }
    Some(text[start..end].to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_in_text() {
        assert_eq!(first_number("Level 2, later 3", false).as_deref(), Some("2"));
        assert_eq!(first_number("about 3.25 of 4", true).as_deref(), Some("3.25"));
        assert_eq!(first_number("6. Then", true).as_deref(), Some("6"));
        assert_eq!(first_number("none", true), None);
    }

    #[test]
    fn what_is_stronger_wins_and_the_first_of_equals() {
        let unparsed = |raw: &str| Reading::<()>::Unparsed(raw.to_owned());
        assert_eq!(Reading::Empty.or(unparsed("a")).or(unparsed("b")).or(Reading::Absent), unparsed("a"));
        assert_eq!(Reading::<()>::Absent.or(Reading::Empty), Reading::Empty);
    }
}
