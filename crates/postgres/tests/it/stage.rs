//! An empty database with the gateway's role and schema.

use diesel::{QueryableByName, sql_types::Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rmu_postgres::{Database, DatabaseConfig, DatabaseError};
use rmu_test_support::database::{Role, TestDatabase};
use std::time::Duration;

pub(crate) const LIMIT: Duration = Duration::from_secs(20);

pub(crate) struct Stage {
    pub(crate) database: Database,
    pub(crate) inside: tokio_postgres::Client,
    _test: TestDatabase,
}

impl Stage {
    /// A pool of `connections`, its other settings changed by `change`.
    pub(crate) async fn new(connections: u32, change: impl FnOnce(&mut DatabaseConfig)) -> Self {
        let test = TestDatabase::unmigrated(Role::Gateway).await;
        let mut config = DatabaseConfig::new(&test.url(), "rmu-postgres-test", "catalogue").unwrap();
        config.max_connections = connections;
        change(&mut config);
        let (inside, connection) = tokio_postgres::connect(&test.superuser_url(), tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        let database = Database::new(config).await.unwrap();
        let stage = Self { database, inside, _test: test };
        stage.run("CREATE TABLE things (id integer CONSTRAINT things_key PRIMARY KEY, n integer CHECK (n >= 0))").await;
        stage
    }

    pub(crate) async fn run(&self, sql: &str) {
        run(&mut self.database.connection().await.unwrap(), sql).await.unwrap();
    }

    pub(crate) async fn text(&self, sql: &str) -> String {
        #[derive(QueryableByName)]
        struct Answer {
            #[diesel(sql_type = Text)]
            answer: String,
        }
        let mut connection = self.database.connection().await.unwrap();
        let query = diesel::sql_query(format!("SELECT ({sql})::text AS answer"));
        query.get_result::<Answer>(&mut *connection).await.unwrap().answer
    }

    /// Ends the server's side of every connection of the pool.
    pub(crate) async fn end_connections(&self) {
        let sql = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                   WHERE datname = current_database() AND application_name = 'rmu-postgres-test'";
        let ended: i64 = self.inside.query_one(sql, &[]).await.unwrap().get(0);
        assert!(ended > 0);
    }
}

pub(crate) async fn run(connection: &mut AsyncPgConnection, sql: &str) -> Result<usize, DatabaseError> {
    Ok(diesel::sql_query(sql).execute(connection).await?)
}
