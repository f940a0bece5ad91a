//! The body of a request as JSON: at most 64 KiB, within ten seconds, without NUL.

use super::refusal;
use crate::{ErrorCode, Problem};
use actix_web::{FromRequest, HttpMessage, HttpRequest, dev::Payload, web::BytesMut};
use futures_util::{StreamExt, future::LocalBoxFuture};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::time::Duration;

/// The largest body of any request.
pub const BODY_LIMIT: usize = 64 * 1024;
/// A body that trickles in holds a connection; the server's own limit ends with the head.
const ARRIVAL_LIMIT: Duration = Duration::from_secs(10);

/// A body of type `T`.
#[derive(Debug, Clone)]
pub struct Json<T>(pub T);

impl<T> Json<T> {
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T: DeserializeOwned + 'static> FromRequest for Json<T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let payload = payload.take();
        let announced = request.headers().get("content-length").and_then(|length| length.to_str().ok()?.parse().ok());
        let media_type = request.content_type().to_owned();
        Box::pin(async move {
            if announced.is_some_and(|length: usize| length > BODY_LIMIT) {
                return Err(too_large());
            }
            // The body is read even when its type is wrong, so that the connection stays usable.
            let body = tokio::time::timeout(ARRIVAL_LIMIT, collect(payload)).await.map_err(|_| too_slow())??;
            if media_type != "application/json" && !media_type.ends_with("+json") {
                let detail = "Send JSON, with Content-Type: application/json.";
                return Err(Problem::new(ErrorCode::UnsupportedMediaType, detail));
            }
            parse(&body).map(Self)
        })
    }
}

/// A body that may be left out altogether. One that is there is understood or refused.
#[derive(Debug, Clone)]
pub struct OptionalJson<T>(pub Option<T>);

impl<T: DeserializeOwned + 'static> FromRequest for OptionalJson<T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let headers = request.headers();
        let empty = headers.get("content-length").is_none_or(|length| length == "0");
        if empty && !headers.contains_key("transfer-encoding") {
            return Box::pin(async { Ok(Self(None)) });
        }
        let body = Json::<T>::from_request(request, payload);
        Box::pin(async move { body.await.map(|Json(value)| Self(Some(value))) })
    }
}

async fn collect(mut payload: Payload) -> Result<BytesMut, Problem> {
    let mut body = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| Problem::new(ErrorCode::BadRequest, "The body could not be read."))?;
        if body.len() + chunk.len() > BODY_LIMIT {
            return Err(too_large());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let text = std::str::from_utf8(body).map_err(|_| unreadable("is not valid UTF-8"))?;
    let value: Value = serde_json::from_str(text).map_err(|error| {
        let place = format!("is not JSON: something is wrong at line {}, column {}", error.line(), error.column());
        unreadable(if text.trim().is_empty() { "is empty" } else { &place })
    })?;
    if !value.is_object() {
        // A list would otherwise be read as the fields in their order, which nobody promised.
        return Err(Problem::invalid("body", "must be an object"));
    }
    if let Some(field) = refusal::find_nul(&value, "") {
        return Err(Problem::invalid(field, "must not contain NUL"));
    }
    serde_path_to_error::deserialize(value).map_err(|error| {
        let (field, detail) = refusal::explain(error.path(), &error.inner().to_string());
        Problem::invalid(field, detail)
    })
}

fn unreadable(detail: &str) -> Problem {
    Problem::new(ErrorCode::BadRequest, format!("The body {detail}.")).with_error("body", detail)
}

fn too_large() -> Problem {
    Problem::new(ErrorCode::PayloadTooLarge, format!("The body has more than {} KiB.", BODY_LIMIT / 1024))
}

fn too_slow() -> Problem {
    Problem::new(ErrorCode::RequestTimeout, "The body took too long to arrive.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::StatusCode;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "camelCase", deny_unknown_fields)]
    #[allow(dead_code, reason = "only parsing is tested")]
    struct Body {
        name: String,
        rating: u8,
        shown_as: Kind,
        #[serde(default)]
        inner: Vec<Inner>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "camelCase")]
    enum Kind {
        One,
        Two,
    }

    #[derive(Debug, Deserialize)]
    #[allow(dead_code, reason = "only parsing is tested")]
    struct Inner {
        id: uuid::Uuid,
    }

    fn refusal(body: &[u8]) -> (StatusCode, String) {
        let problem = parse::<Body>(body).unwrap_err();
        let first = problem.document().errors.remove(0);
        let text = format!("{} {}", first.field, first.detail);
        (problem.status(), text)
    }

    #[test]
    fn every_refusal_names_the_field() {
        let unprocessable = StatusCode::UNPROCESSABLE_ENTITY;
        let cases: [(&[u8], &str); 8] = [
            (br#"{"rating": 1, "shownAs": "one"}"#, "name is required"),
            (
                br#"{"name": "a", "rating": "1", "shownAs": "one"}"#,
                "rating must be a whole number, not negative and not too large",
            ),
            (
                br#"{"name": "a", "rating": 1e400, "shownAs": "one"}"#,
                "body is not JSON: something is wrong at line 1, column 29",
            ),
            (
                br#"{"name": "a", "rating": 256, "shownAs": "one"}"#,
                "rating must be a whole number, not negative and not too large",
            ),
            (br#"{"name": "a", "rating": 1, "shownAs": "three"}"#, "shownAs must be one or two"),
            (br#"{"name": "a\u0000b", "rating": 1, "shownAs": "one"}"#, "name must not contain NUL"),
            (br#"{"name": "a", "rating": 1, "shownAs": "one", "x": 1}"#, "x is not a field of this request"),
            (br#"[]"#, "body must be an object"),
        ];
        for (body, expected) in cases {
            let (status, text) = refusal(body);
            assert_eq!(text, expected);
            assert!(status == unprocessable || text.starts_with("body"), "{status} {text}");
        }
        let (_, text) = refusal(br#"{"name": "a", "rating": 1, "shownAs": "one", "inner": [{"id": 3}]}"#);
        assert!(text.starts_with("inner[0].id must be"), "{text}");
    }

    #[test]
    fn what_is_no_text_or_no_json_is_a_bad_request() {
        for body in [&b"{\"name\": \"\xff\"}"[..], b"", b"{", b"nonsense", &b"[".repeat(5000)] {
            assert_eq!(refusal(body).0, StatusCode::BAD_REQUEST);
        }
    }
}
