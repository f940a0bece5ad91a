//! The daily mail, from a notification to a mailbox, while a copy of the gateway is killed at work.

use crate::world::World;
use rmu_test_support::{mail, wait};
use std::time::Duration;

const READERS: u32 = 60;
const LIMIT: Duration = Duration::from_secs(90);

#[tokio::test(flavor = "multi_thread")]
async fn each_reader_gets_one_digest_though_a_gateway_dies_while_making_them() {
    let world = World::bare().await;
    let other = world.another_gateway().await;
    // Each test is a process of its own.
    let domain = format!("p{}.example", std::process::id());
    // Told two days ago, so that each digest is due at once; every tenth reader has read what there is.
    let sql = format!(
        "WITH university AS (
             INSERT INTO catalogue.universities (id, slug, name) VALUES (gen_random_uuid(), 'north', 'North')
             RETURNING id
         ), unit AS (
             INSERT INTO catalogue.units (id, university_id, code, code_normalised, title, first_seen_at, last_seen_at)
             SELECT gen_random_uuid(), id, 'FIT2004', 'FIT2004', 'Algorithms', now(), now() FROM university
             RETURNING id
         ), account AS (
             INSERT INTO auth.accounts (id, email, password_hash, nickname, email_verified_at)
             SELECT gen_random_uuid(), 'reader' || n || '@{domain}', '', 'reader' || n, now()
             FROM generate_series(1, {READERS}) AS n RETURNING id, email
         ), told AS (
             INSERT INTO catalogue.notifications (id, account_id, unit_id, news, created_at, read_at)
             SELECT gen_random_uuid(), account.id, unit.id, jsonb_build_object('kind', 'newReview', 'review', unit.id),
                    now() - interval '2 days', CASE WHEN email LIKE '%0@%' THEN now() END
             FROM account, unit
         ), wanted AS (
             INSERT INTO catalogue.digest_settings (account_id, enabled, unsubscribe_token, told_up_to)
             SELECT id, true, id::text, now() - interval '3 days' FROM account RETURNING 1
         )
         SELECT count(*) FROM wanted"
    );
    assert_eq!(world.count(&sql).await, i64::from(READERS));
    wait::until(LIMIT, || async { world.count("SELECT count(*) FROM auth.digests").await > 0 }).await;
    other.kill().await;
    let told = i64::from(READERS - READERS / 10);
    wait::until(LIMIT, || async {
        let made = world.count("SELECT count(*) FROM auth.digests").await;
        let waiting = "SELECT (SELECT count(*) FROM catalogue.digest_outbox)
                + (SELECT count(*) FROM catalogue.digest_settings WHERE told_up_to < now() - interval '2 days')
                + (SELECT count(*) FROM auth.mail_outbox WHERE done_at IS NULL)";
        made == told && world.count(waiting).await == 0
    })
    .await;
    for number in 1..=READERS {
        let mails = mail::messages_to(&format!("reader{number}@{domain}"));
        let expected = usize::from(number % 10 != 0);
        assert_eq!(mails.len(), expected, "reader {number}: {mails:?}");
        assert!(mails.iter().all(|mail| mail.contains("List-Unsubscribe-Post: List-Unsubscribe=One-Click")));
    }
}
