//! Operators learn whether what is kept is what a count gives, and have it put right.

use rmu_catalogue::migrations::{MIGRATIONS, SCHEMA};
use rmu_postgres::{DatabaseConfig, migrations::run_pending};
use rmu_test_support::{
    database::{Role, TestDatabase},
    process::run,
};

#[tokio::test]
async fn a_difference_is_told_and_put_right_when_asked_to() {
    let database = TestDatabase::new(Role::Gateway, async |url| {
        run_pending(&DatabaseConfig::new(&url, "template", SCHEMA)?, MIGRATIONS).await.map(drop)
    })
    .await;
    let (client, connection) = tokio_postgres::connect(&database.url(), tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    let url = database.url();
    let check = async |arguments: &[&str]| {
        let output = run("rmu", &[&["check-aggregates"], arguments].concat(), [("DATABASE_URL", url.as_str())]).await;
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    assert_eq!(check(&[]).await.0, Some(0));
    let sql = "INSERT INTO catalogue.universities (id, slug, name) VALUES (gen_random_uuid(), 'u0', 'U');
               INSERT INTO catalogue.university_scores SELECT id, 2025, 1, 5, 5, 5, 5, 5 FROM catalogue.universities";
    client.batch_execute(sql).await.unwrap();
    let (code, told) = check(&[]).await;
    assert_eq!(code, Some(1), "{told}");
    assert_eq!(told, "differing: 0 rows of units, 1 rows of universities, 0 reviews with votes\n");
    let (code, told) = check(&["--rebuild"]).await;
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains("put right: 0 rows of units, 1 rows of universities"), "{told}");
    assert_eq!(check(&[]).await.0, Some(0));

    let nothing: [(&str, &str); 0] = [];
    let unset = run("rmu", &["check-aggregates"], nothing).await;
    assert_eq!(unset.status.code(), Some(78), "a mistake in the settings is told as everywhere");
}
