//! `/api/units/{unit}/history` and `/api/units/{unit}/diff`.

use super::get;
use crate::filled::FilledGateway;
use insta::assert_json_snapshot;
use reqwest::StatusCode;

const UNIT: &str = "/api/units/FIT2004";

#[tokio::test(flavor = "multi_thread")]
async fn the_history_lists_what_handbooks_said() {
    let gateway = FilledGateway::start().await;
    let (status, body) = get(&gateway, &format!("{UNIT}/history")).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    assert_json_snapshot!(body, { ".**.id" => "[id]", ".**.confirmedAt" => "[time]" }, @r#"
    {
      "data": {
        "newestHandbookYear": 2026,
        "standing": "current",
        "unit": {
          "code": "FIT2004",
          "id": "[id]",
          "title": "Algorithms",
          "university": {
            "id": "[id]",
            "name": "southbank",
            "slug": "southbank"
          }
        },
        "versions": [
          {
            "code": "FIT2004",
            "confirmedAt": "[time]",
            "fetchedAt": "2026-03-01T10:00:00Z",
            "id": "[id]",
            "number": 1,
            "rulesVersion": 1,
            "shown": true,
            "source": "southbank-handbook",
            "title": "Algorithms",
            "url": "https://southbank.example/subject/2026/FIT2004",
            "year": 2026
          }
        ]
      },
      "meta": {
        "page": {
          "limit": 20,
          "total": "1"
        }
      },
      "success": true
    }
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_diff_says_what_changed_by_fact() {
    let gateway = FilledGateway::start().await;
    gateway.read_again("southbank", "FIT2004", 2025).await;
    let (status, body) = get(&gateway, &format!("{UNIT}/diff?from=2025&to=2026")).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    assert_json_snapshot!(body["data"], { ".**.id" => "[id]", ".**.confirmedAt" => "[time]", ".**.fetchedAt" => "[time]" }, @r#"
    {
      "assessments": {
        "added": [],
        "changed": [],
        "fromKnown": false,
        "removed": [],
        "toKnown": false
      },
      "changed": [
        "title",
        "creditPoints",
        "contacts"
      ],
      "contacts": {
        "added": [],
        "changed": [],
        "fromKnown": true,
        "removed": [],
        "toKnown": false
      },
      "from": {
        "code": "FIT2004",
        "confirmedAt": "[time]",
        "fetchedAt": "[time]",
        "id": "[id]",
        "number": 2,
        "rulesVersion": 1,
        "shown": false,
        "source": "southbank-handbook",
        "title": "Algorithms, as they were",
        "url": "https://southbank.example/subject/2026/FIT2004",
        "year": 2025
      },
      "offerings": {
        "added": [],
        "changed": [],
        "fromKnown": false,
        "removed": [],
        "toKnown": false
      },
      "outcomes": {
        "added": [],
        "changed": [],
        "fromKnown": false,
        "removed": [],
        "toKnown": false
      },
      "requisites": {
        "added": [],
        "changed": [],
        "fromKnown": false,
        "removed": [],
        "toKnown": false
      },
      "scalars": [
        {
          "fact": "title",
          "from": "Algorithms, as they were",
          "to": "Algorithms"
        },
        {
          "fact": "creditPoints",
          "from": 3.0,
          "to": null
        }
      ],
      "to": {
        "code": "FIT2004",
        "confirmedAt": "[time]",
        "fetchedAt": "[time]",
        "id": "[id]",
        "number": 1,
        "rulesVersion": 1,
        "shown": true,
        "source": "southbank-handbook",
        "title": "Algorithms",
        "url": "https://southbank.example/subject/2026/FIT2004",
        "year": 2026
      },
      "unit": {
        "code": "FIT2004",
        "id": "[id]",
        "title": "Algorithms",
        "university": {
          "id": "[id]",
          "name": "southbank",
          "slug": "southbank"
        }
      }
    }
    "#);
    let (_, history) = get(&gateway, &format!("{UNIT}/history?limit=1")).await;
    assert_eq!(history["meta"]["page"]["total"], "2");
    let id = history["data"]["versions"][0]["id"].as_str().unwrap();
    let (_, same) = get(&gateway, &format!("{UNIT}/diff?from={id}&to=2026")).await;
    assert_eq!(same["data"]["changed"], serde_json::json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_diff_needs_two_versions_that_exist() {
    let gateway = FilledGateway::start().await;
    for (query, field) in [("", "from"), ("?from=2026", "to"), ("?from=26&to=2026", "from"), ("?from=2026&to=x", "to")]
    {
        let (status, body) = get(&gateway, &format!("{UNIT}/diff{query}")).await;
        assert_eq!((status, &body["errors"][0]["field"]), (StatusCode::BAD_REQUEST, &field.into()), "{body}");
    }
    let (status, body) = get(&gateway, &format!("{UNIT}/diff?from=2019&to=2026")).await;
    assert_eq!((status, &body["detail"]), (StatusCode::NOT_FOUND, &"There is no such version for `from`.".into()));
    let (status, body) = get(&gateway, &format!("{UNIT}/history?cursor=x")).await;
    assert_eq!((status, &body["error"]), (StatusCode::BAD_REQUEST, &"bad_cursor".into()));
}
