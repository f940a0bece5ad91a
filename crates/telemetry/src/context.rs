//! The W3C trace context in and out of anything that maps names to texts.
//!
//! Carriers are built from two closures, because what carries differs: actix has `http` 0.2 headers, AMQP a
//! table of its own values. A parent must be set before the span is first entered; afterwards it does nothing.

use opentelemetry::{
    Context,
    propagation::{Extractor, Injector, TextMapPropagator},
    trace::TraceContextExt,
};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use std::collections::BTreeMap;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// The names that a carrier may have to keep: what [`inject`] sets and [`set_parent`] asks for.
pub const FIELDS: [&str; 2] = ["traceparent", "tracestate"];

struct Setter<F>(F);

impl<F: FnMut(&str, String)> Injector for Setter<F> {
    fn set(&mut self, key: &str, value: String) {
        (self.0)(key, value);
    }
}

/// The trait hands out borrowed texts, so they are collected first; there are two.
struct Found(Vec<(&'static str, String)>);

impl Extractor for Found {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(name, _)| *name == key).map(|(_, value)| value.as_str())
    }

    fn keys(&self) -> Vec<&str> {
        self.0.iter().map(|(name, _)| *name).collect()
    }
}

/// Hands the trace context of `span` to `set`, name by name. Nothing when there is no trace.
pub fn inject(span: &Span, set: impl FnMut(&str, String)) {
    TraceContextPropagator::new().inject_context(&span.context(), &mut Setter(set));
}

/// The trace context of the current span as a map, to be stored or sent.
pub fn inject_current() -> BTreeMap<String, String> {
    let mut headers = BTreeMap::new();
    inject(&Span::current(), |name, value| {
        if !value.is_empty() {
            headers.insert(name.to_owned(), value);
        }
    });
    headers
}

/// Makes what `get` finds the parent of `span`, which must not have been entered yet. Nonsense is ignored: the
/// span then begins a trace of its own.
pub fn set_parent(span: &Span, get: impl Fn(&str) -> Option<String>) {
    let found = Found(FIELDS.into_iter().filter_map(|name| Some((name, get(name)?))).collect());
    let parent: Context = TraceContextPropagator::new().extract_with_context(&Context::new(), &found);
    if parent.span().span_context().is_valid() {
        // The only errors are that tracing is off or the span was entered: no trace, but nothing lost.
        let _ = span.set_parent(parent);
    }
}

/// The trace that `span` belongs to, in hexadecimal.
pub fn trace_id(span: &Span) -> Option<String> {
    let context = span.context();
    let span = context.span();
    let found = span.span_context();
    found.is_valid().then(|| found.trace_id().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn a_trace_goes_through_a_map_and_on() {
        crate::testing::init();
        let span = tracing::info_span!("outer");
        set_parent(&span, |name| (name == "traceparent").then(|| PARENT.to_owned()));
        let _entered = span.enter();
        assert_eq!(trace_id(&span).as_deref(), Some("0af7651916cd43dd8448eb211c80319c"));

        let inner = tracing::info_span!("inner");
        let carried = inner.in_scope(inject_current);
        let traceparent = &carried["traceparent"];
        assert!(traceparent.starts_with("00-0af7651916cd43dd8448eb211c80319c-"), "{traceparent}");
        assert!(!traceparent.contains("b7ad6b7169203331"), "the inner span has an id of its own: {traceparent}");
    }

    #[test]
    fn nonsense_begins_a_new_trace() {
        crate::testing::init();
        for nonsense in ["", "00-zz-xx-01", "00-00000000000000000000000000000000-b7ad6b7169203331-01"] {
            let span = tracing::info_span!("span");
            set_parent(&span, |_| Some(nonsense.to_owned()));
            let _entered = span.enter();
            assert!(trace_id(&span).is_some_and(|id| id != "0".repeat(32)), "{nonsense:?}");
        }
    }
}
