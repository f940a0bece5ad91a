//! Databases are isolated from each other, migrated once, and gone afterwards.

use rmu_devstack::database::connect;
use rmu_test_support::database::{Role, TestDatabase};
use std::sync::atomic::{AtomicUsize, Ordering};

static MIGRATIONS: AtomicUsize = AtomicUsize::new(0);

async fn database() -> TestDatabase {
    TestDatabase::new(Role::Gateway, async |url| {
        MIGRATIONS.fetch_add(1, Ordering::SeqCst);
        let client = connect(&url).await?;
        client.batch_execute("CREATE TABLE things (name text PRIMARY KEY)").await?;
        anyhow::Ok(())
    })
    .await
}

#[tokio::test]
async fn two_databases_share_the_schema_and_no_rows() {
    let (first, second) = tokio::join!(database(), database());
    let first_client = connect(&first.url()).await.unwrap();
    let second_client = connect(&second.url()).await.unwrap();

    first_client.execute("INSERT INTO things VALUES ('mine')", &[]).await.unwrap();

    assert!(second_client.query("SELECT name FROM things", &[]).await.unwrap().is_empty());
    let schema = first_client.query_one("SELECT current_schema()::text", &[]).await.unwrap();
    assert_eq!(schema.get::<_, String>(0), "catalogue");
    assert!(MIGRATIONS.load(Ordering::SeqCst) <= 1, "the template is migrated at most once");
}

#[tokio::test]
async fn a_role_cannot_read_the_others_schema() {
    let database = database().await;
    let auth = connect(&database.url_as(Role::Auth)).await.unwrap();

    let error = auth.query("SELECT * FROM catalogue.things", &[]).await.unwrap_err();

    assert_eq!(error.code().map(|code| code.code().to_owned()), Some("42501".to_owned()), "{error:?}");
}

#[tokio::test]
async fn extensions_are_there_for_both_roles() {
    let database = database().await;
    for role in Role::ALL {
        let client = connect(&database.url_as(role)).await.unwrap();
        client.query("SELECT similarity('algorithm', unaccent('algorithme'))", &[]).await.unwrap();
    }
}

#[tokio::test]
async fn dropping_removes_the_database_even_with_open_connections() {
    let kept = database().await;
    let dropped = database().await;
    let _open = connect(&dropped.url()).await.unwrap();
    let name = dropped.name().to_owned();

    drop(dropped);

    let client = connect(&kept.superuser_url()).await.unwrap();
    let found = client.query_opt("SELECT 1 FROM pg_database WHERE datname = $1", &[&name]).await.unwrap();
    assert!(found.is_none());
}
