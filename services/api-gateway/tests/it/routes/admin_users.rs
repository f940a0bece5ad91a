//! `/api/admin/users`.

use crate::{TestGateway, filled::answer};
use insta::assert_json_snapshot;
use reqwest::{Method, StatusCode};
use rmu_messaging::contracts::{Contract, accounts::AccountRecordV1};
use serde_json::{Value, json};
use uuid::Uuid;

async fn ask(gateway: &TestGateway, method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value) {
    let mut request = gateway.call(method, path).bearer_auth(gateway.token("admin", true));
    if let Some(body) = body {
        request = request.json(&body);
    }
    answer(request.send().await.unwrap()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_are_looked_after_and_every_change_is_recorded() {
    let gateway = TestGateway::start_without_auth(&[("GATEWAY_ROLE", "serve")]).await.with_auth().await;
    let user = format!("/api/admin/users/{}", AccountRecordV1::example().account_id);
    let (status, list) = ask(&gateway, Method::GET, "/api/admin/users?email=ada&limit=5", None).await;
    assert_eq!(status, StatusCode::OK, "{list}");
    assert_json_snapshot!(list, @r#"
    {
      "data": [
        {
          "ban": {
            "by": "01920000-0000-7000-8000-000000000001",
            "reason": "Advertising in reviews.",
            "since": "2026-01-01T01:00:00Z",
            "until": "2026-01-02T00:00:00Z"
          },
          "createdAt": "2026-01-01T00:00:00Z",
          "email": "ada@student.northfield.example",
          "emailVerified": true,
          "id": "01920000-0000-7000-8000-000000000004",
          "lastUsedAt": null,
          "nickname": "ada",
          "role": "student",
          "sessions": 0,
          "universityId": "01920000-0000-7000-8000-000000000005"
        }
      ],
      "meta": {
        "page": {
          "limit": 5
        }
      },
      "success": true
    }
    "#);
    assert_eq!(ask(&gateway, Method::GET, &user, None).await.1["data"]["ban"], Value::Null);

    let until = "2126-12-24T00:00:00Z";
    let (_, banned) =
        ask(&gateway, Method::POST, &format!("{user}/ban"), Some(json!({ "reason": " spam ", "until": until }))).await;
    assert_eq!((&banned["data"]["ban"]["reason"], &banned["data"]["ban"]["until"]), (&"spam".into(), &until.into()));
    let (_, free) = ask(&gateway, Method::DELETE, &format!("{user}/ban"), None).await;
    assert_eq!(free["data"]["ban"], Value::Null, "{free}");
    let role = |role: &str| Some(json!({ "role": role }));
    let (_, changed) = ask(&gateway, Method::PUT, &format!("{user}/role"), role("moderator")).await;
    assert_eq!(changed["data"]["role"], "moderator", "{changed}");
    let (_, ended) = ask(&gateway, Method::DELETE, &format!("{user}/sessions"), None).await;
    assert_eq!(ended["data"]["ended"], 2, "{ended}");

    let (status, refused) = ask(&gateway, Method::PUT, &format!("{user}/role"), role("student")).await;
    assert_eq!((status, &refused["error"]), (StatusCode::CONFLICT, &"conflict".into()));
    let nobody = format!("/api/admin/users/{}/ban", Uuid::new_v4());
    assert_eq!(ask(&gateway, Method::DELETE, &nobody, None).await.0, StatusCode::NOT_FOUND);
    for (method, path, body, status) in [
        (Method::POST, format!("{user}/ban"), Some(json!({ "reason": " " })), StatusCode::UNPROCESSABLE_ENTITY),
        (Method::PUT, format!("{user}/role"), role("god"), StatusCode::UNPROCESSABLE_ENTITY),
        (Method::GET, "/api/admin/users?state=dead".to_owned(), None, StatusCode::BAD_REQUEST),
        (Method::GET, "/api/admin/users?cursor=x".to_owned(), None, StatusCode::BAD_REQUEST),
        (Method::GET, "/api/admin/users/ada".to_owned(), None, StatusCode::NOT_FOUND),
    ] {
        assert_eq!(ask(&gateway, method, &path, body).await.0, status, "{path}");
    }
    let (_, log) = ask(&gateway, Method::GET, "/api/admin/audit?subjectKind=account", None).await;
    let actions: Vec<&str> =
        log["data"].as_array().unwrap().iter().map(|entry| entry["action"].as_str().unwrap()).collect();
    let expected = ["account.sessions_ended", "account.role_changed", "account.unbanned", "account.banned"];
    assert_eq!(actions, expected, "what failed is not recorded");
    assert!(!log.to_string().contains("@"), "no address is kept here: {log}");
}
