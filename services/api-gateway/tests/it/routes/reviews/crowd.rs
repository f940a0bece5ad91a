//! Two hundred people at one unit at once.

use super::{post, review};
use crate::filled::{FilledGateway, answer};
use futures_util::{StreamExt, stream};
use reqwest::{Client, StatusCode};
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
    // To build a client takes so long that connections of others would be idle for longer than the gateway bears.
    let people = Client::builder().no_proxy().pool_max_idle_per_host(0).build().unwrap();
    let (reviews, vote_path) =
        (format!("{}/api/reviews", gateway.url), format!("{}/api/reviews/{first}/vote", gateway.url));
    let done: Vec<(StatusCode, StatusCode)> = stream::iter(tokens.iter().enumerate())
        .map(|(number, token)| {
            let (people, reviews, vote_path, mut body) = (&people, &reviews, &vote_path, body.clone());
            body["ratings"]["overall"] = (number % 5 + 1).into();
            let vote = json!({ "vote": if number % 4 == 0 { "notHelpful" } else { "helpful" } });
            async move {
                let write = people.post(reviews).bearer_auth(token).json(&body).send();
                let vote = people.put(vote_path).bearer_auth(token).json(&vote).send();
                let (written, voted) = tokio::join!(write, vote);
                (written.unwrap().status(), voted.unwrap().status())
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
