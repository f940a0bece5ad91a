//! Between the ledger's types and the messages of the contract.

use rmu_catalogue::{
    ingest::{EntryOutcome, Failure, FeedRead, TaskOutcome, TaskResult, UnitRead},
    ledger::{DueTask, FeedEntry, OutboxCommand, Target},
};
use rmu_domain::{
    ParseError,
    artefact::{ArtefactKey, ArtefactKind, AttemptId, KeptArtefacts},
    facts::{FactName, Gap, Origin, UnitFacts, UnitRecord},
    scrape::FailureKind,
    text::parse_text,
    unit_code::UnitCode,
    year::Year,
};
use rmu_messaging::contracts::{
    control::WorkerControlV1,
    scrape::{
        ArtefactsV1, EntryOutcomeV1, FailureV1, FeedEntryV1, GapV1, OriginV1, OutcomeV1, ScrapeResultV1, ScrapeTaskV1,
        SourceSnapshotV1, TargetV1,
    },
    unit_facts::UnitFactsV1,
};
use std::{collections::BTreeMap, time::Duration};

/// More entries than any part names are no answer to one.
const MOST_ENTRIES: usize = rmu_extraction::MAX_ENTRIES_OF_A_PART;
/// More is cut: enough to see what went wrong, too little to fill a table.
const LONGEST_DETAIL: usize = 2000;

pub(super) fn task_message(task: &DueTask) -> ScrapeTaskV1 {
    ScrapeTaskV1 {
        task_id: task.id.into(),
        job_id: task.job.into(),
        attempt: task.attempt,
        source: SourceSnapshotV1 {
            source_id: task.source.id.into(),
            slug: task.source.slug.clone(),
            version: task.source.version,
            definition: task.source.definition.clone(),
        },
        target: match &task.target {
            Target::Discovery { url, .. } => TargetV1::Discovery { url: url.clone() },
            Target::Unit { url, code, year } => {
                TargetV1::Unit { url: url.clone(), code: code.clone().map(String::from), year: year.map(Year::get) }
            }
            Target::FeedPart { url, entries } => {
                let known = task.known_entries.iter().cloned().chain(std::iter::repeat(None));
                let entry = |(entry, known_hash): (&FeedEntry, Option<String>)| FeedEntryV1 {
                    code: entry.code.clone().into(),
                    year: entry.year.map(Year::get),
                    known_hash,
                };
                TargetV1::FeedPart { url: url.clone(), entries: entries.iter().zip(known).map(entry).collect() }
            }
        },
        known_hash: task.known_hash.clone(),
        keep_page: task.is_in_doubt,
        deadline: task.deadline,
    }
}

pub(super) fn control_message(command: &OutboxCommand) -> WorkerControlV1 {
    match command {
        OutboxCommand::CancelJob { job_id } => WorkerControlV1::CancelJob { job_id: (*job_id).into() },
        OutboxCommand::PauseJob { job_id } => WorkerControlV1::PauseJob { job_id: (*job_id).into() },
        OutboxCommand::ResumeJob { job_id } => WorkerControlV1::ResumeJob { job_id: (*job_id).into() },
    }
}

/// A result as the ledger takes it. What a worker says that no page can mean becomes a failure of the attempt,
/// and the reason why the message itself belongs to the dead letters.
pub(super) fn task_result(message: ScrapeResultV1) -> (TaskResult, Option<ParseError>) {
    let of = AttemptId { task: message.task_id.into(), attempt: message.attempt };
    let artefacts = message.artefacts.as_ref().and_then(|artefacts| kept(of, artefacts));
    let (outcome, refused) = match outcome(message.outcome) {
        Ok(outcome) => (outcome, None),
        Err(error) => {
            let detail = format!("the worker's answer was refused: {error}");
            (TaskOutcome::Failed(Failure { kind: FailureKind::Internal, detail, retry_after: None }), Some(error))
        }
    };
    let result = TaskResult {
        task: message.task_id.into(),
        job: message.job_id.into(),
        attempt: message.attempt,
        source: message.source_id.into(),
        source_version: message.source_version,
        worker: storable(&message.worker, 200),
        outcome,
        artefacts,
    };
    (result, refused)
}

/// The same result as a failed attempt, for one that cannot be stored.
pub(super) fn as_failure(result: &TaskResult, detail: &str) -> TaskResult {
    let failure = Failure { kind: FailureKind::Internal, detail: detail.to_owned(), retry_after: None };
    TaskResult { outcome: TaskOutcome::Failed(failure), ..result.clone() }
}

/// What a worker says it kept, if the names are those of this very attempt. No other name is remembered, so that no
/// message makes anything else readable.
fn kept(of: AttemptId, message: &ArtefactsV1) -> Option<KeptArtefacts> {
    let is_own = |name: &Option<String>, kind| {
        let Some(name) = name else { return false };
        let is_own = ArtefactKey::parse(name) == Ok(ArtefactKey::new(of, kind));
        if !is_own {
            tracing::warn!(task_id = %of.task, "a worker names an artefact that is not of its task; it is left out");
        }
        is_own
    };
    let page = is_own(&message.page, ArtefactKind::Page);
    KeptArtefacts::new(of.attempt, page, is_own(&message.screenshot, ArtefactKind::Screenshot))
}

