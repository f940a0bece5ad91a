//! `/api/units/suggest`.

use super::get;
use crate::filled::FilledGateway;
use insta::assert_json_snapshot;
use reqwest::StatusCode;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn units_are_suggested_while_somebody_types() {
    let gateway = FilledGateway::start().await;
    let (status, body) = get(&gateway, "/api/units/suggest?q=d").await;
    assert_eq!(status, StatusCode::OK);
    assert_json_snapshot!(body, { ".data[].id" => "[id]", ".data[].university.id" => "[id]" }, @r#"
    {
      "data": [
        {
          "code": "31251",
          "highlights": {
            "title": "<mark>Data</mark> Structures and Algorithms"
          },
          "id": "[id]",
          "match": "title",
          "title": "Data Structures and Algorithms",
          "university": {
            "id": "[id]",
            "name": "northfield",
            "slug": "northfield"
          }
        }
      ],
      "success": true
    }
    "#);
    for (query, titles) in [
        ("3", json!(["Data Structures and Algorithms", "Quantum Physics"])),
        ("fit-2", json!(["Algorithms"])),
        ("CAF%C3%89", json!(["Café Management"])),
        ("algo", json!(["Algorithms", "Data Structures and Algorithms"])),
        ("data%20s", json!(["Data Structures and Algorithms"])),
        ("algorithms%20d", json!(["Data Structures and Algorithms", "Algorithms"])),
        ("31251&university=southbank", json!(["Quantum Physics"])),
        ("%25", json!([])),
        ("%27", json!([])),
    ] {
        let (status, body) = get(&gateway, &format!("/api/units/suggest?q={query}")).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        let found: Vec<_> = body["data"].as_array().unwrap().iter().map(|unit| &unit["title"]).collect();
        assert_eq!(json!(found), titles, "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suggestion_needs_something_typed_and_a_university_that_exists() {
    let gateway = FilledGateway::start().await;
    for (query, field) in [
        ("", "q"),
        ("?q=", "q"),
        ("?q=a%00", "q"),
        ("?q=a&university=nowhere", "university"),
        ("?q=a&university=No%20Slug", "university"),
    ] {
        let (status, body) = get(&gateway, &format!("/api/units/suggest{query}")).await;
        assert_eq!((status, &body["errors"][0]["field"]), (StatusCode::BAD_REQUEST, &field.into()), "{body}");
    }
}
