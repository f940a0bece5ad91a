//! Commands fantoccini does not have, and what its errors mean to us.

use super::error::PageError;
use fantoccini::{
    error::{CmdError, ErrorStatus},
    wd::WebDriverCompatibleCommand,
};
use serde_json::{Value, json};
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

/// How the site answered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Response {
    pub status: Option<u16>,
    /// In whatever form the site wrote it.
    pub retry_after: Option<String>,
}

/// The answer to the last document in the network log.
pub(super) fn last_response(log: &Value) -> Option<Response> {
    log.as_array()?.iter().rev().find_map(|entry| {
        let text = entry.get("message")?.as_str()?;
        if !text.contains("Network.responseReceived") {
            return None;
        }
        let event: Value = serde_json::from_str(text).ok()?;
        let is = |path: &str, wanted: &str| event.pointer(path).and_then(Value::as_str) == Some(wanted);
        if !is("/message/method", "Network.responseReceived") || !is("/message/params/type", "Document") {
            return None;
        }
        let response = event.pointer("/message/params/response")?;
        let headers = response.get("headers").and_then(Value::as_object)?;
        let retry_after = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("retry-after"));
        Some(Response {
            status: response.get("status").and_then(Value::as_u64).and_then(|status| u16::try_from(status).ok()),
            retry_after: retry_after.and_then(|(_, value)| value.as_str().map(str::to_owned)),
        })
    })
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

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(kind: &str, headers: &Value) -> Value {
        let event = json!({ "message": {
            "method": "Network.responseReceived",
            "params": { "type": kind, "response": { "status": 429, "headers": headers } },
        }});
        json!({ "message": event.to_string() })
    }

    #[test]
    fn the_header_of_the_last_document_counts() {
        let log = json!([
            entry("Document", &json!({ "Retry-After": "1" })),
            entry("Document", &json!({ "retry-after": "30" })),
            entry("Image", &json!({ "Retry-After": "7" })),
        ]);
        let response = last_response(&log).unwrap();
        assert_eq!(response, Response { status: Some(429), retry_after: Some("30".into()) });
        assert_eq!(last_response(&json!([entry("Document", &json!({}))])).unwrap().retry_after, None);
        assert_eq!(last_response(&json!("nonsense")), None);
    }
}
