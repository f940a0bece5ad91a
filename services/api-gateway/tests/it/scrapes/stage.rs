//! A gateway in this process with a database, vhost and Redis prefix of its own, and the test in the parts of its
//! neighbours: auth (publishes the keys) and worker.

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use reqwest::{Client, Method, Response, StatusCode, header::HeaderMap};
use rmu_api_gateway::{Config, startup};
use rmu_catalogue::migrations::{MIGRATIONS, SCHEMA};
use rmu_config::{MapSource, check};
use rmu_messaging::{
    Connection, ConnectionOptions, Consumer, Declare, Limits, Outcome, Publisher, Service,
    contracts::{
        Contract,
        auth::{JwksV1, KeysV1},
        control::WorkerControlV1,
        scrape::{OutcomeV1, ScrapeResultV1, ScrapeTaskV1},
    },
    rpc,
    topology::{CONTROL_ROUTE, RESULT_ROUTE, SCRAPE_TASKS},
};
use rmu_postgres::{DatabaseConfig, DatabaseError, migrations::run_pending};
use rmu_test_support::{
    broker::TestVhost,
    database::{Role, TestDatabase},
    redis, wait,
};
use rmu_web::Lifecycle;
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio_util::sync::CancellationToken;

pub(super) const HOST: &str = "https://handbook.northfield.example";
pub(super) const LIMIT: Duration = Duration::from_secs(30);

pub(super) struct Stage {
    pub(super) address: String,
    pub(super) vhost: TestVhost,
    settings: MapSource,
    http: Client,
    admin: String,
    worker: Connection,
    lifecycle: Lifecycle,
    ended: Mutex<Option<tokio::task::JoinHandle<()>>>,
    neighbours: CancellationToken,
    database: TestDatabase,
}

impl Stage {
    /// A gateway with this `MAX_QUEUE_SIZE`, a university and a source.
    pub(super) async fn new(max_queue_size: &str) -> Self {
        Self::with_settings(max_queue_size, &[]).await
    }

