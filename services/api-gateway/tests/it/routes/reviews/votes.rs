//! `/api/reviews/{id}/vote` and `/api/me/review-votes`.

use super::{post, review};
use crate::filled::{FilledGateway, answer};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

async fn vote(gateway: &FilledGateway, id: &str, token: &str, vote: Option<&str>) -> (StatusCode, Value) {
    let path = format!("/api/reviews/{id}/vote");
    let request = match vote {
        Some(vote) => gateway.call(Method::PUT, &path).json(&json!({ "vote": vote })),
        None => gateway.call(Method::DELETE, &path),
    };
    answer(request.bearer_auth(token).send().await.unwrap()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vote_counts_once_and_can_be_undone() {
    let gateway = FilledGateway::start().await;
    let (ada, bob) = (gateway.student(), gateway.student());
    let (_, written) = post(&gateway, &ada, &review(&gateway, "FIT2004").await).await;
    let id = written["data"]["id"].as_str().unwrap();
    for (given, expected) in [
        (Some("helpful"), json!({ "helpful": 1, "notHelpful": 0, "own": "helpful" })),
        (Some("helpful"), json!({ "helpful": 1, "notHelpful": 0, "own": "helpful" })),
        (Some("notHelpful"), json!({ "helpful": 0, "notHelpful": 1, "own": "notHelpful" })),
        (None, json!({ "helpful": 0, "notHelpful": 0 })),
        (Some("helpful"), json!({ "helpful": 1, "notHelpful": 0, "own": "helpful" })),
    ] {
        assert_eq!(vote(&gateway, id, &bob, given).await.1["data"], expected);
    }
    let (_, listed) = answer(gateway.get("/api/units/FIT2004/reviews?sort=helpful").send().await.unwrap()).await;
    assert_eq!(listed["data"][0]["votes"], json!({ "helpful": 1, "notHelpful": 0 }), "the same for everybody");

    assert_eq!(vote(&gateway, id, &ada, Some("helpful")).await.0, StatusCode::FORBIDDEN);
    let (status, refused) = vote(&gateway, id, &bob, Some("great")).await;
    assert_eq!((status, &refused["errors"][0]["field"]), (StatusCode::UNPROCESSABLE_ENTITY, &"vote".into()));
    let own = |token: String, ids: String| {
        let request = gateway.get(&format!("/api/me/review-votes?reviews={ids}")).bearer_auth(token);
        async move { answer(request.send().await.unwrap()).await }
    };
    let (_, votes) = own(bob.clone(), id.to_owned()).await;
    assert_eq!(votes["data"], json!([{ "reviewId": id, "vote": "helpful" }]));
    assert_eq!(own(ada, id.to_owned()).await.1["data"], json!([]));
    for ids in [String::new(), "x".to_owned(), [id; 51].join(",")] {
        let (status, refused) = own(bob.clone(), ids).await;
        assert_eq!((status, &refused["errors"][0]["field"]), (StatusCode::BAD_REQUEST, &"reviews".into()));
    }
}
