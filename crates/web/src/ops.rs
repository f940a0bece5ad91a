//! The private operations port: is it alive, is it ready, how is it.

use crate::{Lifecycle, lifecycle::Phase, server};
use actix_web::{App, HttpResponse, dev::Server, http::header, web};
use futures_util::future::{BoxFuture, FutureExt, join_all};
use rmu_telemetry::PrometheusHandle;
use std::{
    collections::BTreeMap,
    io,
    net::{SocketAddr, TcpListener},
    num::NonZeroUsize,
    sync::Arc,
    time::Duration,
};

/// A probe that takes longer has failed.
const PROBE_LIMIT: Duration = Duration::from_secs(1);

type Probe = Arc<dyn Fn() -> BoxFuture<'static, bool> + Send + Sync>;

/// What must work before a service takes requests.
#[derive(Clone)]
pub struct Readiness {
    lifecycle: Lifecycle,
    probes: Vec<(&'static str, Probe)>,
}

impl Readiness {
    pub fn new(lifecycle: Lifecycle) -> Self {
        Self { lifecycle, probes: Vec::new() }
    }

    /// `probe` answers whether `part` works; it is given one second.
    #[must_use]
    pub fn needs<F, Fut>(mut self, part: &'static str, probe: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = bool> + Send + 'static,
    {
        self.probes.push((part, Arc::new(move || probe().boxed())));
        self
    }

    /// Ready, and what each part said. A service that is stopping is not ready, whatever its parts say.
    pub async fn check(&self) -> (bool, BTreeMap<&'static str, &'static str>) {
        let asked = self.probes.iter().map(|(part, probe)| async move {
            let works = tokio::time::timeout(PROBE_LIMIT, probe()).await.unwrap_or(false);
            (*part, if works { "ok" } else { "down" })
        });
        let mut parts: BTreeMap<_, _> = join_all(asked).await.into_iter().collect();
        if self.lifecycle.phase() > Phase::Serving {
            parts.insert("lifecycle", "stopping");
        }
        (parts.values().all(|state| *state == "ok"), parts)
    }

    /// The answer of `/health/ready`.
    pub async fn answer(&self) -> HttpResponse {
        let (ready, parts) = self.check().await;
        let mut response = if ready { HttpResponse::Ok() } else { HttpResponse::ServiceUnavailable() };
        if !ready {
            response.insert_header((header::RETRY_AFTER, 1));
        }
        response.json(serde_json::json!({ "ready": ready, "parts": parts }))
    }
}

/// The answer of `/health/live`: touches nothing outside.
pub fn live() -> HttpResponse {
    HttpResponse::Ok().json(serde_json::json!({ "live": true }))
}

/// The ops server; end it through its handle once all else has ended, so that it tells the truth to the last.
pub fn ops_server(listener: TcpListener, readiness: Readiness, metrics: PrometheusHandle) -> io::Result<Server> {
    server::http_server(listener, Some(NonZeroUsize::MIN), move || {
        App::new()
            .app_data(web::Data::new(readiness.clone()))
            .app_data(web::Data::new(metrics.clone()))
            .route("/health/live", web::get().to(async || live()))
            .route("/health/ready", web::get().to(async |readiness: web::Data<Readiness>| readiness.answer().await))
            .route("/metrics", web::get().to(render))
    })
}

async fn render(metrics: web::Data<PrometheusHandle>) -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(metrics.render())
}

/// Says where the service listens: one line each in the log, and JSON in the file that `RMU_PORT_FILE` names, for
/// supervisors that let it choose its ports.
pub fn announce(port_file: Option<&str>, api: Option<SocketAddr>, ops: SocketAddr) -> io::Result<()> {
    if let Some(api) = api {
        tracing::info!(address = %api, server = "api", "listening");
    }
    tracing::info!(address = %ops, server = "ops", "listening");
    let Some(path) = port_file else { return Ok(()) };
    let ports = serde_json::json!({ "port": api.map(|address| address.port()), "opsPort": ops.port() });
    // Whoever waits for the file must never see half of it.
    let unfinished = format!("{path}.{}", std::process::id());
    std::fs::write(&unfinished, ports.to_string())?;
    std::fs::rename(&unfinished, path)
}

/// `RMU_PORT_FILE`.
pub fn read_port_file(env: &mut rmu_config::Reader<'_>) -> Option<Option<String>> {
    env.text("RMU_PORT_FILE", "File into which the ports in use are written as JSON once they are open.").optional()
}
