//! Several sites at once: each keeps its browser, however many tasks of one come together.

use crate::{
    support::limits,
    worker::{Worker, source_of, task, unit},
};
use futures_util::future::join_all;
use rmu_demo_handbooks::{ServeConfig, serve};
use serde_json::Value;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tasks_of_one_site_do_not_take_the_browsers_of_others() {
    let handbooks = serve(ServeConfig { units: 10, min_gap_ms: 0, ..ServeConfig::default() }).await.unwrap();
    let worker = Worker::start(limits(3)).await;
    let origins = [&handbooks.addresses.eastmoor, &handbooks.addresses.westhaven];
    for _ in 0..2 {
        for origin in origins {
            let source = source_of(origin).await;
            let truth: Value = reqwest::get(format!("{origin}/_truth/units.json")).await.unwrap().json().await.unwrap();
            let units = truth["units"].as_array().unwrap().iter().take(6);
            let urls = units.map(|unit| format!("{origin}{}", unit["path"].as_str().unwrap()));
            // As many at once as there are browsers, and more: all of the same host.
            join_all(urls.map(|url| worker.run(task(&source, unit(url))))).await;
        }
    }
    let results = worker.results(100).await;
    assert!(results.iter().all(|result| result["outcome"]["kind"] == "unit"), "{results:?}");
    assert_eq!(results.len(), 24);
    let restarts = worker.pool.stats().restarts;
    assert!(restarts.is_empty(), "{restarts:?}");
    worker.stop().await;
    handbooks.stop().await;
}
