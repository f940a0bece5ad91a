//! What is true of every answer.

use crate::server::{TestServer, client, start};
use reqwest::{StatusCode, header};
use serde_json::Value;
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

fn server() -> TestServer {
    start(Duration::ZERO, Duration::from_secs(30))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_problem_carries_the_requests_id_and_careful_headers() {
    let server = server();
    let answer =
        client().get(format!("{}/items/7", server.url)).header("x-request-id", "from-the-client").send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    let headers = answer.headers().clone();
    assert_eq!(headers["x-request-id"], "from-the-client");
    assert_eq!(headers[header::CONTENT_TYPE], "application/problem+json");
    assert_eq!(headers["x-content-type-options"], "nosniff");
    assert_eq!(headers["x-frame-options"], "DENY");
    assert!(headers["content-security-policy"].to_str().unwrap().starts_with("default-src 'none'"));
    let body: Value = answer.json().await.unwrap();
    assert_eq!((&body["requestId"], &body["error"]), (&Value::from("from-the-client"), &Value::from("not_found")));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_large_is_refused() {
    let server = server();
    let large = "x".repeat(9 * 1024);
    let headers = client().get(format!("{}/quick", server.url)).header("x-one", &large).header("x-two", &large);
    assert_eq!(headers.send().await.unwrap().status().as_u16(), 431);
    let address = client().get(format!("{}/quick?q={large}", server.url));
    assert_eq!(address.send().await.unwrap().status().as_u16(), 414);
    let body = format!("[{}1]", "1,".repeat(40 * 1024));
    let echo =
        client().post(format!("{}/echo", server.url)).header(header::CONTENT_TYPE, "application/json").body(body);
    assert_eq!(echo.send().await.unwrap().status(), StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_never_finishes_its_head_is_cut() {
    let server = server();
    let mut connection = TcpStream::connect(server.url.trim_start_matches("http://")).await.unwrap();
    connection.write_all(b"GET /quick HTTP/1.1\r\nhost: a\r\n").await.unwrap();
    let mut answer = String::new();
    let cut = tokio::time::timeout(Duration::from_secs(30), connection.read_to_string(&mut answer)).await;
    assert!(cut.is_ok(), "the connection is still open");
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_no_text_is_a_bad_request() {
    let server = server();
    let echo = client().post(format!("{}/echo", server.url)).header(header::CONTENT_TYPE, "application/json");
    let answer = echo.body(&b"[\xff]"[..]).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
    let body: Value = answer.json().await.unwrap();
    assert_eq!(body["errors"][0]["field"], "body");
}
