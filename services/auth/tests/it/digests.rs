//! Digests: one mail an account and day, which can be ended at one click.

use crate::support::{Auth, SOON, mail_number};
use rmu_messaging::{
    Publisher,
    contracts::{Contract, digest::DigestV1},
    topology::DIGEST_ROUTE,
};
use rmu_test_support::{mail, wait};
use uuid::Uuid;

#[tokio::test]
async fn a_digest_is_mailed_once_a_day_however_often_it_comes() {
    let auth = Auth::start().await;
    let (email, account) = auth.student().await;
    let publisher = Publisher::new(auth.gateway.clone());
    let mut digest = DigestV1 { account_id: account.account_id, ..DigestV1::example() };
    digest.items[0].unit_title = "Café Management".into();
    let nobodys = DigestV1 { account_id: Uuid::new_v4(), ..digest.clone() };
    let empty = DigestV1 { day: digest.day.succ_opt().unwrap(), items: Vec::new(), ..digest.clone() };
    for message in [&nobodys, &empty, &digest, &digest, &digest] {
        publisher.publish(&DIGEST_ROUTE, message).await.unwrap();
    }
    // The registration's mail was the first.
    let mail = mail_number(&email, 2).await;
    let link = format!("https://rmu.example/api/digest/unsubscribe?token={}", digest.unsubscribe_token);
    let unfolded = mail.replace("\r\n ", " ").replace("\n ", " ");
    assert!(unfolded.contains("Subject: One notification from RateMyUnit"), "{mail}");
    assert!(unfolded.contains(&format!("List-Unsubscribe: <{link}>")), "{mail}");
    assert!(unfolded.contains("List-Unsubscribe-Post: List-Unsubscribe=One-Click"), "{mail}");

    let tomorrow = DigestV1 { day: digest.day.succ_opt().unwrap(), ..digest.clone() };
    publisher.publish(&DIGEST_ROUTE, &tomorrow).await.unwrap();
    mail_number(&email, 3).await;
    let sql = auth.sql().await;
    wait::until(SOON, || async {
        let open = "SELECT FROM mail_outbox WHERE done_at IS NULL OR unsubscribe_url IS NOT NULL";
        sql.query(open, &[]).await.unwrap().is_empty()
    })
    .await;
    assert_eq!(mail::messages_to(&email).len(), 3, "one for each day");
}
