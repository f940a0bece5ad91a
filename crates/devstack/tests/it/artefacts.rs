//! A site that refuses: what its page said is there for the administrator to see.

use crate::world::{STEP_LIMIT, World};
use reqwest::StatusCode;
use rmu_test_support::wait;
use serde_json::{Value, json};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_sees_the_page_of_a_failure() {
    let mut world = World::start(4).await;
    let site = world.handbooks.site("northfield");
    let http = reqwest::Client::new();
    let truth = http.get(format!("{site}/_truth/units.json")).send().await.unwrap().json::<Value>().await.unwrap();
    let url = format!("{site}{}", truth["units"][0]["path"].as_str().unwrap());
    let faults = json!({"forbidAfter": 0});
    http.post(format!("{site}/_faults")).json(&faults).send().await.unwrap().error_for_status().unwrap();
    let worker = world.worker(1).await;

    let job = world.post("/api/admin/scrapes", &json!({"source": "northfield-handbook", "urls": [url]})).await;
    let tasks = format!("/api/admin/scrapes/{}/tasks", job["id"].as_str().unwrap());
    let admin = world.admin.clone();
    let task = wait::value(STEP_LIMIT * 3, || async {
        let task = admin.clone().get(&tasks).await.unwrap()[0].clone();
        task["failures"].as_u64().is_some_and(|failures| failures > 0).then_some(task)
    })
    .await;
    assert_eq!((&task["artefacts"]["page"], &task["artefacts"]["screenshot"]), (&json!(true), &json!(true)), "{task}");

    let artefact = async |kind: &str| {
        let path = format!("{}{tasks}/{}/artefacts/{kind}", world.gateway.url(), task["id"].as_str().unwrap());
        let token = world.admin.token().unwrap();
        let answer = http.get(path).bearer_auth(token).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{answer:?}");
        answer.bytes().await.unwrap()
    };
    let page = String::from_utf8(artefact("page").await.into()).unwrap();
    assert!(page.contains("403 Forbidden"), "{page}");
    assert!(artefact("screenshot").await.starts_with(PNG));
    assert!(worker.service.terminate().await.success(), "a drained worker ends well");
}
