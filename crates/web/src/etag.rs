//! `ETag` and `If-None-Match` for reads.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{self, ETag, EntityTag, IfNoneMatch},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

/// A weak tag of `bytes`: compression on the way may change the bytes, not what they say.
pub fn tag_of(bytes: &[u8]) -> EntityTag {
    let digest = Sha256::digest(bytes);
    EntityTag::new_weak(URL_SAFE_NO_PAD.encode(&digest[..16]))
}

/// 304 when the client has `bytes` already, else 200 with them.
pub fn respond(request: &HttpRequest, content_type: &str, cache_control: &str, bytes: Vec<u8>) -> HttpResponse {
    let tag = tag_of(&bytes);
    let mut response = if has_already(request, &tag) { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response.insert_header(ETag(tag.clone())).insert_header((header::CACHE_CONTROL, cache_control));
    if has_already(request, &tag) { response.finish() } else { response.content_type(content_type).body(bytes) }
}

/// Whether `If-None-Match` names `tag`. A header that cannot be read names nothing.
pub fn has_already(request: &HttpRequest, tag: &EntityTag) -> bool {
    match header::Header::parse(request) {
        Ok(IfNoneMatch::Any) => request.headers().contains_key(header::IF_NONE_MATCH),
        Ok(IfNoneMatch::Items(tags)) => tags.iter().any(|known| known.weak_eq(tag)),
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::{http::StatusCode, test::TestRequest};

    fn answer(if_none_match: Option<&str>) -> HttpResponse {
        let mut request = TestRequest::default();
        if let Some(value) = if_none_match {
            request = request.insert_header((header::IF_NONE_MATCH, value));
        }
        respond(&request.to_http_request(), "text/plain", "no-cache", b"same".to_vec())
    }

    #[test]
    fn what_the_client_has_is_not_sent_again() {
        let first = answer(None);
        assert_eq!(first.status(), StatusCode::OK);
        let tag = first.headers().get(header::ETAG).unwrap().to_str().unwrap().to_owned();
        assert_eq!(answer(Some(&tag)).status(), StatusCode::NOT_MODIFIED);
        assert_eq!(answer(Some(&format!("\"x\", {tag}"))).status(), StatusCode::NOT_MODIFIED);
        assert_eq!(answer(Some("\"other\"")).status(), StatusCode::OK);
        assert_eq!(answer(Some("not a tag")).status(), StatusCode::OK);
    }
}
