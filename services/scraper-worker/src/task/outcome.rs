//! What extraction found, as it travels.

use super::failure::Ending;
use chrono::{DateTime, Utc};
use rmu_domain::{
    facts::{Gap, Origin, UnitRecord},
    scrape::FailureKind,
};
use rmu_extraction::{Discovery, Verdict, content_hash};
use rmu_messaging::contracts::scrape::{GapV1, OriginV1, OutcomeV1, TargetV1};
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
            let names: Vec<_> = missing.into_iter().map(|fact| fact.as_str()).collect();
            Err(Ending::failed(FailureKind::MissingFact, format!("{}: {detail}", names.join(", "))))
        }
    }
}

fn of_unit(record: UnitRecord, url: &Url, fetched_at: DateTime<Utc>, known: Option<&str>) -> OutcomeV1 {
    let content_hash = content_hash(&record.facts);
    if known == Some(content_hash.as_str()) {
        return OutcomeV1::Unchanged { content_hash };
    }
    OutcomeV1::Unit {
        facts: Box::new(record.facts.into()),
        gaps: record.gaps.into_iter().map(|(fact, gap)| (fact.as_str().to_owned(), gap_on_wire(gap))).collect(),
        origins: record
            .origins
            .into_iter()
            .map(|(fact, origin)| (fact.as_str().to_owned(), origin_on_wire(origin)))
            .collect(),
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
