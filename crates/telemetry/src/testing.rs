//! Tracing for tests: real trace ids, lines captured by the test runner. May be called any number of times.

use crate::json;
use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::trace::SdkTracerProvider;
use std::sync::Once;
use tracing_subscriber::{EnvFilter, Layer, Registry, layer::SubscriberExt};

static STARTED: Once = Once::new();

/// Spans get ids as in a service. `RUST_LOG` decides what is printed; warnings without it.
pub fn init() {
    STARTED.call_once(|| {
        let provider = SdkTracerProvider::builder().build();
        let shown = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
        let lines = tracing_subscriber::fmt::layer().with_test_writer().with_filter(shown);
        let subscriber =
            Registry::default().with(tracing_opentelemetry::layer().with_tracer(provider.tracer("test"))).with(lines);
        // Somebody else's subscriber in the same test process is as good.
        let _ = json::set_global(subscriber.into());
    });
}
