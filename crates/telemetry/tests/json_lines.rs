//! A line as an operator's tools read it. The subscriber is one per process, so this is a program of its own
//! that starts itself again as the service.

#![allow(clippy::unwrap_used, clippy::panic, reason = "the whole program is a test")]

use rmu_telemetry::{LogFormat, Settings, context};
use serde_json::Value;
use std::process::Command;
use tracing::Instrument;

const AS_SERVICE: &str = "RMU_TELEMETRY_TEST_SERVICE";

#[test]
fn every_line_is_json_with_the_trace_it_belongs_to() {
    if std::env::var_os(AS_SERVICE).is_some() {
        return service();
    }
    let me = std::env::current_exe().unwrap();
    let test = "every_line_is_json_with_the_trace_it_belongs_to";
    let output = Command::new(me).args([test, "--nocapture"]).env(AS_SERVICE, "1").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    let lines: Vec<Value> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();

    let inside = lines.iter().find(|line| line["message"] == "inside").unwrap_or_else(|| panic!("{text}"));
    assert_eq!(inside["trace_id"], "0af7651916cd43dd8448eb211c80319c");
    assert_eq!(inside["span_id"].as_str().map(str::len), Some(16));
    assert_eq!((&inside["answer"], &inside["span"]["request"]), (&Value::from(42), &Value::from("r1")));
    assert_eq!((&inside["level"], &inside["service"]), (&Value::from("INFO"), &Value::from("tested")));
    let outside = lines.iter().find(|line| line["message"] == "outside").unwrap_or_else(|| panic!("{text}"));
    assert!(outside["trace_id"].is_null());
    assert!(lines.iter().any(|line| line["message"] == "panicked" && line["cause"] == "on purpose"), "{text}");
}

/// The endpoint leads nowhere: that must neither fail nor hold up anything.
fn service() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.block_on(async {
        let endpoint = Some("http://127.0.0.1:9".parse().unwrap());
        let settings = Settings { format: LogFormat::Json, level: "info".into(), otlp_endpoint: endpoint };
        let telemetry = rmu_telemetry::init("tested", &settings).unwrap();
        let span = tracing::info_span!("work", request = "r1");
        let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        context::set_parent(&span, |name| (name == "traceparent").then(|| parent.to_owned()));
        async { tracing::info!(answer = 42, "inside") }.instrument(span).await;
        tracing::info!("outside");
        let _ = tokio::spawn(async { panic!("on purpose") }).await;
        telemetry.shutdown().await;
    });
}
