//! Every route, called as everybody. A route that is new is tested as soon as it is declared, and one that is not
//! declared fails `every_route_is_documented_and_declares_who_may_call_it`.

use crate::TestGateway;
use reqwest::{Method, StatusCode};
use rmu_api_gateway::{
    auth::{Access, RouteAccess},
    routes::access_table,
};
use serde_json::json;

const ANY_ID: &str = "01920000-0000-7000-8000-00000000ffff";

/// `{id}` becomes an id of nothing: who may call is decided before what is there.
fn concrete(path: &str) -> String {
    let segments = path.split('/').map(|segment| if segment.starts_with('{') { ANY_ID } else { segment });
    segments.collect::<Vec<_>>().join("/")
}

async fn status(gateway: &TestGateway, row: &RouteAccess, token: Option<String>) -> StatusCode {
    let method = Method::from_bytes(row.method.as_bytes()).unwrap();
    let mut request = gateway.call(method, &concrete(row.path));
    if !matches!(row.method, "GET" | "DELETE") {
        request = request.json(&json!({}));
    }
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    request.send().await.unwrap().status()
}

fn is_let_in(status: StatusCode) -> bool {
    status != StatusCode::UNAUTHORIZED && status != StatusCode::FORBIDDEN
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_lets_in_exactly_whom_it_declares() {
    let gateway = TestGateway::start().await;
    for row in access_table() {
        let nobody = status(&gateway, &row, None).await;
        let unverified = status(&gateway, &row, Some(gateway.token("student", false))).await;
        let student = status(&gateway, &row, Some(gateway.token("student", true))).await;
        let moderator = status(&gateway, &row, Some(gateway.token("moderator", true))).await;
        let admin = status(&gateway, &row, Some(gateway.token("admin", true))).await;
        let what = format!("{} {}", row.method, row.path);
        if row.access == Access::Public {
            // Refusing a refresh token is no refusal of the caller.
            assert!(is_let_in(nobody) || row.path.starts_with("/api/auth/"), "{what} refuses {nobody}");
            continue;
        }
        assert_eq!(nobody, StatusCode::UNAUTHORIZED, "{what} without a token");
        let least = match row.access {
            Access::Public | Access::SignedIn => 0,
            Access::Student => 1,
            Access::Moderator => 2,
            Access::Admin => 3,
        };
        for (rank, (who, found)) in
            [("unverified", unverified), ("student", student), ("moderator", moderator), ("admin", admin)]
                .into_iter()
                .enumerate()
        {
            if rank < least {
                assert_eq!(found, StatusCode::FORBIDDEN, "{what} as {who}");
            } else {
                assert!(is_let_in(found), "{what} as {who} refuses with {found}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_exist_is_a_problem() {
    let gateway = TestGateway::start().await;
    let missing = gateway.get("/api/nothing").send().await.unwrap();
    assert_eq!(missing.status(), StatusCode::NOT_FOUND);
    assert_eq!(missing.headers()["content-type"], "application/problem+json");
    let wrong = gateway.call(Method::DELETE, "/api/auth/login").send().await.unwrap();
    assert_eq!(wrong.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(wrong.headers()["allow"], "POST");
    let body: serde_json::Value = wrong.json().await.unwrap();
    assert_eq!(body["error"], "method_not_allowed");
}
