//! `/api/admin/audit`, and that nothing which moderators and administrators do is missing in it.

use crate::{
    auth_service::claims,
    filled::{FilledGateway, answer},
};
use reqwest::{Method, StatusCode};
use rmu_api_gateway::{auth::Access, routes::access_table};
use rmu_messaging::contracts::{Contract, accounts::AccountRecordV1};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use uuid::Uuid;

/// Routes that change nothing, whatever their method says.
const EXEMPT: [(&str, &str); 2] = [
    // It tries rules against a page; neither the rules nor what came out is kept.
    ("POST", "/api/admin/sources/preview"),
    // It shows the codes that a template gives.
    ("POST", "/api/admin/code-templates/preview"),
];

const SOURCE: &str = "/api/admin/sources/northfield-handbook";

/// Calls routes one after the other and looks for the entry of each.
struct Walk {
    gateway: FilledGateway,
    admin: String,
    seen: BTreeSet<(String, String)>,
    entries: usize,
}

impl Walk {
    /// Calls `template` with what stands in `{…}` put in by `path`, which must leave one entry at least.
    async fn step(&mut self, method: Method, template: &str, path: &str, body: Value) -> Value {
        let id = format!("walk-{}", Uuid::new_v4());
        let request = self.gateway.call(method.clone(), path).bearer_auth(&self.admin).json(&body);
        let response = request.header("x-request-id", &id).send().await.unwrap();
        let what = format!("{method} {path}");
        let status = response.status();
        let text = response.text().await.unwrap();
        assert!(status.is_success(), "{what}: {status} {text}");
        let log = self.log("").await;
        let of_request = log.iter().filter(|entry| entry["requestId"] == id.as_str()).count();
        assert!(of_request > 0, "{what} left no entry in the audit log");
        self.entries += of_request;
        self.seen.insert((method.to_string(), template.to_owned()));
        serde_json::from_str(&text).unwrap_or_default()
    }

    async fn plain(&mut self, method: Method, path: &str, body: Value) -> Value {
        self.step(method, path, path, body).await
    }

    /// One that names something by its id: the id in `path` stands for `{id}`.
    async fn of(&mut self, method: Method, template: &str, id: &str, body: Value) -> Value {
        self.step(method, template, &template.replace("{id}", id), body).await
    }

    async fn of_source(&mut self, method: Method, rest: &str, body: Value) {
        let template = format!("/api/admin/sources/{{slug}}{rest}");
        self.step(method, &template, &format!("{SOURCE}{rest}"), body).await;
    }

