//! One trace from the HTTP request through the broker.

use crate::TestGateway;

#[tokio::test(flavor = "multi_thread")]
async fn the_trace_of_a_request_reaches_the_auth_service() {
    let gateway = TestGateway::start().await;
    let answer = gateway
        .get("/api/auth/me")
        .bearer_auth(gateway.token("student", true))
        .header("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
        .send()
        .await
        .unwrap();
    assert!(answer.status().is_success());
    let traces = gateway.auth.as_ref().unwrap().traces.lock().unwrap().clone();
    assert_eq!(traces, ["0af7651916cd43dd8448eb211c80319c"]);
}
