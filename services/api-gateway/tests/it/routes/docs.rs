//! The document and its pages.

use crate::TestGateway;
use reqwest::StatusCode;
use serde_json::Value;

#[tokio::test(flavor = "multi_thread")]
async fn the_document_and_its_pages_are_served() {
    let gateway = TestGateway::start_without_auth(&[]).await;
    let answer = gateway.get("/api/openapi.json").send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    let tag = answer.headers()["etag"].clone();
    let document: Value = answer.json().await.unwrap();
    assert!(document["paths"]["/api/auth/login"]["post"].is_object());
    let again = gateway.get("/api/openapi.json").header("if-none-match", tag).send().await.unwrap();
    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);

    let moved = gateway.get("/api/docs").send().await.unwrap();
    assert_eq!(moved.headers()["location"], "/api/docs/");
    for file in ["/api/docs/", "/api/docs/swagger-ui-bundle.js", "/api/docs/swagger-initializer.js"] {
        let page = gateway.get(file).send().await.unwrap();
        assert_eq!(page.status(), StatusCode::OK, "{file}");
        assert!(page.headers()["content-security-policy"].to_str().unwrap().contains("script-src 'self'"));
    }
    let page = gateway.get("/api/docs/").send().await.unwrap().text().await.unwrap();
    assert!(!page.contains("<script>"), "the policy allows no script in the page itself");
}
