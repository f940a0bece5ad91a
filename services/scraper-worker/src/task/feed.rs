//! Feeds: what one holds, and its entries a part at a time, fetched plainly.

use super::{failure::Ending, handler::Inner, outcome, sources::ReadySource};
use crate::{fetch::Received, politeness::Slot};
use rmu_domain::{ParseError, scrape::FailureKind, unit_code::UnitCode, year::Year};
use rmu_extraction::{
    FactTrace, FeedEntry, FeedError, MAX_ENTRIES_OF_A_PART, Verdict, read_entries, survey_feed, trace_feed,
};
use rmu_messaging::contracts::scrape::{FeedEntryV1, OutcomeV1};
use std::{sync::Arc, time::Duration};
use url::Url;

/// So long the parts of a feed are read from one fetch; later the site is asked whether it has changed.
const BELIEVED: Duration = Duration::from_secs(60);

/// Names everything the feed holds. The site is always asked.
pub(super) async fn discover(
    worker: &Inner,
    ready: &Arc<ReadySource>,
    slot: &Slot,
    url: &Url,
) -> Result<OutcomeV1, Ending> {
    let asked = worker.politeness().fetch(slot, url, &ready.origins, ready.gap);
    let document = usable(worker.unless_stopping(asked).await??)?.document;
    let (source, feed) = (Arc::clone(ready), url.clone());
    let survey = reading(worker, url, move || survey_feed(&source.source, &feed, &document.body)).await?;
    if survey.nameless > 0 {
        metrics::counter!("rmu_worker_nameless_entries_total").increment(survey.nameless as u64);
        tracing::warn!(%url, entries = survey.nameless, "entries without a code that can be read are left out");
    }
    Ok(outcome::of_survey(survey, url))
}

/// Reads some entries of the feed, wherever they stand in it by now.
pub(super) async fn read_part(
    worker: &Inner,
    ready: &Arc<ReadySource>,
    slot: &Slot,
    url: &Url,
    entries: &[FeedEntryV1],
) -> Result<OutcomeV1, Ending> {
    if entries.len() > MAX_ENTRIES_OF_A_PART {
        return Err(Ending::failed(FailureKind::BadSource, "the task names more entries than a part may have"));
    }
    let wanted: Vec<FeedEntry> = entries
        .iter()
        .map(entry)
        .collect::<Result<_, _>>()
        .map_err(|error| Ending::failed(FailureKind::BadSource, format!("the task's target: {error}")))?;
    let asked = worker.politeness().fetch_no_older(slot, url, &ready.origins, ready.gap, BELIEVED);
    let Received { document, as_of } = usable(worker.unless_stopping(asked).await??)?;
    let (source, feed) = (Arc::clone(ready), url.clone());
    let read = reading(worker, url, move || read_entries(&source.source, &feed, &document.body, &wanted)).await?;
    Ok(outcome::of_entries(read, entries, url, as_of))
}

/// Reads one entry by a draft of a source, with how each fact came about.
pub(super) async fn try_entry(
    worker: &Inner,
    ready: &Arc<ReadySource>,
    slot: &Slot,
    url: &Url,
    code: Option<&str>,
) -> Result<(String, Verdict, Vec<FactTrace>), Ending> {
    let code = code.map(UnitCode::parse).transpose();
    let code = code.map_err(|error| Ending::failed(FailureKind::BadSource, format!("the code: {error}")))?;
    let asked = worker.politeness().fetch_no_older(slot, url, &ready.origins, ready.gap, BELIEVED);
    let document = usable(worker.unless_stopping(asked).await??)?.document;
    let final_url = document.url.to_string();
    let (source, feed) = (Arc::clone(ready), url.clone());
    let (verdict, facts) =
        reading(worker, url, move || trace_feed(&source.source, &feed, &document.body, code.as_ref())).await?;
    Ok((final_url, verdict, facts))
}

fn usable(received: Received) -> Result<Received, Ending> {
    match Ending::of_status(received.document.status, received.document.retry_after) {
        Some(ending) => Err(ending),
        None => Ok(received),
    }
}

/// Reads a document off the runtime. One that is no feed is not kept: the next attempt shall get another.
async fn reading<T: Send + 'static>(
    worker: &Inner,
    url: &Url,
    read: impl FnOnce() -> Result<T, FeedError> + Send + 'static,
) -> Result<T, Ending> {
    let read = tokio::task::spawn_blocking(read).await;
    let read = read.map_err(|error| Ending::failed(FailureKind::Internal, error.to_string()))?;
    read.map_err(|error| {
        worker.politeness().forget(url);
        let kind = match &error {
            FeedError::TooLarge | FeedError::TooMany => FailureKind::TooLarge,
            FeedError::Page => FailureKind::Blocked,
            FeedError::Malformed(_) => FailureKind::Connection,
            FeedError::NoEntries(_) | FeedError::NoNames(_) => FailureKind::MissingFact,
            FeedError::NotText | FeedError::Refused(_) | FeedError::TooIntricate | FeedError::Unknown => {
                FailureKind::BadSource
            }
        };
        Ending::failed(kind, format!("the feed {error}"))
    })
}

fn entry(named: &FeedEntryV1) -> Result<FeedEntry, ParseError> {
    Ok(FeedEntry { code: UnitCode::parse(&named.code)?, year: named.year.map(Year::new).transpose()? })
}
