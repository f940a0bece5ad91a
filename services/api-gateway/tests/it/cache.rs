//! Reads that are answered from the cache, and never with what a write has made untrue.

use crate::{
    TestGateway,
    filled::{FilledGateway, answer},
    gateway::LIMIT,
};
use chrono::Datelike;
use reqwest::{Method, StatusCode};
use rmu_api_gateway::cache::Scope;
use rmu_test_support::wait;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU32, Ordering};
use tokio::sync::Semaphore;

async fn read(gateway: &FilledGateway, path: &str) -> Value {
    let (status, body) = answer(gateway.get(path).send().await.unwrap()).await;
    assert_eq!(status, StatusCode::OK, "{path}: {body}");
    body
}

/// Everything that shows how many reviews a unit has, and how many each says.
async fn reviews_everywhere(gateway: &FilledGateway, unit: &str) -> [u64; 5] {
    let other = gateway.id_of("09009").await;
    let number = |value: &Value| value.as_u64().unwrap();
    let detail = read(gateway, "/api/units/FIT2004").await;
    let listed = read(gateway, "/api/units/FIT2004/reviews?limit=50").await;
    let found = read(gateway, "/api/units?search=fit2004").await;
    let best = read(gateway, "/api/units?sort=mostReviewed&limit=1").await;
    let compared = read(gateway, &format!("/api/units/compare?ids={unit},{other}")).await;
    [
        number(&detail["data"]["score"]["reviews"]),
        u64::try_from(listed["data"].as_array().unwrap().len()).unwrap(),
        number(&found["data"][0]["score"]["reviews"]),
        number(&best["data"][0]["score"]["reviews"]),
        number(&compared["data"]["units"][0]["score"]["reviews"]),
    ]
}

