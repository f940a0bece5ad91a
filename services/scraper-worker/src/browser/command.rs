//! Commands fantoccini does not have, and what its errors mean to us.

use super::error::PageError;
use fantoccini::{
    error::{CmdError, ErrorStatus},
    wd::WebDriverCompatibleCommand,
};
use serde_json::json;
use std::time::Duration;

/// Takes what the browser's network log has gathered since it was last taken.
#[derive(Debug)]
pub(super) struct DriverLog;

impl WebDriverCompatibleCommand for DriverLog {
    fn endpoint(&self, base: &url::Url, session: Option<&str>) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/se/log", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _url: &url::Url) -> (http::Method, Option<String>) {
        (http::Method::POST, Some(json!({ "type": "performance" }).to_string()))
    }
}

/// Runs before the scripts of every document: no page hears that it is left. One that then does not let itself be left
/// would be the next page's trouble. Ours is the first listener of all, and the last that is called.
const UNHEARD: &str = "
    for (const type of ['beforeunload', 'visibilitychange', 'pagehide', 'unload', 'freeze'])
        addEventListener(type, event => event.stopImmediatePropagation(), true);";

/// Lets [`UNHEARD`] run in every document of the window.
#[derive(Debug)]
pub(super) struct LeaveUnheard;

impl WebDriverCompatibleCommand for LeaveUnheard {
    fn endpoint(&self, base: &url::Url, session: Option<&str>) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/goog/cdp/execute", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _url: &url::Url) -> (http::Method, Option<String>) {
        let body = json!({ "cmd": "Page.addScriptToEvaluateOnNewDocument", "params": { "source": UNHEARD } });
        (http::Method::POST, Some(body.to_string()))
    }
}

pub(super) fn classify(error: &CmdError, limit: Duration) -> PageError {
    let CmdError::Standard(standard) = error else { return PageError::Browser(error.to_string()) };
    let message = first_line(&standard.message);
    match standard.error {
        ErrorStatus::Timeout | ErrorStatus::ScriptTimeout => PageError::TimedOut(limit),
        ErrorStatus::JavascriptError
        | ErrorStatus::InvalidSelector
        | ErrorStatus::InvalidElementState
        | ErrorStatus::InvalidArgument
        | ErrorStatus::NoSuchElement
        | ErrorStatus::StaleElementReference => PageError::Refused(message),
        ErrorStatus::UnexpectedAlertOpen => PageError::Stubborn(message),
        _ if message.contains("net::ERR_ABORTED") => PageError::NoDocument,
        _ if message.contains("net::ERR_") => PageError::Unreachable(message),
        _ => PageError::Browser(message),
    }
}

fn first_line(message: &str) -> String {
    message.lines().next().unwrap_or_default().chars().take(300).collect()
}
