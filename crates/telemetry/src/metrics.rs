//! Metrics as Prometheus text; the ops server serves it, so the exporter has no listener of its own.

use crate::InitError;
use metrics_exporter_prometheus::PrometheusBuilder;
pub use metrics_exporter_prometheus::PrometheusHandle;
use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// Bounds for durations in seconds: from a cache hit to the longest page load.
const SECONDS: [f64; 13] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0];
const UPKEEP: Duration = Duration::from_secs(5);

static INSTALLED: Mutex<Option<PrometheusHandle>> = Mutex::new(None);

/// The recorder of this process, installed on the first call: a test may start several services in one process.
pub fn install_metrics() -> Result<PrometheusHandle, InitError> {
    let mut installed = INSTALLED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(handle) = installed.as_ref() {
        return Ok(handle.clone());
    }
    let handle = PrometheusBuilder::new()
        .set_buckets(&SECONDS)
        .and_then(PrometheusBuilder::install_recorder)
        .map_err(|error| InitError::Metrics(error.to_string()))?;
    *installed = Some(handle.clone());
    drain_histograms(handle.clone());
    Ok(handle)
}

/// Histograms keep every sample until somebody renders or drains them; nobody may ever scrape.
fn drain_histograms(handle: PrometheusHandle) {
    let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
    runtime.spawn(async move {
        loop {
            tokio::time::sleep(UPKEEP).await;
            handle.run_upkeep();
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_are_rendered_and_installed_once() {
        let handle = install_metrics().unwrap();
        metrics::histogram!("rmu_test_seconds").record(0.003);
        let again = install_metrics().unwrap();
        let text = again.render();
        assert!(text.contains("rmu_test_seconds_bucket{le=\"0.005\"} 1"), "{text}");
        assert_eq!(text, handle.render());
    }
}
