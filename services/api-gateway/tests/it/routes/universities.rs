//! `/api/universities`, `/api/universities/{slug}` and `/api/methodology`.

use crate::filled::{FilledGateway, answer};
use insta::assert_json_snapshot;
use reqwest::StatusCode;

#[tokio::test(flavor = "multi_thread")]
async fn universities_say_how_much_there_is_and_how_fresh() {
    let gateway = FilledGateway::start().await;
    let (status, list) = answer(gateway.get("/api/universities").send().await.unwrap()).await;
    assert_eq!(status, StatusCode::OK);
    assert_json_snapshot!(list, { ".data[].id" => "[id]" }, @r#"
    {
      "data": [
        {
          "id": "[id]",
          "lastReadAt": "2026-03-01T10:00:00Z",
          "name": "northfield",
          "oldestReadAt": "2026-03-01T10:00:00Z",
          "reviews": 0,
          "slug": "northfield",
          "units": 2
        },
        {
          "id": "[id]",
          "lastReadAt": "2026-03-01T10:00:00Z",
          "name": "southbank",
          "oldestReadAt": "2026-03-01T10:00:00Z",
          "reviews": 0,
          "slug": "southbank",
          "units": 2
        }
      ],
      "meta": {
        "page": {
          "limit": 20,
          "total": "2"
        }
      },
      "success": true
    }
    "#);
    let (_, one) = answer(gateway.get("/api/universities/southbank").send().await.unwrap()).await;
    assert_eq!((&one["data"]["slug"], &one["data"]["faculties"]), (&"southbank".into(), &serde_json::json!([])));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_formula_is_published_with_the_constants_in_force() {
    let gateway = FilledGateway::start().await;
    let (status, body) = answer(gateway.get("/api/methodology").send().await.unwrap()).await;
    assert_eq!(status, StatusCode::OK);
    let data = &body["data"];
    assert_eq!(data["halfLifeYears"], rmu_domain::score::HALF_LIFE_YEARS);
    assert_eq!(data["priorReviews"], rmu_domain::score::PRIOR_REVIEWS);
    assert!(data["formula"].as_str().unwrap().contains("priorReviews"));
}
