//! Up, down, up gives the same schema; the other service's role sees none of it.

use rmu_auth::migrations::{MIGRATIONS, SCHEMA};
use rmu_postgres::{
    DatabaseConfig,
    migrations::{has_pending, revert_all, run_pending},
};
use rmu_test_support::database::{Role, TestDatabase};

const COLUMNS: &str = "
    SELECT table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable || coalesce(column_default, '')
    FROM information_schema.columns WHERE table_schema = 'auth'
    UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'auth'
    UNION ALL SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid)
    FROM pg_constraint WHERE connamespace = 'auth'::regnamespace
    ORDER BY 1";

async fn connect(url: &str) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

async fn schema(client: &tokio_postgres::Client) -> Vec<String> {
    client.query(COLUMNS, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn up_down_up_gives_the_same_schema() {
    let database = TestDatabase::unmigrated(Role::Auth).await;
    let config = DatabaseConfig::new(&database.url(), "test", SCHEMA).unwrap();
    let client = connect(&database.url()).await;
    assert!(has_pending(&config, MIGRATIONS).await.unwrap());
    run_pending(&config, MIGRATIONS).await.unwrap();
    assert!(!has_pending(&config, MIGRATIONS).await.unwrap());
    let first = schema(&client).await;
    assert!(first.len() > 40, "{first:?}");

    revert_all(&config, MIGRATIONS).await.unwrap();
    let left = schema(&client).await;
    assert!(left.iter().all(|line| line.contains("__diesel_schema_migrations")), "{left:?}");

    run_pending(&config, MIGRATIONS).await.unwrap();
    assert_eq!(schema(&client).await, first);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_gateways_role_reads_nothing_of_it() {
    let database = crate::support::database().await;
    let gateway = connect(&database.url_as(Role::Gateway)).await;
    let refused = gateway.query("SELECT * FROM auth.accounts", &[]).await.unwrap_err();
    assert_eq!(refused.code(), Some(&tokio_postgres::error::SqlState::INSUFFICIENT_PRIVILEGE));
}
