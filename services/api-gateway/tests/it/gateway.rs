//! A gateway of one test, in this process.

use crate::auth_service::{AuthService, SigningKey, claims};
use reqwest::{Client, Method, RequestBuilder, redirect::Policy};
use rmu_api_gateway::{AppState, Config, cache::Scope, startup};
use rmu_catalogue::{
    migrations::MIGRATIONS,
    universities::{NewUniversity, create_university},
};
use rmu_config::MapSource;
use rmu_postgres::{DatabaseConfig, migrations::run_pending};
use rmu_test_support::{
    broker::TestVhost,
    chaos::ChaosProxy,
    database::{Role, TestDatabase},
    redis, wait,
};
use rmu_web::Lifecycle;
use std::time::Duration;
use tokio::task::JoinHandle;

/// Everything that a test waits for happens within this.
pub(crate) const LIMIT: Duration = Duration::from_secs(20);

/// The gateway, its neighbours, and the unreliable network between them.
pub(crate) struct TestGateway {
    pub(crate) url: String,
    pub(crate) state: AppState,
    pub(crate) database: ChaosProxy,
    pub(crate) redis: ChaosProxy,
    pub(crate) broker: ChaosProxy,
    pub(crate) key: SigningKey,
    pub(crate) auth: Option<AuthService>,
    pub(crate) vhost: TestVhost,
    lifecycle: Lifecycle,
    running: JoinHandle<anyhow::Result<()>>,
    test_database: TestDatabase,
}

impl TestGateway {
    /// With every neighbour up and the keys known.
    pub(crate) async fn start() -> Self {
        let gateway = Self::start_without_auth(&[]).await;
        gateway.with_auth().await
    }

    pub(crate) async fn start_without_auth(settings: &[(&str, &str)]) -> Self {
        rmu_telemetry::testing::init();
        let database = TestDatabase::new(Role::Gateway, |url| async move {
            let config = DatabaseConfig::new(&url, "test", rmu_catalogue::migrations::SCHEMA)?;
            run_pending(&config, MIGRATIONS).await.map(|_| ())
        })
        .await;
        let vhost = TestVhost::new().await;
        let [to_database, to_redis, to_broker] = [database.url(), redis::url(), vhost.amqp_url()].map(in_front);
        let (to_database, to_redis, to_broker) = (to_database.await, to_redis.await, to_broker.await);
        let mut source = MapSource::from([
            ("APP_ENV", "development"),
            ("PORT", "0"),
            ("OPS_PORT", "0"),
            ("BIND_ADDRESS", "127.0.0.1"),
            ("OPS_BIND_ADDRESS", "127.0.0.1"),
            ("READY_GRACE_SECONDS", "0"),
            ("DRAIN_SECONDS", "10"),
            ("RATE_LIMIT_PER_MINUTE", "100000"),
        ])
        .with("REDIS_PREFIX", redis::prefix())
        .with("DATABASE_URL", to_database.in_front_of(&database.url()))
        .with("REDIS_URL", to_redis.in_front_of(&redis::url()))
        .with("AMQP_URL", to_broker.in_front_of(&vhost.amqp_url_as("gateway")));
        for (name, value) in settings {
            source.set(*name, *value);
        }
        let config = rmu_config::load(&source, Config::read).unwrap();
        let application = startup::build(config, rmu_telemetry::install_metrics().unwrap()).await.unwrap();
        let state = application.state.clone();
        assert!(state.broker.wait_until_connected(LIMIT).await);
        Self {
            url: format!("http://127.0.0.1:{}", application.port()),
            lifecycle: application.lifecycle(),
            running: tokio::spawn(application.run_until_stopped()),
            state,
            database: to_database,
            redis: to_redis,
            broker: to_broker,
            key: SigningKey::new("test-key"),
            auth: None,
            vhost,
            test_database: database,
        }
    }

    /// The same with the auth service started and its keys read.
    pub(crate) async fn with_auth(mut self) -> Self {
        self.auth = Some(AuthService::start(&self.vhost, &self.key).await);
        wait::until(LIMIT, || self.state.keys.refresh()).await;
        self
    }

    pub(crate) async fn stop_auth(&mut self) {
        if let Some(auth) = self.auth.take() {
            auth.stop().await;
        }
    }

    pub(crate) fn call(&self, method: Method, path: &str) -> RequestBuilder {
        // A connection each: tests are not about pooling, and every one is answered by any worker.
        let client = Client::builder().no_proxy().timeout(LIMIT).redirect(Policy::none()).build().unwrap();
        client.request(method, format!("{}{path}", self.url))
    }

    pub(crate) fn get(&self, path: &str) -> RequestBuilder {
        self.call(Method::GET, path)
    }

    pub(crate) fn post(&self, path: &str, body: &serde_json::Value) -> RequestBuilder {
        self.call(Method::POST, path).json(body)
    }

    pub(crate) fn token(&self, role: &str, email_verified: bool) -> String {
        self.key.sign(&claims(role, email_verified))
    }

    /// Changes the catalogue as no route does, and says so.
    pub(crate) async fn sql(&self, statements: &str) {
        self.sql_in_secret(statements).await;
        self.state.cache.changed(&[Scope::Everything]).await;
    }

    /// The same without a word to the cache.
    pub(crate) async fn sql_in_secret(&self, statements: &str) {
        let url = self.test_database.url();
        let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        client.batch_execute(&format!("SET search_path = catalogue, public; {statements}")).await.unwrap();
    }

    pub(crate) async fn add_university(&self, slug: &str, domain: &str) {
        let new = NewUniversity::parse(slug, slug, &[domain.to_owned()]).unwrap();
        create_university(&self.state.database, &new, None).await.unwrap();
    }

    /// Ends the gateway as a signal does, and checks that it ended well.
    pub(crate) async fn stop(self) {
        let Self { lifecycle, running, auth, .. } = self;
        lifecycle.stop();
        tokio::time::timeout(LIMIT, running).await.expect("it stops").unwrap().unwrap();
        if let Some(auth) = auth {
            auth.stop().await;
        }
    }
}

async fn in_front(url: String) -> ChaosProxy {
    ChaosProxy::start_for(&url).await
}
