//! One step of discovery: a sitemap, an index of sitemaps, a listing or one page of it, fetched plainly.

use super::{failure::Ending, handler::Inner, outcome, sources::ReadySource};
use crate::politeness::Slot;
use rmu_domain::scrape::FailureKind;
use rmu_extraction::{DiscoveryError, discover, discover_results};
use rmu_messaging::contracts::scrape::OutcomeV1;
use std::sync::Arc;
use url::Url;

pub(super) async fn run(worker: &Inner, ready: &Arc<ReadySource>, slot: &Slot, url: &Url) -> Result<OutcomeV1, Ending> {
    let asked = worker.politeness().fetch(slot, url, &ready.origins, ready.gap);
    let fetched = worker.unless_stopping(asked).await??.document;
    if let Some(ending) = Ending::of_status(fetched.status, fetched.retry_after) {
        return Err(ending);
    }
    let ready = Arc::clone(ready);
    let asked = url.clone();
    let read = tokio::task::spawn_blocking(move || match ready.source.results_page(&asked) {
        // By the address asked for: where a redirect led says nothing of the number of the page.
        Some(page) => discover_results(&ready.source, &page, &fetched.url, &fetched.body),
        None => discover(&ready.source, &fetched.url, fetched.content_type.as_deref(), &fetched.body),
    });
    let found = read.await.map_err(|error| Ending::failed(FailureKind::Internal, error.to_string()))?;
    found.map(outcome::of_discovery).map_err(|error| {
        worker.politeness().forget(url);
        let kind = match &error {
            DiscoveryError::TooLarge | DiscoveryError::TooMany => FailureKind::TooLarge,
            // Cut off on the way, most likely.
            DiscoveryError::Unreadable(_) | DiscoveryError::CutOff => FailureKind::Connection,
            // The site says with status 200 that it does not want to, or cannot at the moment.
            DiscoveryError::AnotherPage(_) => FailureKind::Blocked,
            DiscoveryError::NotText | DiscoveryError::NotASitemap(_) => FailureKind::BadSource,
        };
        Ending::failed(kind, format!("{}: {error}", "what should name the units"))
    })
}
