//! What PostgreSQL would do, for tests that no statement reads a whole large table.

use crate::{
    migrations::{MIGRATIONS, SCHEMA},
    store::cached_sql::CachedSql,
};
use diesel::{QueryableByName, debug_query, pg::Pg, sql_query, sql_types as sql};
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use rmu_postgres::{Database, DatabaseConfig, migrations};
use rmu_test_support::database::{Role, TestDatabase};

#[derive(Debug, QueryableByName)]
struct Line {
    #[diesel(sql_type = sql::Text, column_name = "QUERY PLAN")]
    text: String,
}

/// A migrated database with these statements done in it.
pub(crate) async fn filled_by(statements: &str) -> (TestDatabase, Database) {
    let test = TestDatabase::new(Role::Gateway, async |url| {
        migrations::run_pending(&DatabaseConfig::new(&url, "template", SCHEMA)?, MIGRATIONS).await.map(drop)
    })
    .await;
    let database = Database::new(DatabaseConfig::new(&test.url(), "plans", SCHEMA).unwrap()).await.unwrap();
    let mut connection = database.connection().await.unwrap();
    connection.batch_execute(statements).await.unwrap();
    drop(connection);
    (test, database)
}

/// The plan for the values in the statement; `how` is what stands between `EXPLAIN` and it.
pub(crate) async fn plan(connection: &mut AsyncPgConnection, how: &'static str, statement: CachedSql) -> String {
    let lines: Vec<Line> = CachedSql::new("EXPLAIN ").sql(how).sql(" ").then(statement).load(connection).await.unwrap();
    joined(lines)
}

/// The plan that is made once for any values.
pub(crate) async fn generic_plan(connection: &mut AsyncPgConnection, statement: &CachedSql) -> String {
    let shown = debug_query::<Pg, _>(statement).to_string();
    let text = shown.split(" -- binds: ").next().unwrap();
    let parameters = (1..200).take_while(|number| text.contains(&format!("${number}"))).count();
    connection.batch_execute(&format!("PREPARE generic AS {text}")).await.unwrap();
    connection.batch_execute("SET plan_cache_mode = force_generic_plan").await.unwrap();
    let nulls = vec!["NULL"; parameters].join(", ");
    let values = if parameters == 0 { String::new() } else { format!("({nulls})") };
    let lines: Vec<Line> = sql_query(format!("EXPLAIN EXECUTE generic {values}")).load(connection).await.unwrap();
    connection.batch_execute("DEALLOCATE generic; RESET plan_cache_mode").await.unwrap();
    joined(lines)
}

fn joined(lines: Vec<Line>) -> String {
    lines.into_iter().map(|line| line.text).collect::<Vec<_>>().join("\n")
}
