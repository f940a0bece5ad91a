//! Waiting for what shows that a page is there, for as long as it may still come.

use super::{Lease, PageError};
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Answers with the index of the first selector that matches, as soon as one does; with -1 once the document has loaded
/// if there are no selectors, and at once if it came with an error's status. If none does within the limit, or while
/// nothing changes or comes for as long as a page may keep still, it answers how the page stands then.
const WAIT_FOR_ANY: &str = r"
    const [selectors, limit, calm, done] = arguments;
    const entry = performance.getEntriesByType('navigation')[0];
    const failed = (entry && entry.responseStatus >= 400) || location.protocol === 'chrome-error:';
    const found = () => {
        const index = selectors.findIndex(selector => document.querySelector(selector));
        if (index >= 0) return index;
        const done = selectors.length === 0 ? document.readyState === 'complete' : failed && document.readyState !== 'loading';
        return done ? -1 : null;
    };
    let finished = false, still;
    const finish = (answer) => {
        if (finished) return;
        finished = true;
        observer.disconnect();
        loads.disconnect();
        clearInterval(timer);
        clearTimeout(still);
        done(answer);
    };
    const stands = (isStill) => finish({ stands: { state: document.readyState, isStill } });
    const stir = () => { clearTimeout(still); if (!finished) still = setTimeout(() => stands(true), calm); };
    const look = () => {
        try { const index = found(); if (index !== null) finish({ found: index }); } catch (error) { finish({ refused: '' + error }); }
    };
    const observer = new MutationObserver(() => { stir(); look(); });
    const loads = new PerformanceObserver(stir);
    const timer = setInterval(look, 100);
    setTimeout(() => stands(false), limit);
    observer.observe(document, { childList: true, subtree: true, attributes: true, characterData: true });
    loads.observe({ type: 'resource' });
    window.addEventListener('load', look);
    stir();
    look();";

/// What came of waiting.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum Waited {
    Found(i64),
    Refused(String),
    #[serde(rename_all = "camelCase")]
    Stands {
        state: ReadyState,
        is_still: bool,
    },
}

/// `document.readyState`.
#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
enum ReadyState {
    Loading,
    Interactive,
    Complete,
}

/// With less left of a page's time it is not asked once more: the answer might come too late, and a browser whose
/// command is cut short is taken for stuck.
const LAST_LOOK: Duration = Duration::from_secs(1);

/// How long a page that seems to be at rest is looked at once more, and how long of that it must keep still.
const SECOND_LOOK: (Duration, Duration) = (Duration::from_secs(1), Duration::from_millis(800));

impl Lease {
    /// Waits until an element matches one of the selectors, and says which; without selectors until the
    /// document and what it embeds have loaded. A document with an error's status is not waited for, nor one that keeps
    /// still and asks for nothing.
    pub async fn wait_for_any(&mut self, selectors: &[String]) -> Result<Option<usize>, PageError> {
        let began = Instant::now();
        let (mut has_loaded, mut was_at_rest) = (false, false);
        loop {
            let limits = &self.pool.settings.limits;
            let left = self.page_ends.saturating_duration_since(Instant::now());
            if left <= LAST_LOOK {
                let limit = limits.page;
                return Err(if has_loaded { PageError::NeverReady(limit) } else { PageError::TimedOut(limit) });
            }
            // Below the script limit and the page's end, so that it is the page that is late and not the browser.
            let patience = limits.command.mul_f32(0.6).min(left.saturating_sub(LAST_LOOK));
            let (limit, still) = if was_at_rest { SECOND_LOOK } else { (patience, limits.still) };
            let limit = limit.min(patience);
            let arguments = vec![json!(selectors), milliseconds(limit), milliseconds(still)];
            let client = self.browser()?.client.clone();
            let answer = match self.command(async { client.execute_async(WAIT_FOR_ANY, arguments).await }).await {
                Ok(answer) => answer,
                // The page went on to another document while we waited: wait in that one.
                Err(PageError::Refused(reason)) if reason.contains("unload") || reason.contains("navigat") => continue,
                Err(error) => return Err(error),
            };
            let odd = |error: serde_json::Error| PageError::Browser(format!("odd answer: {error}"));
            match serde_json::from_value(answer).map_err(odd)? {
                Waited::Found(index) => return Ok(usize::try_from(index).ok()),
                Waited::Refused(error) => return Err(PageError::Refused(error)),
                Waited::Stands { state, is_still } => {
                    has_loaded = state == ReadyState::Complete;
                    let is_at_rest = is_still && self.has_come_to_rest(state).await?;
                    // What came between the page's answer and that of the log shows itself in a moment.
                    if std::mem::replace(&mut was_at_rest, is_at_rest) && is_at_rest {
                        let waited = Duration::from_secs(began.elapsed().as_secs());
                        return Err(if has_loaded { PageError::NeverReady(waited) } else { PageError::CutOff });
                    }
                }
            }
        }
    }

    /// Whether a document that keeps still has nothing under way that more of it may come from.
    async fn has_come_to_rest(&mut self, state: ReadyState) -> Result<bool, PageError> {
        self.read_network_log().await?;
        let network = &self.browser()?.network;
        Ok(match state {
            ReadyState::Complete => network.is_quiet(),
            ReadyState::Loading => network.is_quiet() && network.has_document_ended(),
            // It waits for pictures and the like.
            ReadyState::Interactive => false,
        })
    }
}

fn milliseconds(duration: Duration) -> Value {
    json!(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
}
