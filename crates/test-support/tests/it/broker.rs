//! A vhost of one's own, with the services' rights.

use reqwest::Method;
use rmu_test_support::broker::{TestVhost, call};

#[tokio::test]
async fn a_vhost_has_the_services_rights_and_is_deleted_afterwards() {
    let vhost = TestVhost::new().await;
    let path = format!("/api/vhosts/{}/permissions", vhost.name());
    let permissions = call(Method::GET, &path, None).await.unwrap();
    let mut users: Vec<&str> =
        permissions.as_array().unwrap().iter().filter_map(|entry| entry["user"].as_str()).collect();
    users.sort_unstable();
    assert_eq!(users, ["admin", "auth", "gateway", "worker"]);

    let path = format!("/api/vhosts/{}", vhost.name());
    drop(vhost);
    assert!(call(Method::GET, &path, None).await.is_err());
}

#[tokio::test]
async fn urls_name_the_vhost_and_the_user() {
    let vhost = TestVhost::new().await;
    assert!(vhost.amqp_url().ends_with(&format!("/{}", vhost.name())));
    assert!(vhost.amqp_url_as("worker").starts_with("amqp://worker:"));
}
