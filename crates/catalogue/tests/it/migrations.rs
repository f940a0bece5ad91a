//! Migrations can be applied, taken back and applied again, and what diesel believes is what they make.

use crate::stage::Stage;
use rmu_catalogue::migrations::{MIGRATIONS, SCHEMA};
use rmu_postgres::{
    DatabaseConfig,
    migrations::{has_pending, revert_all, run_pending},
};
use rmu_test_support::database::{Role, TestDatabase};

const COLUMNS: &str = "SELECT table_name || '.' || column_name || ' ' || udt_name || ' ' || is_nullable
     FROM information_schema.columns WHERE table_schema = 'catalogue' ORDER BY 1";

#[tokio::test]
async fn up_down_and_up_again_make_the_same() {
    let test = TestDatabase::unmigrated(Role::Gateway).await;
    let config = DatabaseConfig::new(&test.url(), "test", SCHEMA).unwrap();
    let (inside, connection) = tokio_postgres::connect(&test.superuser_url(), tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    let columns =
        async || -> Vec<String> { inside.query(COLUMNS, &[]).await.unwrap().iter().map(|row| row.get(0)).collect() };
    assert!(has_pending(&config, MIGRATIONS).await.unwrap());
    assert!(!run_pending(&config, MIGRATIONS).await.unwrap().is_empty());
    assert!(run_pending(&config, MIGRATIONS).await.unwrap().is_empty());
    assert!(!has_pending(&config, MIGRATIONS).await.unwrap());
    let first = columns().await;
    revert_all(&config, MIGRATIONS).await.unwrap();
    assert!(columns().await.iter().all(|column| column.contains("__diesel")));
    run_pending(&config, MIGRATIONS).await.unwrap();
    assert_eq!(columns().await, first);
}

#[tokio::test]
async fn two_migrate_commands_at_once_take_turns() {
    let test = TestDatabase::unmigrated(Role::Gateway).await;
    let config = DatabaseConfig::new(&test.url(), "test", SCHEMA).unwrap();
    let (one, two) = tokio::join!(run_pending(&config, MIGRATIONS), run_pending(&config, MIGRATIONS));
    let (one, two) = (one.unwrap().len(), two.unwrap().len());
    assert!(one.max(two) > 0 && one.min(two) == 0, "one applied {one}, the other {two}");
}

#[tokio::test]
async fn the_schema_diesel_knows_is_the_schema_there_is() {
    let stage = Stage::new().await;
    let source = include_str!("../../src/store/schema.rs");
    let mut table = "";
    let mut checked = 0;
    for line in source.lines().map(str::trim) {
        if let Some((name, _)) = line.strip_suffix(") {").and_then(|line| line.split_once(" (")) {
            table = name;
        }
        let Some((column, kind)) = line.strip_suffix(',').and_then(|line| line.split_once(" -> ")) else { continue };
        let row = stage
            .inside
            .query_opt(
                "SELECT udt_name, is_nullable = 'YES' FROM information_schema.columns
                 WHERE table_schema = 'catalogue' AND table_name = $1 AND column_name = $2",
                &[&table, &column],
            )
            .await
            .unwrap()
            .unwrap_or_else(|| panic!("there is no {table}.{column}"));
        let (there, nullable): (String, bool) = (row.get(0), row.get(1));
        let inner = kind.strip_prefix("Nullable<").and_then(|kind| kind.strip_suffix('>'));
        assert_eq!(inner.is_some(), nullable, "{table}.{column}");
        let expected = match inner.unwrap_or(kind) {
            "Uuid" => "uuid",
            "Text" => "text",
            "Integer" => "int4",
            "SmallInt" => "int2",
            "BigInt" => "int8",
            "Bool" => "bool",
            "Jsonb" => "jsonb",
            "Timestamptz" => "timestamptz",
            "Array<Text>" => "_text",
            other => panic!("{table}.{column} is {other}, which this test does not know"),
        };
        assert_eq!(there, expected, "{table}.{column}");
        checked += 1;
    }
    assert!(checked > 80, "only {checked} columns were found in the source");
}
