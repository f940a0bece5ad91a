//! `Idempotency-Key` on POSTs that create work. What was answered to a key is kept by the catalogue.

use crate::Problem;
use actix_web::{FromRequest, HttpRequest, dev::Payload};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::future::{Ready, ready};

const HEADER: &str = "idempotency-key";
const MAX_LENGTH: usize = 200;

/// The key of a request, if the client sent one. Keep it together with who sent it: keys of two people are
/// never the same key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey(pub Option<String>);

impl FromRequest for IdempotencyKey {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        ready(read(request))
    }
}

fn read(request: &HttpRequest) -> Result<IdempotencyKey, Problem> {
    let mut values = request.headers().get_all(HEADER);
    let Some(value) = values.next() else { return Ok(IdempotencyKey(None)) };
    let refused = || {
        let expected = format!("must be 1 to {MAX_LENGTH} visible ASCII characters, once");
        Problem::invalid_parameter("Idempotency-Key", expected)
    };
    if values.next().is_some() {
        return Err(refused());
    }
    let key = value.to_str().map_err(|_| refused())?;
    if key.is_empty() || key.len() > MAX_LENGTH || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(refused());
    }
    Ok(IdempotencyKey(Some(key.to_owned())))
}

/// What tells two requests with one key apart: the same request gives the same text.
pub fn fingerprint(route: &str, body: &impl Serialize) -> Result<String, Problem> {
    let bytes = serde_json::to_vec(body).map_err(Problem::internal)?;
    let digest = Sha256::new().chain_update(route).chain_update([0]).chain_update(bytes).finalize();
    Ok(URL_SAFE_NO_PAD.encode(digest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn a_key_is_one_visible_word() {
        let with = |key: &'static str| TestRequest::default().insert_header((HEADER, key)).to_http_request();
        assert_eq!(read(&TestRequest::default().to_http_request()).unwrap().0, None);
        assert_eq!(read(&with("a-1")).unwrap().0.as_deref(), Some("a-1"));
        assert!(read(&with("")).is_err() && read(&with("a b")).is_err());
        let twice = TestRequest::default().append_header((HEADER, "a")).append_header((HEADER, "b"));
        assert!(read(&twice.to_http_request()).is_err());
    }

    #[test]
    fn the_fingerprint_follows_route_and_body() {
        let one = fingerprint("POST /a", &[1, 2]).unwrap();
        assert_eq!(one, fingerprint("POST /a", &[1, 2]).unwrap());
        assert_ne!(one, fingerprint("POST /b", &[1, 2]).unwrap());
        assert_ne!(one, fingerprint("POST /a", &[1, 3]).unwrap());
    }
}
