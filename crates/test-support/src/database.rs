//! A database per test, cloned from a template that was migrated once.

use rmu_devstack::database::{connect, prepare_database, prepare_role};
use sha2::{Digest, Sha256};
use std::time::UNIX_EPOCH;
use tokio_postgres::Client;
use url::Url;
use uuid::Uuid;

pub use rmu_devstack::database::Role;

/// An empty, migrated database of one test. Dropping it drops the database.
#[derive(Debug)]
pub struct TestDatabase {
    name: String,
    role: Role,
}

impl TestDatabase {
    /// Clones the template for `role`. When there is none yet, it is made: roles, schemas and extensions as in
    /// production, then `migrate` with the role's URL of the template.
    ///
    /// Templates belong to one build of one test binary, which has the migrations compiled in: a changed
    /// migration means a new binary and so a new template.
    pub async fn new<Fut, E>(role: Role, migrate: impl FnOnce(String) -> Fut) -> Self
    where
        Fut: Future<Output = Result<(), E>>,
        E: std::fmt::Debug,
    {
        let superuser = connect(&superuser_url("postgres")).await.expect("the test PostgreSQL answers");
        let template = Template::of_this_binary(role);
        template.ensure(&superuser, migrate).await;
        let name = format!("rmu_test_{}", Uuid::new_v4().simple());
        execute(&superuser, &format!("CREATE DATABASE {name} TEMPLATE {}", template.name)).await;
        Self { name, role }
    }

    /// A database with roles, schemas and extensions and no table: for tests of migrations themselves.
    pub async fn unmigrated(role: Role) -> Self {
        let superuser = connect(&superuser_url("postgres")).await.expect("the test PostgreSQL answers");
        let lock = Lock::take(&superuser, "roles").await;
        prepare_roles(&superuser).await;
        lock.release(&superuser).await;
        let name = format!("rmu_test_{}", Uuid::new_v4().simple());
        execute(&superuser, &format!("CREATE DATABASE {name}")).await;
        let database = Self { name, role };
        prepare(&database.name).await;
        database
    }

    /// The URL for the role the database was made for.
    pub fn url(&self) -> String {
        self.url_as(self.role)
    }

    /// The URL for either role.
    pub fn url_as(&self, role: Role) -> String {
        role_url(role, &self.name)
    }

    /// The URL for the superuser, for checks that look behind the scenes.
    pub fn superuser_url(&self) -> String {
        superuser_url(&self.name)
    }

    /// The database's name.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let name = self.name.clone();
        crate::cleanup::finish("the test database", async move {
            let superuser = connect(&superuser_url("postgres")).await?;
            // By force: pools of the test may still be open.
            superuser.batch_execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await?;
            Ok(())
        });
    }
}

/// A template database; its name says which binary and which build of it made it.
struct Template {
    name: String,
    /// What all builds of this binary have in common, to find the outdated ones.
    family: String,
}

impl Template {
    fn of_this_binary(role: Role) -> Self {
        let binary = std::env::current_exe().expect("the test binary has a path");
        let data = binary.metadata().expect("the test binary can be looked at");
        let modified = data.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
        let family = format!("rmu_template_{}_{}", role.schema(), digest(&binary.display().to_string()));
        let name = format!("{family}_{}", digest(&format!("{modified:?} {}", data.len())));
        Self { name, family }
    }

    async fn ensure<Fut, E>(&self, superuser: &Client, migrate: impl FnOnce(String) -> Fut)
    where
        Fut: Future<Output = Result<(), E>>,
        E: std::fmt::Debug,
    {
        if exists(superuser, &self.name).await {
            return;
        }
        // Roles belong to the whole server, so one lock serves all templates.
        let lock = Lock::take(superuser, "template").await;
        if !exists(superuser, &self.name).await {
            self.make(superuser, migrate).await;
        }
        lock.release(superuser).await;
    }

    async fn make<Fut, E>(&self, superuser: &Client, migrate: impl FnOnce(String) -> Fut)
    where
        Fut: Future<Output = Result<(), E>>,
        E: std::fmt::Debug,
    {
        let outdated = superuser
            .query("SELECT datname FROM pg_database WHERE starts_with(datname, $1)", &[&self.family])
            .await
            .expect("databases can be listed");
        for row in outdated {
            let name: String = row.get(0);
            execute(superuser, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
        }
        let roles = Lock::take(superuser, "roles").await;
        prepare_roles(superuser).await;
        roles.release(superuser).await;
        // The final name tells that it is complete; a run that dies half-way leaves only this one.
        let unfinished = format!("{}_new", self.family);
        execute(superuser, &format!("CREATE DATABASE {unfinished}")).await;
        prepare(&unfinished).await;
        let role = if self.family.contains("_catalogue_") { Role::Gateway } else { Role::Auth };
        migrate(role_url(role, &unfinished)).await.expect("the migrations of the template run");
        // What the migration left connected would make cloning fail.
        let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1";
        superuser.execute(sql, &[&unfinished]).await.expect("connections can be ended");
        execute(superuser, &format!("ALTER DATABASE {unfinished} RENAME TO {}", self.name)).await;
    }
}

/// An advisory lock of the server: it is given back at the latest when the connection ends.
struct Lock(i64);

impl Lock {
    async fn take(client: &Client, purpose: &str) -> Self {
        let digest = Sha256::digest(format!("rmu-test-support {purpose}"));
        let key = i64::from_be_bytes(digest[..8].try_into().expect("a digest is longer than eight bytes"));
        client.execute("SELECT pg_advisory_lock($1)", &[&key]).await.expect("an advisory lock can be taken");
        Self(key)
    }

    async fn release(self, client: &Client) {
        client.execute("SELECT pg_advisory_unlock($1)", &[&self.0]).await.expect("a lock can be given back");
    }
}

async fn prepare_roles(superuser: &Client) {
    for role in Role::ALL {
        prepare_role(superuser, role, &password()).await.expect("the roles can be prepared");
    }
}

async fn prepare(database: &str) {
    let client = connect(&superuser_url(database)).await.expect("a new database can be reached");
    prepare_database(&client).await.expect("schemas and extensions can be made");
}

async fn exists(superuser: &Client, name: &str) -> bool {
    let found = superuser.query_opt("SELECT 1 FROM pg_database WHERE datname = $1", &[&name]).await;
    found.expect("databases can be looked up").is_some()
}

async fn execute(superuser: &Client, sql: &str) {
    superuser.batch_execute(sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
}

fn digest(text: &str) -> String {
    Sha256::digest(text)[..6].iter().map(|byte| format!("{byte:02x}")).collect()
}

fn server() -> Url {
    crate::servers::url("RMU_TEST_POSTGRES_URL")
}

/// The roles share the superuser's password: the server is private and lives as long as the run.
fn password() -> String {
    server().password().unwrap_or("password").to_owned()
}

fn superuser_url(database: &str) -> String {
    let mut url = server();
    url.set_path(database);
    url.into()
}

fn role_url(role: Role, database: &str) -> String {
    let mut url = server();
    url.set_username(role.name()).expect("the URL takes a user");
    url.set_password(Some(&password())).expect("the URL takes a password");
    url.set_path(database);
    url.into()
}
