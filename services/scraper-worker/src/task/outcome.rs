//! What extraction found, as it travels.

use super::failure::Ending;
use chrono::{DateTime, Utc};
use rmu_domain::{
    facts::{FactName, Gap, Origin, UnitRecord},
    scrape::FailureKind,
};
use rmu_extraction::{Discovery, EntryRead, FeedSurvey, Verdict, content_hash};
use rmu_messaging::contracts::scrape::{EntryOutcomeV1, FeedEntryV1, GapV1, OriginV1, OutcomeV1, TargetV1};
use std::collections::BTreeMap;
use url::Url;

/// The outcome of a page that was read.
pub(super) fn of_verdict(
    verdict: Verdict,
    url: &Url,
    fetched_at: DateTime<Utc>,
    known: Option<&str>,
) -> Result<OutcomeV1, Ending> {
    match verdict {
        Verdict::Unit(record) => Ok(of_unit(*record, url, fetched_at, known)),
        Verdict::NotFound { detail } => Err(Ending::NotFound(detail)),
        Verdict::Blocked { detail } => Err(Ending::failed(FailureKind::Blocked, detail)),
        Verdict::NotAUnit { detail } => Err(Ending::failed(FailureKind::NotAUnit, detail)),
        Verdict::CutOff { detail } => Err(Ending::failed(FailureKind::Connection, detail)),
        Verdict::MissingFacts { missing, detail } => {
            Err(Ending::failed(FailureKind::MissingFact, of_missing(missing, &detail)))
        }
    }
}

/// The names come first: whoever watches over sources reads them there.
fn of_missing(missing: impl IntoIterator<Item = FactName>, detail: &str) -> String {
    let names: Vec<_> = missing.into_iter().map(|fact| fact.as_str()).collect();
    format!("{}: {detail}", names.join(", "))
}

fn of_unit(record: UnitRecord, url: &Url, fetched_at: DateTime<Utc>, known: Option<&str>) -> OutcomeV1 {
    let content_hash = content_hash(&record.facts);
    if known == Some(content_hash.as_str()) {
        return OutcomeV1::Unchanged { content_hash };
    }
    OutcomeV1::Unit {
        facts: Box::new(record.facts.into()),
        gaps: gaps_on_wire(record.gaps),
        origins: origins_on_wire(record.origins),
        url: url.to_string(),
        fetched_at,
        content_hash,
    }
}

/// What discovery found, each the target of a task to come.
pub(super) fn of_discovery(found: Discovery) -> OutcomeV1 {
    let further = found.discovery.into_iter().map(|url| TargetV1::Discovery { url: url.into() });
    let units = found.units.into_iter().map(|unit| TargetV1::Unit {
        url: unit.url.into(),
        code: Some(unit.code.into()),
        year: unit.year.map(rmu_domain::year::Year::get),
    });
    OutcomeV1::Children { targets: further.chain(units).collect() }
}

/// What a feed holds: parts of it, each the target of a task to come.
pub(super) fn of_survey(survey: FeedSurvey, url: &Url) -> OutcomeV1 {
    let parts = survey.parts.into_iter().map(|part| TargetV1::FeedPart {
        url: url.to_string(),
        entries: part
            .into_iter()
            .map(|entry| FeedEntryV1 {
                code: entry.code.into(),
                year: entry.year.map(rmu_domain::year::Year::get),
                known_hash: None,
            })
            .collect(),
    });
    OutcomeV1::Children { targets: parts.collect() }
}

/// What became of the entries of a part, in the order in which they were asked for.
pub(super) fn of_entries(
    read: Vec<EntryRead>,
    asked: &[FeedEntryV1],
    url: &Url,
    fetched_at: DateTime<Utc>,
) -> OutcomeV1 {
    let entries = read.into_iter().zip(asked).map(|(read, asked)| of_entry(read.verdict, asked)).collect();
    OutcomeV1::Entries { url: url.to_string(), fetched_at, entries }
}

fn of_entry(verdict: Verdict, asked: &FeedEntryV1) -> EntryOutcomeV1 {
    let FeedEntryV1 { code, year, known_hash } = asked.clone();
    let failed = |kind: FailureKind, detail: String| EntryOutcomeV1::Failed {
        code: code.clone(),
        year,
        failure: kind.as_str().to_owned(),
        detail: detail.chars().take(200).collect(),
    };
    match verdict {
        Verdict::Unit(record) => {
            let content_hash = content_hash(&record.facts);
            if known_hash.as_deref() == Some(content_hash.as_str()) {
                return EntryOutcomeV1::Unchanged { code, year, content_hash };
            }
            EntryOutcomeV1::Unit {
                facts: Box::new(record.facts.into()),
                gaps: gaps_on_wire(record.gaps),
                origins: origins_on_wire(record.origins),
                content_hash,
            }
        }
        Verdict::NotFound { detail } => EntryOutcomeV1::NotFound { code, year, detail },
        Verdict::Blocked { detail } => failed(FailureKind::Blocked, detail),
        Verdict::CutOff { detail } => failed(FailureKind::Connection, detail),
        Verdict::NotAUnit { detail } => failed(FailureKind::NotAUnit, detail),
        Verdict::MissingFacts { missing, detail } => failed(FailureKind::MissingFact, of_missing(missing, &detail)),
    }
}

fn gaps_on_wire(gaps: BTreeMap<FactName, Gap>) -> BTreeMap<String, GapV1> {
    gaps.into_iter().map(|(fact, gap)| (fact.as_str().to_owned(), gap_on_wire(gap))).collect()
}

fn origins_on_wire(origins: BTreeMap<FactName, Origin>) -> BTreeMap<String, OriginV1> {
    origins.into_iter().map(|(fact, origin)| (fact.as_str().to_owned(), origin_on_wire(origin))).collect()
}

pub(super) fn gap_on_wire(gap: Gap) -> GapV1 {
    match gap {
        Gap::Absent => GapV1::Absent,
        Gap::Empty => GapV1::Empty,
        Gap::Unparsed { raw } => GapV1::Unparsed { raw },
    }
}

fn origin_on_wire(origin: Origin) -> OriginV1 {
    OriginV1 { rule: origin.rule, url: origin.url }
}
