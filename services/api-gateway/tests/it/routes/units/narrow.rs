//! Filters, orders, facets and nicknames over HTTP.

use super::get;
use crate::filled::{FilledGateway, answer};
use insta::assert_json_snapshot;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

fn codes(body: &Value) -> Vec<&str> {
    body["data"].as_array().unwrap().iter().map(|unit| unit["code"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_filter_and_order_is_a_parameter() {
    let gateway = FilledGateway::start().await;
    for (query, expected) in [
        ("session=autumn", vec!["31251"]),
        ("session=Winter", vec![]),
        ("faculty=Law", vec![]),
        ("mode=Online", vec![]),
        ("minCreditPoints=5&maxCreditPoints=6.5", vec!["31251"]),
        ("minScore=1", vec![]),
        ("hasReviews=true", vec![]),
        ("hasReviews=false&level=2", vec!["31251"]),
        ("requisiteFree=false", vec!["31251"]),
        ("retired=true", vec![]),
        ("retired=false&sort=newest", vec!["09009", "31251", "31251", "FIT2004"]),
        ("sort=score", vec!["09009", "31251", "31251", "FIT2004"]),
        ("sort=mostReviewed&limit=1", vec!["09009"]),
        ("q=algorithms&sort=code", vec!["31251", "FIT2004"]),
    ] {
        let (status, body) = get(&gateway, &format!("/api/units?{query}")).await;
        assert_eq!(status, StatusCode::OK, "{query}: {body}");
        let mut found = codes(&body);
        if query.contains("newest") {
            // Read one after another, perhaps within one second.
            found.sort_unstable();
        }
        assert_eq!(found, expected, "{query}");
    }
    let (_, first) = get(&gateway, "/api/units?sort=score&limit=2").await;
    let cursor = first["meta"]["page"]["nextCursor"].as_str().unwrap();
    let (_, second) = get(&gateway, &format!("/api/units?sort=score&limit=2&cursor={cursor}")).await;
    assert_eq!([codes(&first), codes(&second)].concat(), ["09009", "31251", "31251", "FIT2004"]);
    let (status, refused) = get(&gateway, &format!("/api/units?sort=newest&limit=2&cursor={cursor}")).await;
    assert_eq!((status, &refused["error"]), (StatusCode::BAD_REQUEST, &"bad_cursor".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn facets_count_what_could_be_chosen() {
    let gateway = FilledGateway::start().await;
    let (status, body) = get(&gateway, "/api/units/facets?q=algorithms&university=southbank").await;
    assert_eq!(status, StatusCode::OK);
    assert_json_snapshot!(body["data"], @r#"
    {
      "creditPoints": {
        "atLeast": false,
        "values": []
      },
      "faculty": {
        "atLeast": false,
        "values": []
      },
      "level": {
        "atLeast": false,
        "values": []
      },
      "mode": {
        "atLeast": false,
        "values": []
      },
      "session": {
        "atLeast": false,
        "values": []
      },
      "university": {
        "atLeast": false,
        "values": [
          {
            "label": "northfield",
            "units": 1,
            "value": "northfield"
          },
          {
            "label": "southbank",
            "units": 1,
            "value": "southbank"
          }
        ]
      }
    }
    "#);
    let (_, all) = get(&gateway, "/api/units/facets").await;
    assert_eq!(all["data"]["session"]["values"][0], json!({ "value": "autumn", "label": "Autumn", "units": 1 }));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_names_a_unit() {
    let gateway = FilledGateway::start().await;
    let path = "/api/admin/units/31251/nicknames?university=northfield";
    let admin = gateway.token("admin", true);
    let put =
        |names: Value| gateway.call(Method::PUT, path).bearer_auth(&admin).json(&json!({ "nicknames": names })).send();
    let (status, body) = answer(put(json!(["Algo Land"])).await.unwrap()).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    assert_eq!(body["data"], json!({ "derived": ["dsa", "dsaa"], "nicknames": ["Algo Land"] }));
    let (_, found) = get(&gateway, "/api/units?search=algoland").await;
    assert_eq!((codes(&found)[0], &found["data"][0]["match"]["rung"]), ("31251", &"abbreviation".into()));
    let (_, read) = answer(gateway.get(path).bearer_auth(&admin).send().await.unwrap()).await;
    assert_eq!(read["data"], body["data"]);
    for (names, field) in
        [(json!(["ok", "-"]), "nicknames[1]"), (json!(vec!["x1"; 21]), "nicknames"), (json!(7), "nicknames")]
    {
        let (status, refused) = answer(put(names).await.unwrap()).await;
        assert_eq!((status, &refused["errors"][0]["field"]), (StatusCode::UNPROCESSABLE_ENTITY, &field.into()));
    }
}