async fn write_review(gateway: &FilledGateway, unit: &str) {
    let body = json!({
        "unitId": unit,
        "ratings": { "overall": 5, "teaching": 4, "difficulty": 3, "workload": 2, "usefulness": 5 },
        "wouldRecommend": true,
        "session": "autumn",
        "year": chrono::Utc::now().year(),
    });
    let sent = gateway.post("/api/reviews", &body).bearer_auth(gateway.student()).send().await.unwrap();
    assert_eq!(sent.status(), StatusCode::CREATED);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_reads_what_was_before_their_own_write() {
    let gateway = FilledGateway::start().await;
    let unit = gateway.id_of("FIT2004").await;
    for written in 0..4 {
        assert_eq!(reviews_everywhere(&gateway, &unit).await, [written; 5]);
        // Once more, from the cache now.
        assert_eq!(reviews_everywhere(&gateway, &unit).await, [written; 5]);
        write_review(&gateway, &unit).await;
    }
    let admin = gateway.token("admin", true);
    assert_eq!(read(&gateway, "/api/units?search=beloved").await["data"], json!([]));
    let named = gateway.call(Method::PUT, "/api/admin/units/FIT2004/nicknames").bearer_auth(&admin);
    assert!(named.json(&json!({ "nicknames": ["beloved"] })).send().await.unwrap().status().is_success());
    assert_eq!(read(&gateway, "/api/units?search=beloved").await["data"][0]["code"], "FIT2004");
    let suggested = read(&gateway, "/api/units/suggest?q=fit").await;
    assert_eq!(suggested["data"].as_array().unwrap().len(), 1);
    gateway.read_again("southbank", "FIT2004", 2027).await;
    assert_eq!(read(&gateway, "/api/units/FIT2004").await["data"]["title"], "Algorithms, as they were");
    assert_eq!(read(&gateway, "/api/units?search=fit2004").await["data"][0]["title"], "Algorithms, as they were");
}

#[tokio::test(flavor = "multi_thread")]
async fn under_a_former_id_nobody_reads_what_was_before_their_own_write_either() {
    let gateway = FilledGateway::start().await;
    let (former, on) = (gateway.id_of("09009").await, gateway.id_of("31251?university=northfield").await);
    let shown = async || {
        let detail = read(&gateway, &format!("/api/units/{former}")).await;
        let listed = read(&gateway, &format!("/api/units/{former}/reviews")).await;
        let code = detail["data"]["code"].as_str().unwrap().to_owned();
        (code, detail["data"]["score"]["reviews"].as_u64().unwrap(), listed["data"].as_array().unwrap().len())
    };
    assert_eq!(shown().await, ("09009".to_owned(), 0, 0));
    let alias = gateway.post(&format!("/api/admin/units/{on}/aliases"), &json!({ "code": "09009" }));
    let admin = gateway.token("admin", true);
    assert_eq!(alias.bearer_auth(admin).send().await.unwrap().status(), StatusCode::CREATED);
    for (count, length) in (0_u64..).zip(0..3) {
        for _ in 0..2 {
            assert_eq!(shown().await, ("31251".to_owned(), count, length));
        }
        write_review(&gateway, &on).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_is_answered_from_the_cache_until_something_changes() {
    let gateway = FilledGateway::start().await;
    let paths = ["/api/units?search=algorithms", "/api/units/FIT2004", "/api/units/suggest?q=algo"];
    let mut before = Vec::new();
    for path in paths {
        let first = gateway.get(path).send().await.unwrap();
        before.push((first.headers()["etag"].clone(), first.json::<Value>().await.unwrap()));
    }
    gateway
        .sql_in_secret(
            "UPDATE units SET title = 'Changed'; UPDATE unit_versions SET facts = jsonb_set(facts, '{title}', '\"Changed\"')",
        )
        .await;
    for (path, (tag, body)) in paths.iter().zip(&before) {
        assert_eq!(read(&gateway, path).await, *body, "{path}");
        let again = gateway.get(path).header("if-none-match", tag).send().await.unwrap();
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED, "{path}");
    }
    gateway.state.cache.changed(&[Scope::Everything]).await;
    for (path, (tag, body)) in paths.iter().zip(&before) {
        assert_ne!(read(&gateway, path).await, *body, "{path}");
        let again = gateway.get(path).header("if-none-match", tag).send().await.unwrap();
        assert_eq!(again.status(), StatusCode::OK, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_redis_reads_are_right_and_afterwards_too() {
    let gateway = FilledGateway::start().await;
    let unit = gateway.id_of("FIT2004").await;
    assert_eq!(reviews_everywhere(&gateway, &unit).await, [0; 5]);
    let faults: [fn(&TestGateway); 2] = [|gateway| gateway.redis.reset(), |gateway| gateway.redis.black_hole()];
    for (round, fault) in (1..).zip(faults) {
        fault(&gateway);
        write_review(&gateway, &unit).await;
        assert_eq!(reviews_everywhere(&gateway, &unit).await, [round; 5], "while Redis is away");
        gateway.redis.restore();
        // Nothing from before the outage comes back, at whatever moment Redis does.
        wait::until(LIMIT, || async {
            assert_eq!(reviews_everywhere(&gateway, &unit).await, [round; 5], "after the outage");
            let asked = AtomicU32::new(0);
            let compute = || async {
                asked.fetch_add(1, Ordering::Relaxed);
                Ok(b"x".to_vec().into())
            };
            for _ in 0..2 {
                gateway.state.cache.read("probe", &[], &round.to_string(), compute()).await.unwrap();
            }
            asked.load(Ordering::Relaxed) < 2
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_ask_the_same_at_once_one_reads() {
    let gateway = TestGateway::start_without_auth(&[]).await;
    let (computed, may_go_on) = (AtomicU32::new(0), Semaphore::new(0));
    let cache = &gateway.state.cache;
    let ask = |asked: &'static str| {
        cache.read("test", &[], asked, async {
            computed.fetch_add(1, Ordering::SeqCst);
            drop(may_go_on.acquire().await.unwrap());
            Ok(asked.as_bytes().to_vec().into())
        })
    };
    let asking = futures_util::future::join_all((0..50).map(|_| ask("same")));
    let releasing = async {
        wait::until(LIMIT, || async { computed.load(Ordering::SeqCst) == 1 }).await;
        may_go_on.add_permits(1);
    };
    let (answers, ()) = tokio::join!(asking, releasing);
    assert!(answers.into_iter().all(|answer| answer.unwrap() == b"same"));
    assert_eq!(computed.load(Ordering::SeqCst), 1);
    assert_eq!(ask("same").await.unwrap(), b"same");
    assert_eq!(computed.load(Ordering::SeqCst), 1, "it is kept");
    ask("other").await.unwrap();
    assert_eq!(computed.load(Ordering::SeqCst), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_large_or_failed_is_not_kept() {
    let gateway = TestGateway::start_without_auth(&[]).await;
    let cache = &gateway.state.cache;
    for length in [256 * 1024, 256 * 1024 + 1] {
        let computed = AtomicU32::new(0);
        for _ in 0..2 {
            let compute = async {
                computed.fetch_add(1, Ordering::Relaxed);
                Ok(vec![b'x'; length].into())
            };
            let answer = cache.read("test", &[], &length.to_string(), compute).await.unwrap();
            assert_eq!(answer.len(), length);
        }
        assert_eq!(computed.load(Ordering::Relaxed), if length > 256 * 1024 { 2 } else { 1 }, "{length}");
    }
    let failed = async { Err(rmu_web::Problem::not_found("thing").into()) };
    assert!(cache.read("test", &[], "failing", failed).await.is_err());
    assert_eq!(cache.read("test", &[], "failing", async { Ok(Vec::new().into()) }).await.unwrap(), Vec::<u8>::new());
}
