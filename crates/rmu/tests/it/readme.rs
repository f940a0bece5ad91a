//! The README says of the configuration what the programs say.

use rmu_test_support::process::{binary, run};

#[tokio::test]
async fn the_table_of_variables_is_what_the_services_read() {
    let readme = concat!(env!("CARGO_MANIFEST_DIR"), "/../../README.md");
    // All of them are beside this test, and `rmu` asks those beside itself.
    for service in ["api-gateway", "auth", "scraper-worker"] {
        binary(service);
    }
    let none: [(&str, &str); 0] = [];
    let checked = run("rmu", &["readme", "--check", "--file", readme], none).await;
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
}
