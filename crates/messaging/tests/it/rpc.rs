//! Requests and answers, in time and too late.

use crate::support::{Collected, SOON, broker, connect};
use rmu_messaging::{
    Context, Declare, Envelope, Outcome, Publisher,
    contracts::{
        Contract,
        auth::{AccountV1, JwksV1, MeV1, RpcErrorV1},
    },
    rpc::{Client, Router, RpcError, Server},
    topology::{AUTH_RPC, AUTH_RPC_ROUTE, DEAD_LETTERS},
};
use rmu_telemetry::context::trace_id;
use rmu_test_support::{broker::TestVhost, chaos::ChaosProxy, wait};
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

fn known_or_not(request: &MeV1) -> Result<AccountV1, RpcErrorV1> {
    if request.account_id == MeV1::example().account_id {
        Ok(AccountV1::example())
    } else {
        Err(RpcErrorV1::BadCredentials)
    }
}

fn serve(connection: &rmu_messaging::Connection, router: Router, concurrency: u16) -> CancellationToken {
    let stop = CancellationToken::new();
    tokio::spawn(Server::new(connection, router, concurrency).run(stop.clone()));
    stop
}

#[tokio::test]
async fn a_request_gets_its_own_answer_in_its_own_trace() {
    let (_vhost, connection) = broker().await;
    let (sender, mut traces) = tokio::sync::mpsc::unbounded_channel();
    let router = Router::new().on(move |request: MeV1, _: Context| {
        sender.send(trace_id(&tracing::Span::current())).unwrap();
        async move { known_or_not(&request) }
    });
    let stop = serve(&connection, router, 16);
    let client = Client::new(connection);

    let span = tracing::info_span!("caller");
    let callers = span.in_scope(|| trace_id(&tracing::Span::current()));
    let answer = client.call(&MeV1::example()).instrument(span).await.unwrap();
    assert_eq!(answer, Ok(AccountV1::example()));
    assert_eq!(traces.recv().await.unwrap(), callers);
    assert!(callers.is_some());

    let stranger = MeV1 { account_id: uuid::Uuid::now_v7() };
    let (known, unknown) = (MeV1::example(), stranger);
    let calls = (0..50).map(|number| {
        let (client, request) = (client.clone(), if number % 2 == 0 { known.clone() } else { unknown.clone() });
        tokio::spawn(async move { (number, client.call(&request).await.unwrap()) })
    });
    for call in calls.collect::<Vec<_>>() {
        let (number, answer) = call.await.unwrap();
        assert_eq!(answer.is_ok(), number % 2 == 0, "{answer:?}");
    }
    stop.cancel();
}

#[tokio::test]
async fn nobody_answering_is_a_time_out_and_the_request_is_gone() {
    let (vhost, connection) = broker().await;
    let client = Client::with_limit(connection, Duration::from_millis(200));
    let answer = client.call(&MeV1::example()).await;
    assert!(matches!(answer, Err(RpcError::TimedOut)), "{answer:?}");
    wait::until(SOON, || async { vhost.ready_messages(AUTH_RPC).await == Some(0) }).await;
}

#[tokio::test]
async fn a_late_answer_is_dropped_and_the_next_call_gets_its_own() {
    let (_vhost, connection) = broker().await;
    let (gate, answered) = (Arc::new(Semaphore::new(0)), Arc::new(AtomicUsize::new(0)));
    let (closed, counted) = (gate.clone(), answered.clone());
    let router = Router::new().on(move |request: MeV1, _: Context| {
        let (closed, counted) = (closed.clone(), counted.clone());
        async move {
            if request.account_id == MeV1::example().account_id {
                closed.acquire().await.unwrap().forget();
            }
            counted.fetch_add(1, Ordering::SeqCst);
            known_or_not(&request)
        }
    });
    let stop = serve(&connection, router, 4);
    let client = Client::with_limit(connection, Duration::from_millis(300));
    let late = client.call(&MeV1::example()).await;
    assert!(matches!(late, Err(RpcError::TimedOut)), "{late:?}");
    gate.add_permits(1);
    wait::until(SOON, || async { answered.load(Ordering::SeqCst) == 1 }).await;
    let answer = wait::value(SOON, || async {
        match client.call(&MeV1 { account_id: uuid::Uuid::now_v7() }).await {
            // The limit is short, and the machine may be slow.
            Err(RpcError::TimedOut) => None,
            other => Some(other.unwrap()),
        }
    })
    .await;
    assert_eq!(answer, Err(RpcErrorV1::BadCredentials), "not the first call's late answer");
    stop.cancel();
}

#[tokio::test]
async fn concurrency_is_bounded() {
    let (_vhost, connection) = broker().await;
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (counted, highest) = (now.clone(), most.clone());
    let router = Router::new().on(move |request: MeV1, _: Context| {
        let (counted, highest) = (counted.clone(), highest.clone());
        async move {
            highest.fetch_max(counted.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            tokio::task::yield_now().await;
            counted.fetch_sub(1, Ordering::SeqCst);
            known_or_not(&request)
        }
    });
    let stop = serve(&connection, router, 3);
    let client = Client::with_limit(connection, SOON);
    let calls: Vec<_> = (0..100)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.call(&MeV1::example()).await.unwrap().unwrap() })
        })
        .collect();
    for call in calls {
        call.await.unwrap();
    }
    assert!((1..=3).contains(&most.load(Ordering::SeqCst)), "{most:?}");
    stop.cancel();
}

#[tokio::test]
async fn a_request_nobody_understands_is_refused_and_kept_as_a_dead_letter() {
    let (_vhost, connection) = broker().await;
    let router = Router::new().on(|request: MeV1, _: Context| async move { known_or_not(&request) });
    let stop = serve(&connection, router, 1);
    let answer = Client::new(connection.clone()).call(&JwksV1 {}).await.unwrap();
    assert!(matches!(answer, Err(RpcErrorV1::Invalid { .. })), "{answer:?}");
    let without_reply_to = Envelope::of(&MeV1::example()).unwrap();
    Publisher::new(connection.clone()).send(&AUTH_RPC_ROUTE, &without_reply_to).await.unwrap();
    let dead =
        Collected::from(&connection, DEAD_LETTERS, 1, |_, context| (context.death.unwrap().reason, Outcome::Ack));
    let reasons = dead.wait_for(2).await;
    assert!(reasons.iter().any(|reason| reason.contains("auth.jwks.v1")), "{reasons:?}");
    assert!(reasons.iter().any(|reason| reason.contains("reply-to")), "{reasons:?}");
    stop.cancel();
}

#[tokio::test]
async fn calls_work_again_after_the_connection_was_lost() {
    let (vhost, connection) = broker().await;
    let router = Router::new().on(|request: MeV1, _: Context| async move { known_or_not(&request) });
    let stop = serve(&connection, router, 4);
    let proxy = ChaosProxy::start(TestVhost::address()).await;
    let shaky = connect(&proxy.in_front_of(&vhost.amqp_url()), Declare::Nothing).await;
    let client = Client::new(shaky);
    assert!(client.call(&MeV1::example()).await.is_ok());
    proxy.reset();
    let failed = client.call(&MeV1::example()).await;
    assert!(failed.is_err(), "{failed:?}");
    proxy.restore();
    wait::until(SOON, || async { client.call(&MeV1::example()).await.is_ok() }).await;
    stop.cancel();
}
