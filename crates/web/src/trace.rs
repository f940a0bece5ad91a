//! The span of a request, a child of whatever trace the client brought.

use actix_web::{dev::ServiceRequest, http::header::HeaderMap};
use rmu_telemetry::context;
use tracing::{Span, field::Empty};

/// actix has `http` 0.2, which no OpenTelemetry crate carries over: hence a carrier of our own.
fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

/// The span around everything that happens for `request`. Route and status are known only at the end.
pub(crate) fn root_span(request: &ServiceRequest, request_id: &str) -> Span {
    let span = tracing::info_span!(
        "http_request",
        otel.kind = "server",
        otel.name = Empty,
        http.request.method = %request.method(),
        http.route = Empty,
        http.response.status_code = Empty,
        request_id,
    );
    context::set_parent(&span, |name| text(request.headers(), name));
    span
}

pub(crate) fn record_end(span: &Span, method: &str, route: &str, status: u16) {
    span.record("otel.name", format!("{method} {route}"));
    span.record("http.route", route);
    span.record("http.response.status_code", status);
}
