//! Sources and pages that the tests share.

use rmu_domain::facts::{FactName, UnitRecord};
use rmu_extraction::{LoadedPage, PageSet, Source, Verdict, preset_at, read_page};
use serde_json::{Value, json};
use std::{collections::BTreeMap, sync::LazyLock};
use url::Url;

pub(crate) const ORIGIN: &str = "https://handbook.example.edu";

/// Compiled once: a preset has a hundred expressions, and property tests ask for it hundreds of times.
static COURSELOOP: LazyLock<Source> =
    LazyLock::new(|| Source::parse(&preset_at("courseloop", &[ORIGIN]).unwrap()).unwrap());
static LEGACY: LazyLock<Source> =
    LazyLock::new(|| Source::parse(&preset_at("legacy-static", &[ORIGIN]).unwrap()).unwrap());
static ELEMENT_ID: LazyLock<Source> =
    LazyLock::new(|| Source::parse(&preset_at("element-id", &[ORIGIN]).unwrap()).unwrap());
static SEARCH_FIRST: LazyLock<Source> =
    LazyLock::new(|| Source::parse(&preset_at("search-first", &[ORIGIN]).unwrap()).unwrap());

pub(crate) fn courseloop() -> Source {
    COURSELOOP.clone()
}

pub(crate) fn legacy() -> Source {
    LEGACY.clone()
}

pub(crate) fn element_id() -> Source {
    ELEMENT_ID.clone()
}

pub(crate) fn search_first() -> Source {
    SEARCH_FIRST.clone()
}

pub(crate) fn page(path: &str, html: &str) -> PageSet {
    let url = Url::parse(&format!("{ORIGIN}{path}")).unwrap();
    PageSet { unit: LoadedPage { url, html: html.to_owned() }, followed: BTreeMap::new() }
}

/// The smallest source: a title and a code in known places, and `facts` besides.
pub(crate) fn source_with(facts: &Value) -> Source {
    let mut document = json!({
        "origins": [ORIGIN],
        "start": [{"kind": "listing", "url": format!("{ORIGIN}/all")}],
        "unitUrl": "/unit/(?<code>\\w+)$",
        "recognise": {"unit": [{"css": "h1"}]},
        "embeddedJson": "script#data",
        "facts": {"code": [{"css": "h1"}], "title": [{"css": "h2"}]},
    });
    for (fact, rules) in facts.as_object().unwrap() {
        document["facts"][fact] = rules.clone();
    }
    Source::parse(&document).unwrap_or_else(|errors| panic!("{errors}"))
}

/// One fact read by `rules` from `body`: its value, or its gap.
pub(crate) fn read_fact(fact: &str, rules: &Value, body: &str) -> Value {
    let source = source_with(&json!({fact: rules}));
    let html = format!("<h1>31251</h1><h2>Data Structures</h2>{body}");
    match read_page(&source, None, &page("/unit/31251", &html)) {
        Verdict::Unit(record) => {
            let record = json!(record);
            record["gaps"].get(fact).unwrap_or(&record["facts"][fact]).clone()
        }
        other => panic!("{other:?}"),
    }
}

/// A record on one line a fact: its value and the rule that found it, or its gap.
pub(crate) fn shown(record: &UnitRecord) -> String {
    let values = json!(record.facts);
    let line = |fact: FactName| match (record.origins.get(&fact), record.gaps.get(&fact)) {
        (Some(origin), None) => format!("{}: {}", origin.rule, values[fact.as_str()]),
        (None, Some(gap)) => format!("{}: {gap:?}", fact.as_str()),
        other => panic!("{fact:?}: {other:?}"),
    };
    FactName::ALL.map(line).join("\n")
}
