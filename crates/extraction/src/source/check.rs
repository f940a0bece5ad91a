//! From a document to a source: every mistake is collected, with its place as a JSON Pointer.

mod rules;
mod starts;
mod steps;

use self::starts::Starts;
use super::{PageSteps, Politeness, Recognise, Signal, Source, SourceDocument, Start};
use crate::{pattern::Pattern, selector::parse_selector};
use rmu_domain::{facts::FactName, year::Year};
use scraper::Selector;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use url::{Origin, Url};

/// One mistake in a source document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{path}: {message}")]
pub struct SourceError {
    /// JSON Pointer to the mistake; empty for the document itself.
    pub path: String,
    pub message: String,
}

/// All mistakes found in a source document, at least one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceErrors(pub Vec<SourceError>);

impl std::fmt::Display for SourceErrors {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (index, error) in self.0.iter().enumerate() {
            f.write_str(if index > 0 { "; " } else { "" })?;
            error.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for SourceErrors {}

/// Bounds on a document: far beyond what a site needs, so that checking and reading stay cheap.
const MAX_ORIGINS: usize = 16;
const MAX_SIGNALS: usize = 20;
const MAX_GAP_MS: u64 = 600_000;
const MAX_ERRORS: usize = 100;

const KEYS: [&str; 11] = [
    "origins",
    "start",
    "years",
    "unitUrl",
    "unitAddress",
    "politeness",
    "page",
    "recognise",
    "embeddedJson",
    "facts",
    "required",
];

pub(super) fn check(document: &Value) -> Result<Source, SourceErrors> {
    let mut checker = Checker::default();
    let source = checker.document(document);
    match source {
        Some(source) if checker.errors.is_empty() => Ok(source),
        _ => Err(SourceErrors(checker.errors)),
    }
}

#[derive(Debug, Default)]
struct Checker {
    errors: Vec<SourceError>,
    /// Whether rules may look into embedded JSON.
    has_json: bool,
    /// Whether rules may look into entries of a feed.
    has_feed: bool,
    /// Whether there is anything else: feeds have no pages for selectors.
    has_pages: bool,
    /// Names of the pages that `follow` steps keep.
    pages: BTreeSet<String>,
}

impl Checker {
    fn error(&mut self, path: impl Into<String>, message: impl Into<String>) {
        if self.errors.len() < MAX_ERRORS {
            self.errors.push(SourceError { path: path.into(), message: message.into() });
        }
    }

    /// Notes the mistake, if it is one, and goes on without the value.
    fn note<T>(&mut self, path: &str, result: Result<T, String>) -> Option<T> {
        result.map_err(|message| self.error(path, message)).ok()
    }

    fn selector(&mut self, path: &str, raw: &str) -> Option<Selector> {
        self.note(path, parse_selector(raw))
    }

    fn pattern(&mut self, path: &str, raw: &str) -> Option<Pattern> {
        self.note(path, Pattern::parse(raw))
    }

    fn at_most<T>(&mut self, path: &str, list: &[T], most: usize) {
        if list.len() > most {
            self.error(path, format!("must have at most {most} entries"));
        }
    }

    fn document(&mut self, document: &Value) -> Option<Source> {
        let Some(map) = document.as_object() else {
            self.error("", "must be an object");
            return None;
        };
        for key in map.keys().filter(|key| !KEYS.contains(&key.as_str())) {
            self.error(child("", key), "is no field of a source document");
        }
        let origins_raw: Option<Vec<String>> = self.required(map, "origins");
        let start: Option<Vec<Start>> = self.required(map, "start");
        let years: Vec<u16> = self.optional(map, "years").unwrap_or_default();
        // A mistake in `start` is told once, not with every rule that depends on it.
        let is_feed = |start: &Start| matches!(start, Start::Feed { .. });
        self.has_feed = start.as_ref().is_none_or(|all| all.iter().any(is_feed));
        self.has_pages = start.as_ref().is_none_or(|all| all.is_empty() || !all.iter().all(is_feed));
        let unit_url_raw: Option<String> =
            if self.has_pages { self.required(map, "unitUrl") } else { self.optional(map, "unitUrl") };
        let unit_address_raw: Option<String> = self.optional(map, "unitAddress");
        let politeness: Politeness = self.optional(map, "politeness").unwrap_or_default();
        let page: PageSteps = self.optional(map, "page").unwrap_or_default();
        let recognise: Option<Recognise> = self.required(map, "recognise");
        let embedded_raw: Option<String> = self.optional(map, "embeddedJson");
        let required: Vec<FactName> = self.optional(map, "required").unwrap_or_default();
        self.has_json = map.get("embeddedJson").is_some_and(|raw| !raw.is_null());

        let origins = origins_raw.as_deref().map(|raw| self.origins(raw));
        let unit_address = match (&unit_address_raw, &origins) {
            (Some(raw), Some(origins)) => self.unit_address(raw, origins),
            _ => None,
        };
        let starts = match (&start, &origins) {
            (Some(start), Some(origins)) => self.starts(start, origins, &years, unit_address.as_ref()),
            _ => Starts::default(),
        };
        let feeds = start.as_deref().map(|start| self.feeds(start)).unwrap_or_default();
        for (index, year) in years.iter().enumerate() {
            self.note(&format!("/years/{index}"), Year::new(*year).map_err(|e| e.to_string()));
        }
        let unit_url = unit_url_raw.as_deref().and_then(|raw| self.pattern("/unitUrl", raw));
        if unit_url.as_ref().is_some_and(|pattern| !pattern.has_group("code")) {
            self.error("/unitUrl", "must have a group (?<code>…)");
        }
        if politeness.min_gap_ms > MAX_GAP_MS {
            self.error("/politeness/minGapMs", format!("must be at most {MAX_GAP_MS}"));
        }
        self.steps(&page);
        let embedded_json = embedded_raw.as_deref().and_then(|raw| self.selector("/embeddedJson", raw));
        let (mut blocked, mut not_found, mut unit, mut whole) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        if let Some(recognise) = &recognise {
            blocked = self.signals("/recognise/blocked", &recognise.blocked);
            not_found = self.signals("/recognise/notFound", &recognise.not_found);
            unit = self.signals("/recognise/unit", &recognise.unit);
            whole = self.signals("/recognise/whole", &recognise.whole);
            if recognise.unit.is_empty() {
                self.error("/recognise/unit", "must name at least one sign of a unit's page");
            }
        }
        let (facts, compiled) = self.facts(map)?;

        Some(Source {
            document: SourceDocument {
                origins: origins_raw?,
                start: start?,
                years,
                unit_url: unit_url_raw,
                unit_address: unit_address_raw,
                politeness,
                page,
                recognise: recognise?,
                embedded_json: embedded_raw,
                facts,
                required,
            },
            origins: origins?,
            paged: starts.paged,
            codes: starts.codes,
            unit_address,
            unit_url,
            feeds,
            embedded_json,
            blocked,
            not_found,
            unit,
            whole,
            facts: compiled,
        })
    }

