//! The whole system for one test: the three services and the demo handbooks as processes, with a database,
//! a vhost and keys of their own.

use reqwest::{Method, StatusCode};
use rmu_devstack::stack::{
    api::Api,
    handbooks::{HOSTS, HandbookHost},
    signing_key,
};
use rmu_messaging::topology::Limits;
use rmu_test_support::{
    broker::TestVhost,
    database::{Role, TestDatabase},
    mail,
    process::{self, Service},
    redis, wait,
};
use serde_json::{Value, json};
use std::{collections::BTreeMap, time::Duration};
use tempfile::TempDir;

const ADMIN: (&str, &str) = ("admin@ratemyunit.example", "a long admin password");
pub(crate) const STEP_LIMIT: Duration = Duration::from_secs(30);
/// Generous: what is asserted is that it ends, not how fast.
pub(crate) const SCRAPE_LIMIT: Duration = Duration::from_secs(480);

pub(crate) struct World {
    pub(crate) admin: Api,
    pub(crate) handbooks: Handbooks,
    pub(crate) gateway: Service,
    gateway_env: Vec<(&'static str, String)>,
    _auth: Service,
    broker: Broker,
    database: TestDatabase,
    redis_prefix: String,
    /// Where pages of failures are kept.
    artefacts: TempDir,
}

/// Where the services' users of the broker connect.
pub(crate) enum Broker {
    /// A vhost of the broker that all tests share.
    Shared(TestVhost),
    /// URLs by user, of a broker that is the test's own.
    Own(BTreeMap<&'static str, String>),
}

impl Broker {
    fn url_as(&self, user: &str) -> String {
        match self {
            Self::Shared(vhost) => vhost.amqp_url_as(user),
            Self::Own(urls) => urls[user].clone(),
        }
    }
}

/// The demo sites; one process, an address each.
pub(crate) struct Handbooks {
    service: Service,
}

impl Handbooks {
    async fn start(units: usize) -> Self {
        let arguments = ["--units", &units.to_string()];
        Self { service: Service::spawn_with::<&str, &str>("demo-handbooks", &arguments, []).await }
    }

    /// Base URLs of all sites, as the process says them in its first line.
    pub(crate) fn sites(&self) -> Vec<String> {
        self.hosts(|host| host.site.is_some())
    }

    /// Base URL of the site of one university.
    pub(crate) fn site(&self, name: &str) -> String {
        self.hosts(|host| host.name == name).remove(0)
    }

    fn hosts(&self, wanted: impl Fn(&HandbookHost) -> bool) -> Vec<String> {
        let log = self.service.log();
        let line = log.lines().find(|line| line.starts_with('{')).expect("the handbooks say where they are");
        let said: Value = serde_json::from_str(line).unwrap();
        HOSTS.iter().filter(|host| wanted(host)).map(|host| said[host.name].as_str().unwrap().to_owned()).collect()
    }
}

/// A worker's process and the folder with everything its browsers write.
pub(crate) struct Worker {
    pub(crate) service: Service,
    pub(crate) state: TempDir,
}

impl World {
    /// Starts everything but workers; the administrator is logged in, universities and sources are there.
    pub(crate) async fn start(units: usize) -> Self {
        Self::start_on(Broker::Shared(TestVhost::new().await), units, Limits::default()).await
    }

    /// Without any university.
    pub(crate) async fn bare() -> Self {
        Self::empty(Broker::Shared(TestVhost::new().await), 1, Limits::default()).await
    }

    /// The limits are those that the broker's queues were made with.
    pub(crate) async fn start_on(broker: Broker, units: usize, limits: Limits) -> Self {
        let mut world = Self::empty(broker, units, limits).await;
        for site in world.handbooks.sites() {
            world.add_source(&site).await;
        }
        world
    }

