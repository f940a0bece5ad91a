//! What others' failures do to the service, and what they do not.

use crate::support::{Auth, PASSWORD, SOON, address, database, environment, gateway, mail_number, start, token_of};
use rmu_messaging::{
    contracts::auth::{JwksV1, LoginV1, MeV1, RegisterV1, RpcErrorV1},
    rpc::Client,
};
use rmu_test_support::{broker::TestVhost, chaos::ChaosProxy, mail, wait};
use std::time::Duration;

#[tokio::test]
async fn a_mail_server_that_is_away_delays_mail_and_nothing_else() {
    let (database, vhost) = (database().await, TestVhost::new().await);
    let proxy = ChaosProxy::start(mail::smtp_address()).await;
    proxy.reset();
    let environment = environment(&database, &vhost).with("SMTP_URL", format!("smtp://{}", proxy.address()));
    let connection = gateway(&vhost).await;
    let service = start(&environment).await;
    service.wait_until_ready().await;
    let client = Client::with_limit(connection, Duration::from_secs(20));
    let email = address();
    let request = RegisterV1 {
        email: email.clone(),
        password: PASSWORD.into(),
        nickname: "ada".into(),
        university_id: crate::support::university(),
    };
    client.call(&request).await.unwrap().unwrap();
    let (sql, sql_connection) = tokio_postgres::connect(&database.url(), tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(sql_connection);
    wait::until(SOON, || async {
        sql.query_opt("SELECT 1 FROM mail_outbox WHERE last_error IS NOT NULL", &[]).await.unwrap().is_some()
    })
    .await;
    assert!(mail::messages_to(&email).is_empty());
    proxy.restore();
    token_of(&mail_number(&email, 1).await);
}

#[tokio::test]
async fn two_copies_send_each_mail_once() {
    let auth = Auth::start().await;
    let second = start(&auth.environment).await;
    second.wait_until_ready().await;
    let addresses: Vec<String> = (0..8).map(|_| address()).collect();
    for email in &addresses {
        auth.register(email, PASSWORD).await.unwrap();
    }
    let sql = auth.sql().await;
    wait::until(SOON, || async {
        let open = sql.query_one("SELECT count(*) FROM mail_outbox WHERE done_at IS NULL", &[]).await.unwrap();
        open.get::<_, i64>(0) == 0
    })
    .await;
    for email in &addresses {
        assert_eq!(mail::messages_to(email).len(), 1, "{email}");
    }
}

#[tokio::test]
async fn without_its_database_it_says_so_and_comes_back() {
    let (database, vhost) = (database().await, TestVhost::new().await);
    let proxy = ChaosProxy::start_for(&database.url()).await;
    let environment = environment(&database, &vhost).with("DATABASE_URL", proxy.in_front_of(&database.url()));
    let connection = gateway(&vhost).await;
    let service = start(&environment).await;
    service.wait_until_ready().await;
    let client = Client::with_limit(connection, Duration::from_secs(20));

    proxy.reset();
    wait::until(SOON, || async { !service.is_ready().await }).await;
    let answer = client.call(&MeV1 { account_id: uuid::Uuid::new_v4() }).await.unwrap();
    assert!(matches!(answer, Err(RpcErrorV1::Busy { .. })), "{answer:?}");
    assert!(client.call(&JwksV1 {}).await.unwrap().is_ok(), "keys need no database");
    proxy.restore();
    service.wait_until_ready().await;
    let answer = client.call(&MeV1 { account_id: uuid::Uuid::new_v4() }).await.unwrap();
    assert_eq!(answer, Err(RpcErrorV1::BadToken));
}

#[tokio::test]
async fn more_logins_than_can_be_checked_are_told_to_come_back() {
    let auth = Auth::start().await;
    let calls: Vec<_> = (0..120)
        .map(|_| {
            let client = auth.client.clone();
            let request =
                LoginV1 { email: "nobody@northfield.example".into(), password: PASSWORD.into(), user_agent: None };
            tokio::spawn(async move { client.call(&request).await.unwrap().unwrap_err() })
        })
        .collect();
    let (mut refused, mut checked) = (0, 0);
    // Requests that hash nothing are answered meanwhile.
    assert!(auth.ask(JwksV1 {}).await.is_ok());
    for call in calls {
        match call.await.unwrap() {
            RpcErrorV1::Busy { retry_after_seconds } if retry_after_seconds > 0 => refused += 1,
            RpcErrorV1::BadCredentials => checked += 1,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(refused + checked, 120);
    assert!(refused > 0 && checked > 0, "{refused} refused, {checked} checked");
}

#[tokio::test]
async fn stopping_finishes_what_was_begun() {
    let auth = Auth::start().await;
    let (email, _) = auth.student().await;
    let client = auth.client.clone();
    let request = LoginV1 { email, password: PASSWORD.into(), user_agent: None };
    let login = tokio::spawn(async move { client.call(&request).await });
    // Asked once the request is being handled: its session is then about to be written.
    let sql = auth.sql().await;
    wait::until(SOON, || async {
        login.is_finished() || sql.query_opt("SELECT 1 FROM sessions", &[]).await.unwrap().is_some()
    })
    .await;
    auth.service.lifecycle.stop();
    assert!(login.await.unwrap().unwrap().is_ok());
    tokio::time::timeout(SOON, auth.service.ended).await.unwrap().unwrap().unwrap();
    assert_eq!(auth.vhost.ready_messages("auth.rpc").await, Some(0));
}
