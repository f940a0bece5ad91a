//! Logs, traces and metrics of every service.
//!
//! [`init`] once at the start, [`Telemetry::shutdown`] at the end. Every line is JSON with `trace_id` and
//! `span_id`; spans are exported over OTLP only when an endpoint is set, and nothing that goes wrong there
//! reaches a request. [`context`] carries the W3C trace context over any map of texts: HTTP headers, AMQP tables.

pub mod context;
mod json;
mod metrics;
mod settings;
pub mod testing;

pub use metrics::{PrometheusHandle, install_metrics};
pub use settings::{LogFormat, Settings};

use opentelemetry::{KeyValue, trace::TracerProvider};
use opentelemetry_otlp::WithExportConfig;
use opentelemetry_sdk::{Resource, propagation::TraceContextPropagator, trace::SdkTracerProvider};
use std::time::Duration;
use tracing_subscriber::{EnvFilter, Layer, Registry, layer::SubscriberExt};

/// The longest that the end of a process waits for its last spans.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(3);

/// Why telemetry could not start. Only what an operator can mend: a bad filter, a bad endpoint.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    #[error("LOG_LEVEL cannot be used: {0}")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    #[error("OTEL_EXPORTER_OTLP_ENDPOINT cannot be used: {0}")]
    Exporter(#[from] opentelemetry_otlp::ExporterBuildError),
    #[error("logging was started already")]
    AlreadyStarted,
    #[error("the metrics recorder cannot start: {0}")]
    Metrics(String),
}

/// What runs until [`Telemetry::shutdown`].
#[derive(Debug)]
pub struct Telemetry {
    provider: SdkTracerProvider,
    metrics: PrometheusHandle,
}

/// Starts logs, traces and metrics for `service`. Call it inside the runtime: the exporter needs one.
pub fn init(service: &'static str, settings: &Settings) -> Result<Telemetry, InitError> {
    let filter = EnvFilter::try_new(&settings.level)?;
    let provider = tracer_provider(service, settings)?;
    let spans = tracing_opentelemetry::layer().with_tracer(provider.tracer(service)).with_location(false);
    let lines: Box<dyn Layer<_> + Send + Sync> = match settings.format {
        LogFormat::Json => Box::new(json::layer(service, std::io::stdout)),
        LogFormat::Pretty => Box::new(tracing_subscriber::fmt::layer().with_target(true)),
    };
    let subscriber = Registry::default().with(filter).with(spans).with(lines);
    json::set_global(subscriber.into()).map_err(|_| InitError::AlreadyStarted)?;
    opentelemetry::global::set_text_map_propagator(TraceContextPropagator::new());
    log_panics();
    let metrics = install_metrics()?;
    Ok(Telemetry { provider, metrics })
}

impl Telemetry {
    /// Renders the metrics for `/metrics`.
    pub fn metrics(&self) -> PrometheusHandle {
        self.metrics.clone()
    }

    /// Sends the last spans. The exporter blocks, and its far end may hang, so this happens on a blocking
    /// thread and is given up after three seconds.
    pub async fn shutdown(self) {
        let provider = self.provider;
        let flush = tokio::task::spawn_blocking(move || provider.shutdown_with_timeout(SHUTDOWN_LIMIT));
        match tokio::time::timeout(SHUTDOWN_LIMIT + Duration::from_millis(500), flush).await {
            Ok(Ok(Ok(()))) => {}
            Ok(Ok(Err(error))) => tracing::warn!(%error, "the last spans were not exported"),
            Ok(Err(error)) => tracing::warn!(%error, "the last spans were not exported"),
            Err(_) => tracing::warn!("the last spans were not exported in time"),
        }
    }
}

/// Without an endpoint spans get ids, for the log and for the next service, and go nowhere.
fn tracer_provider(service: &'static str, settings: &Settings) -> Result<SdkTracerProvider, InitError> {
    let resource = Resource::builder()
        .with_service_name(service)
        .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
        .build();
    let builder = SdkTracerProvider::builder().with_resource(resource);
    let Some(endpoint) = &settings.otlp_endpoint else {
        return Ok(builder.build());
    };
    // The batch processor has a bounded queue and drops when it is full: export never slows a request.
    let exporter = opentelemetry_otlp::SpanExporter::builder()
        .with_tonic()
        .with_endpoint(endpoint.as_str())
        .with_timeout(Duration::from_secs(5))
        .build()?;
    Ok(builder.with_batch_exporter(exporter).build())
}

/// A panic becomes a line like every other, so that it is found where everything else is.
fn log_panics() {
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        let cause = info.payload_as_str().unwrap_or("(no text)");
        tracing::error!(place, cause, "panicked");
    }));
}