    fn required<T: DeserializeOwned>(&mut self, map: &Map<String, Value>, key: &str) -> Option<T> {
        let Some(value) = map.get(key) else {
            self.error(child("", key), "is missing");
            return None;
        };
        self.decode(&child("", key), value)
    }

    fn optional<T: DeserializeOwned>(&mut self, map: &Map<String, Value>, key: &str) -> Option<T> {
        let value = map.get(key).filter(|value| !value.is_null())?;
        self.decode(&child("", key), value)
    }

    /// Decodes one part of the document, so that a mistake in it does not hide those in other parts.
    fn decode<T: DeserializeOwned>(&mut self, path: &str, value: &Value) -> Option<T> {
        serde_path_to_error::deserialize(value)
            .map_err(|error| {
                let mut place = path.to_owned();
                for segment in error.path() {
                    use serde_path_to_error::Segment;
                    match segment {
                        Segment::Seq { index } => place = child(&place, &index.to_string()),
                        Segment::Map { key } => place = child(&place, key),
                        Segment::Enum { .. } | Segment::Unknown => {}
                    }
                }
                self.error(place, error.inner().to_string());
            })
            .ok()
    }

    fn origins(&mut self, raw: &[String]) -> Vec<Origin> {
        if raw.is_empty() {
            self.error("/origins", "must name at least one origin");
        }
        self.at_most("/origins", raw, MAX_ORIGINS);
        let mut origins = Vec::new();
        for (index, text) in raw.iter().enumerate() {
            let path = format!("/origins/{index}");
            let parsed = Url::parse(text).ok().filter(|url| {
                matches!(url.scheme(), "http" | "https")
                    && url.host().is_some()
                    && url.path() == "/"
                    && url.query().is_none()
                    && url.fragment().is_none()
                    && url.username().is_empty()
                    && url.password().is_none()
            });
            match parsed {
                Some(url) => origins.push(url.origin()),
                None => self.error(path, "must be an origin such as https://handbook.example.edu"),
            }
        }
        origins
    }

    fn signals(&mut self, path: &str, signals: &[Signal]) -> Vec<super::CompiledSignal> {
        self.at_most(path, signals, MAX_SIGNALS);
        let compiled = signals.iter().enumerate().map(|(index, s)| self.signal(&format!("{path}/{index}"), s));
        compiled.collect::<Vec<_>>().into_iter().flatten().collect()
    }

    fn facts(&mut self, map: &Map<String, Value>) -> Option<(rules::Written, rules::Compiled)> {
        let Some(facts) = map.get("facts").and_then(Value::as_object) else {
            self.error("/facts", "must be an object of rules by the name of a fact");
            return None;
        };
        let (mut written, mut compiled) = (BTreeMap::new(), BTreeMap::new());
        for (name, list) in facts {
            let path = child("/facts", name);
            let Ok(fact) = name.parse::<FactName>() else {
                self.error(path, "is no fact");
                continue;
            };
            let Some(list) = list.as_array() else {
                self.error(path, "must be a list of rules");
                continue;
            };
            let decoded: Vec<_> =
                list.iter().enumerate().map(|(index, rule)| self.decode(&format!("{path}/{index}"), rule)).collect();
            compiled.insert(fact, self.rules(fact, &path, &decoded));
            written.insert(fact, decoded.into_iter().flatten().collect());
        }
        for always in [FactName::Code, FactName::Title] {
            if !compiled.contains_key(&always) {
                self.error(child("/facts", always.as_str()), "is missing");
            }
        }
        Some((written, compiled))
    }
}

/// The pointer to a child, its name escaped.
fn child(path: &str, name: &str) -> String {
    format!("{path}/{}", name.replace('~', "~0").replace('/', "~1"))
}
