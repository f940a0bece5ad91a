//! Noticing that a site's shape has changed before what is read of it replaces what is known.
//!
//! A page that was a unit before is looked at twice. When it loses facts that the stored version has, or cannot be read
//! as a unit any more, nothing is stored and the task waits. If other pages go the same way, the site has drifted: its
//! source is paused until an administrator has looked. If other pages, read after that, still give those facts, the
//! rules are fine and the page itself says less than before: then the loss is true and is stored at the next look.

use crate::{
    CatalogueError,
    ingest::{Failure, TaskResult, UnitRead},
    store::{
        health::{self as store, Reading, Verdict},
        sources::SourceVersion,
    },
};
use chrono::{DateTime, Utc};
use rmu_domain::{
    facts::{FactName, UnitFacts},
    scrape::FailureKind,
};
use rmu_postgres::AsyncPgConnection;
use std::{collections::BTreeSet, time::Duration};

/// A page in doubt is looked at again after this: time enough for others to be read.
const LOOK_AGAIN: Duration = Duration::from_secs(600);

/// A result that is held back.
pub(super) struct Held {
    pub(super) failure: Failure,
    /// Whether it counts as a failed attempt. It does not while the whole source is in doubt.
    pub(super) counts: bool,
}

/// Whether what was read of a unit at `key`, a page or an entry of a feed, is held back instead of stored.
pub(super) async fn of_unit(
    connection: &mut AsyncPgConnection,
    result: &TaskResult,
    key: &str,
    source: &SourceVersion,
    read: &UnitRead,
) -> Result<Option<Held>, CatalogueError> {
    let facts = &read.record.facts;
    let present = present(facts);
    let stored = store::facts_to_keep(connection, source.university, facts).await?;
    let outdated = stored.as_ref().is_some_and(|stored| stored.fetched_at > read.fetched_at);
    let health = store::of(connection, result.source).await?;
    let mut lost: BTreeSet<FactName> = BTreeSet::new();
    // One that was long on its way changes nothing anyway.
    if let Some(stored) = stored.filter(|_| !outdated) {
        lost = stored.facts.difference(&present).copied().collect();
        lost.retain(|fact| !health.has_given_up(*fact, result.source_version));
    }
    let reading = Reading { result, target_key: key, present: &present, lost: &lost };
    if lost.is_empty() {
        store::note(connection, &reading, Verdict::Kept).await?;
        return Ok(None);
    }
    let lost_since = store::note(connection, &reading, Verdict::Lost).await?;
    let names = names(&lost);
    let mut paused = health.is_paused;
    if !paused {
        if health.is_canary(&facts.code) {
            let reason = format!("canary {} lost {names}", facts.code);
            store::pause(connection, result.source, &reason, &lost).await?;
            paused = true;
        } else {
            let collapsed = store::collapsed(connection, result.source, &lost, health.since).await?;
            if !collapsed.is_empty() {
                let reason = format!(
                    "pages that gave these facts before do not give them any more: {}",
                    self::names(&collapsed)
                );
                store::pause(connection, result.source, &reason, &collapsed).await?;
                paused = true;
            } else if is_credible(connection, result, key, &lost, lost_since).await? {
                let reading = Reading { lost: &BTreeSet::new(), ..reading };
                store::note(connection, &reading, Verdict::Kept).await?;
                return Ok(None);
            }
        }
    }
    Ok(Some(held(format!("the stored version has facts that this reading lost: {names}"), !paused)))
}

