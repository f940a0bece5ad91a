//! The definitions document is what the broker itself imports, and what the services would declare.

use crate::support::connect;
use rmu_messaging::{
    Declare, Limits, Publisher, Service,
    contracts::{Contract, scrape::ScrapeTaskV1},
    topology::{TASK_ROUTE, User, definitions, queues},
};
use rmu_test_support::broker::{TestVhost, call};
use serde_json::Value;

#[tokio::test]
async fn the_broker_imports_it_and_the_services_agree_with_it() {
    let vhost = TestVhost::new().await;
    let password = reqwest::Url::parse(&vhost.amqp_url()).unwrap().password().unwrap().to_owned();
    let users = Service::ALL.map(|service| User { service, password: &password });
    let document = definitions(vhost.name(), Limits::default(), &users).unwrap();
    call(reqwest::Method::POST, "/api/definitions", Some(document)).await.unwrap();

    let imported = call(reqwest::Method::GET, &format!("/api/queues/{}", vhost.name()), None).await.unwrap();
    let mut names: Vec<&str> = imported.as_array().unwrap().iter().filter_map(|queue| queue["name"].as_str()).collect();
    names.sort_unstable();
    let mut expected: Vec<&str> = queues(Limits::default()).iter().map(|queue| queue.name).collect();
    expected.sort_unstable();
    assert_eq!(names, expected);

    // The password hash is right, the rights suffice, and declaring finds nothing that differs.
    for service in Service::ALL {
        connect(&vhost.amqp_url_as(service.as_str()), Declare::Owned(service, Limits::default())).await;
    }
    let gateway = connect(&vhost.amqp_url_as("gateway"), Declare::Nothing).await;
    Publisher::new(gateway).publish(&TASK_ROUTE, &ScrapeTaskV1::example()).await.unwrap();
    let tasks = call(reqwest::Method::GET, &format!("/api/queues/{}/scrape.tasks", vhost.name()), None).await.unwrap();
    assert_eq!(tasks["arguments"]["x-max-length"], Value::from(20_000));
}
