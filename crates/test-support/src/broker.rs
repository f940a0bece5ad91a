//! A RabbitMQ vhost per test, with the services' users and exactly their rights.

use reqwest::{Client, Method, StatusCode};
use rmu_messaging::topology::{Limits, Service, User, definitions};
use serde_json::{Value, json};
use std::time::Duration;
use url::Url;
use uuid::Uuid;

const REQUEST_LIMIT: Duration = Duration::from_secs(20);

/// An empty vhost. Dropping it deletes it with all queues and connections.
#[derive(Debug)]
pub struct TestVhost {
    name: String,
}

impl TestVhost {
    /// Makes the vhost and gives the services' users their rights in it; nothing is declared yet.
    pub async fn new() -> Self {
        let name = format!("rmu-test-{}", Uuid::new_v4().simple());
        let password = password();
        let users = Service::ALL.map(|service| User { service, password: &password });
        let mut document = definitions(&name, Limits::default(), &users).expect("definitions can be made");
        // The services declare their queues themselves when they start.
        for declared in ["exchanges", "queues", "bindings"] {
            document[declared] = json!([]);
        }
        let administrator = api().username().to_owned();
        if let Some(permissions) = document["permissions"].as_array_mut() {
            permissions
                .push(json!({"user": administrator, "vhost": name, "configure": ".*", "write": ".*", "read": ".*"}));
        }
        import(&document).await.expect("the vhost can be made");
        Self { name }
    }

    /// The vhost's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The administrator's URL.
    pub fn amqp_url(&self) -> String {
        let mut url = amqp();
        url.set_path(&self.name);
        url.into()
    }

    /// The URL of a service's user: `gateway`, `auth` or `worker`.
    pub fn amqp_url_as(&self, user: &str) -> String {
        let mut url = amqp();
        url.set_username(user).expect("the URL takes a user");
        url.set_password(Some(&password())).expect("the URL takes a password");
        url.set_path(&self.name);
        url.into()
    }

    /// Where the broker listens, for a proxy in front of it.
    pub fn address() -> String {
        let url = amqp();
        format!("{}:{}", url.host_str().unwrap_or("127.0.0.1"), url.port().unwrap_or(5672))
    }

    /// How many messages are ready in a queue; `None` when there is no such queue.
    pub async fn ready_messages(&self, queue: &str) -> Option<u64> {
        // The interface's own counters lag by seconds; a passive read of the queue does not.
        let body = json!({"count": 1_000, "ackmode": "ack_requeue_true", "encoding": "auto", "truncate": 1});
        let messages = call(Method::POST, &format!("/api/queues/{}/{queue}/get", self.name), Some(body)).await.ok()?;
        u64::try_from(messages.as_array()?.len()).ok()
    }

    /// Closes all connections in this vhost, as a broker does that is going down. Returns how many there were.
    pub async fn close_connections(&self) -> usize {
        let path = format!("/api/vhosts/{}/connections", self.name);
        let connections = call(Method::GET, &path, None).await.unwrap_or_default();
        let names = connections.as_array().into_iter().flatten().filter_map(|entry| entry["name"].as_str());
        let mut closed = 0;
        for name in names {
            let mut path = api();
            path.path_segments_mut().expect("the URL has a path").extend(["api", "connections", name]);
            // One that has closed meanwhile is as good as closed.
            if call(Method::DELETE, path.path(), None).await.is_ok() {
                closed += 1;
            }
        }
        closed
    }
}

impl Drop for TestVhost {
    fn drop(&mut self) {
        let path = format!("/api/vhosts/{}", self.name);
        crate::cleanup::finish("the test vhost", async move {
            call(Method::DELETE, &path, None).await?;
            Ok(())
        });
    }
}

/// All tests import the same users. Of those that do so first, at once on a new broker, one is refused a user that is just
/// now another's; asked again, the user is there and nothing is left to refuse.
async fn import(document: &Value) -> anyhow::Result<Value> {
    for _ in Service::ALL {
        match call(Method::POST, "/api/definitions", Some(document.clone())).await {
            Err(refused) if refused.to_string().contains("user_already_exists") => {}
            answer => return answer,
        }
    }
    call(Method::POST, "/api/definitions", Some(document.clone())).await
}

/// Calls the management interface. The answer's body is `Null` when it is empty.
pub async fn call(method: Method, path: &str, body: Option<Value>) -> anyhow::Result<Value> {
    let mut url = api();
    url.set_path(path);
    let client = Client::builder().timeout(REQUEST_LIMIT).no_proxy().build()?;
    let mut request = client.request(method, url);
    if let Some(body) = body {
        request = request.json(&body);
    }
    let response = request.send().await?;
    let status = response.status();
    let text = response.text().await?;
    anyhow::ensure!(status.is_success(), "RabbitMQ answered {status} to {path}: {text}");
    if text.is_empty() || status == StatusCode::NO_CONTENT {
        return Ok(Value::Null);
    }
    Ok(serde_json::from_str(&text)?)
}

fn api() -> Url {
    crate::servers::url("RMU_TEST_RABBITMQ_API_URL")
}

fn amqp() -> Url {
    crate::servers::url("RMU_TEST_AMQP_URL")
}

/// The services' users share the administrator's password: the broker is private and lives as long as the run.
fn password() -> String {
    api().password().unwrap_or_default().to_owned()
}
