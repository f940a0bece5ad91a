//! `ETag` and `If-Match` of a review that its author edits: both name the revision.

use crate::ApiError;
use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{self, ETag, EntityTag, Header, IfMatch, TryIntoHeaderValue},
};
use rmu_web::{ErrorCode, Problem};

pub(crate) fn tag(revision: u32) -> EntityTag {
    EntityTag::new_strong(revision.to_string())
}

/// The answer, with the tag of the revision that it shows.
pub(crate) fn tagged(mut response: HttpResponse, revision: u32) -> HttpResponse {
    if let Ok(value) = ETag(tag(revision)).try_into_value() {
        response.headers_mut().insert(header::ETAG, value);
    }
    response
}

/// The revision that a client saw and means to change; `None` when it means whatever is there.
pub(crate) fn expected(request: &HttpRequest) -> Result<Option<u32>, ApiError> {
    if !request.headers().contains_key(header::IF_MATCH) {
        return Ok(None);
    }
    let unknown = || Problem::new(ErrorCode::PreconditionFailed, "If-Match names no revision of this review.");
    match IfMatch::parse(request) {
        Ok(IfMatch::Any) => Ok(None),
        // Several would mean that the client does not know which it saw.
        Ok(IfMatch::Items(tags)) => match tags.as_slice() {
            [one] if !one.weak => Ok(Some(one.tag().parse().map_err(|_| unknown())?)),
            _ => Err(unknown().into()),
        },
        Err(_) => Err(unknown().into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn read(value: &str) -> Option<Option<u32>> {
        expected(&TestRequest::default().insert_header((header::IF_MATCH, value)).to_http_request()).ok()
    }

    #[test]
    fn names_a_revision_or_nothing() {
        assert_eq!(expected(&TestRequest::default().to_http_request()).ok(), Some(None));
        assert_eq!(read("*"), Some(None));
        assert_eq!(read(&tag(7).to_string()), Some(Some(7)));
        for wrong in ["W/\"7\"", "\"7\", \"8\"", "\"x\"", "7", "", "\"-1\"", "\"99999999999\""] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
