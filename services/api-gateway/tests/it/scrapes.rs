//! Scrapes from the request to the stored unit. The test takes the workers' part: it consumes what the gateway
//! publishes and answers as a worker would.

mod artefacts;
mod code_templates;
mod control;
mod dead_letters;
mod events;
mod health;
mod schedules;
mod stage;

use reqwest::StatusCode;
use rmu_messaging::contracts::{
    Contract,
    control::WorkerControlV1,
    scrape::{EntryOutcomeV1, FailureV1, FeedEntryV1, OutcomeV1, ScrapeTaskV1, TargetV1},
};
use rmu_test_support::wait;
use serde_json::{Value, json};
use stage::{LIMIT, Stage, result, token, unit, url};
use std::sync::{Arc, Mutex};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scrape_runs_from_the_request_to_the_stored_units() {
    let stage = Stage::new("100").await;
    let (status, headers, body) = stage.post("/api/admin/scrapes", json!({"source": "northfield-handbook"})).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{body}");
    let id = body["data"]["id"].as_str().unwrap().to_owned();
    let path = format!("/api/admin/scrapes/{id}");
    assert_eq!(headers["location"], path.as_str());

    stage.work(|task| match &task.target {
        TargetV1::Discovery { .. } => OutcomeV1::Children {
            targets: ["31251", "31252", "31253"]
                .map(|code| TargetV1::Unit { url: url(code), code: Some(code.to_owned()), year: Some(2026) })
                .to_vec(),
        },
        TargetV1::Unit { url, .. } if url.ends_with("31253") => OutcomeV1::NotFound { detail: "gone".to_owned() },
        TargetV1::Unit { code, .. } => unit(code.as_deref().unwrap(), "Data Structures"),
        TargetV1::FeedPart { url, .. } => panic!("{url} is no feed"),
    });
    let job = stage.until_ended(&path).await;
    assert_eq!((&job["state"], &job["kind"]), (&json!("completed"), &json!("discovery")));
    let counts = &job["counts"];
    assert_eq!((&counts["succeeded"], &counts["notFound"], &counts["total"]), (&json!(3), &json!(1), &json!(4)));
    assert_eq!(counts["versionsCreated"], 2);

    let (_, body) = stage.get(&format!("{path}/tasks?state=not_found")).await;
    assert_eq!(body["data"][0]["url"], url("31253"));
    assert_eq!(body["data"][0]["error"]["detail"], "gone");
    let (_, first) = stage.get(&format!("{path}/tasks?limit=3")).await;
    let cursor = first["meta"]["page"]["nextCursor"].as_str().unwrap();
    let (_, second) = stage.get(&format!("{path}/tasks?limit=3&cursor={cursor}")).await;
    assert_eq!((first["data"].as_array().unwrap().len(), second["data"].as_array().unwrap().len()), (3, 1));
    let (_, queue) = stage.get("/api/admin/queue").await;
    assert_eq!((&queue["data"]["depth"], &queue["data"]["limit"]), (&json!(0), &json!(100)));

    // A second run finds nothing new: the worker gets the hash of what is known.
    let (_, _, body) =
        stage.post("/api/admin/scrapes", json!({"source": "northfield-handbook", "codes": ["31251"]})).await;
    let path = format!("/api/admin/scrapes/{}", body["data"]["id"].as_str().unwrap());
    let job = stage.until_ended(&path).await;
    assert_eq!(job["counts"]["unchanged"], 1, "{job}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn beyond_the_limit_is_429_and_the_same_key_is_the_same_scrape() {
    let stage = Stage::new("2").await;
    let body = json!({"source": "northfield-handbook", "urls": [url("31251"), url("31252")]});
    let (status, _, first) = stage.post_with_key("/api/admin/scrapes", &body, "key-1").await;
    assert_eq!(status, StatusCode::ACCEPTED, "{first}");
    let (status, _, again) = stage.post_with_key("/api/admin/scrapes", &body, "key-1").await;
    assert_eq!((status, &again["data"]["id"]), (StatusCode::ACCEPTED, &first["data"]["id"]));

    let other = json!({"source": "northfield-handbook", "urls": [url("31253")]});
    let (status, _, refused) = stage.post_with_key("/api/admin/scrapes", &other, "key-1").await;
    assert_eq!((status, &refused["error"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("idempotency_mismatch")));
    let (status, headers, refused) = stage.post_with_key("/api/admin/scrapes", &other, "key-2").await;
    assert_eq!((status, &refused["error"]), (StatusCode::TOO_MANY_REQUESTS, &json!("queue_full")));
    assert!(headers.contains_key("retry-after"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn workers_are_told_of_a_cancel_and_late_results_change_nothing() {
    let stage = Stage::new("100").await;
    let told = Arc::new(Mutex::new(Vec::new()));
    stage.listen_for_control(told.clone()).await;
    let taken = stage.take_tasks_without_answering();
    let body = json!({"source": "northfield-handbook", "urls": [url("31251"), url("31252")]});
    let (_, _, body) = stage.post("/api/admin/scrapes", body).await;
    let id = body["data"]["id"].as_str().unwrap().to_owned();
    wait::until(LIMIT, || async { taken.lock().unwrap().len() == 2 }).await;

    for step in ["pause", "resume", "cancel"] {
        let (status, _, body) = stage.post(&format!("/api/admin/scrapes/{id}/{step}"), json!({})).await;
        assert_eq!(status, StatusCode::OK, "{step}: {body}");
    }
    let job_id: uuid::Uuid = id.parse().unwrap();
    let expected = [
        WorkerControlV1::PauseJob { job_id },
        WorkerControlV1::ResumeJob { job_id },
        WorkerControlV1::CancelJob { job_id },
    ];
    wait::until(LIMIT, || async { commands_about(job_id, &told).len() == expected.len() }).await;
    assert_eq!(commands_about(job_id, &told), expected);

    let task = taken.lock().unwrap()[0].clone();
    stage.publish_result(&result(&task, unit("31251", "Late"))).await;
    // One that goes to the dead letters, sent after it, shows when it has been taken in.
    stage.publish_result(&result(&ScrapeTaskV1::example(), unit("31251", "Of nobody"))).await;
    stage.dead_letters(1).await;
    let (_, body) = stage.get(&format!("/api/admin/scrapes/{id}")).await;
    assert_eq!((&body["data"]["state"], &body["data"]["counts"]["cancelled"]), (&json!("cancelled"), &json!(2)));
    assert_eq!(body["data"]["counts"]["versionsCreated"], 0);
    let (status, _, _) = stage.post(&format!("/api/admin/scrapes/{id}/resume"), json!({})).await;
    assert_eq!(status, StatusCode::CONFLICT);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn progress_is_live_and_ends_with_the_scrape() {
    let stage = Stage::new("100").await;
    let body = json!({"source": "northfield-handbook", "urls": [url("31251")]});
    let (_, _, body) = stage.post("/api/admin/scrapes", body).await;
    let path = format!("/api/admin/scrapes/{}/events", body["data"]["id"].as_str().unwrap());
    let mut events = stage.open(&path, None).await;
    assert_eq!(events.headers()["content-type"], "text/event-stream");
    let first = String::from_utf8(events.chunk().await.unwrap().unwrap().to_vec()).unwrap();
    assert!(first.contains("event: progress") && first.contains("\"state\":\"running\""), "{first}");

    stage.work(|_| unit("31251", "Data Structures"));
    let mut rest = String::new();
    while let Some(chunk) = tokio::time::timeout(LIMIT, events.chunk()).await.unwrap().unwrap() {
        rest.push_str(std::str::from_utf8(&chunk).unwrap());
    }
    let last = rest.trim_end().rsplit("\n\n").next().unwrap();
    assert!(last.contains("event: end") && last.contains("\"state\":\"completed\""), "{rest}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_open_stream_does_not_hold_up_a_stop() {
    let stage = Stage::new("100").await;
    let body = json!({"source": "northfield-handbook", "urls": [url("31251")]});
    let (_, _, body) = stage.post("/api/admin/scrapes", body).await;
    let path = format!("/api/admin/scrapes/{}/events", body["data"]["id"].as_str().unwrap());
    let mut events = stage.open(&path, None).await;
    events.chunk().await.unwrap().unwrap();
    stage.stop().await;
    // The stream ended instead of breaking off.
    while tokio::time::timeout(LIMIT, events.chunk()).await.unwrap().unwrap().is_some() {}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn results_that_mean_nothing_go_to_the_dead_letters_and_the_attempt_fails() {
    let stage = Stage::new("100").await;
    let taken = stage.take_tasks_without_answering();
    let body = json!({"source": "northfield-handbook", "urls": [url("31251")]});
    let (_, _, body) = stage.post("/api/admin/scrapes", body).await;
    let path = format!("/api/admin/scrapes/{}", body["data"]["id"].as_str().unwrap());
    wait::until(LIMIT, || async { taken.lock().unwrap().len() == 1 }).await;
    let task = taken.lock().unwrap()[0].clone();
    let mut nonsense = unit("31251", "Data Structures");
    if let OutcomeV1::Unit { facts, .. } = &mut nonsense {
        facts.credit_points = Some("many".to_owned());
    }
    stage.publish_result(&result(&task, nonsense)).await;
    stage.publish_result(&result(&ScrapeTaskV1::example(), unit("31251", "Of nobody"))).await;
    stage.dead_letters(2).await;
    let (_, tasks) = stage.get(&format!("{path}/tasks")).await;
    assert_eq!(tasks["data"][0]["error"]["kind"], "internal", "{tasks}");
    assert_eq!((&tasks["data"][0]["failures"], &tasks["data"][0]["state"]), (&json!(1), &json!("pending")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failure_is_tried_again_until_it_works() {
    let stage = Stage::new("100").await;
    let attempts = Arc::new(Mutex::new(Vec::new()));
    let seen = attempts.clone();
    stage.work(move |task| {
        seen.lock().unwrap().push(task.attempt);
        if task.attempt == 1 {
            let failure = FailureV1 {
                failure: "browser_crashed".to_owned(),
                detail: "killed".to_owned(),
                retry_after_seconds: None,
            };
            return OutcomeV1::Failed(failure);
        }
        unit("31251", "Data Structures")
    });
    let body = json!({"source": "northfield-handbook", "urls": [url("31251")]});
    let (_, _, body) = stage.post("/api/admin/scrapes", body).await;
    let job = stage.until_ended(&format!("/api/admin/scrapes/{}", body["data"]["id"].as_str().unwrap())).await;
    assert_eq!((&job["counts"]["succeeded"], &job["counts"]["retries"]), (&json!(1), &json!(1)));
    assert_eq!(*attempts.lock().unwrap(), [1, 2]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_input_is_the_clients_mistake() {
    let stage = Stage::new("100").await;
    for (body, status, field) in [
        (json!({}), 422, "source"),
        (json!({"source": 1}), 422, "source"),
        (json!({"source": "A B"}), 422, "source"),
        (json!({"source": "nowhere"}), 404, ""),
        (json!({"source": "northfield-handbook", "urls": []}), 422, "urls"),
        (json!({"source": "northfield-handbook", "urls": ["https://evil.example/"]}), 422, "urls[0]"),
        (json!({"source": "northfield-handbook", "codes": ["a\u{0}b"]}), 422, "codes[0]"),
        (json!({"source": "northfield-handbook", "codes": ["99999"]}), 422, "codes[0]"),
    ] {
        let (answered, _, problem) = stage.post("/api/admin/scrapes", body.clone()).await;
        assert!(answered.is_client_error(), "{body}: {answered} {problem}");
        if !problem.to_string().contains("NUL") {
            assert_eq!(answered.as_u16(), status, "{body}: {problem}");
            assert_eq!(problem["errors"][0]["field"].as_str().unwrap_or_default(), field, "{body}: {problem}");
        }
    }
    for path in [
        "/api/admin/scrapes/none",
        "/api/admin/scrapes?limit=51",
        "/api/admin/scrapes?state=lost",
        "/api/admin/scrapes?cursor=x",
        "/api/admin/scrapes/00000000-0000-0000-0000-000000000000",
        "/api/admin/scrapes/00000000-0000-0000-0000-000000000000/tasks",
        "/api/admin/scrapes/00000000-0000-0000-0000-000000000000/events",
        "/api/admin/sources/a%20b",
    ] {
        let (status, body) = stage.get(path).await;
        assert!(status.is_client_error(), "{path}: {status} {body}");
    }
    let mut broken = stage::definition();
    broken["unitUrl"] = Value::from("(");
    let (status, _, body) = stage
        .post("/api/admin/sources", json!({"university": "northfield", "slug": "broken", "definition": broken}))
        .await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{body}");
    let (status, _, body) = stage.post("/api/admin/universities", json!({"slug": "northfield", "name": "Twice"})).await;
    assert_eq!((status, &body["error"]), (StatusCode::CONFLICT, &json!("conflict")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_admins_may_call() {
    let stage = Stage::new("100").await;
    for (token, expected) in [(None, 401), (Some(token("student")), 403), (Some(token("moderator")), 403)] {
        for path in ["/api/admin/scrapes", "/api/admin/sources", "/api/admin/universities", "/api/admin/queue"] {
            let status = stage.get_as(path, token.as_deref()).await;
            assert_eq!(status.as_u16(), expected, "{path}");
        }
    }
}

fn commands_about(job: uuid::Uuid, told: &Mutex<Vec<WorkerControlV1>>) -> Vec<WorkerControlV1> {
    let is_about = |command: &WorkerControlV1| match command {
        WorkerControlV1::CancelJob { job_id }
        | WorkerControlV1::PauseJob { job_id }
        | WorkerControlV1::ResumeJob { job_id } => *job_id == job,
    };
    told.lock().unwrap().iter().filter(|command| is_about(command)).cloned().collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_feed_is_scraped_in_parts_and_its_unchanged_entries_are_only_named() {
    let stage = Stage::new("100").await;
    let seen: Arc<Mutex<Vec<FeedEntryV1>>> = Arc::default();
    let keep = Arc::clone(&seen);
    stage.work(move |task| match &task.target {
        TargetV1::Discovery { url } => {
            let entry = |code: &str| FeedEntryV1 { code: code.to_owned(), year: Some(2026), known_hash: None };
            let part = |codes: &[&str]| TargetV1::FeedPart {
                url: url.clone(),
                entries: codes.iter().map(|code| entry(code)).collect(),
            };
            OutcomeV1::Children { targets: vec![part(&["31251", "31252"]), part(&["31253"])] }
        }
        TargetV1::FeedPart { url, entries } => {
            keep.lock().unwrap().extend(entries.clone());
            let entries = entries.iter().map(|entry| match &entry.known_hash {
                Some(hash) => {
                    EntryOutcomeV1::Unchanged { code: entry.code.clone(), year: entry.year, content_hash: hash.clone() }
                }
                None => {
                    let OutcomeV1::Unit { facts, gaps, origins, content_hash, .. } =
                        unit(&entry.code, "Data Structures")
                    else {
                        panic!("a unit")
                    };
                    EntryOutcomeV1::Unit { facts, gaps, origins, content_hash }
                }
            });
            OutcomeV1::Entries { url: url.clone(), fetched_at: chrono::Utc::now(), entries: entries.collect() }
        }
        TargetV1::Unit { url, .. } => panic!("{url} is no target of a feed"),
    });
    let scrape = async || {
        let (_, _, body) = stage.post("/api/admin/scrapes", json!({"source": "northfield-handbook"})).await;
        let path = format!("/api/admin/scrapes/{}", body["data"]["id"].as_str().unwrap());
        (stage.until_ended(&path).await, path)
    };
    let (job, path) = scrape().await;
    let counts = &job["counts"];
    assert_eq!((&counts["total"], &counts["succeeded"], &counts["versionsCreated"]), (&json!(3), &json!(3), &json!(3)));
    let (_, tasks) = stage.get(&format!("{path}/tasks")).await;
    assert!(tasks.to_string().contains("\"kind\":\"feedPart\""), "{tasks}");
    let (_, shown) = stage.get("/api/units/31253").await;
    assert_eq!(shown["data"]["title"], "Data Structures");

    let (job, _) = scrape().await;
    let counts = &job["counts"];
    assert_eq!(
        (&counts["succeeded"], &counts["unchanged"], &counts["versionsCreated"]),
        (&json!(1), &json!(2), &json!(0))
    );
    let seen = seen.lock().unwrap();
    assert_eq!(seen.iter().filter(|entry| entry.known_hash.is_some()).count(), 3, "{seen:?}");
}
