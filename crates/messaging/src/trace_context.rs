//! W3C trace context over AMQP: out of the current span into a message, and out of a message into a span.

use rmu_telemetry::context;
use tracing::Span;

/// The headers `traceparent` and `tracestate` of a message. A row of an outbox keeps them beside the payload,
/// so that a message sent minutes later still belongs to the trace of the request that caused it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TraceHeaders {
    pub traceparent: Option<String>,
    pub tracestate: Option<String>,
}

/// The context of the current span; empty when nothing is traced.
pub fn current() -> TraceHeaders {
    let mut carrier = context::inject_current();
    TraceHeaders { traceparent: carrier.remove("traceparent"), tracestate: carrier.remove("tracestate") }
}

/// Makes `span` a child of the remote span that `headers` name. Must happen before the span is entered;
/// headers that are no trace context are ignored.
pub fn set_parent(span: &Span, headers: &TraceHeaders) {
    context::set_parent(span, |name| match name {
        "traceparent" => headers.traceparent.clone(),
        "tracestate" => headers.tracestate.clone(),
        _ => None,
    });
}