/// Whether a page that cannot be read as a unit was one before, and is therefore looked at again.
pub(super) async fn of_failure(
    connection: &mut AsyncPgConnection,
    result: &TaskResult,
    key: &str,
    failure: &Failure,
) -> Result<Option<Held>, CatalogueError> {
    if !matches!(failure.kind, FailureKind::NotAUnit | FailureKind::MissingFact) {
        return Ok(None);
    }
    let Some((code, known)) = store::facts_of_page(connection, result.source, key).await? else {
        return Ok(None);
    };
    let named = named_in(&failure.detail);
    let lost = if named.is_empty() { known } else { named };
    let present = BTreeSet::new();
    let reading = Reading { result, target_key: key, present: &present, lost: &lost };
    store::note(connection, &reading, Verdict::Unread).await?;
    let health = store::of(connection, result.source).await?;
    let mut paused = health.is_paused;
    if !paused {
        let vanished = if health.is_canary(&code) {
            Some((format!("canary {code} cannot be read any more"), lost))
        } else {
            let unread = store::unread(connection, result.source, health.since).await?;
            unread.map(|vanished| ("pages that were units before cannot be read as such any more".to_owned(), vanished))
        };
        if let Some((what, vanished)) = vanished {
            let reason = format!("{what} ({}): {}", failure.kind.as_str(), names(&vanished));
            store::pause(connection, result.source, &reason, &vanished).await?;
            paused = true;
        }
    }
    Ok(Some(held(format!("was a unit before; {}: {}", failure.kind.as_str(), failure.detail), !paused)))
}

/// A page that is as it was.
pub(super) async fn unchanged(
    connection: &mut AsyncPgConnection,
    result: &TaskResult,
    key: &str,
) -> Result<(), CatalogueError> {
    if let Some((_, present)) = store::facts_of_page(connection, result.source, key).await? {
        let lost = BTreeSet::new();
        let reading = Reading { result, target_key: key, present: &present, lost: &lost };
        store::note(connection, &reading, Verdict::Kept).await?;
    }
    Ok(())
}

/// Whether other pages, read since this one was first seen to lose facts, still give each of them.
async fn is_credible(
    connection: &mut AsyncPgConnection,
    result: &TaskResult,
    key: &str,
    lost: &BTreeSet<FactName>,
    since: Option<DateTime<Utc>>,
) -> Result<bool, CatalogueError> {
    let Some(since) = since else { return Ok(false) };
    Ok(store::still_given(connection, result.source, key, lost, since).await?)
}

fn held(detail: String, counts: bool) -> Held {
    Held { failure: Failure { kind: FailureKind::Drift, detail, retry_after: Some(LOOK_AGAIN) }, counts }
}

/// The facts that have a value.
pub(crate) fn present(facts: &UnitFacts) -> BTreeSet<FactName> {
    let has = |fact: FactName| match fact {
        FactName::Code | FactName::Title => true,
        FactName::Year => facts.year.is_some(),
        FactName::Status => facts.status.is_some(),
        FactName::CreditPoints => facts.credit_points.is_some(),
        FactName::Level => facts.level.is_some(),
        FactName::StudyLevel => facts.study_level.is_some(),
        FactName::Faculty => facts.faculty.is_some(),
        FactName::School => facts.school.is_some(),
        FactName::Description => facts.description.is_some(),
        FactName::Workload => facts.workload.is_some(),
        FactName::Outcomes => facts.outcomes.is_some(),
        FactName::Assessments => facts.assessments.is_some(),
        FactName::Offerings => facts.offerings.is_some(),
        FactName::Requisites => facts.requisites.is_some(),
        FactName::Contacts => facts.contacts.is_some(),
    };
    FactName::ALL.into_iter().filter(|fact| has(*fact)).collect()
}

/// Workers begin the detail of `missing_fact` with the names, up to a colon.
fn named_in(detail: &str) -> BTreeSet<FactName> {
    let names = detail.split(':').next().unwrap_or_default();
    names.split(',').filter_map(|name| name.trim().parse().ok()).collect()
}

fn names(facts: &BTreeSet<FactName>) -> String {
    facts.iter().map(|fact| fact.as_str()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_facts_are_named_in_front() {
        let named = named_in("title, creditPoints: no rule gave a value");
        assert_eq!(names(&named), "title, creditPoints");
        assert!(named_in("expected the unit 31251").is_empty());
    }
}