    pub(super) async fn with_settings(max_queue_size: &str, more: &[(&'static str, &str)]) -> Self {
        let database = TestDatabase::new(Role::Gateway, migrate).await;
        let vhost = TestVhost::new().await;
        let limits = Limits::default();
        let auth = open(&vhost, "auth", Declare::Owned(Service::Auth, limits)).await;
        let neighbours = CancellationToken::new();
        let router = rpc::Router::new().on(|_: JwksV1, _| async { Ok(KeysV1::example()) });
        tokio::spawn(rpc::Server::new(&auth, router, 4).run(neighbours.clone()));

        let mut settings = MapSource::new()
            .with("APP_ENV", "development")
            .with("BIND_ADDRESS", "127.0.0.1")
            .with("PORT", "0")
            .with("OPS_BIND_ADDRESS", "127.0.0.1")
            .with("OPS_PORT", "0")
            .with("READY_GRACE_SECONDS", "0")
            .with("RATE_LIMIT_PER_MINUTE", "100000")
            .with("MAX_QUEUE_SIZE", max_queue_size)
            .with("DATABASE_URL", database.url())
            .with("REDIS_URL", redis::url())
            .with("REDIS_PREFIX", redis::prefix())
            .with("AMQP_URL", vhost.amqp_url_as("gateway"));
        for (name, value) in more {
            settings.set(*name, *value);
        }
        let (address, lifecycle, ended) = start_gateway(&settings).await;
        let stage = Self {
            address,
            settings,
            http: Client::builder().no_proxy().timeout(LIMIT).build().unwrap(),
            admin: token("admin"),
            worker: open(&vhost, "worker", Declare::Nothing).await,
            vhost,
            lifecycle,
            ended: Mutex::new(Some(ended)),
            neighbours,
            database,
        };
        stage.seed().await;
        stage
    }

    /// A second copy of the gateway beside the first; its address. It ends with the test.
    pub(super) async fn another_gateway(&self) -> String {
        let (address, ..) = start_gateway(&self.settings).await;
        address
    }

    async fn seed(&self) {
        let university = json!({"slug": "northfield", "name": "Northfield", "emailDomains": ["northfield.example"]});
        let (status, _, body) = self.post("/api/admin/universities", university).await;
        assert_eq!(status, StatusCode::CREATED, "{body}");
        let source = json!({"university": "northfield", "slug": "northfield-handbook", "definition": definition()});
        let (status, _, body) = self.post("/api/admin/sources", source).await;
        assert_eq!(status, StatusCode::CREATED, "{body}");
    }

    pub(super) async fn post(&self, path: &str, body: Value) -> (StatusCode, HeaderMap, Value) {
        let request = self.http.post(format!("{}{path}", self.address)).bearer_auth(&self.admin).json(&body);
        read(request.send().await.unwrap()).await
    }

    pub(super) async fn post_with_key(&self, path: &str, body: &Value, key: &str) -> (StatusCode, HeaderMap, Value) {
        let request = self.http.post(format!("{}{path}", self.address)).bearer_auth(&self.admin).json(body);
        read(request.header("idempotency-key", key).send().await.unwrap()).await
    }

    pub(super) async fn post_as(&self, path: &str, token: &str, body: Value) -> (StatusCode, HeaderMap, Value) {
        let request = self.http.post(format!("{}{path}", self.address)).bearer_auth(token).json(&body);
        read(request.send().await.unwrap()).await
    }

    pub(super) async fn call(&self, method: Method, path: &str, body: Value) -> (StatusCode, Value) {
        let request = self.http.request(method, format!("{}{path}", self.address)).bearer_auth(&self.admin);
        let (status, _, body) = read(request.json(&body).send().await.unwrap()).await;
        (status, body)
    }

    pub(super) async fn get(&self, path: &str) -> (StatusCode, Value) {
        let request = self.http.get(format!("{}{path}", self.address)).bearer_auth(&self.admin);
        let (status, _, body) = read(request.send().await.unwrap()).await;
        (status, body)
    }

    pub(super) async fn get_as(&self, path: &str, token: Option<&str>) -> StatusCode {
        let mut request = self.http.get(format!("{}{path}", self.address));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        request.send().await.unwrap().status()
    }

    /// Opens a stream of events.
    pub(super) async fn open(&self, path: &str, last: Option<&str>) -> Response {
        let response = self.try_open(&self.address, path, last).await;
        assert_eq!(response.status(), StatusCode::OK);
        response
    }

    /// The same from any copy, whatever it answers.
    pub(super) async fn try_open(&self, address: &str, path: &str, last: Option<&str>) -> Response {
        let mut request = self.http.get(format!("{address}{path}")).bearer_auth(&self.admin);
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        request.send().await.unwrap()
    }

    pub(super) fn address(&self) -> &str {
        &self.address
    }

    /// The job, once it has ended.
    pub(super) async fn until_ended(&self, path: &str) -> Value {
        wait::value(LIMIT, || async {
            let (_, body) = self.get(path).await;
            let ended = !matches!(body["data"]["state"].as_str(), Some("running" | "paused"));
            ended.then(|| body["data"].clone())
        })
        .await
    }

    /// Works as a worker does: answers each task by `outcome`, then acknowledges it.
    pub(super) fn work(&self, outcome: impl Fn(&ScrapeTaskV1) -> OutcomeV1 + Send + Sync + 'static) {
        let publisher = Publisher::new(self.worker.clone());
        let outcome = Arc::new(outcome);
        let handle = move |task: ScrapeTaskV1, _| {
            let (publisher, outcome) = (publisher.clone(), Arc::clone(&outcome));
            async move {
                let answer = result(&task, outcome(&task));
                match publisher.publish(&RESULT_ROUTE, &answer).await {
                    Ok(()) => Outcome::Ack,
                    Err(error) => Outcome::retry(error),
                }
            }
        };
        tokio::spawn(Consumer::new(&self.worker, SCRAPE_TASKS, 4).run(handle, self.neighbours.clone()));
    }

    /// Takes tasks as they come and keeps them.
    pub(super) fn take_tasks_without_answering(&self) -> Arc<Mutex<Vec<ScrapeTaskV1>>> {
        let taken = Arc::new(Mutex::new(Vec::new()));
        let keep = taken.clone();
        let handle = move |task: ScrapeTaskV1, _| {
            keep.lock().unwrap().push(task);
            async { Outcome::Ack }
        };
        tokio::spawn(Consumer::new(&self.worker, SCRAPE_TASKS, 4).run(handle, self.neighbours.clone()));
        taken
    }

    /// Listens to commands as every worker does; returns when it is sure to hear them. The contract's
    /// examples among them are from finding that out.
    pub(super) async fn listen_for_control(&self, told: Arc<Mutex<Vec<WorkerControlV1>>>) {
        let keep = told.clone();
        let handle = move |command: WorkerControlV1, _| {
            keep.lock().unwrap().push(command);
            async { Outcome::Ack }
        };
        let consumer = Consumer::exclusive(&self.worker, Service::Worker, [CONTROL_ROUTE]);
        tokio::spawn(consumer.run(handle, self.neighbours.clone()));
        let gateway = open(&self.vhost, "gateway", Declare::Nothing).await;
        let publisher = Publisher::new(gateway);
        wait::until(LIMIT, || async {
            let _ = publisher.publish(&CONTROL_ROUTE, &WorkerControlV1::example()).await;
            !told.lock().unwrap().is_empty()
        })
        .await;
    }

    /// As a worker does: what a busy broker did not confirm in time is published again.
    pub(super) async fn publish_result(&self, result: &ScrapeResultV1) {
        let publisher = Publisher::new(self.worker.clone());
        wait::until(LIMIT, || async { publisher.publish(&RESULT_ROUTE, result).await.is_ok() }).await;
    }

    pub(super) fn worker(&self) -> &Connection {
        &self.worker
    }

    /// The dead letters, once there are so many.
    pub(super) async fn dead_letters(&self, count: usize) -> Vec<Value> {
        wait::value(LIMIT, || async {
            let (_, body) = self.get("/api/admin/dead-letters?limit=50").await;
            body["data"].as_array().filter(|letters| letters.len() == count).cloned()
        })
        .await
    }

    /// Lets the gateway break off as it is.
    pub(super) fn force(&self) {
        self.lifecycle.stop();
        self.lifecycle.force();
    }

    /// From now on requests go to another copy.
    pub(super) fn moved_to(mut self, address: String) -> Self {
        self.address = address;
        self
    }

    /// Changes what no request changes, such as the time at which something is due.
    pub(super) async fn sql(&self, sql: &str) {
        let (inside, connection) =
            tokio_postgres::connect(&self.database.superuser_url(), tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        inside.batch_execute(&format!("SET search_path = catalogue; {sql}")).await.unwrap();
    }

    /// Stops the gateway as a signal does and waits until it has ended.
    pub(super) async fn stop(&self) {
        self.lifecycle.stop();
        let ended = self.ended.lock().unwrap().take().unwrap();
        tokio::time::timeout(LIMIT, ended).await.unwrap().unwrap();
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.neighbours.cancel();
        self.lifecycle.force();
    }
}

async fn start_gateway(settings: &MapSource) -> (String, Lifecycle, tokio::task::JoinHandle<()>) {
    let (config, _) = check(settings, Config::read).unwrap();
    let application = startup::build(config, rmu_telemetry::install_metrics().unwrap()).await.unwrap();
    let address = format!("http://127.0.0.1:{}", application.port());
    let lifecycle = application.lifecycle();
    (address, lifecycle, tokio::spawn(async move { application.run_until_stopped().await.unwrap() }))
}

/// An access token as auth signs them.
pub(super) fn token(role: &str) -> String {
    // The private half of the key in the contract's example (RFC 8037, appendix A).
    const SEED: [u8; 32] = [
        0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a, 0xf4, 0x92, 0xec, 0x2c, 0xc4, 0x44, 0x49,
        0xc5, 0x69, 0x7b, 0x32, 0x69, 0x19, 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60,
    ];
    const PKCS8: [u8; 16] =
        [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
    let key = EncodingKey::from_ed_der(&[PKCS8.as_slice(), SEED.as_slice()].concat());
    let mut header = Header::new(Algorithm::EdDSA);
    header.typ = Some("at+jwt".to_owned());
    header.kid = Some("2026-01".to_owned());
    let now = chrono::Utc::now().timestamp();
    let claims = json!({
        "iss": "ratemyunit-auth", "aud": "ratemyunit", "sub": uuid::Uuid::now_v7(), "iat": now, "exp": now + 600,
        "jti": uuid::Uuid::now_v7(), "role": role, "email_verified": true, "university_id": null,
        "nickname": "tester",
    });
    jsonwebtoken::encode(&header, &claims, &key).unwrap()
}

async fn open(vhost: &TestVhost, user: &str, declare: Declare) -> Connection {
    let options = ConnectionOptions::new(&vhost.amqp_url_as(user), format!("test {user}")).unwrap().declare(declare);
    let connection = Connection::open(options).unwrap();
    assert!(connection.wait_until_connected(LIMIT).await);
    connection
}

async fn migrate(url: String) -> Result<(), DatabaseError> {
    run_pending(&DatabaseConfig::new(&url, "test", SCHEMA)?, MIGRATIONS).await.map(|_| ())
}

async fn read(response: Response) -> (StatusCode, HeaderMap, Value) {
    let (status, headers) = (response.status(), response.headers().clone());
    let text = response.text().await.unwrap();
    (status, headers, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

pub(super) fn definition() -> Value {
    json!({
        "origins": [HOST],
        "start": [{ "kind": "sitemap", "url": format!("{HOST}/sitemap.xml") }],
        "unitAddress": format!("{HOST}/subject/{{year}}/{{code}}"),
        "unitUrl": "/subject/(?<year>\\d{4})/(?<code>[A-Za-z0-9]+)$",
        "recognise": { "unit": [{ "css": "h1" }] },
        "facts": {
            "code": [{ "css": "h1", "regex": "^(?<value>\\S+)\\s" }],
            "title": [{ "css": "h1", "regex": "^\\S+\\s+(?<value>.+)$" }]
        }
    })
}

pub(super) fn url(code: &str) -> String {
    format!("{HOST}/subject/2026/{code}")
}

pub(super) fn result(task: &ScrapeTaskV1, outcome: OutcomeV1) -> ScrapeResultV1 {
    ScrapeResultV1 {
        task_id: task.task_id,
        job_id: task.job_id,
        attempt: task.attempt,
        source_id: task.source.source_id,
        source_version: task.source.version,
        worker: "worker-1".to_owned(),
        started_at: chrono::Utc::now(),
        finished_at: chrono::Utc::now(),
        outcome,
        artefacts: None,
    }
}

/// The contract's example unit under another code and title.
pub(super) fn unit(code: &str, title: &str) -> OutcomeV1 {
    let OutcomeV1::Unit { mut facts, content_hash, .. } = ScrapeResultV1::example().outcome else {
        panic!("the example is a unit")
    };
    facts.code = code.to_owned();
    facts.title = title.to_owned();
    OutcomeV1::Unit {
        facts,
        gaps: BTreeMap::new(),
        origins: BTreeMap::new(),
        url: url(code),
        fetched_at: chrono::Utc::now(),
        content_hash,
    }
}
