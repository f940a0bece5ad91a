//! What an administrator starts a source from, and trying a page. The worker is played by a server of the published
//! contract, with a worker's rights.

use crate::{TestGateway, gateway::LIMIT};
use reqwest::{Response, StatusCode};
use rmu_extraction::preset_at;
use rmu_messaging::{
    Connection, ConnectionOptions, Publisher,
    contracts::{
        Contract,
        auth::RpcErrorV1,
        events::WorkerStatsV1,
        preview::{
            PreviewFactV1, PreviewPieceV1, PreviewPlaceV1, PreviewRequestV1, PreviewRuleV1, PreviewV1, PreviewVerdictV1,
        },
        scrape::{FailureV1, GapV1},
    },
    rpc::{PREVIEWS, Router, Server},
    topology::WORKER_STATS_ROUTE,
};
use rmu_test_support::wait;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

const PAGE: &str = "https://handbook.northfield.example/subject/2026/31251";

fn draft() -> Value {
    preset_at("courseloop", &["https://handbook.northfield.example"]).unwrap()
}

async fn ask(gateway: &TestGateway, body: &Value) -> Response {
    let token = gateway.token("admin", true);
    gateway.post("/api/admin/sources/preview", body).bearer_auth(token).send().await.unwrap()
}

async fn problem(response: Response, status: StatusCode) -> Value {
    assert_eq!(response.status(), status);
    let retry_after = response.headers().contains_key("retry-after");
    assert_eq!(retry_after, status == StatusCode::SERVICE_UNAVAILABLE);
    response.json().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn presets_and_the_schema_are_there_to_start_from() {
    let gateway = TestGateway::start().await;
    let token = gateway.token("admin", true);
    let get = async |path: &str| -> Value {
        gateway.get(path).bearer_auth(&token).send().await.unwrap().json().await.unwrap()
    };
    let presets = get("/api/admin/sources/presets").await;
    let schema = get("/api/admin/sources/schema").await["data"].take();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let names: Vec<&str> =
        presets["data"].as_array().unwrap().iter().map(|preset| preset["name"].as_str().unwrap()).collect();
    for wanted in ["courseloop", "legacy-static", "tables", "courseleaf", "meta-tags"] {
        assert!(names.contains(&wanted), "{names:?}");
    }
    for preset in presets["data"].as_array().unwrap() {
        assert!(validator.is_valid(&preset["definition"]), "{}", preset["name"]);
    }
    // One of them, completed, is a source.
    gateway.add_university("northfield", "northfield.example").await;
    let new = json!({"university": "northfield", "slug": "northfield-handbook", "definition": draft()});
    let created = gateway.post("/api/admin/sources", &new).bearer_auth(&token).send().await.unwrap();
    assert_eq!(created.status(), StatusCode::CREATED);
    for taken in ["schema", "presets", "preview"] {
        let new = json!({"university": "northfield", "slug": taken, "definition": draft()});
        let refused = gateway.post("/api/admin/sources", &new).bearer_auth(&token).send().await.unwrap();
        assert_eq!(problem(refused, StatusCode::UNPROCESSABLE_ENTITY).await["errors"][0]["field"], "slug");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_tried_is_refused_with_its_places() {
    let gateway = TestGateway::start().await;
    let mut bad = draft();
    bad["facts"]["title"] = json!([{"css": "h1["}]);
    bad["facts"]["year"] = json!([{"css": "p", "regex": "("}]);
    bad["unitUrl"] = json!("no group");
    let refused = ask(&gateway, &json!({"url": PAGE, "definition": bad})).await;
    let refused = problem(refused, StatusCode::UNPROCESSABLE_ENTITY).await;
    let places: Vec<&str> =
        refused["errors"].as_array().unwrap().iter().map(|e| e["field"].as_str().unwrap()).collect();
    assert_eq!(places, ["definition/unitUrl", "definition/facts/title/0/css", "definition/facts/year/0/regex"]);
    for (body, field) in [
        (json!({"url": "https://evil.example/x", "definition": draft()}), "url"),
        (json!({"url": "file:///etc/passwd", "definition": draft()}), "url"),
        (json!({"url": "31251", "definition": draft()}), "url"),
        (json!({"url": PAGE}), "definition"),
        (json!({"url": PAGE, "definition": draft(), "source": "northfield-handbook"}), "definition"),
    ] {
        let refused = problem(ask(&gateway, &body).await, StatusCode::UNPROCESSABLE_ENTITY).await;
        assert_eq!(refused["errors"][0]["field"], field, "{body}");
    }
    let missing = ask(&gateway, &json!({"url": PAGE, "source": "nowhere"})).await;
    assert_eq!(missing.status(), StatusCode::NOT_FOUND);
    let nobody = ask(&gateway, &json!({"url": PAGE, "definition": draft()})).await;
    assert_eq!(problem(nobody, StatusCode::SERVICE_UNAVAILABLE).await["error"], "unavailable");
}

/// Answers by the address that is asked for.
async fn played(request: PreviewRequestV1) -> Result<PreviewV1, RpcErrorV1> {
    let failed = |failure: &str| {
        let failure = FailureV1 { failure: failure.into(), detail: "d".into(), retry_after_seconds: None };
        PreviewV1 {
            url: None,
            verdict: PreviewVerdictV1::Failed(failure),
            facts: Vec::new(),
            screenshot: None,
            ..PreviewV1::example()
        }
    };
    match request.url.rsplit('/').next().unwrap() {
        "busy" => Err(RpcErrorV1::Busy { retry_after_seconds: 7 }),
        "broken" => Err(RpcErrorV1::Internal),
        "late" => Ok(failed("timeout")),
        _ => {
            let place = PreviewPlaceV1::Attribute { path: "html > head > meta".into(), name: "content".into() };
            let tried = |rule: &str, outcome: &str| PreviewRuleV1 {
                rule: rule.into(),
                page: None,
                outcome: outcome.into(),
                found: vec![PreviewPieceV1 { place: place.clone(), raw: "6 cp".into() }],
            };
            let points = PreviewFactV1 {
                fact: "creditPoints".into(),
                value: Some(json!("6")),
                gap: None,
                rules: vec![tried("creditPoints[0]", "unparsed"), tried("creditPoints[1]", "value")],
            };
            let level = PreviewFactV1 { fact: "level".into(), value: None, gap: Some(GapV1::Empty), rules: Vec::new() };
            Ok(PreviewV1 { facts: vec![points, level], ..PreviewV1::example() })
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_worker_found_is_shown_fact_by_fact() {
    let gateway = TestGateway::start().await;
    let options = ConnectionOptions::new(&gateway.vhost.amqp_url_as("worker"), "played worker").unwrap();
    let connection = Connection::open(options).unwrap();
    let stop = CancellationToken::new();
    let router = Router::new().on(|request: PreviewRequestV1, _| played(request));
    let server = tokio::spawn(Server::at(&PREVIEWS, &connection, router, 1).run(stop.clone()));
    let publisher = Publisher::new(connection.clone());
    wait::until(LIMIT, || async {
        let _ = publisher.publish(&WORKER_STATS_ROUTE, &WorkerStatsV1::example()).await;
        !gateway.state.workers.current().is_empty()
    })
    .await;

    let answer = ask(&gateway, &json!({"url": PAGE, "definition": draft()})).await;
    assert_eq!(answer.status(), StatusCode::OK);
    let found = json!([{"raw": "6 cp", "kind": "attribute", "path": "html > head > meta", "attribute": "content"}]);
    let shown: Value = answer.json().await.unwrap();
    assert_eq!(
        shown["data"],
        json!({
            "url": PAGE,
            "worker": "worker-1",
            "verdict": {"kind": "unit", "detail": null},
            "screenshot": {"mediaType": "image/png", "data": "iVBORw0KGgo="},
            "facts": [
                {
                    "fact": "creditPoints", "value": "6", "gap": null, "rules": ["creditPoints[1]"], "found": found,
                    "tried": [
                        {"rule": "creditPoints[0]", "page": null, "outcome": "unparsed", "found": found},
                        {"rule": "creditPoints[1]", "page": null, "outcome": "value", "found": found},
                    ],
                },
                {"fact": "level", "value": null, "gap": "empty", "rules": [], "found": [], "tried": []},
            ],
        })
    );
    let at = |last: &str| json!({"url": format!("https://handbook.northfield.example/{last}"), "definition": draft()});
    let late: Value = ask(&gateway, &at("late")).await.json().await.unwrap();
    assert_eq!(late["data"]["verdict"], json!({"kind": "failed", "failure": "timeout", "detail": "d"}));
    let busy = ask(&gateway, &at("busy")).await;
    assert_eq!(busy.headers()["retry-after"], "7");
    problem(busy, StatusCode::SERVICE_UNAVAILABLE).await;
    assert_eq!(ask(&gateway, &at("broken")).await.status(), StatusCode::INTERNAL_SERVER_ERROR);

    // The broker gone, nobody waits for a minute.
    gateway.broker.reset();
    let lost = ask(&gateway, &at("lost")).await;
    problem(lost, StatusCode::SERVICE_UNAVAILABLE).await;
    stop.cancel();
    server.await.unwrap();
}
