//! `/api/admin/stats`.

use crate::{
    TestGateway,
    filled::{FilledGateway, answer},
};
use chrono::Utc;
use insta::assert_json_snapshot;
use reqwest::StatusCode;
use rmu_catalogue::figures::count_if_due;
use serde_json::Value;

async fn stats(gateway: &TestGateway, query: &str) -> (StatusCode, Value) {
    let request = gateway.get(&format!("/api/admin/stats{query}")).bearer_auth(gateway.token("admin", true));
    answer(request.send().await.unwrap()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn totals_and_series_are_what_was_last_counted() {
    let gateway = FilledGateway::start().await;
    assert_eq!(stats(&gateway, "").await.1["data"]["totals"], Value::Null);
    assert!(count_if_due(&gateway.state.database, Utc::now()).await.unwrap());
    let (status, body) = stats(&gateway, "").await;
    assert_eq!(status, StatusCode::OK, "{body}");
    assert_json_snapshot!(body["data"], { ".**.countedAt" => "[at]", ".days[].day" => "[today]" }, @r#"
    {
      "accounts": {
        "admins": 2,
        "banned": 3,
        "days": [
          {
            "day": "2026-01-01",
            "registered": 7
          }
        ],
        "moderators": 4,
        "total": 1200,
        "verified": 1100
      },
      "days": [
        {
          "countedAt": "[at]",
          "day": "[today]",
          "follows": 0,
          "reports": 0,
          "reviews": 0,
          "scrapes": 2,
          "units": 4,
          "universities": 2,
          "votes": 0
        }
      ],
      "totals": {
        "countedAt": "[at]",
        "follows": 0,
        "reports": 0,
        "reviews": 0,
        "scrapes": 2,
        "units": 4,
        "universities": 2,
        "votes": 0
      }
    }
    "#);
    assert_eq!(stats(&gateway, "?from=2026-01-01&until=2026-01-31").await.1["data"]["days"], Value::Array(Vec::new()));
    for query in ["?from=2026-01-01&until=2026-04-03", "?from=2026-02-01&until=2026-01-01", "?until=soon"] {
        let (status, refused) = stats(&gateway, query).await;
        assert_eq!((status, &refused["error"]), (StatusCode::BAD_REQUEST, &"invalid".into()), "{query}");
    }
}
