//! `/api/export/units.csv` and `/api/export/units.json`.

use crate::{
    TestGateway,
    filled::{FilledGateway, answer},
};
use insta::assert_json_snapshot;
use reqwest::StatusCode;
use serde_json::Value;

#[tokio::test(flavor = "multi_thread")]
async fn all_units_are_exported_as_csv() {
    let gateway = FilledGateway::start().await;
    let formula = "UPDATE units SET title = '=HYPERLINK(\"http://x\"), or not' WHERE code = 'FIT2004'";
    gateway.sql(formula).await;
    let response = gateway.get("/api/export/units.csv").send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()["content-type"], "text/csv; charset=utf-8; header=present");
    assert_eq!(response.headers()["content-disposition"], "attachment; filename=\"units.csv\"");
    let text = response.text().await.unwrap();
    assert!(text.lines().all(|line| !line.is_empty()) && text.matches("\r\n").count() == 5, "{text}");
    // Ids differ from run to run.
    let mut lines: Vec<&str> =
        text.split("\r\n").filter_map(|line| line.split_once(',')).map(|(_, rest)| rest).collect();
    lines[1..].sort_unstable();
    assert_json_snapshot!(lines, @r#"
    [
      "university,code,title,year,status,credit_points,level,faculty,reviews,overall,teaching,difficulty,workload,usefulness,would_recommend,rated_1,rated_2,rated_3,rated_4,rated_5",
      "northfield,09009,Café Management,2026,,,,,0,,,,,,,,,,,",
      "northfield,31251,Data Structures and Algorithms,2026,,6,2,,0,,,,,,,,,,,",
      "southbank,31251,Quantum Physics,2026,,,,,0,,,,,,,,,,,",
      "southbank,FIT2004,\"'=HYPERLINK(\"\"http://x\"\"), or not\",2026,,,,,0,,,,,,,,,,,"
    ]
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn all_units_are_exported_as_json() {
    let gateway = FilledGateway::start().await;
    let (status, body) = answer(gateway.get("/api/export/units.json").send().await.unwrap()).await;
    assert_eq!((status, &body["success"]), (StatusCode::OK, &Value::Bool(true)));
    let units = body["data"].as_array().unwrap();
    assert_eq!(units.len(), 4);
    let unit = units.iter().find(|unit| unit["title"] == "Data Structures and Algorithms").unwrap();
    assert_json_snapshot!(unit, { ".id" => "[id]" }, @r#"
    {
      "code": "31251",
      "creditPoints": 6.0,
      "distribution": null,
      "faculty": null,
      "id": "[id]",
      "level": 2,
      "reviews": 0,
      "scores": null,
      "status": null,
      "title": "Data Structures and Algorithms",
      "university": "northfield",
      "wouldRecommend": null,
      "year": 2026
    }
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_of_nothing_is_whole() {
    let gateway = TestGateway::start().await;
    let csv = gateway.get("/api/export/units.csv").send().await.unwrap().text().await.unwrap();
    assert!(csv.starts_with("id,university,code,title,") && csv.matches("\r\n").count() == 1, "{csv}");
    let (_, json) = answer(gateway.get("/api/export/units.json").send().await.unwrap()).await;
    assert_eq!(json, serde_json::json!({ "success": true, "data": [] }));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_is_compressed_for_those_who_ask() {
    let gateway = FilledGateway::start().await;
    // The usual client unpacks by itself and says nothing of it.
    let raw = reqwest::Client::builder().no_proxy().no_gzip().build().unwrap();
    for path in ["/api/export/units.csv", "/api/export/units.json"] {
        let url = format!("{}{path}", gateway.url);
        let plain = raw.get(&url).send().await.unwrap();
        assert!(!plain.headers().contains_key("content-encoding"), "{path}");
        let packed = raw.get(&url).header("accept-encoding", "gzip").send().await.unwrap();
        assert_eq!(packed.headers()["content-encoding"], "gzip", "{path}");
        assert!(packed.bytes().await.unwrap().starts_with(&[0x1f, 0x8b]), "{path}");
        let unpacked = gateway.get(path).send().await.unwrap().text().await.unwrap();
        assert_eq!(unpacked, plain.text().await.unwrap(), "{path}");
    }
}

/// A catalogue whose export is larger than what waits in buffers on its way.
async fn large() -> TestGateway {
    let gateway =
        TestGateway::start_without_auth(&[("GATEWAY_ROLE", "serve"), ("DB_POOL_MAX", "1")]).await.with_auth().await;
    gateway.add_university("northfield", "northfield.example").await;
    let fill = "INSERT INTO units (id, university_id, code, code_normalised, title, first_seen_at, last_seen_at)
         SELECT gen_random_uuid(), university.id, 'N' || n, 'N' || n, repeat('long ', 400), now(), now()
         FROM universities AS university CROSS JOIN generate_series(1, 20000) AS n";
    gateway.sql(fill).await;
    gateway
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_who_takes_their_time_holds_no_connection_to_the_database() {
    let gateway = large().await;
    let mut slow = gateway.get("/api/export/units.csv").send().await.unwrap();
    let mut bytes = slow.chunk().await.unwrap().unwrap().to_vec();
    for _ in 0..3 {
        let (status, body) = answer(gateway.get("/api/universities/northfield").send().await.unwrap()).await;
        assert_eq!(status, StatusCode::OK, "{body}");
    }
    while let Some(chunk) = slow.chunk().await.unwrap() {
        bytes.extend_from_slice(&chunk);
    }
    assert_eq!(bytes.iter().filter(|byte| **byte == b'\n').count(), 20_001, "all of it, all the same");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_database_an_export_is_refused_or_cut_and_never_ends_well() {
    let gateway = large().await;
    let mut begun = gateway.get("/api/export/units.json").send().await.unwrap();
    assert!(begun.chunk().await.unwrap().is_some());
    gateway.database.reset();
    let refused = gateway.get("/api/export/units.csv").send().await.unwrap();
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(refused.headers().contains_key("retry-after"));
    let end = loop {
        match begun.chunk().await {
            Ok(Some(_)) => {}
            Ok(None) => break Ok(()),
            Err(error) => break Err(error),
        }
    };
    assert!(end.is_err(), "a part was passed off as the whole");
}
