//! How a service logs and where its spans go.

use rmu_config::{Reader, Url};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogFormat {
    #[default]
    Json,
    Pretty,
}

#[derive(Debug, Clone)]
pub struct Settings {
    pub format: LogFormat,
    /// Directives such as `info` or `info,rmu_web=debug`.
    pub level: String,
    pub otlp_endpoint: Option<Url>,
}

impl Settings {
    pub fn read(env: &mut Reader<'_>) -> Option<Self> {
        let format = env
            .choice("LOG_FORMAT", "How a log line looks.", &[("json", LogFormat::Json), ("pretty", LogFormat::Pretty)])
            .default("json");
        let level = env
            .parsed("LOG_LEVEL", "Least level, also by module: `info,rmu_web=debug`.", "tracing directives", |raw| {
                tracing_subscriber::EnvFilter::try_new(raw)
                    .map(|_| raw.to_owned())
                    .map_err(|_| "must be tracing directives such as info or info,rmu_web=debug")
            })
            .default("info");
        let otlp_endpoint = env
            .url(
                "OTEL_EXPORTER_OTLP_ENDPOINT",
                "Where spans are sent (OTLP over gRPC). Without it they are not.",
                &["http", "https"],
            )
            .optional();
        Some(Self { format: format?, level: level?, otlp_endpoint: otlp_endpoint? })
    }
}