    async fn empty(broker: Broker, units: usize, limits: Limits) -> Self {
        let database = TestDatabase::unmigrated(Role::Gateway).await;
        let redis_prefix = redis::prefix();
        let handbooks = Handbooks::start(units).await;
        let artefacts = tempfile::tempdir().unwrap();

        let mut auth_env = common(&broker, "auth", &redis_prefix);
        auth_env.extend([
            ("DATABASE_URL", database.url_as(Role::Auth)),
            ("JWT_SIGNING_KEY", signing_key::generate().unwrap()),
            ("SMTP_URL", mail::smtp_url()),
            ("MAIL_FROM", "RateMyUnit <noreply@ratemyunit.example>".to_owned()),
            ("PUBLIC_URL", "http://127.0.0.1".to_owned()),
            ("RMU_ADMIN_PASSWORD", ADMIN.1.to_owned()),
        ]);
        let mut gateway_env = common(&broker, "gateway", &redis_prefix);
        gateway_env.extend([
            ("DATABASE_URL", database.url_as(Role::Gateway)),
            ("PUBLIC_URL", "http://127.0.0.1".to_owned()),
            ("RATE_LIMIT_PER_MINUTE", "60000".to_owned()),
            ("MAX_QUEUE_SIZE", limits.max_queue_size.to_string()),
            ("ARTEFACTS_URL", format!("file://{}", artefacts.path().display())),
        ]);
        run("api-gateway", &["migrate"], &gateway_env).await;
        run("auth", &["migrate"], &auth_env).await;
        run("auth", &["bootstrap-admin", "--email", ADMIN.0], &auth_env).await;
        let auth = Service::spawn("auth", auth_env).await;
        let gateway = Service::spawn("api-gateway", gateway_env.clone()).await;

        let admin = administrator_at(&gateway).await;
        Self { admin, handbooks, gateway, gateway_env, _auth: auth, broker, database, redis_prefix, artefacts }
    }

    /// A second copy beside the first.
    pub(crate) async fn another_gateway(&self) -> Service {
        Service::spawn("api-gateway", self.gateway_env.clone()).await
    }

    /// `kill -9`, and another in its place.
    pub(crate) async fn restart_gateway(&mut self) {
        self.gateway.kill().await;
        self.gateway = self.another_gateway().await;
        self.admin = administrator_at(&self.gateway).await;
    }

    /// Takes from Redis all that this system has there; how many keys there were.
    pub(crate) async fn flush_redis(&self) -> usize {
        let client = ::redis::Client::open(redis::url()).unwrap();
        let mut connection = client.get_multiplexed_async_connection().await.unwrap();
        let pattern = format!("{}*", self.redis_prefix);
        let keys: Vec<String> = ::redis::cmd("KEYS").arg(pattern).query_async(&mut connection).await.unwrap();
        if !keys.is_empty() {
            let _: () = ::redis::cmd("DEL").arg(&keys).query_async(&mut connection).await.unwrap();
        }
        keys.len()
    }

    pub(crate) async fn add_source(&mut self, site: &str) {
        let told = Api::new(site).unwrap().call(Method::GET, "/_source.json", None).await.unwrap().body;
        let (university, source) = (&told["university"], &told["source"]);
        self.post("/api/admin/universities", university).await;
        let body = json!({
            "university": university["slug"], "slug": source["slug"], "definition": source["definition"],
        });
        self.post("/api/admin/sources", &body).await;
    }

    /// A client who is nobody yet.
    pub(crate) fn anybody(&self) -> Api {
        Api::new(&self.gateway.url()).unwrap()
    }

    pub(crate) async fn worker(&self, browsers: usize) -> Worker {
        self.worker_at(browsers, redis::url()).await
    }

    /// One that reaches Redis there.
    pub(crate) async fn worker_at(&self, browsers: usize, redis_url: String) -> Worker {
        let state = tempfile::tempdir().unwrap();
        let mut env = common(&self.broker, "worker", &self.redis_prefix);
        env.retain(|(name, _)| *name != "REDIS_URL");
        env.push(("REDIS_URL", redis_url));
        env.extend([
            ("BROWSER_POOL_MAX", browsers.to_string()),
            ("WORKER_STATE_DIR", state.path().display().to_string()),
            ("CRAWLER_CONTACT", "tests@ratemyunit.example".to_owned()),
            ("ARTEFACTS_URL", format!("file://{}", self.artefacts.path().display())),
        ]);
        Worker { service: Service::spawn("scraper-worker", env).await, state }
    }

    /// Starts a scrape of every source and returns the ids of the jobs.
    pub(crate) async fn scrape_all(&mut self) -> Vec<String> {
        let sources = self.admin.get("/api/admin/sources").await.unwrap();
        let mut jobs = Vec::new();
        for source in sources.as_array().unwrap() {
            let job = self.post("/api/admin/scrapes", &json!({"source": source["slug"]})).await;
            jobs.push(job["id"].as_str().unwrap().to_owned());
        }
        jobs
    }

