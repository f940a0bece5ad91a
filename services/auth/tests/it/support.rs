//! A service of its own for each test, in this process, and somebody who asks it as the gateway does.

use base64::{Engine, engine::general_purpose::STANDARD};
use rmu_auth::{migrations, settings::Settings, startup};
use rmu_config::{MapSource, load};
use rmu_messaging::{
    Connection, ConnectionOptions, Declare, Limits, Service,
    contracts::auth::{AcceptedV1, AccountV1, LoginV1, RegisterV1, Request, RpcErrorV1, TokensV1, VerifyEmailV1},
    rpc::Client,
};
use rmu_postgres::DatabaseConfig;
use rmu_test_support::{
    broker::TestVhost,
    database::{Role, TestDatabase},
    mail, wait,
};
use rmu_web::Lifecycle;
use std::time::Duration;
use tokio::task::JoinHandle;
use uuid::Uuid;

pub(crate) const SOON: Duration = Duration::from_secs(30);
pub(crate) const PASSWORD: &str = "correct horse battery";

/// A new key. PKCS#8 for Ed25519 is a fixed head (RFC 8410) and 32 random bytes.
pub(crate) fn signing_key() -> String {
    let mut der = b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20".to_vec();
    der.extend(Uuid::new_v4().into_bytes());
    der.extend(Uuid::new_v4().into_bytes());
    format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", STANDARD.encode(der))
}

pub(crate) async fn database() -> TestDatabase {
    TestDatabase::new(Role::Auth, |url| async move {
        let config = DatabaseConfig::new(&url, "test", migrations::SCHEMA).unwrap();
        rmu_postgres::migrations::run_pending(&config, migrations::MIGRATIONS).await.map(drop)
    })
    .await
}

/// What the service is configured with.
pub(crate) fn environment(database: &TestDatabase, vhost: &TestVhost) -> MapSource {
    MapSource::new()
        .with("APP_ENV", "development")
        .with("OPS_BIND_ADDRESS", "127.0.0.1")
        .with("OPS_PORT", "0")
        .with("READY_GRACE_SECONDS", "0")
        .with("DATABASE_URL", database.url())
        .with("AMQP_URL", vhost.amqp_url_as("auth"))
        .with("JWT_SIGNING_KEY", signing_key())
        .with("SMTP_URL", mail::smtp_url())
        .with("MAIL_FROM", "RateMyUnit <no-reply@rmu.example>")
        .with("PUBLIC_URL", "https://rmu.example")
}

/// A connection with the gateway's rights.
pub(crate) async fn gateway(vhost: &TestVhost) -> Connection {
    let options = ConnectionOptions::new(&vhost.amqp_url_as("gateway"), "test")
        .unwrap()
        .declare(Declare::Owned(Service::Gateway, Limits::default()));
    let connection = Connection::open(options).unwrap();
    assert!(connection.wait_until_connected(SOON).await);
    connection
}

pub(crate) struct Running {
    pub(crate) lifecycle: Lifecycle,
    pub(crate) ops: String,
    pub(crate) ended: JoinHandle<anyhow::Result<()>>,
}

/// Starts the service in this process.
pub(crate) async fn start(source: &MapSource) -> Running {
    rmu_telemetry::testing::init();
    let settings = load(source, Settings::read).unwrap();
    let application = startup::build(settings, rmu_telemetry::install_metrics().unwrap()).await.unwrap();
    let (lifecycle, ops) = (application.lifecycle(), format!("http://{}", application.ops_address()));
    Running { lifecycle, ops, ended: tokio::spawn(application.run_until_stopped()) }
}

impl Running {
    pub(crate) async fn is_ready(&self) -> bool {
        let answer = reqwest::get(format!("{}/health/ready", self.ops)).await;
        answer.is_ok_and(|answer| answer.status().is_success())
    }

    pub(crate) async fn wait_until_ready(&self) {
        wait::until(SOON, || self.is_ready()).await;
    }
}

/// The service with its surroundings, ready.
pub(crate) struct Auth {
    pub(crate) client: Client,
    pub(crate) gateway: Connection,
    pub(crate) service: Running,
    pub(crate) environment: MapSource,
    // Last, so that they go when nobody uses them any more.
    pub(crate) vhost: TestVhost,
    pub(crate) database: TestDatabase,
}

impl Auth {
    pub(crate) async fn start() -> Self {
        let (database, vhost) = (database().await, TestVhost::new().await);
        let environment = environment(&database, &vhost);
        let gateway = gateway(&vhost).await;
        let service = start(&environment).await;
        service.wait_until_ready().await;
        // Debug builds hash slowly on a busy machine; how long it takes is not what these tests are about.
        let client = Client::with_limit(gateway.clone(), Duration::from_secs(20));
        Self { client, gateway, service, environment, vhost, database }
    }

    pub(crate) async fn ask<R: Request>(&self, request: R) -> Result<R::Answer, RpcErrorV1> {
        self.client.call(&request).await.unwrap()
    }

    pub(crate) async fn register(&self, email: &str, password: &str) -> Result<AcceptedV1, RpcErrorV1> {
        self.ask(RegisterV1 {
            email: email.to_owned(),
            password: password.to_owned(),
            nickname: "ada".to_owned(),
            university_id: university(),
        })
        .await
    }

    pub(crate) async fn verify(&self, token: &str) -> Result<AccountV1, RpcErrorV1> {
        self.ask(VerifyEmailV1 { token: token.to_owned() }).await
    }

    pub(crate) async fn log_in(&self, email: &str, password: &str) -> Result<TokensV1, RpcErrorV1> {
        self.ask(LoginV1 { email: email.to_owned(), password: password.to_owned(), user_agent: Some("test".into()) })
            .await
    }

    /// A confirmed account, with its address.
    pub(crate) async fn student(&self) -> (String, AccountV1) {
        let email = address();
        self.register(&email, PASSWORD).await.unwrap();
        let account = self.verify(&token_of(&mail_number(&email, 1).await)).await.unwrap();
        (email, account)
    }

    pub(crate) async fn sql(&self) -> tokio_postgres::Client {
        let (client, connection) = tokio_postgres::connect(&self.database.url(), tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        client
    }
}

pub(crate) fn university() -> Uuid {
    Uuid::from_u128(7)
}

/// The mail sink is shared, so that every test has addresses of its own.
pub(crate) fn address() -> String {
    format!("ada.{}@student.northfield.example", Uuid::new_v4().simple())
}

/// Waits for the `number`th mail to `email`.
pub(crate) async fn mail_number(email: &str, number: usize) -> String {
    wait::value(SOON, || async { mail::messages_to(email).into_iter().nth(number - 1) }).await
}

/// The token in the link of a mail.
pub(crate) fn token_of(mail: &str) -> String {
    let link = mail.lines().find_map(|line| line.trim().strip_prefix("https://rmu.example/verify-email?token="));
    link.unwrap_or_else(|| panic!("no link in {mail}")).to_owned()
}
