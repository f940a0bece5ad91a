//! What a browser does with one page: open it in the host's turn, wait, click, look where links lead, read.

use super::{
    failure::{Ending, parse_url},
    handler::Inner,
    sources::ReadySource,
};
use crate::{
    browser::{Lease, PageError, Snapshot},
    fetch::retry_after,
    politeness::{HostTurn, Refusal, Went},
};
use chrono::Utc;
use rmu_domain::scrape::FailureKind;
use rmu_extraction::{LoadedPage, Step, UnitAddress, fill_step_text};
use std::sync::Arc;
use tokio::time::Instant;
use tracing::Instrument;
use url::Url;

/// A browser at work on one task.
pub(super) struct Visit<'a> {
    pub(super) worker: &'a Inner,
    pub(super) ready: &'a Arc<ReadySource>,
    pub(super) lease: Lease,
    pub(super) deadline: Instant,
    /// The document asked for last came, whatever became of it then.
    pub(super) has_answered: bool,
    /// The unit that is looked for, as far as the task tells.
    pub(super) unit: Option<UnitAddress>,
}

/// A `follow` step.
pub(super) struct Follow<'a> {
    selector: &'a str,
    name: &'a str,
    ready: Option<&'a str>,
}

/// Where a `follow` step leads on this page.
pub(super) struct Link {
    pub(super) name: String,
    url: Url,
    ready: Vec<String>,
}

/// Following leaves the page, so everything else is done first, whatever the order written.
pub(super) fn split(steps: &[Step]) -> (Vec<&Step>, Vec<Follow<'_>>) {
    let (mut before, mut follows) = (Vec::new(), Vec::new());
    for step in steps {
        match step {
            Step::Follow { selector, name, ready } => follows.push(Follow { selector, name, ready: ready.as_deref() }),
            other => before.push(other),
        }
    }
    (before, follows)
}

impl Visit<'_> {
    /// Loads a page in its host's turn and does what the source says with it.
    pub(super) async fn load(
        &mut self,
        turn: HostTurn,
        url: &Url,
        ready: &[String],
        steps: &[&Step],
        follows: &[Follow<'_>],
    ) -> Result<(LoadedPage, Vec<Link>), Ending> {
        let span = tracing::info_span!("page", otel.name = "page load", otel.kind = "client", url.full = %url);
        let started = Instant::now();
        let loaded = async {
            let loaded = Box::pin(self.work(url, ready, steps, follows)).await;
            let milliseconds = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
            tracing::info!(loaded = loaded.is_ok(), milliseconds, "page read");
            loaded
        }
        .instrument(span)
        .await;
        metrics::histogram!("rmu_worker_page_seconds").record(started.elapsed().as_secs_f64());
        // Also when it failed: what was asked for was asked for.
        if turn.is_lost() {
            tracing::warn!(host = url.host_str(), "the host's turn was lost while the page loaded");
        }
        turn.finish(match &loaded {
            Ok((snapshot, _)) => snapshot.latency.map_or(Went::Unclear, Went::Well),
            Err(ending) => ending.went(self.has_answered),
        })
        .await;
        let (snapshot, links) = loaded?;
        let final_url = parse_url(&snapshot.url)?;
        if !self.ready.source.allows(&final_url) {
            return Err(Ending::failed(FailureKind::NotAUnit, format!("the address led to {final_url}")));
        }
        Ok((LoadedPage { url: final_url, html: snapshot.html }, links))
    }

    /// Loads what a link leads to, under the manners of its own host. A page that is not there, or that robots
    /// may not see, is simply missing; anything else that goes wrong is the task's failure, for facts that are
    /// only late must not be taken for facts that are gone.
    pub(super) async fn follow(&mut self, link: &Link) -> Result<Option<LoadedPage>, Ending> {
        let (worker, ready, deadline) = (self.worker, self.ready, self.deadline);
        let permit = worker.politeness().permit_by(&link.url, &ready.origins, ready.gap, deadline);
        let gap = match worker.unless_stopping(async { Ok::<_, Ending>(permit.await) }).await? {
            Ok(gap) => gap,
            Err(Refusal::Disallowed(_)) => return Ok(None),
            Err(refusal) => return Err(refusal.into()),
        };
        let turn = worker.unless_stopping(worker.politeness().turn(&link.url, gap, deadline)).await?;
        match self.load(turn, &link.url, &link.ready, &[], &[]).await {
            Ok((page, _)) => Ok(Some(page)),
            Err(Ending::NotFound(_)) => Ok(None),
            Err(ending) => Err(ending),
        }
    }

    async fn work(
        &mut self,
        url: &Url,
        ready: &[String],
        steps: &[&Step],
        follows: &[Follow<'_>],
    ) -> Result<(Snapshot, Vec<Link>), Ending> {
        let lease = &mut self.lease;
        self.has_answered = false;
        lease.open(url.as_str()).await?;
        self.has_answered = true;
        let found = match lease.wait_for_any(ready).await {
            // As after a redesign, when no page shows these signs any more. For the ledger it is a page without what
            // it must have: tried again, and noticed when all pages of the site go that way.
            Err(error @ PageError::NeverReady(_)) => {
                return Err(Ending::failed(FailureKind::MissingFact, format!("no sign of page.ready; {error}")));
            }
            waited => waited?,
        };
        let mut links = Vec::new();
        // Nothing found means an error's status: no page for steps to work on.
        if found.is_some() || ready.is_empty() {
            for step in steps {
                perform(lease, step, self.unit.as_ref()).await?;
            }
            for follow in follows {
                let Some(written) = lease.link(follow.selector).await? else { continue };
                let target = parse_url(&written)?;
                if self.ready.source.allows(&target) {
                    let ready = follow.ready.map(str::to_owned).into_iter().collect();
                    links.push(Link { name: follow.name.to_owned(), url: target, ready });
                } else {
                    tracing::debug!(%target, "a link to none of the source's origins is not followed");
                }
            }
        }
        let snapshot = lease.snapshot().await?;
        match snapshot.status.filter(|status| *status >= 400) {
            None => Ok((snapshot, links)),
            Some(status) => {
                let written = lease.last_response().await.and_then(|response| response.retry_after);
                let asked = written.and_then(|written| retry_after::parse(&written, Utc::now()));
                match Ending::of_status(status, asked) {
                    Some(ending) => Err(ending),
                    None => Ok((snapshot, links)),
                }
            }
        }
    }
}

async fn perform(lease: &mut Lease, step: &Step, unit: Option<&UnitAddress>) -> Result<(), Ending> {
    let filled = |text: &str| {
        let bad = || Ending::failed(FailureKind::BadSource, format!("the task does not name what {text:?} asks for"));
        fill_step_text(text, unit).ok_or_else(bad)
    };
    match step {
        Step::ClickAll { selector } => {
            lease.click_all(selector).await?;
        }
        Step::WaitFor { selector, unless } => {
            let mut any = vec![selector.clone()];
            any.extend(unless.clone());
            lease.wait_for_any(&any).await?;
        }
        Step::Type { selector, text, enter } => lease.type_into(selector, &filled(text)?, *enter).await?,
        Step::Click { selector, text } => {
            let text = text.as_deref().map(filled).transpose()?;
            lease.click_one(selector, text.as_deref()).await?;
        }
        Step::Scroll { times } => {
            lease.scroll_to_end(*times).await?;
        }
        Step::Follow { .. } => {}
    }
    Ok(())
}
