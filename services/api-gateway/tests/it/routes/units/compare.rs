//! `/api/units/compare`.

use super::get;
use crate::filled::FilledGateway;
use insta::assert_json_snapshot;
use reqwest::StatusCode;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn units_are_compared_across_universities() {
    let gateway = FilledGateway::start().await;
    let north = gateway.id_of("31251?university=northfield").await;
    let south = gateway.id_of("31251?university=southbank").await;
    let (status, body) = get(&gateway, &format!("/api/units/compare?ids={south},{north}")).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    let titles: Vec<_> = body["data"]["units"].as_array().unwrap().iter().map(|unit| &unit["title"]).collect();
    assert_eq!(json!(titles), json!(["Quantum Physics", "Data Structures and Algorithms"]));
    assert_json_snapshot!(body["data"]["differing"], @r#"
    [
      "title",
      "creditPoints",
      "level",
      "description",
      "assessments",
      "offerings",
      "requisites",
      "contacts"
    ]
    "#);
    let (_, one) = get(&gateway, &format!("/api/units/{north}")).await;
    assert_eq!(body["data"]["units"][1], one["data"], "as the unit itself is shown");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_two_to_four_units_that_exist_are_compared() {
    let gateway = FilledGateway::start().await;
    let known = gateway.id_of("09009").await;
    let nobody = "01920000-0000-7000-8000-00000000ffff";
    let five = [nobody; 5].join(",");
    for query in [
        "".to_owned(),
        "?ids=".to_owned(),
        format!("?ids={known}"),
        format!("?ids={five}"),
        format!("?ids={known},{known}"),
        format!("?ids={known},09009"),
    ] {
        let (status, body) = get(&gateway, &format!("/api/units/compare{query}")).await;
        assert_eq!((status, &body["errors"][0]["field"]), (StatusCode::BAD_REQUEST, &"ids".into()), "{body}");
    }
    let (status, body) = get(&gateway, &format!("/api/units/compare?ids={known},{nobody}")).await;
    assert_eq!((status, &body["unknown"]), (StatusCode::NOT_FOUND, &json!([nobody])));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_former_unit_is_compared_as_the_one_that_goes_on() {
    let gateway = FilledGateway::start().await;
    let other = gateway.id_of("31251?university=southbank").await;
    let former = gateway.id_of("09009").await;
    let on = gateway.id_of("31251?university=northfield").await;
    let admin = gateway.token("admin", true);
    let alias = gateway.post(&format!("/api/admin/units/{on}/aliases"), &json!({ "code": "09009" }));
    assert_eq!(alias.bearer_auth(admin).send().await.unwrap().status(), StatusCode::CREATED);

    let (_, body) = get(&gateway, &format!("/api/units/compare?ids={former},{other}")).await;
    assert_eq!(body["data"]["units"][0]["id"], json!(on), "{body}");
    assert_eq!(body["data"]["units"][0]["formerly"], json!(["09009"]));
    let (status, body) = get(&gateway, &format!("/api/units/compare?ids={former},{on}")).await;
    assert_eq!((status, &body["errors"][0]["field"]), (StatusCode::BAD_REQUEST, &"ids".into()), "{body}");
}
