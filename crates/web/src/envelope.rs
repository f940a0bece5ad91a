//! What every success looks like: `{"success": true, "data": …, "meta": …}`.

use crate::{Problem, etag};
use actix_web::{
    HttpRequest, HttpResponse, Responder, ResponseError,
    body::BoxBody,
    http::{StatusCode, header},
};
use serde::Serialize;
use utoipa::ToSchema;

/// An answer. Status 200 unless [`Data::with_status`] says otherwise.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Data<T> {
    /// Always `true`.
    pub success: bool,
    pub data: T,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub meta: Option<Meta>,
    #[serde(skip)]
    #[schema(ignore)]
    status: Option<u16>,
    #[serde(skip)]
    #[schema(ignore)]
    location: Option<String>,
    #[serde(skip)]
    #[schema(ignore)]
    cache_control: Option<&'static str>,
}

/// What is to be said about an answer besides itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Meta {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page: Option<Page>,
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Page {
    pub limit: u32,
    /// Give it back as `cursor` for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
    /// `"37"`, or `"1000+"`: totals are exact to 1000.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<String>,
}

/// Totals are counted to here and not further.
pub const TOTAL_CAP: u64 = 1000;

impl Page {
    pub fn new(limit: u32, next_cursor: Option<String>) -> Self {
        Self { limit, next_cursor, total: None }
    }

    /// `counted` may stop at anything above [`TOTAL_CAP`].
    #[must_use]
    pub fn with_total(mut self, counted: u64) -> Self {
        self.total = Some(if counted > TOTAL_CAP { format!("{TOTAL_CAP}+") } else { counted.to_string() });
        self
    }
}

impl<T: Serialize> Data<T> {
    pub fn new(data: T) -> Self {
        Self { success: true, data, meta: None, status: None, location: None, cache_control: None }
    }

    /// 201 with the address of what was created.
    pub fn created(data: T, location: impl Into<String>) -> Self {
        Self { location: Some(location.into()), ..Self::new(data).with_status(StatusCode::CREATED) }
    }

    /// 202: taken, not done.
    pub fn accepted(data: T) -> Self {
        Self::new(data).with_status(StatusCode::ACCEPTED)
    }

    #[must_use]
    pub fn with_status(mut self, status: StatusCode) -> Self {
        self.status = Some(status.as_u16());
        self
    }

    #[must_use]
    pub fn with_page(mut self, page: Page) -> Self {
        self.meta.get_or_insert_default().page = Some(page);
        self
    }

    /// Caches may keep it as `value` says; without this nobody may.
    #[must_use]
    pub fn with_cache_control(mut self, value: &'static str) -> Self {
        self.cache_control = Some(value);
        self
    }

    /// The answer to a read: with an `ETag`, and 304 when the client has this very answer already.
    pub fn or_not_modified(self, request: &HttpRequest) -> HttpResponse {
        let cache_control = self.cache_control.unwrap_or("no-cache");
        match serde_json::to_vec(&self) {
            Ok(bytes) => etag::respond(request, "application/json", cache_control, bytes),
            Err(error) => Problem::internal(error).error_response(),
        }
    }

    /// The answer to a read as it is sent, for whoever keeps it: see [`answer_read`].
    pub fn into_bytes(self) -> Result<Vec<u8>, Problem> {
        serde_json::to_vec(&self).map_err(Problem::internal)
    }

    pub fn into_response(self) -> HttpResponse {
        let bytes = match serde_json::to_vec(&self) {
            Ok(bytes) => bytes,
            Err(error) => return Problem::internal(error).error_response(),
        };
        let status = self.status.and_then(|number| StatusCode::from_u16(number).ok()).unwrap_or(StatusCode::OK);
        let mut response = HttpResponse::build(status);
        response.content_type("application/json");
        response.insert_header((header::CACHE_CONTROL, self.cache_control.unwrap_or("no-store")));
        if let Some(location) = self.location {
            response.insert_header((header::LOCATION, location));
        }
        response.body(bytes)
    }
}

/// Answers a read with bytes of [`Data::into_bytes`], as [`Data::or_not_modified`] does.
pub fn answer_read(request: &HttpRequest, bytes: Vec<u8>) -> HttpResponse {
    etag::respond(request, "application/json", "no-cache", bytes)
}

impl<T: Serialize> Responder for Data<T> {
    type Body = BoxBody;

    fn respond_to(self, _request: &HttpRequest) -> HttpResponse {
        self.into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_are_exact_to_a_thousand() {
        assert_eq!(Page::new(20, None).with_total(1000).total.as_deref(), Some("1000"));
        assert_eq!(Page::new(20, None).with_total(1001).total.as_deref(), Some("1000+"));
    }

    #[test]
    fn the_envelope_says_success() {
        let data = Data::new(vec![1]).with_page(Page::new(1, Some("c".into())));
        let json = serde_json::to_value(&data).unwrap();
        assert_eq!(
            json,
            serde_json::json!({"success": true, "data": [1], "meta": {"page": {"limit": 1, "nextCursor": "c"}}})
        );
        assert_eq!(Data::created(1, "/x").into_response().status(), StatusCode::CREATED);
    }
}
