//! What a reader does to get at a page: types, clicks one thing, scrolls.

use super::{Lease, PageError};
use fantoccini::{key::Key, wd::Locator};
use serde_json::json;

/// Clicks the first element that matches and has the text among its words, and says whether there was one.
const CLICK_ONE: &str = r"
    const [selector, text] = arguments;
    const words = (of) => ' ' + of.toLowerCase().split(/[^\p{L}\p{N}_.\/-]+/u).filter(Boolean).join(' ') + ' ';
    const holds = (element) => text === null || words(element.textContent).includes(words(text));
    const found = Array.from(document.querySelectorAll(selector)).find(holds);
    if (found) found.click();
    return !!found;";

/// Scrolls to the end, and answers whether the page has grown after a little while.
const SCROLL: &str = r"
    const done = arguments[0];
    const height = () => document.scrollingElement ? document.scrollingElement.scrollHeight : 0;
    const before = height();
    window.scrollTo(0, before);
    let looks = 0;
    const timer = setInterval(() => {
        const grown = height() > before;
        if (grown || ++looks >= 10) { clearInterval(timer); done(grown); }
    }, 50);";

impl Lease {
    /// Types into the first element that matches, in place of what stands there, as keys would.
    pub async fn type_into(&mut self, selector: &str, text: &str, enter: bool) -> Result<(), PageError> {
        let client = self.browser()?.client.clone();
        let element = self.command(async { client.find(Locator::Css(selector)).await }).await?;
        self.command(async { element.clear().await }).await?;
        let mut keys = text.to_owned();
        if enter {
            keys.push(char::from(Key::Enter));
        }
        self.command(async { element.send_keys(&keys).await }).await
    }

    /// Clicks the first element that matches and has `text` among its words; whether there was one.
    pub async fn click_one(&mut self, selector: &str, text: Option<&str>) -> Result<bool, PageError> {
        let answer = self.script(CLICK_ONE, vec![json!(selector), json!(text)]).await?;
        Ok(answer.as_bool().unwrap_or_default())
    }

    /// Scrolls to the end, again for as long as the page grows, at most so many times; how often it grew.
    pub async fn scroll_to_end(&mut self, most: u32) -> Result<u32, PageError> {
        for times in 0..most {
            let client = self.browser()?.client.clone();
            let grown = self.command(async { client.execute_async(SCROLL, Vec::new()).await }).await?;
            if grown.as_bool() != Some(true) {
                return Ok(times);
            }
        }
        Ok(most)
    }
}
