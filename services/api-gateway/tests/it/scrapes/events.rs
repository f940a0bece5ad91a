//! Live progress over reconnects and over copies of the gateway.

use super::stage::{LIMIT, Stage, result, unit, url};
use reqwest::{Response, StatusCode};
use rmu_messaging::contracts::scrape::ScrapeTaskV1;
use rmu_test_support::wait;
use serde_json::{Value, json};

/// One event.
#[derive(Debug)]
struct Event {
    id: Option<i64>,
    name: String,
    data: Value,
}

/// What `EventSource` does with a stream.
struct Reader {
    stream: Response,
    text: String,
    last: Option<i64>,
}

impl Reader {
    async fn open(stage: &Stage, address: &str, path: &str, last: Option<i64>) -> Self {
        let header = last.map(|id| id.to_string());
        let stream = stage.try_open(address, path, header.as_deref()).await;
        assert_eq!(stream.status(), StatusCode::OK);
        Self { stream, text: String::new(), last }
    }

    /// The next event; `None` at the end.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.text = rest;
                let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name));
                let Some(data) = field("data: ") else { continue };
                let id = field("id: ").map(|id| id.parse().unwrap());
                if let Some(id) = id {
                    assert!(self.last.is_none_or(|last| id > last), "{id} comes after {:?}", self.last);
                    self.last = Some(id);
                }
                let name = field("event: ").unwrap().to_owned();
                return Some(Event { id, name, data: serde_json::from_str(data).unwrap() });
            }
            let chunk = tokio::time::timeout(LIMIT, self.stream.chunk()).await.unwrap().unwrap()?;
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    /// Reads on until so many pages have ended.
    async fn until(&mut self, ended: u64) -> Event {
        loop {
            let event = self.next().await.unwrap();
            assert!(event.data["counts"]["ended"].as_u64().unwrap() <= ended, "{event:?}");
            if event.data["counts"]["ended"] == ended {
                return event;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reconnect_goes_on_without_a_gap_or_a_repeat_through_any_copy() {
    let stage = Stage::new("100").await;
    let other = stage.another_gateway().await;
    let taken = stage.take_tasks_without_answering();
    let urls: Vec<String> = (0..6).map(|number| url(&format!("3125{number}"))).collect();
    let (_, _, body) = stage.post("/api/admin/scrapes", json!({"source": "northfield-handbook", "urls": urls})).await;
    let job = format!("/api/admin/scrapes/{}", body["data"]["id"].as_str().unwrap());
    let path = format!("{job}/events");
    wait::until(LIMIT, || async { taken.lock().unwrap().len() == 6 }).await;
    let tasks: Vec<ScrapeTaskV1> = taken.lock().unwrap().clone();
    let answer = async |number: usize| {
        let task = &tasks[number];
        let rmu_messaging::contracts::scrape::TargetV1::Unit { url, .. } = &task.target else { panic!("{task:?}") };
        stage.publish_result(&result(task, unit(url.rsplit('/').next().unwrap(), "Data Structures"))).await;
    };
    let ended = async |count: u64| stage.get(&job).await.1["data"]["counts"]["ended"] == count;

    let mut reader = Reader::open(&stage, stage.address(), &path, None).await;
    let first = reader.next().await.unwrap();
    assert_eq!((first.name.as_str(), first.id.is_some()), ("progress", true));
    answer(0).await;
    reader.until(1).await;
    let last = reader.last;
    drop(reader);

    // Two pages end while nobody watches; the other copy begins with that and does not go back.
    answer(1).await;
    answer(2).await;
    wait::until(LIMIT, || async { ended(3).await }).await;
    let mut reader = Reader::open(&stage, &other, &path, last).await;
    let resumed = reader.next().await.unwrap();
    assert!(resumed.id > last, "{resumed:?}");
    assert_eq!(resumed.data["counts"]["ended"], 3, "{resumed:?}");
    let last = reader.last;
    drop(reader);

    // Nothing happened meanwhile: nothing is repeated, and the next thing that is told is new.
    let mut reader = Reader::open(&stage, stage.address(), &path, last).await;
    answer(3).await;
    let next = reader.next().await.unwrap();
    assert_eq!((next.data["counts"]["ended"].as_u64(), next.id > last), (Some(4), true), "{next:?}");

    answer(4).await;
    answer(5).await;
    let end = loop {
        let event = reader.next().await.unwrap();
        if event.name == "end" {
            break event;
        }
    };
    assert_eq!((&end.data["state"], &end.data["counts"]["ended"]), (&json!("completed"), &json!(6)));
    assert!(reader.next().await.is_none(), "the stream ends with the scrape");
    for address in [stage.address(), &other] {
        let again = stage.try_open(address, &path, reader.last.map(|id| id.to_string()).as_deref()).await;
        assert_eq!(again.status(), StatusCode::NO_CONTENT, "who has seen the end need not come back");
        let late = Reader::open(&stage, address, &path, last).await.next().await.unwrap();
        assert_eq!((late.name.as_str(), late.id), ("end", end.id), "who has not is told");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_so_many_watch_at_once() {
    let stage = Stage::new("100").await;
    let (_, _, body) =
        stage.post("/api/admin/scrapes", json!({"source": "northfield-handbook", "urls": [url("31251")]})).await;
    let path = format!("/api/admin/scrapes/{}/events", body["data"]["id"].as_str().unwrap());
    let mut streams = Vec::new();
    for _ in 0..64 {
        streams.push(stage.open(&path, None).await);
    }
    let refused = stage.try_open(stage.address(), &path, None).await;
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(refused.headers().contains_key("retry-after"));
    streams.clear();
    wait::until(LIMIT, || async { stage.try_open(stage.address(), &path, None).await.status() == StatusCode::OK })
        .await;
}
