//! From all rules of a source to a unit's record: facts, gaps and origins.

use super::{
    Verdict,
    draft::Draft,
    facts::{self, Fields, list_shape},
    lists::{Entry, Listed, read_list},
    values::{Pages, Reading, read_value},
};
use crate::source::{CompiledRule, Source};
use rmu_domain::{
    facts::{Assessment, Contact, FactName, Gap, Offering, Origin, Outcome, UnitRecord},
    requisite::{Requisite, RequisiteKind},
};
use std::collections::BTreeMap;

/// Reads every fact. Without code, title or another fact that the source requires, says which are missing.
pub(super) fn record(source: &Source, pages: &Pages<'_>) -> Result<UnitRecord, Verdict> {
    let mut reader = Reader { source, pages, gaps: BTreeMap::new(), origins: BTreeMap::new() };
    let mut draft = Draft::default();
    for fact in FactName::ALL.into_iter().filter(|fact| list_shape(*fact).is_none()) {
        reader.value(fact, &mut draft);
    }
    let outcomes = reader.list(FactName::Outcomes, outcomes);
    let assessments = reader.list(FactName::Assessments, assessments);
    let offerings = reader.list(FactName::Offerings, offerings);
    let requisites = reader.list(FactName::Requisites, requisites);
    let contacts = reader.list(FactName::Contacts, contacts);

    let required = [FactName::Code, FactName::Title].iter().chain(&source.document().required);
    let mut missing: Vec<FactName> = required.filter(|fact| reader.gaps.contains_key(fact)).copied().collect();
    missing.sort();
    missing.dedup();
    let Reader { gaps, origins, .. } = reader;
    match draft.finish() {
        Some(facts) if missing.is_empty() => Ok(UnitRecord {
            facts: rmu_domain::facts::UnitFacts { outcomes, assessments, offerings, requisites, contacts, ..facts },
            gaps,
            origins,
        }),
        _ => Err(Verdict::MissingFacts { detail: describe(&missing, &gaps), missing }),
    }
}

fn describe(missing: &[FactName], gaps: &BTreeMap<FactName, Gap>) -> String {
    let each = missing.iter().map(|fact| match gaps.get(fact) {
        Some(Gap::Empty) => format!("{} is empty", fact.as_str()),
        Some(Gap::Unparsed { raw }) => format!("{} was not understood: {raw:?}", fact.as_str()),
        Some(Gap::Absent) | None => format!("{} is absent", fact.as_str()),
    });
    each.collect::<Vec<_>>().join("; ")
}

struct Reader<'s, 'p> {
    source: &'s Source,
    pages: &'s Pages<'p>,
    gaps: BTreeMap<FactName, Gap>,
    origins: BTreeMap<FactName, Origin>,
}

impl Reader<'_, '_> {
    fn value(&mut self, fact: FactName, draft: &mut Draft) {
        let reading = read_value(self.pages, self.source.rules(fact), |text| draft.take(fact, text));
        if let Some(rule) = self.settle(fact, reading) {
            self.origin(fact, &[rule]);
        }
    }

    fn list<T>(&mut self, fact: FactName, parse: impl Fn(Vec<Entry>) -> Reading<Vec<T>>) -> Option<Vec<T>> {
        let reading = read_list(self.pages, self.source.rules(fact), list_shape(fact)?, parse);
        let Listed { entries, rules } = self.settle(fact, reading)?;
        self.origin(fact, &rules);
        Some(entries)
    }

    fn settle<T>(&mut self, fact: FactName, reading: Reading<T>) -> Option<T> {
        reading.into_gap().map_err(|gap| self.gaps.insert(fact, gap)).ok()
    }

    /// Where a fact came from. A list put together by several rules names them all, and the page of the first.
    fn origin(&mut self, fact: FactName, rules: &[usize]) {
        let names: Vec<_> = rules.iter().map(|index| format!("{}[{index}]", fact.as_str())).collect();
        let first: Option<&CompiledRule> = rules.first().and_then(|index| self.source.rules(fact).get(*index));
        let Some(document) = first.and_then(|rule| self.pages.of(rule)) else { return };
        self.origins.insert(fact, Origin { rule: names.join("+"), url: document.url.to_string() });
    }
}

pub(super) fn outcomes(entries: Vec<Entry>) -> Reading<Vec<Outcome>> {
    in_order(entries, facts::outcome)
}

pub(super) fn assessments(entries: Vec<Entry>) -> Reading<Vec<Assessment>> {
    in_order(entries, |fields, _| facts::assessment(fields))
}

pub(super) fn offerings(entries: Vec<Entry>) -> Reading<Vec<Offering>> {
    in_order(entries, |fields, _| facts::offerings(fields)).map(|all| all.into_iter().flatten().collect())
}

pub(super) fn contacts(entries: Vec<Entry>) -> Reading<Vec<Contact>> {
    in_order(entries, |fields, _| facts::contact(fields))
}

/// Entries in the order of their `order`, where every one has it; else as they stand on the page.
fn in_order<T>(entries: Vec<Entry>, parse: impl Fn(&Fields, usize) -> Option<T>) -> Reading<Vec<T>> {
    let mut all: Vec<(Option<f64>, Fields)> = entries
        .into_iter()
        .filter_map(|entry| match entry {
            Entry::Fields(fields) => Some((fields.get("order").and_then(|raw| raw.parse().ok()), fields)),
            Entry::Requisite(_) => None,
        })
        .collect();
    if all.iter().all(|(order, _)| order.is_some_and(f64::is_finite)) {
        all.sort_by(|(one, _), (other, _)| one.unwrap_or(0.0).total_cmp(&other.unwrap_or(0.0)));
    }
    let mut values = Vec::new();
    for (index, (_, fields)) in all.iter().enumerate() {
        match parse(fields, index + 1) {
            Some(value) => values.push(value),
            None => return Reading::unparsed(&shown(fields)),
        }
    }
    Reading::Value(values)
}

/// Requisites of the three kinds; those of other kinds are none of ours, but if there is nothing else, what they
/// are called was not understood.
pub(super) fn requisites(entries: Vec<Entry>) -> Reading<Vec<Requisite>> {
    let mut values = Vec::new();
    let mut unknown = None;
    for entry in entries {
        match entry {
            Entry::Requisite(requisite) => values.push(requisite),
            Entry::Fields(fields) => match facts::requisites(&fields) {
                Some(read) => values.extend(read),
                None if fields.get("kind").is_some_and(|kind| RequisiteKind::from_label(kind).is_none()) => {
                    unknown.get_or_insert_with(|| shown(&fields));
                }
                None => return Reading::unparsed(&shown(&fields)),
            },
        }
    }
    match unknown {
        Some(raw) if values.is_empty() => Reading::unparsed(&raw),
        _ => Reading::Value(values),
    }
}

fn shown(fields: &Fields) -> String {
    fields.iter().map(|(name, value)| format!("{name}: {value}")).collect::<Vec<_>>().join(", ")
}