fn outcome(message: OutcomeV1) -> Result<TaskOutcome, ParseError> {
    Ok(match message {
        OutcomeV1::Unit { facts, gaps, origins, url, fetched_at, content_hash: _ } => {
            let record = record(*facts, gaps, origins)?;
            TaskOutcome::Unit(Box::new(UnitRead { record, url: parse_text(&url, 1, 2000)?, fetched_at }))
        }
        // One address that is none does not spoil the others: sitemaps are written by hand, too.
        OutcomeV1::Children { targets } => {
            TaskOutcome::Children(targets.into_iter().filter_map(|child| target(child).ok()).collect())
        }
        OutcomeV1::Unchanged { .. } => TaskOutcome::Unchanged,
        OutcomeV1::Entries { url, fetched_at, entries } => {
            if entries.len() > MOST_ENTRIES {
                return Err(ParseError::new(format!("entries: must be at most {MOST_ENTRIES}")));
            }
            let entries = entries.into_iter().map(entry_outcome).collect();
            TaskOutcome::Entries(FeedRead { url: parse_text(&url, 1, 2000)?, fetched_at, entries })
        }
        OutcomeV1::NotFound { detail } => TaskOutcome::NotFound { detail: storable(&detail, LONGEST_DETAIL) },
        OutcomeV1::Failed(failed) => TaskOutcome::Failed(failure(&failed)),
    })
}

fn record(
    facts: UnitFactsV1,
    gaps: BTreeMap<String, GapV1>,
    origins: BTreeMap<String, OriginV1>,
) -> Result<UnitRecord, ParseError> {
    Ok(UnitRecord {
        facts: UnitFacts::try_from(facts)?,
        gaps: by_fact(gaps, gap)?,
        origins: by_fact(origins, |entry| origin(&entry))?,
    })
}

/// One entry that is nonsense does not spoil the others.
fn entry_outcome(message: EntryOutcomeV1) -> EntryOutcome {
    let refused = |code: &str, error: &ParseError| EntryOutcome::Failed {
        code: storable(code, 50),
        entry: None,
        kind: FailureKind::Internal,
        detail: format!("the worker's answer was refused: {error}"),
    };
    let named = |code: &str, year: Option<u16>| {
        Ok::<_, ParseError>(FeedEntry { code: UnitCode::parse(code)?, year: year.map(Year::new).transpose()? })
    };
    match message {
        EntryOutcomeV1::Unit { facts, gaps, origins, content_hash: _ } => {
            let code = facts.code.clone();
            record(*facts, gaps, origins)
                .map_or_else(|error| refused(&code, &error), |record| EntryOutcome::Unit(Box::new(record)))
        }
        EntryOutcomeV1::Unchanged { code, year, content_hash } => match named(&code, year) {
            Ok(entry) => EntryOutcome::Unchanged { entry, content_hash },
            Err(error) => refused(&code, &error),
        },
        EntryOutcomeV1::NotFound { code, year, detail: _ } => {
            named(&code, year).map_or_else(|error| refused(&code, &error), EntryOutcome::NotFound)
        }
        EntryOutcomeV1::Failed { code, year, failure, detail } => EntryOutcome::Failed {
            code: storable(&code, 50),
            entry: named(&code, year).ok(),
            kind: FailureKind::parse(&failure).unwrap_or(FailureKind::Internal),
            detail: storable(&detail, 200),
        },
    }
}

fn failure(message: &FailureV1) -> Failure {
    Failure {
        // A newer worker may know kinds of failure that this gateway does not.
        kind: FailureKind::parse(&message.failure).unwrap_or(FailureKind::Internal),
        detail: storable(&message.detail, LONGEST_DETAIL),
        retry_after: message.retry_after_seconds.map(Duration::from_secs),
    }
}

fn target(message: TargetV1) -> Result<Target, ParseError> {
    match message {
        TargetV1::Discovery { url } => Target::discovery(&url),
        TargetV1::Unit { url, code, year } => {
            let code = code.map(|code| UnitCode::parse(&code)).transpose()?;
            Target::unit(&url, code, year.map(Year::new).transpose()?)
        }
        TargetV1::FeedPart { url, entries } => {
            let named = |entry: FeedEntryV1| {
                Ok(FeedEntry { code: UnitCode::parse(&entry.code)?, year: entry.year.map(Year::new).transpose()? })
            };
            Target::feed_part(&url, entries.into_iter().map(named).collect::<Result<_, _>>()?)
        }
    }
}

fn by_fact<W, D>(message: BTreeMap<String, W>, convert: impl Fn(W) -> D) -> Result<BTreeMap<FactName, D>, ParseError> {
    message.into_iter().map(|(name, value)| Ok((name.parse()?, convert(value)))).collect()
}

