//! `/api/units/{unit}/requisites` and `/api/units/{unit}/eligibility`.

use super::get;
use crate::filled::{FilledGateway, answer};
use insta::assert_json_snapshot;
use reqwest::StatusCode;
use serde_json::{Value, json};

const UNIT: &str = "/api/units/31251";

async fn judged(gateway: &FilledGateway, body: &Value) -> (StatusCode, Value) {
    let path = format!("{UNIT}/eligibility?university=northfield");
    answer(gateway.post(&path, body).send().await.unwrap()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn requisites_are_a_tree_that_leads_to_units() {
    let gateway = FilledGateway::start().await;
    let (status, body) = get(&gateway, &format!("{UNIT}/requisites?university=northfield")).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    assert_json_snapshot!(body, { ".**.id" => "[id]" }, @r#"
    {
      "data": {
        "cycles": [],
        "gap": null,
        "requisites": [
          {
            "kind": "prerequisite",
            "text": "31271 OR 48023",
            "tree": {
              "parts": [
                {
                  "code": "31271",
                  "dead": true,
                  "type": "unit",
                  "unit": null
                },
                {
                  "code": "48023",
                  "dead": true,
                  "type": "unit",
                  "unit": null
                }
              ],
              "type": "any"
            },
            "understood": true
          }
        ],
        "unit": {
          "code": "31251",
          "id": "[id]",
          "title": "Data Structures and Algorithms",
          "university": {
            "id": "[id]",
            "name": "northfield",
            "slug": "northfield"
          }
        },
        "unlocks": [],
        "year": 2026
      },
      "meta": {
        "page": {
          "limit": 20,
          "total": "0"
        }
      },
      "success": true
    }
    "#);
    let (_, unknown) = get(&gateway, "/api/units/FIT2004/requisites").await;
    assert_eq!(unknown["data"]["requisites"], Value::Null);
    let (status, ambiguous) = get(&gateway, &format!("{UNIT}/requisites")).await;
    assert_eq!((status, &ambiguous["error"]), (StatusCode::CONFLICT, &"ambiguous".into()));
    let (status, refused) = get(&gateway, "/api/units/FIT2004/requisites?cursor=x").await;
    assert_eq!((status, &refused["error"]), (StatusCode::BAD_REQUEST, &"bad_cursor".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_passed_is_judged_branch_by_branch() {
    let gateway = FilledGateway::start().await;
    let (status, body) = judged(&gateway, &json!({ "passed": ["48 023"] })).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    assert_json_snapshot!(body["data"], { ".**.id" => "[id]" }, @r#"
    {
      "eligible": "yes",
      "gap": null,
      "requisites": [
        {
          "kind": "prerequisite",
          "met": "yes",
          "missing": null,
          "missingText": null,
          "text": "31271 OR 48023",
          "tree": {
            "holds": "yes",
            "parts": [
              {
                "code": "31271",
                "dead": true,
                "holds": "no",
                "type": "unit",
                "unit": null
              },
              {
                "code": "48023",
                "dead": true,
                "holds": "yes",
                "type": "unit",
                "unit": null
              }
            ],
            "type": "any"
          },
          "understood": true
        }
      ],
      "unit": {
        "code": "31251",
        "id": "[id]",
        "title": "Data Structures and Algorithms",
        "university": {
          "id": "[id]",
          "name": "northfield",
          "slug": "northfield"
        }
      }
    }
    "#);
    let (_, body) = judged(&gateway, &json!({ "passed": [], "creditPoints": { "total": 12 } })).await;
    assert_eq!(body["data"]["eligible"], "no");
    assert_eq!(body["data"]["requisites"][0]["missingText"], "31271 OR 48023");
    let path = "/api/units/FIT2004/eligibility";
    let (_, body) = answer(gateway.post(path, &json!({ "passed": [] })).send().await.unwrap()).await;
    assert_eq!(body["data"]["eligible"], "unknown", "nothing is known of its requisites");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_mistake_in_what_was_passed_is_named() {
    let gateway = FilledGateway::start().await;
    for (body, fields) in [
        (json!({}), json!(["passed"])),
        (json!({ "passed": "31251" }), json!(["passed"])),
        (json!({ "passed": vec!["31251"; 201] }), json!(["passed"])),
        (json!({ "passed": [], "marks": 1 }), json!(["marks"])),
        (
            json!({ "passed": ["31251", "x"], "creditPoints": { "total": -1, "byLevel": { "two": 3, "1": 1e9 } } }),
            json!(["passed[1]", "creditPoints.total", "creditPoints.byLevel.1", "creditPoints.byLevel.two"]),
        ),
        (
            json!({ "passed": [], "creditPoints": { "total": 6, "byLevel": { "1": 12.5 } } }),
            json!(["creditPoints.total"]),
        ),
    ] {
        let (status, refused) = judged(&gateway, &body).await;
        let named: Vec<_> = refused["errors"].as_array().unwrap().iter().map(|error| &error["field"]).collect();
        assert_eq!((status, json!(named)), (StatusCode::UNPROCESSABLE_ENTITY, fields), "{refused}");
    }
}
