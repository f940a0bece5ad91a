//! Templates of codes: what they would give, and a scrape of one.

use super::stage::{Stage, unit};
use reqwest::StatusCode;
use rmu_messaging::contracts::scrape::{OutcomeV1, TargetV1};
use serde_json::{Value, json};

const PREVIEW: &str = "/api/admin/code-templates/preview";

fn mistakes(body: &Value) -> Vec<(&str, &str)> {
    let errors = body["errors"].as_array().unwrap().iter();
    errors.map(|error| (error["field"].as_str().unwrap(), error["detail"].as_str().unwrap())).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_preview_counts_and_shows_both_ends_or_names_every_mistake() {
    let stage = Stage::new("100").await;
    let range = json!({"kind": "range", "from": "09000", "to": "09999"});
    let (status, _, body) = stage.post(PREVIEW, range).await;
    assert_eq!((status, &body["data"]["count"]), (StatusCode::OK, &json!(1000)), "{body}");
    assert_eq!(body["data"]["first"], json!(["09000", "09001", "09002", "09003", "09004"]));
    assert_eq!(body["data"]["last"][4], "09999");
    let (_, _, body) = stage.post(PREVIEW, json!({"kind": "pattern", "pattern": "FIT[1-3]0"})).await;
    assert_eq!(
        body["data"],
        json!({"count": 3, "first": ["FIT10", "FIT20", "FIT30"], "last": ["FIT10", "FIT20", "FIT30"]})
    );

    let wrong = json!({"kind": "list", "codes": ["31251", "?", "31251"]});
    let (status, _, body) = stage.post(PREVIEW, wrong).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    let found = mistakes(&body);
    assert_eq!(found.iter().map(|(field, _)| *field).collect::<Vec<_>>(), ["codes[1]", "codes[2]"]);
    assert_eq!(found[1].1, "31251 is there twice");
    let (status, _, body) = stage.post(PREVIEW, json!({"kind": "pattern", "pattern": "#######"})).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(mistakes(&body)[0].1.contains("would give 10000000 codes"), "{body}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scrape_of_a_template_asks_for_every_code_within_the_limit() {
    let stage = Stage::new("20").await;
    let template = json!({"kind": "range", "from": "09001", "to": "09060"});
    let ask = |template: &Value| json!({"source": "northfield-handbook", "template": template, "years": [2026]});
    let (status, _, body) = stage.post("/api/admin/scrapes", ask(&template)).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{body}");
    assert_eq!(body["data"]["counts"]["total"], 60);
    let path = format!("/api/admin/scrapes/{}", body["data"]["id"].as_str().unwrap());
    stage.work(|task| match &task.target {
        TargetV1::Unit { url, code: Some(code), year: Some(2026) } if url.ends_with(code) && code.ends_with('7') => {
            unit(code, "Data Structures")
        }
        TargetV1::Unit { .. } => OutcomeV1::NotFound { detail: "no such code".to_owned() },
        TargetV1::Discovery { .. } | TargetV1::FeedPart { .. } => panic!("a template needs no discovery"),
    });
    let job = stage.until_ended(&path).await;
    let counts = &job["counts"];
    assert_eq!((&counts["succeeded"], &counts["notFound"]), (&json!(6), &json!(54)), "{job}");

    for (field, wrong) in [
        ("template.to", json!({"template": {"kind": "range", "from": "2", "to": "x"}})),
        ("template", json!({"template": template, "codes": ["31251"]})),
        ("years[0]", json!({"template": template, "years": [1066]})),
        ("years", json!({"years": [2026]})),
    ] {
        let mut body = wrong;
        body["source"] = json!("northfield-handbook");
        let (status, _, answer) = stage.post("/api/admin/scrapes", body.clone()).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{body}: {answer}");
        assert!(mistakes(&answer).iter().any(|(found, _)| *found == field), "{body}: {answer}");
    }
}
