//! A small client of the system's own API: whatever the demo needs is made as any client would make it.

use anyhow::{Context, bail};
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::sleep;

const REQUEST_LIMIT: Duration = Duration::from_secs(30);
const ATTEMPTS: u32 = 5;
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// An answer: its status and body.
#[derive(Debug, Clone)]
pub struct Answer {
    /// HTTP status.
    pub status: StatusCode,
    /// The body; `Null` when it is no JSON.
    pub body: Value,
}

impl Answer {
    /// `data` of a successful answer; the problem's words otherwise.
    pub fn data(self) -> anyhow::Result<Value> {
        if self.status.is_success() {
            return Ok(self.body["data"].clone());
        }
        let error = self.body["error"].as_str().unwrap_or("no error code");
        let detail = self.body["detail"].as_str().unwrap_or_default();
        bail!("the API answered {}: {error} {detail} {}", self.status, self.body["errors"]);
    }
}

/// A client that may be logged in.
#[derive(Debug, Clone)]
pub struct Api {
    client: Client,
    base: String,
    credentials: Option<(String, String)>,
    token: Option<String>,
}

impl Api {
    /// A client of the API at `base` who is nobody.
    pub fn new(base: &str) -> anyhow::Result<Self> {
        let client = Client::builder().timeout(REQUEST_LIMIT).no_proxy().build()?;
        Ok(Self { client, base: base.to_owned(), credentials: None, token: None })
    }

    /// Logs in. `false` when the address or the password is wrong or the address is not verified yet.
    pub async fn log_in(&mut self, email: &str, password: &str) -> anyhow::Result<bool> {
        self.token = None;
        let body = json!({"email": email, "password": password});
        let answer = self.send(Method::POST, "/api/auth/login", Some(&body)).await?;
        if matches!(answer.status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
            return Ok(false);
        }
        let data = answer.data().context("logging in failed")?;
        let token = data["accessToken"].as_str().context("the answer to a login has no accessToken")?;
        self.token = Some(token.to_owned());
        self.credentials = Some((email.to_owned(), password.to_owned()));
        Ok(true)
    }

    /// The access token, when logged in.
    pub fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// Calls the API. Waits as told by a 429 or 503, a few times; logs in again when the token has run out.
    pub async fn call(&mut self, method: Method, path: &str, body: Option<&Value>) -> anyhow::Result<Answer> {
        let answer = self.send(method.clone(), path, body).await?;
        if answer.status == StatusCode::UNAUTHORIZED
            && let Some((email, password)) = self.credentials.clone()
            && self.log_in(&email, &password).await?
        {
            return self.send(method, path, body).await;
        }
        Ok(answer)
    }

    /// `data` of a GET.
    pub async fn get(&mut self, path: &str) -> anyhow::Result<Value> {
        self.call(Method::GET, path, None).await?.data().with_context(|| format!("GET {path}"))
    }

    async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> anyhow::Result<Answer> {
        for _ in 1..ATTEMPTS {
            let (answer, pause) = self.send_once(method.clone(), path, body).await?;
            match pause {
                Some(pause) if pause <= LONGEST_PAUSE => sleep(pause).await,
                _ => return Ok(answer),
            }
        }
        Ok(self.send_once(method, path, body).await?.0)
    }

    /// One request, and how long to wait before it may be sent again, when the answer says so.
    async fn send_once(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<(Answer, Option<Duration>)> {
        let mut request = self.client.request(method, format!("{}{path}", self.base));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await.with_context(|| format!("{path} could not be called"))?;
        let status = response.status();
        let retry_after = response.headers().get("retry-after").and_then(|value| value.to_str().ok()?.parse().ok());
        let text = response.text().await?;
        let later = matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE);
        let pause = later.then(|| Duration::from_secs(retry_after.unwrap_or(1)));
        Ok((Answer { status, body: serde_json::from_str(&text).unwrap_or_default() }, pause))
    }
}
