//! Two hundred people at one unit at once.

use super::{post, review};
use crate::filled::{FilledGateway, answer};
use futures_util::{StreamExt, stream};
use reqwest::{Method, StatusCode};
use rmu_catalogue::scores::{Drift, check};
use serde_json::{Value, json};

const PEOPLE: usize = 200;
/// How many ask at the same moment.
const AT_ONCE: usize = 50;

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_reviewers_and_voters_are_counted_exactly() {
    let gateway = FilledGateway::start().await;
    let body = review(&gateway, "FIT2004").await;
    let tokens: Vec<String> = (0..PEOPLE).map(|_| gateway.student()).collect();
    // Everybody writes; and everybody who is even votes on the first review that there is, as soon as it is there.
    let (_, first) = post(&gateway, &gateway.student(), &body).await;
    let first = first["data"]["id"].as_str().unwrap().to_owned();
    let done: Vec<(StatusCode, StatusCode)> = stream::iter(tokens.iter().enumerate())
        .map(|(number, token)| {
            let (gateway, first, mut body) = (&gateway, &first, body.clone());
            body["ratings"]["overall"] = (number % 5 + 1).into();
            let vote = json!({ "vote": if number % 4 == 0 { "notHelpful" } else { "helpful" } });
            async move {
                let write = post(gateway, token, &body);
                let request = gateway.call(Method::PUT, &format!("/api/reviews/{first}/vote")).json(&vote);
                let (written, voted) = tokio::join!(write, request.bearer_auth(token).send());
                (written.0, voted.unwrap().status())
            }
        })
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    assert!(done.iter().all(|both| *both == (StatusCode::CREATED, StatusCode::OK)), "{done:?}");
    let (_, unit) = answer(gateway.get("/api/units/FIT2004").send().await.unwrap()).await;
    assert_eq!(unit["data"]["score"]["reviews"], PEOPLE + 1);
    assert_eq!(unit["data"]["score"]["distribution"], json!([40, 40, 40, 40, 41]));
    let (_, list) = answer(gateway.get("/api/units/FIT2004/reviews?sort=helpful&limit=1").send().await.unwrap()).await;
    assert_eq!(list["meta"]["page"]["total"], Value::from((PEOPLE + 1).to_string()));
    assert_eq!(list["data"][0]["id"], first);
    assert_eq!(list["data"][0]["votes"], json!({ "helpful": 150, "notHelpful": 50 }));
    assert_eq!(check(&gateway.state.database).await.unwrap(), Drift::NONE);
}
