//! The outermost middleware: what is true of every request, whatever its route.

use crate::{
    ErrorCode, Lifecycle, Problem, RequestId, TrustedProxies, lifecycle::Phase, request_id, security_headers, trace,
};
use actix_web::{
    Error, HttpMessage, HttpRequest, ResponseError,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        Method, StatusCode,
        header::{self, HeaderValue},
    },
    middleware::Next,
    web,
};
use std::time::{Duration, Instant};
use tracing::Instrument;

const HEADERS_LIMIT: usize = 16 * 1024;
const URI_LIMIT: usize = 8 * 1024;

/// What the middleware needs to know. Put it into `app_data` as `web::Data<Edge>`.
#[derive(Debug, Clone)]
pub struct Edge {
    pub lifecycle: Lifecycle,
    pub proxies: TrustedProxies,
    /// TLS ends in front of us and nowhere else: tell browsers never to come without it.
    pub https_only: bool,
}

/// Gives the request its id, trace and client address, refuses what is too large and what comes too late, and
/// finishes the answer's headers. For `App::wrap(actix_web::middleware::from_fn(edge))`.
pub async fn edge<B: MessageBody + 'static>(
    edge: web::Data<Edge>,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let started = Instant::now();
    let in_flight = edge.lifecycle.enter();
    let given = request.headers().get(request_id::HEADER).and_then(|value| value.to_str().ok());
    let id = RequestId::from_header(given);
    let span = trace::root_span(&request, id.as_str());
    let method = request.method().clone();
    request.extensions_mut().insert(id.clone());
    request.extensions_mut().insert(edge.proxies.client_of(&request));

    let mut response = request_id::scope(id.clone(), answer(&edge, request, next)).instrument(span.clone()).await?;
    let route = route_of(response.request());
    let status = response.status();
    trace::record_end(&span, method.as_str(), &route, status.as_u16());
    span.in_scope(|| record(&method, &route, status, started.elapsed()));
    finish_headers(&edge, &id, &mut response);
    // The guard lives as long as the body: a stream that is still sent is in flight.
    Ok(response.map_body(move |_, body| BoxBody::new(in_flight.hold(body))))
}

async fn answer<B: MessageBody + 'static>(
    edge: &Edge,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    if let Err(problem) = admit(edge, &request) {
        return Ok(request.into_response(problem.error_response()));
    }
    next.call(request).await.map(ServiceResponse::map_into_boxed_body)
}

fn admit(edge: &Edge, request: &ServiceRequest) -> Result<(), Problem> {
    if edge.lifecycle.phase() >= Phase::Refusing {
        return Err(Problem::new(ErrorCode::ShuttingDown, "This copy is stopping; another will answer."));
    }
    if request.uri().to_string().len() > URI_LIMIT {
        return Err(Problem::new(ErrorCode::UriTooLong, "The address has more than 8 KiB."));
    }
    let size: usize = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    if size > HEADERS_LIMIT {
        return Err(Problem::new(ErrorCode::HeadersTooLarge, "The headers have more than 16 KiB."));
    }
    Ok(())
}

/// The template, never the path: metrics with a name per unit would grow without end.
fn route_of(request: &HttpRequest) -> String {
    request.match_pattern().unwrap_or_else(|| "unmatched".to_owned())
}

/// Reads that succeed are told by metrics and traces; lines are for what changed something or failed.
fn record(method: &Method, route: &str, status: StatusCode, elapsed: Duration) {
    let labels = [
        ("method", metric_method(method).to_owned()),
        ("route", route.to_owned()),
        ("status", status.as_u16().to_string()),
    ];
    metrics::counter!("rmu_http_requests_total", &labels).increment(1);
    metrics::histogram!("rmu_http_request_duration_seconds", &labels[..2]).record(elapsed.as_secs_f64());
    let (status, ms) = (status.as_u16(), u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX));
    if status >= 500 {
        tracing::warn!(%method, route, status, duration_ms = ms, "request failed");
    } else if *method != Method::GET && *method != Method::HEAD && *method != Method::OPTIONS {
        tracing::info!(%method, route, status, duration_ms = ms, "request");
    } else {
        tracing::debug!(%method, route, status, duration_ms = ms, "request");
    }
}

/// A method is free text in HTTP; as a label it must be one of few.
fn metric_method(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}

fn finish_headers<B>(edge: &Edge, id: &RequestId, response: &mut ServiceResponse<B>) {
    let stopping = edge.lifecycle.phase() > Phase::Serving;
    security_headers::apply(response.headers_mut(), edge.https_only);
    if let Ok(value) = HeaderValue::from_str(id.as_str()) {
        response.headers_mut().insert(header::HeaderName::from_static(request_id::HEADER), value);
    }
    if stopping {
        // Kept-alive connections wind down while this copy still answers, so that none is cut with a request in it.
        response.response_mut().head_mut().set_connection_type(actix_http::ConnectionType::Close);
    }
}