    async fn log(&self, query: &str) -> Vec<Value> {
        let path = format!("/api/admin/audit?limit=50{query}");
        let (status, body) = answer(self.gateway.get(&path).bearer_auth(&self.admin).send().await.unwrap()).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        body["data"].as_array().unwrap().clone()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_action_of_moderators_and_administrators_leaves_an_entry() {
    let gateway = FilledGateway::start().await;
    let admin = gateway.token("admin", true);
    let mut walk = Walk { gateway, admin, seen: BTreeSet::new(), entries: 0 };
    sources(&mut walk).await;
    scrapes(&mut walk).await;
    dead_letters(&mut walk).await;
    moderation(&mut walk).await;
    accounts(&mut walk).await;
    units(&mut walk).await;

    let rights = |access| matches!(access, Access::Moderator | Access::Admin);
    let must: BTreeSet<(String, String)> = access_table()
        .filter(|row| row.method != "GET" && rights(row.access) && !EXEMPT.contains(&(row.method, row.path)))
        .map(|row| (row.method.to_owned(), row.path.to_owned()))
        .collect();
    assert_eq!(walk.seen, must, "routes that were walked (left) and those that must leave an entry (right) differ");

    // What the entries say, and how they are found.
    let actor = claims("admin", true)["sub"].as_str().unwrap().to_owned();
    assert!(walk.entries >= must.len());
    let edited = walk.log("&action=source.edited").await;
    assert_eq!((edited.len(), &edited[0]["subjectId"]), (1, &json!("northfield-handbook")), "{edited:?}");
    assert_eq!((&edited[0]["actorId"], &edited[0]["actorRole"]), (&json!(actor), &json!("admin")));
    assert_eq!(edited[0]["details"], json!({ "version": 2 }));
    assert_eq!(walk.log(&format!("&actor={}", Uuid::new_v4())).await, [Value::Null; 0]);
    assert_eq!(walk.log("&subjectKind=queue").await.len(), 1);
    for refused in [
        "action=source.burnt",
        "subjectKind=x",
        "actor=ada",
        "from=yesterday",
        "from=99999-01-01",
        "subjectId=a",
        "limit=51",
    ] {
        let path = format!("/api/admin/audit?{refused}");
        let (status, body) = answer(walk.gateway.get(&path).bearer_auth(&walk.admin).send().await.unwrap()).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{refused}: {body}");
        if let Some(moment) = refused.strip_prefix("from=") {
            assert!(body.to_string().contains("must be a moment such as 2026"), "{moment}: {body}");
        }
    }
    assert_eq!(walk.log("&subjectKind=queue&from=2026-01-01T00:00:00%2B11:00").await.len(), 1);
    assert_eq!(walk.log("&until=2026-01-01T00:00:00Z").await.len(), 0);
}

async fn sources(walk: &mut Walk) {
    walk.plain(Method::POST, "/api/admin/universities", json!({ "slug": "easton", "name": "Easton" })).await;
    let (_, source) = answer(walk.gateway.get(SOURCE).bearer_auth(&walk.admin).send().await.unwrap()).await;
    let mut definition = source["data"]["definition"].clone();
    let new = json!({ "university": "easton", "slug": "easton-handbook", "definition": definition });
    walk.plain(Method::POST, "/api/admin/sources", new).await;
    definition["facts"]["title"] = json!([{ "css": "h3" }]);
    walk.of_source(Method::PUT, "", json!({ "definition": definition })).await;
    walk.of_source(Method::PUT, "", json!({ "enabled": false })).await;
    walk.of_source(Method::PUT, "", json!({ "enabled": true })).await;
    walk.of_source(Method::POST, "/resume", json!({})).await;
    walk.of_source(Method::POST, "/accept", json!({ "facts": [] })).await;
    walk.of_source(Method::PUT, "/canaries", json!({ "codes": [] })).await;
    walk.of_source(Method::PUT, "/schedule", json!({ "cron": "0 3 * * *" })).await;
    walk.of_source(Method::DELETE, "/schedule", json!({})).await;
    walk.of_source(Method::PUT, "/fetch-window", json!({ "from": "22:00", "until": "06:00" })).await;
    walk.of_source(Method::DELETE, "/fetch-window", json!({})).await;
}

async fn scrapes(walk: &mut Walk) {
    let wanted = |code: &str| {
        let url = format!("https://northfield.example/subject/2026/{code}");
        json!({ "source": "northfield-handbook", "urls": [url] })
    };
    let running = walk.plain(Method::POST, "/api/admin/scrapes", wanted("90001")).await;
    let id = running["data"]["id"].as_str().unwrap();
    for step in ["pause", "resume", "cancel"] {
        walk.of(Method::POST, &format!("/api/admin/scrapes/{{id}}/{step}"), id, json!({})).await;
    }
    let mut ended = Vec::new();
    for code in ["90002", "90003"] {
        let scrape = walk.plain(Method::POST, "/api/admin/scrapes", wanted(code)).await;
        ended.push(scrape["data"]["id"].as_str().unwrap().to_owned());
    }
    walk.gateway
        .sql(
            "UPDATE scrape_tasks SET state = 'dead', finished_at = now() WHERE state = 'pending';
             UPDATE scrape_jobs SET state = 'completed', finished_at = now(), dead = live, live = 0
             WHERE state = 'running' AND live > 0",
        )
        .await;
    walk.of(Method::POST, "/api/admin/scrapes/{id}/retry", &ended[0], json!({})).await;
    let tasks = format!("/api/admin/scrapes/{}/tasks", ended[1]);
    let (_, tasks) = answer(walk.gateway.get(&tasks).bearer_auth(&walk.admin).send().await.unwrap()).await;
    let task = tasks["data"][0]["id"].as_str().unwrap();
    let template = "/api/admin/scrapes/{id}/tasks/{task}/retry";
    let path = template.replace("{id}", &ended[1]).replace("{task}", task);
    walk.step(Method::POST, template, &path, json!({})).await;
    walk.plain(Method::POST, "/api/admin/queue/clear", json!({ "confirm": true })).await;
}

async fn dead_letters(walk: &mut Walk) {
    let letters: Vec<String> = (0..3).map(|_| Uuid::now_v7().to_string()).collect();
    for id in &letters {
        walk.gateway
            .sql(&format!(
                "INSERT INTO dead_letters (id, message_id, kind, reason, queue, exchange, routing_key, deaths,
                                           properties, body, body_bytes, complete, state)
                 VALUES ('{id}', gen_random_uuid(), 'scrape.result.v1', 'no such task', 'scrape.results',
                         'rmu.scrape', 'result', '[]', '{{}}', '{{}}', 2, true, 'waiting')"
            ))
            .await;
    }
    walk.of(Method::POST, "/api/admin/dead-letters/{id}/discard", &letters[0], json!({})).await;
    walk.of(Method::POST, "/api/admin/dead-letters/{id}/replay", &letters[1], json!({})).await;
    walk.plain(Method::POST, "/api/admin/dead-letters/replay-all", json!({})).await;
}

async fn moderation(walk: &mut Walk) {
    let review = walk.gateway.review("31251", &walk.gateway.student()).await;
    let opened = walk.plain(Method::POST, "/api/moderation/cases", json!({ "reviewId": review })).await;
    let case = opened["data"]["id"].as_str().unwrap().to_owned();
    walk.of(Method::POST, "/api/moderation/cases/{id}/claim", &case, json!({})).await;
    walk.of(Method::DELETE, "/api/moderation/cases/{id}/claim", &case, json!({})).await;
    let keep = json!({ "decision": "keep", "reason": "within_rules", "revision": 1 });
    walk.of(Method::POST, "/api/moderation/cases/{id}/decisions", &case, keep).await;

    let asked = json!({
        "reviewId": review, "name": "Dr. R. Ellis", "contact": "r.ellis@northfield.example",
        "grounds": "It gives my private telephone number.",
    });
    let opened = walk.plain(Method::POST, "/api/moderation/takedowns", asked).await;
    let request = opened["data"]["id"].as_str().unwrap().to_owned();
    walk.of(Method::POST, "/api/moderation/takedowns/{id}/claim", &request, json!({})).await;
    let refuse = json!({ "decision": "refuse", "answer": "It is the number of the office." });
    walk.of(Method::POST, "/api/moderation/takedowns/{id}/decisions", &request, refuse).await;
}

async fn accounts(walk: &mut Walk) {
    let account = AccountRecordV1::example().account_id.to_string();
    walk.of(Method::POST, "/api/admin/users/{id}/ban", &account, json!({ "reason": "spam" })).await;
    walk.of(Method::DELETE, "/api/admin/users/{id}/ban", &account, json!({})).await;
    walk.of(Method::PUT, "/api/admin/users/{id}/role", &account, json!({ "role": "moderator" })).await;
    walk.of(Method::DELETE, "/api/admin/users/{id}/sessions", &account, json!({})).await;
}

async fn units(walk: &mut Walk) {
    for (method, rest, body) in [
        (Method::PUT, "nicknames", json!({ "nicknames": ["Algo"] })),
        (Method::POST, "aliases", json!({ "code": "31250" })),
        (Method::DELETE, "aliases/{code}", json!({})),
    ] {
        let template = format!("/api/admin/units/{{unit}}/{rest}");
        let path = template.replace("{unit}", "31251").replace("{code}", "31250") + "?university=northfield";
        walk.step(method, &template, &path, body).await;
    }
}
