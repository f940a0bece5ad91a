//! What a page looks like.

use super::Lease;
use crate::browser::{error::PageError, session::WINDOW};
use serde::Deserialize;
use serde_json::json;
use std::time::{Duration, Instant};

/// What is shown of a page, in CSS pixels: more than the window that pages are read in.
const PICTURED: (u32, u32) = (1280, 1600);

/// A picture beyond this is not shown; a window's worth of any page is smaller.
const MOST_BYTES: usize = 2 << 20;

/// The beginning of the source that is rendered now, and how much of it there is.
const SOURCE: &str = r"
    const html = document.documentElement ? document.documentElement.outerHTML : '';
    return { html: html.slice(0, arguments[0]), bytes: html.length };";

/// The source of a page that led to nothing, for a person to look at.
#[derive(Debug, Clone, Deserialize)]
pub struct RenderedSource {
    /// Perhaps only the beginning.
    pub html: String,
    /// As much as there is of it in all.
    pub bytes: u64,
}

impl Lease {
    /// The beginning of the page as PNG; `None` when that is larger than anybody should have to load.
    pub async fn picture(&mut self) -> Result<Option<Vec<u8>>, PageError> {
        let client = self.browser()?.client.clone();
        self.command(async { client.set_window_size(PICTURED.0, PICTURED.1).await }).await?;
        let picture = self.command(async { client.screenshot().await }).await?;
        self.command(async { client.set_window_size(WINDOW.0, WINDOW.1).await }).await?;
        Ok((picture.len() <= MOST_BYTES).then_some(picture))
    }

    /// Whatever is rendered at this moment, whether it is the page that was asked for or not.
    pub async fn rendered_source(&mut self, most: usize) -> Result<RenderedSource, PageError> {
        let answer = self.script(SOURCE, vec![json!(most)]).await?;
        let odd = |error: serde_json::Error| PageError::Browser(format!("odd source: {error}"));
        serde_json::from_value(answer).map_err(odd)
    }

    /// A little time beyond the page's own, to look at what became of it; false if the browser does not answer any more,
    /// so that looking would only be another wait.
    pub fn look_back(&mut self, limit: Duration) -> bool {
        self.page_ends = Instant::now() + limit;
        self.broken.is_none() && self.browser.is_some()
    }
}