    /// Waits until the jobs have ended and returns them.
    pub(crate) async fn ended(&mut self, jobs: &[String]) -> Vec<Value> {
        let mut ended = Vec::new();
        for job in jobs {
            self.stay_logged_in().await;
            let admin = self.admin.clone();
            let path = format!("/api/admin/scrapes/{job}");
            let last = wait::value(SCRAPE_LIMIT, || async {
                let job = admin.clone().get(&path).await.unwrap();
                (job["state"] != "running").then_some(job)
            });
            ended.push(last.await);
        }
        ended
    }

    /// Logs in again if that is needed by now. Clones would do it each for itself, and logins are limited.
    pub(crate) async fn stay_logged_in(&mut self) {
        self.admin.get("/api/admin/sources").await.unwrap();
    }

    pub(crate) async fn post(&mut self, path: &str, body: &Value) -> Value {
        let answer = self.admin.call(Method::POST, path, Some(body)).await.unwrap();
        answer.data().unwrap_or_else(|error| panic!("POST {path} {body}: {error}"))
    }

    /// Addresses of all units of a site.
    pub(crate) async fn addresses(&self, site: &str) -> Vec<String> {
        let site = self.handbooks.site(site);
        let truth: Value = reqwest::get(format!("{site}/_truth/units.json")).await.unwrap().json().await.unwrap();
        let units = truth["units"].as_array().unwrap().iter();
        units.map(|unit| format!("{site}{}", unit["path"].as_str().unwrap())).collect()
    }

    /// As if the time in which workers have to answer had passed.
    pub(crate) async fn make_everything_overdue(&self) -> i64 {
        let sql = "WITH late AS (UPDATE catalogue.scrape_tasks SET deadline = now() - interval '1 minute'
                                 WHERE state = 'dispatched' RETURNING 1)
                   SELECT count(*) FROM late";
        self.count(sql).await
    }

    /// As if the time for which tasks wait had passed.
    pub(crate) async fn make_everything_due(&self) {
        let sql = "WITH due AS (UPDATE catalogue.scrape_tasks SET run_at = now() WHERE state = 'pending' RETURNING 1)
                   SELECT count(*) FROM due";
        self.count(sql).await;
    }

    /// A connection behind the scenes, for counting what the API does not show.
    pub(crate) async fn count(&self, sql: &str) -> i64 {
        let client = rmu_devstack::database::connect(&self.database.superuser_url()).await.unwrap();
        client.query_one(sql, &[]).await.unwrap().get(0)
    }
}

/// Logged in there, as soon as the gateway is connected to all it needs.
async fn administrator_at(gateway: &Service) -> Api {
    let mut admin = Api::new(&gateway.url()).unwrap();
    wait::until(STEP_LIMIT, || async {
        let health = Api::new(&gateway.url()).unwrap().call(Method::GET, "/health", None).await;
        health.is_ok_and(|answer| answer.body["auth"] == "ok" && answer.body["rabbitmq"] == "ok")
    })
    .await;
    assert!(admin.log_in(ADMIN.0, ADMIN.1).await.unwrap(), "the administrator can log in");
    admin
}

/// Registers, reads the mail, verifies and logs in, as a student does.
pub(crate) async fn new_student(api: &mut Api, email: &str, password: &str, nickname: &str) {
    let body = json!({"email": email, "password": password, "nickname": nickname});
    let answer = api.call(Method::POST, "/api/auth/register", Some(&body)).await.unwrap();
    assert!(answer.status.is_success(), "{answer:?}");
    assert!(!api.log_in(email, password).await.unwrap(), "nobody logs in with an address that is not verified");
    let message = mail::message_to(email, STEP_LIMIT).await;
    let token = mail::token_in(&message).expect("the mail holds a link with a token");
    let body = json!({ "token": token });
    let answer = api.call(Method::POST, "/api/auth/verify-email", Some(&body)).await.unwrap();
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    assert!(api.log_in(email, password).await.unwrap(), "a verified student can log in");
}

fn common(broker: &Broker, user: &str, redis_prefix: &str) -> Vec<(&'static str, String)> {
    vec![
        ("AMQP_URL", broker.url_as(user)),
        ("REDIS_URL", redis::url()),
        ("REDIS_PREFIX", redis_prefix.to_owned()),
        ("LOG_FORMAT", "json".to_owned()),
    ]
}

async fn run(binary: &str, arguments: &[&str], env: &[(&'static str, String)]) {
    let output = process::run(binary, arguments, env.iter().map(|(name, value)| (*name, value))).await;
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{binary} {arguments:?}: {said}");
}
