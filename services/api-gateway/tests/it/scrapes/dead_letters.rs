//! Dead letters from the broker's queue to the list, and back to where they came from.

use super::stage::{LIMIT, Stage, result, unit, url};
use reqwest::{Method, StatusCode};
use rmu_messaging::{
    Consumer, Envelope, Outcome, Publisher,
    contracts::{
        Contract,
        scrape::{ScrapeResultV1, ScrapeTaskV1},
    },
    topology::{DEAD_LETTERS, RESULT_ROUTE, SCRAPE_TASKS},
};
use rmu_test_support::wait;
use serde_json::json;
use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering},
};

const LETTERS: &str = "/api/admin/dead-letters";

/// A result of a task that nobody knows.
fn of_nobody() -> ScrapeResultV1 {
    result(&ScrapeTaskV1::example(), unit("31251", "Of nobody"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_letter_is_listed_shown_replayed_and_dies_again() {
    let stage = Stage::new("100").await;
    let envelope = Envelope::of(&of_nobody()).unwrap();
    let publisher = Publisher::new(stage.worker().clone());
    publisher.send(&RESULT_ROUTE, &envelope).await.unwrap();
    let letter = stage.dead_letters(1).await.remove(0);
    assert_eq!((&letter["type"], &letter["queue"]), (&json!("scrape.result.v1"), &json!("scrape.results")));
    assert_eq!((&letter["exchange"], &letter["routingKey"]), (&json!("rmu.scrape"), &json!("result")));
    assert_eq!(letter["messageId"], json!(envelope.id));
    assert!(letter["reason"].as_str().unwrap().contains("no such task"), "{letter}");
    let path = format!("{LETTERS}/{}", letter["id"].as_str().unwrap());
    let (_, open) = stage.get(&path).await;
    let body: ScrapeResultV1 = serde_json::from_str(open["data"]["body"].as_str().unwrap()).unwrap();
    assert_eq!((body, &open["data"]["bodyCut"]), (of_nobody_like(&envelope), &json!(false)));

    let (status, replayed) = stage.call(Method::POST, &format!("{path}/replay"), json!({})).await;
    assert_eq!((status, &replayed["data"]["replays"]), (StatusCode::OK, &json!(1)), "{replayed}");
    // It is as wrong as before: the same letter waits again.
    wait::until(LIMIT, || async { stage.get(&path).await.1["data"]["state"] == "waiting" }).await;
    assert_eq!(stage.dead_letters(1).await[0]["replays"], 1);
    assert_eq!(stage.get(&format!("{LETTERS}?state=replayed")).await.1["data"], json!([]));

    assert_eq!(stage.call(Method::POST, &format!("{path}/discard"), json!({})).await.0, StatusCode::NO_CONTENT);
    assert_eq!(stage.get(&path).await.0, StatusCode::NOT_FOUND);
    assert_eq!(stage.call(Method::POST, &format!("{path}/replay"), json!({})).await.0, StatusCode::NOT_FOUND);
}

fn of_nobody_like(envelope: &Envelope) -> ScrapeResultV1 {
    envelope.decode().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replayed_tasks_come_to_workers_as_they_were() {
    let stage = Stage::new("100").await;
    let (mended, taken) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Vec::new())));
    let (is_mended, keep) = (mended.clone(), taken.clone());
    let handle = move |task: ScrapeTaskV1, context: rmu_messaging::Context| {
        let outcome = match is_mended.load(Ordering::SeqCst) {
            true => Outcome::Ack,
            false => Outcome::dead("this worker cannot read"),
        };
        keep.lock().unwrap().push((context.message_id, task));
        async move { outcome }
    };
    tokio::spawn(Consumer::new(stage.worker(), SCRAPE_TASKS, 4).run(handle, Default::default()));
    let urls = ["31251", "31252", "31253"].map(url);
    stage.post("/api/admin/scrapes", json!({"source": "northfield-handbook", "urls": urls})).await;
    let letters = stage.dead_letters(3).await;
    assert!(
        letters.iter().all(|letter| letter["queue"] == "scrape.tasks" && letter["reason"] == "this worker cannot read")
    );

    mended.store(true, Ordering::SeqCst);
    let all = format!("{LETTERS}/replay-all");
    let (status, none) = stage.call(Method::POST, &all, json!({"queue": "scrape.results"})).await;
    assert_eq!((status, &none["data"]["replayed"]), (StatusCode::OK, &json!(0)));
    let (_, some) = stage.call(Method::POST, &all, json!({"limit": 2})).await;
    assert_eq!(some["data"], json!({"replayed": 2, "refused": 0, "waiting": 1}));
    let (_, rest) = stage.call(Method::POST, &all, json!({})).await;
    assert_eq!(rest["data"], json!({"replayed": 1, "refused": 0, "waiting": 0}));
    wait::until(LIMIT, || async { taken.lock().unwrap().len() == 6 }).await;
    let mut taken = taken.lock().unwrap().clone();
    taken.sort_by_key(|(id, _)| *id);
    assert!(taken.chunks(2).all(|twice| twice[0] == twice[1]), "the same messages with the same ids");
    assert_eq!(stage.call(Method::POST, &all, json!({"limit": 101})).await.0, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_no_queue_takes_stays() {
    let stage = Stage::new("100").await;
    stage.publish_result(&of_nobody()).await;
    let id = stage.dead_letters(1).await[0]["id"].as_str().unwrap().to_owned();
    stage.sql("UPDATE dead_letters SET routing_key = 'nowhere'").await;
    let (status, problem) = stage.call(Method::POST, &format!("{LETTERS}/{id}/replay"), json!({})).await;
    assert_eq!((status, &problem["error"]), (StatusCode::CONFLICT, &json!("conflict")), "{problem}");
    let (_, all) = stage.call(Method::POST, &format!("{LETTERS}/replay-all"), json!({})).await;
    assert_eq!(all["data"], json!({"replayed": 0, "refused": 1, "waiting": 1}));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn none_is_lost_when_the_gateway_goes_and_they_are_paged() {
    const MANY: usize = 60;
    let stage = Stage::new("100").await;
    let publisher = Publisher::new(stage.worker().clone());
    for number in 0..MANY {
        publisher.publish(&RESULT_ROUTE, &of_nobody()).await.unwrap();
        if number == MANY / 2 {
            stage.force();
        }
    }
    let other = stage.another_gateway().await;
    let stage = stage.moved_to(other);
    wait::until(LIMIT, || async { stage.vhost.ready_messages(DEAD_LETTERS).await == Some(0) }).await;
    let read_all = async || {
        let (mut ids, mut cursor) = (Vec::new(), String::new());
        loop {
            let (_, page) = stage.get(&format!("{LETTERS}?limit=25{cursor}")).await;
            ids.extend(page["data"].as_array().unwrap().iter().map(|letter| letter["messageId"].to_string()));
            match page["meta"]["page"]["nextCursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return ids,
            }
        }
    };
    wait::until(LIMIT, || async { read_all().await.len() == MANY }).await;
    let mut ids = read_all().await;
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), MANY, "each once");
    assert_eq!(stage.get(&format!("{LETTERS}?cursor=x")).await.0, StatusCode::BAD_REQUEST);
}
