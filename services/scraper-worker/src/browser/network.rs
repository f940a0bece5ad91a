//! What the browser's network log tells of a page: what is still being asked for, and how the last document was answered.

use serde_json::Value;
use std::collections::HashSet;

/// What the content of a document may come from or wait for. Not pictures and the like, which show nothing that is read,
/// nor connections that are never meant to end.
const AWAITED: [&str; 4] = ["Stylesheet", "Script", "XHR", "Fetch"];

/// How the site answered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Response {
    pub status: Option<u16>,
    /// In whatever form the site wrote it.
    pub retry_after: Option<String>,
}

/// What the log has told so far. It is taken piece by piece, and most pages are read without a look at it.
#[derive(Debug, Default)]
pub(super) struct Network {
    /// The frame that is the page itself. The first thing that a browser is told to open stands in it.
    page: Option<String>,
    /// The request of its document. With a change of process its end goes untold now and then.
    document: Option<String>,
    /// Of what else is awaited, by the browser's numbers. One whose end was not told stays until another document is
    /// asked for: the page counts as waiting for it.
    under_way: HashSet<String>,
    last_document: Option<Response>,
}

impl Network {
    /// Goes on with what the log has gathered since it was last taken.
    pub(super) fn read_on(&mut self, log: &Value) {
        for entry in log.as_array().into_iter().flatten() {
            self.take_in(entry);
        }
    }

    /// The document asks for nothing that its content may come from.
    pub(super) fn is_quiet(&self) -> bool {
        self.under_way.is_empty()
    }

    /// Nothing more of the document comes, whether it was all or not.
    pub(super) fn has_document_ended(&self) -> bool {
        self.document.is_none()
    }

    /// The answer to the last document since this was last asked.
    pub(super) fn take_response(&mut self) -> Option<Response> {
        self.last_document.take()
    }

    fn take_in(&mut self, entry: &Value) -> Option<()> {
        let text = entry.get("message")?.as_str()?;
        // Most of the log is of other things, and large.
        if !text.contains("Network.requestWillBeSent")
            && !text.contains("Network.loading")
            && !text.contains("Network.responseReceived")
        {
            return None;
        }
        let event: Value = serde_json::from_str(text).ok()?;
        let params = event.pointer("/message/params")?;
        let kind = params.get("type").and_then(Value::as_str).unwrap_or_default();
        let number = || params.get("requestId").and_then(Value::as_str);
        match event.pointer("/message/method")?.as_str()? {
            "Network.requestWillBeSent" if kind == "Document" => {
                let frame = params.get("frameId")?.as_str()?;
                if self.page.get_or_insert_with(|| frame.to_owned()) == frame {
                    self.document = Some(number()?.to_owned());
                    self.under_way.clear();
                }
            }
            "Network.requestWillBeSent" if AWAITED.contains(&kind) => {
                self.under_way.insert(number()?.to_owned());
            }
            "Network.loadingFinished" | "Network.loadingFailed" => {
                let ended = number()?;
                self.under_way.remove(ended);
                self.document.take_if(|document| document == ended);
            }
            "Network.responseReceived" if kind == "Document" => {
                self.last_document = Some(response(params.get("response")?)?);
            }
            _ => {}
        }
        Some(())
    }
}

fn response(told: &Value) -> Option<Response> {
    let headers = told.get("headers").and_then(Value::as_object)?;
    let retry_after = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("retry-after"));
    Some(Response {
        status: told.get("status").and_then(Value::as_u64).and_then(|status| u16::try_from(status).ok()),
        retry_after: retry_after.and_then(|(_, value)| value.as_str().map(str::to_owned)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn entry(method: &str, params: &Value) -> Value {
        let event = json!({ "message": { "method": method, "params": params } });
        json!({ "message": event.to_string() })
    }

    fn answered(kind: &str, headers: &Value) -> Value {
        let response = json!({ "status": 429, "headers": headers });
        entry("Network.responseReceived", &json!({ "type": kind, "response": response }))
    }

    fn asked(kind: &str, number: &str, frame: &str) -> Value {
        entry("Network.requestWillBeSent", &json!({ "type": kind, "requestId": number, "frameId": frame }))
    }

    fn ended(how: &str, number: &str) -> Value {
        entry(&format!("Network.loading{how}"), &json!({ "requestId": number }))
    }

    #[test]
    fn the_header_of_the_last_document_counts() {
        let mut network = Network::default();
        network.read_on(&json!([
            answered("Document", &json!({ "Retry-After": "1" })),
            answered("Document", &json!({ "retry-after": "30" })),
            answered("Image", &json!({ "Retry-After": "7" })),
        ]));
        let response = network.take_response().unwrap();
        assert_eq!(response, Response { status: Some(429), retry_after: Some("30".into()) });
        assert_eq!(network.take_response(), None, "it was told once");
        network.read_on(&json!([answered("Document", &json!({}))]));
        assert_eq!(network.take_response().unwrap().retry_after, None);
        network.read_on(&json!("nonsense"));
        assert_eq!(network.take_response(), None);
    }

    #[test]
    fn what_was_asked_for_is_under_way_until_it_ends_one_way_or_the_other() {
        let mut network = Network::default();
        network.read_on(&json!([
            asked("Document", "1", "page"),
            asked("Script", "2", "page"),
            asked("Fetch", "3", "page"),
            asked("Image", "4", "page"),
            asked("Document", "5", "frame"),
            ended("Finished", "1"),
            ended("Failed", "2"),
        ]));
        assert!(network.has_document_ended(), "a document within the document is another");
        assert!(!network.is_quiet(), "the content may still come");
        network.read_on(&json!([ended("Finished", "3")]));
        assert!(network.is_quiet(), "a picture is nothing to wait for");
    }

    #[test]
    fn what_is_sent_on_to_another_address_is_one_request() {
        let mut network = Network::default();
        network.read_on(&json!([asked("XHR", "1", "page"), asked("XHR", "1", "page"), ended("Finished", "1")]));
        assert!(network.is_quiet());
    }

    #[test]
    fn with_another_document_nothing_of_the_one_before_is_awaited() {
        let mut network = Network::default();
        network.read_on(&json!([asked("Document", "1", "page"), asked("XHR", "2", "page")]));
        network.read_on(&json!([asked("Document", "3", "page")]));
        assert!(network.is_quiet() && !network.has_document_ended());
        network.read_on(&json!([ended("Finished", "1")]));
        assert!(!network.has_document_ended(), "that was the end of another");
        network.read_on(&json!([ended("Failed", "3")]));
        assert!(network.has_document_ended());
    }
}