fn gap(message: GapV1) -> Gap {
    match message {
        GapV1::Absent => Gap::Absent,
        GapV1::Empty => Gap::Empty,
        GapV1::Unparsed { raw } => Gap::Unparsed { raw: storable(&raw, LONGEST_DETAIL) },
    }
}

fn origin(message: &OriginV1) -> Origin {
    Origin { rule: storable(&message.rule, 200), url: storable(&message.url, 2000) }
}

/// Text of a page or a browser, cut and without NUL, which Postgres does not store.
fn storable(text: &str, longest: usize) -> String {
    text.chars().filter(|character| *character != '\0').take(longest).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rmu_messaging::contracts::Contract;

    #[test]
    fn the_contracts_example_is_a_result() {
        let (result, refused) = task_result(ScrapeResultV1::example());
        assert_eq!(refused, None);
        let TaskOutcome::Unit(read) = result.outcome else { panic!("{result:?}") };
        assert_eq!(read.record.gaps[&FactName::School], Gap::Absent);
        assert_eq!(read.record.origins[&FactName::Title].rule, "title[0]");
    }

    #[test]
    fn nonsense_is_a_failure_with_a_reason() {
        let mut message = ScrapeResultV1::example();
        if let OutcomeV1::Unit { facts, .. } = &mut message.outcome {
            facts.credit_points = Some("many".to_owned());
        }
        let (result, refused) = task_result(message);
        assert!(refused.unwrap().to_string().contains("creditPoints"));
        assert!(matches!(result.outcome, TaskOutcome::Failed(Failure { kind: FailureKind::Internal, .. })));
    }

    #[test]
    fn an_entry_that_is_nonsense_does_not_spoil_the_others() {
        let OutcomeV1::Unit { facts, gaps, origins, url, fetched_at, content_hash } = ScrapeResultV1::example().outcome
        else {
            panic!("the example is a unit")
        };
        let unit = |points: &str| {
            let mut facts = facts.clone();
            facts.credit_points = Some(points.to_owned());
            let (gaps, origins, content_hash) = (gaps.clone(), origins.clone(), content_hash.clone());
            EntryOutcomeV1::Unit { facts, gaps, origins, content_hash }
        };
        let entries = vec![
            unit("6"),
            unit("many"),
            EntryOutcomeV1::NotFound { code: "?".into(), year: None, detail: "x".into() },
        ];
        let read = outcome(OutcomeV1::Entries { url: url.clone(), fetched_at, entries }).unwrap();
        let TaskOutcome::Entries(read) = read else { panic!("{read:?}") };
        assert!(matches!(
            read.entries.as_slice(),
            [EntryOutcome::Unit(_), EntryOutcome::Failed { detail, .. }, EntryOutcome::Failed { .. }] if detail.contains("creditPoints")
        ));
        let gone = EntryOutcomeV1::NotFound { code: "31251".into(), year: None, detail: "x".into() };
        assert!(outcome(OutcomeV1::Entries { url, fetched_at, entries: vec![gone; 51] }).is_err());
    }

    #[test]
    fn only_names_of_the_own_attempt_are_believed() {
        let mut message = ScrapeResultV1::example();
        let of = AttemptId { task: message.task_id.into(), attempt: message.attempt };
        let own = |kind| Some(ArtefactKey::new(of, kind).to_string());
        let other = AttemptId { attempt: of.attempt + 1, ..of };
        let mut kept = |page: Option<String>, screenshot: Option<String>| {
            message.artefacts = Some(ArtefactsV1 { page, screenshot });
            task_result(message.clone()).0.artefacts
        };
        let both = kept(own(ArtefactKind::Page), own(ArtefactKind::Screenshot));
        assert_eq!(both, KeptArtefacts::new(of.attempt, true, true));
        assert_eq!(kept(None, None), None);
        for hostile in [
            "../../etc/passwd".to_owned(),
            format!("../{}", own(ArtefactKind::Page).unwrap()),
            ArtefactKey::new(other, ArtefactKind::Page).to_string(),
            own(ArtefactKind::Screenshot).unwrap(),
        ] {
            let left = kept(Some(hostile.clone()), own(ArtefactKind::Screenshot));
            assert_eq!(left, KeptArtefacts::new(of.attempt, false, true), "{hostile}");
        }
    }

    #[test]
    fn text_that_cannot_be_stored_is_made_storable() {
        assert_eq!(storable("a\0b", 9), "ab");
        assert_eq!(storable("äöü", 2), "äö");
    }

    #[test]
    fn a_broken_child_does_not_spoil_the_others() {
        let targets = ["https://a.example/1", "no address"].map(|url| TargetV1::Discovery { url: url.to_owned() });
        let outcome = outcome(OutcomeV1::Children { targets: targets.to_vec() }).unwrap();
        assert!(matches!(outcome, TaskOutcome::Children(children) if children.len() == 1));
    }
}
