//! Spans leave over OTLP when an endpoint is set. A program of its own: telemetry is one per process.

#![allow(clippy::unwrap_used, clippy::panic, reason = "the whole program is a test")]

use http::{HeaderMap, Response};
use rmu_config::Url;
use rmu_telemetry::{LogFormat, Settings, context};
use std::time::Duration;
use tokio::{net::TcpListener, sync::mpsc, time::timeout};
use tracing::Instrument;

const LIMIT: Duration = Duration::from_secs(30);
const TRACE: [u8; 16] = 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736_u128.to_be_bytes();
/// A gRPC message without content: not compressed, no bytes.
const NOTHING: [u8; 5] = [0; 5];

/// Path and body of an export.
type Export = (String, Vec<u8>);

/// Takes exports as a collector does: gRPC is HTTP/2 with a trailer.
async fn collector(listener: TcpListener, exports: mpsc::UnboundedSender<Export>) {
    while let Ok((stream, _)) = listener.accept().await {
        let exports = exports.clone();
        tokio::spawn(async move {
            let mut connection = h2::server::handshake(stream).await.unwrap();
            while let Some(Ok((request, mut respond))) = connection.accept().await {
                let exports = exports.clone();
                // The connection must be polled on while the body comes.
                tokio::spawn(async move {
                    let path = request.uri().path().to_owned();
                    let (mut incoming, mut body) = (request.into_body(), Vec::new());
                    while let Some(part) = incoming.data().await {
                        let part = part.unwrap();
                        incoming.flow_control().release_capacity(part.len()).unwrap();
                        body.extend_from_slice(&part);
                    }
                    let head = Response::builder().header("content-type", "application/grpc").body(()).unwrap();
                    let mut answer = respond.send_response(head, false).unwrap();
                    answer.send_data(NOTHING.to_vec().into(), false).unwrap();
                    let mut trailers = HeaderMap::new();
                    trailers.insert("grpc-status", http::HeaderValue::from_static("0"));
                    answer.send_trailers(trailers).unwrap();
                    exports.send((path, body)).unwrap();
                });
            }
        });
    }
}

fn contains(body: &[u8], part: &[u8]) -> bool {
    body.windows(part.len()).any(|window| window == part)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn spans_reach_the_endpoint_with_service_and_trace() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let (sender, mut exports) = mpsc::unbounded_channel();
    tokio::spawn(collector(listener, sender));

    let settings = Settings {
        format: LogFormat::Json,
        level: "info".to_owned(),
        otlp_endpoint: Some(Url::parse(&endpoint).unwrap()),
    };
    let telemetry = rmu_telemetry::init("exported-service", &settings).unwrap();
    let span = tracing::info_span!("page load");
    let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    context::set_parent(&span, |name| (name == "traceparent").then(|| parent.to_owned()));
    async { tracing::info!("inside") }.instrument(span).await;
    telemetry.shutdown().await;

    let (path, body) = timeout(LIMIT, exports.recv()).await.unwrap().unwrap();
    assert_eq!(path, "/opentelemetry.proto.collector.trace.v1.TraceService/Export");
    for part in [b"exported-service".as_slice(), b"page load", &TRACE] {
        assert!(contains(&body, part), "{} is missing", String::from_utf8_lossy(part));
    }
}
