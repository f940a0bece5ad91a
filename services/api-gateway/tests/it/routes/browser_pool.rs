//! What workers say reaches the administrator.

use crate::{TestGateway, gateway::LIMIT};
use rmu_messaging::{
    Connection, ConnectionOptions, Publisher,
    contracts::{Contract, events::WorkerStatsV1},
    topology::WORKER_STATS_ROUTE,
};
use rmu_test_support::wait;
use serde_json::Value;

#[tokio::test(flavor = "multi_thread")]
async fn statistics_of_workers_are_shown_per_worker_and_in_total() {
    let gateway = TestGateway::start().await;
    let options = ConnectionOptions::new(&gateway.vhost.amqp_url_as("worker"), "played worker").unwrap();
    let connection = Connection::open(options).unwrap();
    let publisher = Publisher::new(connection.clone());
    let admin = gateway.token("admin", true);
    let shown = wait::value(LIMIT, || async {
        for worker in ["worker-1", "worker-2"] {
            let stats = WorkerStatsV1 { worker: worker.to_owned(), ..WorkerStatsV1::example() };
            publisher.publish(&WORKER_STATS_ROUTE, &stats).await.ok()?;
        }
        let answer = gateway.get("/api/admin/browser-pool/stats").bearer_auth(&admin).send().await.ok()?;
        let body: Value = answer.json().await.ok()?;
        (body["data"]["workers"].as_array()?.len() == 2).then_some(body)
    })
    .await;
    assert_eq!(shown["data"]["total"]["cap"], 4);
    assert_eq!(shown["data"]["workers"][0]["name"], "worker-1");
    assert_eq!(shown["data"]["workers"][0]["pool"]["inUse"], 1);
    let same: Value =
        gateway.get("/admin/browser-pool/stats").bearer_auth(&admin).send().await.unwrap().json().await.unwrap();
    assert_eq!(same["data"]["total"], shown["data"]["total"]);
    connection.close().await;
}
