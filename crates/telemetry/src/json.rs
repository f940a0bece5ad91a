//! The JSON log line: the event's fields at the top, the spans' fields under `span`, and the trace it belongs to.

use json_subscriber::JsonLayer;
use opentelemetry::trace::TraceContextExt;
use std::{io, sync::OnceLock};
use tracing::{
    Dispatch, Subscriber,
    dispatcher::{self, SetGlobalDefaultError, WeakDispatch},
};
use tracing_subscriber::{fmt::MakeWriter, registry::LookupSpan};

/// The subscriber in force, for the ids below. Asking `tracing` for it from inside an event may answer "none",
/// because it guards against loops.
static CURRENT: OnceLock<WeakDispatch> = OnceLock::new();

pub(crate) fn set_global(dispatch: Dispatch) -> Result<(), SetGlobalDefaultError> {
    let weak = dispatch.downgrade();
    dispatcher::set_global_default(dispatch)?;
    let _ = CURRENT.set(weak);
    Ok(())
}

pub(crate) fn layer<S, W>(service: &'static str, writer: W) -> JsonLayer<S, W>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    W: for<'writer> MakeWriter<'writer> + Send + Sync + 'static,
{
    let mut layer = JsonLayer::new(io::stdout).with_writer(writer);
    layer.with_timer("timestamp", tracing_subscriber::fmt::time::SystemTime);
    layer.with_level("level");
    layer.with_target("target");
    layer.add_static_field("service", service.into());
    layer.with_flattened_event();
    layer.with_flattened_span_fields("span");
    layer.add_multiple_dynamic_fields(|event, context, line| {
        let Some(span) = context.event_span(event) else { return };
        let Some(dispatch) = CURRENT.get().and_then(WeakDispatch::upgrade) else { return };
        let Some(found) = tracing_opentelemetry::get_otel_context(&span.id(), &dispatch) else { return };
        let found = found.span().span_context().clone();
        if found.is_valid() {
            // A line without ids is better than no line.
            let _ = line.write_field("trace_id", found.trace_id().to_string());
            let _ = line.write_field("span_id", found.span_id().to_string());
        }
    });
    layer
}
