//! Each service's broker user may do what it needs, and no more.

use crate::support::{SOON, broker, connect};
use rmu_messaging::{
    Connection, Context, Declare, Limits, Outcome, PublishError, Publisher, Route, Service,
    contracts::{
        Contract,
        auth::{AccountV1, MeV1},
        control::WorkerControlV1,
        events::{AccountChangedV1, WorkerStatsV1},
        preview::{PreviewRequestV1, PreviewV1},
        scrape::{ScrapeResultV1, ScrapeTaskV1},
    },
    rpc::{Client, PREVIEWS, Router, Server},
    topology::{
        AUTH_RPC_ROUTE, CONTROL_ROUTE, PREVIEW_ROUTE, RESULT_ROUTE, SCRAPE_RESULTS, SCRAPE_TASKS, TASK_ROUTE,
        WORKER_STATS_ROUTE, account_event_route,
    },
};
use rmu_test_support::{broker::TestVhost, wait};
use tokio_util::sync::CancellationToken;

async fn publisher_of(vhost: &TestVhost, service: Service) -> Publisher {
    Publisher::new(connect(&vhost.amqp_url_as(service.as_str()), Declare::Nothing).await)
}

async fn may<M: Contract>(publisher: &Publisher, route: &Route) -> bool {
    wait::value(SOON, || async {
        match publisher.publish(route, &M::example()).await {
            Ok(()) => Some(true),
            Err(PublishError::Forbidden { .. }) => Some(false),
            // A broker that has much else to do has not said no.
            Err(PublishError::TimedOut) => None,
            Err(error) => panic!("{route:?}: {error}"),
        }
    })
    .await
}

#[tokio::test]
async fn every_service_may_declare_what_it_owns() {
    let vhost = TestVhost::new().await;
    for service in Service::ALL {
        let own = Declare::Owned(service, Limits::default());
        connect(&vhost.amqp_url_as(service.as_str()), own).await.close().await;
    }
}

#[tokio::test]
async fn a_worker_sends_results_and_statistics_and_nothing_else() {
    let (vhost, _connection) = broker().await;
    let worker = publisher_of(&vhost, Service::Worker).await;
    assert!(may::<ScrapeResultV1>(&worker, &RESULT_ROUTE).await);
    assert!(may::<WorkerStatsV1>(&worker, &WORKER_STATS_ROUTE).await);
    assert!(!may::<ScrapeTaskV1>(&worker, &TASK_ROUTE).await, "a task of its own making");
    assert!(!may::<WorkerControlV1>(&worker, &CONTROL_ROUTE).await);
    assert!(!may::<MeV1>(&worker, &AUTH_RPC_ROUTE).await);
    assert!(!may::<AccountChangedV1>(&worker, &account_event_route("verified")).await);
    assert!(!may::<ScrapeTaskV1>(&worker, &Route::new("", SCRAPE_TASKS)).await, "over the default exchange");
}

#[tokio::test]
async fn auth_tells_of_accounts_and_nothing_else() {
    let (vhost, _connection) = broker().await;
    let auth = publisher_of(&vhost, Service::Auth).await;
    assert!(may::<AccountChangedV1>(&auth, &account_event_route("verified")).await);
    assert!(!may::<WorkerStatsV1>(&auth, &WORKER_STATS_ROUTE).await);
    assert!(!may::<ScrapeTaskV1>(&auth, &TASK_ROUTE).await);
    assert!(!may::<WorkerControlV1>(&auth, &CONTROL_ROUTE).await);
}

#[tokio::test]
async fn a_worker_reads_no_results() {
    let (vhost, connection) = broker().await;
    Publisher::new(connection).publish(&RESULT_ROUTE, &ScrapeResultV1::example()).await.unwrap();
    let worker = connect(&vhost.amqp_url_as("worker"), Declare::Nothing).await;
    let (stop, (sender, mut seen)) = (CancellationToken::new(), tokio::sync::mpsc::unbounded_channel());
    let told = sender.clone();
    let results = move |_: ScrapeResultV1, _: Context| {
        told.send("result").unwrap();
        async { Outcome::Ack }
    };
    let tasks = move |_: ScrapeTaskV1, _: Context| {
        sender.send("task").unwrap();
        async { Outcome::Ack }
    };
    tokio::spawn(rmu_messaging::Consumer::new(&worker, SCRAPE_RESULTS, 1).run(results, stop.clone()));
    tokio::spawn(rmu_messaging::Consumer::new(&worker, SCRAPE_TASKS, 1).run(tasks, stop.clone()));
    publisher_of(&vhost, Service::Gateway).await.publish(&TASK_ROUTE, &ScrapeTaskV1::example()).await.unwrap();
    let first = tokio::time::timeout(SOON, seen.recv()).await.unwrap();
    assert_eq!(first, Some("task"), "it may read tasks; a result it would have had before");
    assert_eq!(vhost.ready_messages(SCRAPE_RESULTS).await, Some(1));
    stop.cancel();
}

#[tokio::test]
async fn gateway_asks_and_a_worker_answers_with_their_own_rights() {
    let vhost = TestVhost::new().await;
    let open = |service: Service| {
        let url = vhost.amqp_url_as(service.as_str());
        async move { connect(&url, Declare::Owned(service, Limits::default())).await }
    };
    let (gateway, worker): (Connection, Connection) = (open(Service::Gateway).await, open(Service::Worker).await);
    let router = Router::new().on(|_: PreviewRequestV1, _: Context| async { Ok(PreviewV1::example()) });
    let stop = CancellationToken::new();
    tokio::spawn(Server::at(&PREVIEWS, &worker, router, 1).run(stop.clone()));
    let client = Client::to(gateway, &PREVIEWS);
    // More than one, so that both lines are used again.
    for _ in 0..3 {
        assert_eq!(client.call(&PreviewRequestV1::example()).await.unwrap(), Ok(PreviewV1::example()));
    }
    let worker = Publisher::new(worker);
    assert!(!may::<PreviewRequestV1>(&worker, &PREVIEW_ROUTE).await, "a request of its own making");
    assert!(!may::<PreviewV1>(&worker, &Route::new("", SCRAPE_RESULTS)).await, "over the default exchange");
    stop.cancel();
}

#[tokio::test]
async fn gateway_asks_and_auth_answers_with_their_own_rights() {
    let vhost = TestVhost::new().await;
    let open = |service: Service| {
        let url = vhost.amqp_url_as(service.as_str());
        async move { connect(&url, Declare::Owned(service, Limits::default())).await }
    };
    let (gateway, auth): (Connection, Connection) = (open(Service::Gateway).await, open(Service::Auth).await);
    let router = Router::new().on(|_: MeV1, _: Context| async { Ok(AccountV1::example()) });
    let stop = CancellationToken::new();
    tokio::spawn(Server::new(&auth, router, 1).run(stop.clone()));
    assert_eq!(Client::new(gateway).call(&MeV1::example()).await.unwrap(), Ok(AccountV1::example()));
    stop.cancel();
}
