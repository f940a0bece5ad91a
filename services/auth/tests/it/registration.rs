//! Registering and confirming an address.

use crate::support::{Auth, PASSWORD, SOON, address, mail_number, token_of, university};
use rmu_messaging::{
    Consumer, Context, Outcome,
    contracts::{
        auth::{RegisterV1, RpcErrorV1},
        events::{AccountChangeV1, AccountChangedV1},
    },
    topology::ACCOUNT_EVENTS,
};
use rmu_test_support::{mail, wait};
use tokio_util::sync::CancellationToken;

#[tokio::test]
async fn the_link_of_the_mail_makes_an_account_that_others_hear_of() {
    let auth = Auth::start().await;
    let email = address();
    auth.register(&email.to_uppercase(), PASSWORD).await.unwrap();
    assert_eq!(auth.log_in(&email, PASSWORD).await, Err(RpcErrorV1::EmailNotVerified));

    let mail = mail_number(&email, 1).await;
    assert!(mail.contains("Subject: Confirm your address"), "{mail}");
    let token = token_of(&mail);
    let account = auth.verify(&token).await.unwrap();
    assert_eq!((account.email.as_str(), account.nickname.as_str(), account.role.as_str()), (&*email, "ada", "student"));
    assert_eq!((account.email_verified, account.university_id), (true, Some(university())));
    assert_eq!(auth.verify(&token).await, Err(RpcErrorV1::BadToken), "a link works once");

    let (sender, mut events) = tokio::sync::mpsc::unbounded_channel();
    let handler = move |event: AccountChangedV1, _: Context| {
        sender.send(event).unwrap();
        async { Outcome::Ack }
    };
    let stop = CancellationToken::new();
    tokio::spawn(Consumer::new(&auth.gateway, ACCOUNT_EVENTS, 1).run(handler, stop.clone()));
    let event = tokio::time::timeout(SOON, events.recv()).await.unwrap().unwrap();
    assert_eq!((event.account_id, event.change), (account.account_id, AccountChangeV1::Verified));
    let sql = auth.sql().await;
    wait::until(SOON, || async { count(&sql, "SELECT count(*) FROM event_outbox").await == 0 }).await;
    stop.cancel();
}

async fn count(sql: &tokio_postgres::Client, query: &str) -> i64 {
    sql.query_one(query, &[]).await.unwrap().get(0)
}

#[tokio::test]
async fn what_is_wrong_is_named() {
    let auth = Auth::start().await;
    let good =
        RegisterV1 { email: address(), password: PASSWORD.into(), nickname: "ada".into(), university_id: university() };
    let cases = [
        ("email", RegisterV1 { email: "ada@x\r\nBcc: y@z.example".into(), ..good.clone() }),
        ("password", RegisterV1 { password: "short".into(), ..good.clone() }),
        ("nickname", RegisterV1 { nickname: "a\0b".into(), ..good.clone() }),
    ];
    for (expected, request) in cases {
        match auth.ask(request).await {
            Err(RpcErrorV1::Invalid { field, .. }) => assert_eq!(field, expected),
            other => panic!("{expected}: {other:?}"),
        }
    }
    assert_eq!(count(&auth.sql().await, "SELECT count(*) FROM accounts").await, 0);
}

#[tokio::test]
async fn a_taken_address_is_answered_alike_and_its_owner_is_told() {
    let auth = Auth::start().await;
    let (email, _) = auth.student().await;
    assert!(auth.register(&email, "another pass phrase").await.is_ok());
    let second = mail_number(&email, 2).await;
    assert!(second.contains("account with RateMyUnit already"), "{second}");
    assert!(!second.contains("token="), "{second}");
    assert!(auth.log_in(&email, PASSWORD).await.is_ok(), "nothing was changed");
    assert_eq!(auth.log_in(&email, "another pass phrase").await, Err(RpcErrorV1::BadCredentials));
}

#[tokio::test]
async fn whoever_registered_first_gets_nothing_from_the_owners_link() {
    let auth = Auth::start().await;
    let email = address();
    auth.register(&email, "the thief's phrase").await.unwrap();
    let thiefs = token_of(&mail_number(&email, 1).await);
    auth.register(&email, "the owner's phrase").await.unwrap();
    let owners = token_of(&mail_number(&email, 2).await);
    auth.verify(&owners).await.unwrap();
    assert!(auth.log_in(&email, "the owner's phrase").await.is_ok());
    assert_eq!(auth.log_in(&email, "the thief's phrase").await, Err(RpcErrorV1::BadCredentials));
    assert_eq!(auth.verify(&thiefs).await, Err(RpcErrorV1::BadToken), "the other link is void");
}

#[tokio::test]
async fn a_link_is_dead_after_a_day() {
    let auth = Auth::start().await;
    let email = address();
    auth.register(&email, PASSWORD).await.unwrap();
    let token = token_of(&mail_number(&email, 1).await);
    let sql = auth.sql().await;
    let life = "SELECT extract(epoch FROM expires_at - created_at)::bigint FROM email_verifications";
    assert!((86_390..=86_400).contains(&count(&sql, life).await));
    sql.execute("UPDATE email_verifications SET expires_at = now() - interval '1 second'", &[]).await.unwrap();
    assert_eq!(auth.verify(&token).await, Err(RpcErrorV1::BadToken));
}

#[tokio::test]
async fn neither_tokens_nor_passwords_are_kept_in_clear() {
    let auth = Auth::start().await;
    let email = address();
    auth.register(&email, PASSWORD).await.unwrap();
    let token = token_of(&mail_number(&email, 1).await);
    let sql = auth.sql().await;
    wait::until(SOON, || async { count(&sql, "SELECT count(*) FROM mail_outbox WHERE body <> ''").await == 0 }).await;
    for table in ["accounts", "email_verifications", "mail_outbox"] {
        let rows = sql.query(&format!("SELECT t::text FROM {table} t"), &[]).await.unwrap();
        assert!(!rows.is_empty());
        for row in rows {
            let text: String = row.get(0);
            assert!(!text.contains(&token) && !text.contains(PASSWORD), "{table}: {text}");
        }
    }
}

#[tokio::test]
async fn nobodys_mailbox_is_flooded() {
    let auth = Auth::start().await;
    let email = address();
    for _ in 0..7 {
        auth.register(&email, PASSWORD).await.unwrap();
    }
    let sql = auth.sql().await;
    assert_eq!(count(&sql, "SELECT count(*) FROM mail_outbox").await, 5);
    wait::until(SOON, || async { count(&sql, "SELECT count(*) FROM mail_outbox WHERE done_at IS NULL").await == 0 })
        .await;
    assert_eq!(mail::messages_to(&email).len(), 5);
}
