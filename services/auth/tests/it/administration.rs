//! What administrators do with accounts, and what others hear of it.

use crate::support::{Auth, PASSWORD, SOON};
use chrono::{TimeDelta, Utc};
use rmu_messaging::{
    Consumer, Context, Outcome,
    contracts::{
        accounts::{
            AccountRecordV1, BanAccountV1, ChangeRoleV1, CountAccountsV1, DeleteAccountV1, EndSessionsV1, GetAccountV1,
            ListAccountsV1, RenameV1, UnbanAccountV1,
        },
        auth::{MeV1, RefreshV1, RpcErrorV1},
        events::{AccountChangeV1, AccountChangedV1, ReviewsLeftV1},
    },
    topology::ACCOUNT_EVENTS,
};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// What the gateway hears; addresses that were verified are left out.
struct Heard(UnboundedReceiver<AccountChangedV1>);

impl Heard {
    fn from(auth: &Auth) -> Self {
        let (sender, receiver) = unbounded_channel();
        let handler = move |event: AccountChangedV1, _: Context| {
            // The test may have ended.
            let _ = sender.send(event);
            async { Outcome::Ack }
        };
        tokio::spawn(Consumer::new(&auth.gateway, ACCOUNT_EVENTS, 1).run(handler, CancellationToken::new()));
        Self(receiver)
    }

    async fn next(&mut self) -> (Uuid, AccountChangeV1) {
        loop {
            let event = tokio::time::timeout(SOON, self.0.recv()).await.unwrap().unwrap();
            if event.change != AccountChangeV1::Verified {
                return (event.account_id, event.change);
            }
        }
    }
}

async fn make_admin(auth: &Auth, account: Uuid) {
    let sql = "UPDATE accounts SET role = 'admin' WHERE id = $1";
    auth.sql().await.execute(sql, &[&account]).await.unwrap();
}

fn ban(account_id: Uuid, term: Option<TimeDelta>) -> BanAccountV1 {
    let until = term.map(|term| Utc::now() + term);
    BanAccountV1 { account_id, reason: "Advertising.".into(), until, by: Uuid::from_u128(1) }
}

#[tokio::test]
async fn a_banned_account_cannot_sign_in_until_its_term_is_over_or_it_is_unbanned() {
    let auth = Auth::start().await;
    let mut heard = Heard::from(&auth);
    let (email, account) = auth.student().await;
    let id = account.account_id;
    let tokens = auth.log_in(&email, PASSWORD).await.unwrap();
    let banned = auth.ask(ban(id, Some(TimeDelta::days(7)))).await.unwrap();
    let until = banned.ban.as_ref().unwrap().until;
    assert_eq!((banned.sessions, banned.ban.unwrap().reason.as_str()), (0, "Advertising."));
    assert_eq!(heard.next().await, (id, AccountChangeV1::Banned { until }));

    let refused = RpcErrorV1::Banned { until, reason: Some("Advertising.".into()) };
    let refresh = || RefreshV1 { refresh_token: tokens.refresh_token.clone() };
    assert_eq!(auth.log_in(&email, PASSWORD).await, Err(refused.clone()));
    assert_eq!(auth.ask(refresh()).await, Err(refused));
    let leaving = DeleteAccountV1 { account_id: id, password: PASSWORD.into(), reviews: ReviewsLeftV1::Remove };
    assert!(matches!(auth.ask(leaving).await, Err(RpcErrorV1::Banned { .. })), "the address could register anew");
    let guessed = auth.log_in(&email, "wrong horse battery").await;
    assert_eq!(guessed, Err(RpcErrorV1::BadCredentials), "a stranger does not learn of the ban");

    let sql = auth.sql().await;
    sql.execute("UPDATE accounts SET banned_until = now() - interval '1 second'", &[]).await.unwrap();
    let again = auth.log_in(&email, PASSWORD).await.unwrap();
    assert_eq!(auth.ask(refresh()).await, Err(RpcErrorV1::BadToken), "sessions from before stay ended");
    assert_eq!(auth.ask(GetAccountV1 { account_id: id }).await.unwrap().ban, None);

    auth.ask(ban(id, None)).await.unwrap();
    assert_eq!(heard.next().await, (id, AccountChangeV1::Banned { until: None }));
    for _ in 0..2 {
        assert_eq!(auth.ask(UnbanAccountV1 { account_id: id }).await.unwrap().ban, None);
    }
    assert_eq!(heard.next().await, (id, AccountChangeV1::Unbanned));
    assert!(auth.ask(RefreshV1 { refresh_token: again.refresh_token }).await.is_err());
    assert!(auth.log_in(&email, PASSWORD).await.is_ok());
    assert!(matches!(auth.ask(ban(id, Some(-TimeDelta::seconds(1)))).await, Err(RpcErrorV1::Invalid { .. })));
    assert_eq!(auth.ask(ban(Uuid::new_v4(), None)).await, Err(RpcErrorV1::NotFound));
}

#[tokio::test]
async fn the_last_administrator_stays_even_if_two_remove_one_another_at_once() {
    let auth = Auth::start().await;
    let mut heard = Heard::from(&auth);
    let (_, one) = auth.student().await;
    let (_, other) = auth.student().await;
    let demote = |account_id| ChangeRoleV1 { account_id, role: "student".into() };
    for _ in 0..5 {
        make_admin(&auth, one.account_id).await;
        make_admin(&auth, other.account_id).await;
        let (first, second) = tokio::join!(auth.ask(demote(one.account_id)), auth.ask(ban(other.account_id, None)));
        assert!(first.is_ok() != second.is_ok(), "{first:?} {second:?}");
        let refused = first.err().or(second.err()).unwrap();
        assert!(matches!(refused, RpcErrorV1::Conflict { .. }), "{refused:?}");
        let (_, change) = heard.next().await;
        assert!(matches!(change, AccountChangeV1::RoleChanged { .. } | AccountChangeV1::Banned { .. }));
        if auth.ask(UnbanAccountV1 { account_id: other.account_id }).await.is_ok() && change_is_ban(&change) {
            assert_eq!(heard.next().await.1, AccountChangeV1::Unbanned);
        }
    }
    let sql = auth.sql().await;
    sql.execute("UPDATE accounts SET role = 'student' WHERE id <> $1", &[&one.account_id]).await.unwrap();
    make_admin(&auth, one.account_id).await;
    let gone =
        DeleteAccountV1 { account_id: one.account_id, password: PASSWORD.into(), reviews: ReviewsLeftV1::Anonymise };
    assert!(matches!(auth.ask(gone).await, Err(RpcErrorV1::Conflict { .. })));
    let promoted = auth.ask(ChangeRoleV1 { account_id: other.account_id, role: "moderator".into() }).await.unwrap();
    assert_eq!(promoted.role, "moderator");
    assert_eq!(heard.next().await.1, AccountChangeV1::RoleChanged { role: "moderator".into() });
    let own = BanAccountV1 { by: other.account_id, ..ban(other.account_id, None) };
    assert!(matches!(auth.ask(own).await, Err(RpcErrorV1::Conflict { .. })), "nobody bans themselves");
}

fn change_is_ban(change: &AccountChangeV1) -> bool {
    matches!(change, AccountChangeV1::Banned { .. })
}

#[tokio::test]
async fn a_deleted_account_leaves_nothing_but_an_event() {
    let auth = Auth::start().await;
    let mut heard = Heard::from(&auth);
    let (email, account) = auth.student().await;
    auth.log_in(&email, PASSWORD).await.unwrap();
    let delete = |password: &str| DeleteAccountV1 {
        account_id: account.account_id,
        password: password.into(),
        reviews: ReviewsLeftV1::Remove,
    };
    assert_eq!(auth.ask(delete("wrong horse battery")).await, Err(RpcErrorV1::BadCredentials));
    auth.ask(delete(PASSWORD)).await.unwrap();
    let change = AccountChangeV1::Deleted { reviews: ReviewsLeftV1::Remove };
    assert_eq!(heard.next().await, (account.account_id, change));
    assert_eq!(auth.log_in(&email, PASSWORD).await, Err(RpcErrorV1::BadCredentials));
    assert_eq!(auth.ask(MeV1 { account_id: account.account_id }).await, Err(RpcErrorV1::BadToken));
    assert_eq!(auth.ask(delete(PASSWORD)).await, Err(RpcErrorV1::BadCredentials));
    let left = auth.sql().await;
    for table in ["accounts", "sessions", "refresh_tokens", "email_verifications", "mail_outbox"] {
        let rows = left.query(&format!("SELECT FROM {table}"), &[]).await.unwrap();
        assert!(rows.is_empty(), "{table} still holds something");
    }
}

#[tokio::test]
async fn a_new_nickname_is_told_once() {
    let auth = Auth::start().await;
    let mut heard = Heard::from(&auth);
    let (_, account) = auth.student().await;
    let rename = |nickname: &str| RenameV1 { account_id: account.account_id, nickname: nickname.into() };
    for name in ["lovelace", " lovelace ", "ada"] {
        assert_eq!(auth.ask(rename(name)).await.unwrap().nickname, name.trim());
    }
    for nickname in ["lovelace", "ada"] {
        let change = AccountChangeV1::Renamed { nickname: nickname.into() };
        assert_eq!(heard.next().await, (account.account_id, change));
    }
    assert!(matches!(auth.ask(rename("a<b>")).await, Err(RpcErrorV1::Invalid { .. })));
    let nobody = RenameV1 { account_id: Uuid::new_v4(), ..rename("ada") };
    assert_eq!(auth.ask(nobody).await, Err(RpcErrorV1::BadToken));
}

#[tokio::test]
async fn accounts_are_found_by_what_is_known_of_them_page_by_page() {
    let auth = Auth::start().await;
    let sql = auth.sql().await;
    let insert = "INSERT INTO accounts (id, email, password_hash, nickname, role, email_verified_at, created_at,
                      banned_at, banned_until, ban_reason)
         SELECT ('01920000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, 'a_' || n || '@x.example', '', 'Nick' || n,
                CASE WHEN n = 1 THEN 'admin' WHEN n <= 3 THEN 'moderator' ELSE 'student' END,
                CASE WHEN n <> 4 THEN now() END, '2026-03-01T23:59:59Z'::timestamptz + make_interval(days => n % 2),
                CASE WHEN n IN (5, 6) THEN now() END,
                CASE WHEN n = 6 THEN now() - interval '1 hour' END, CASE WHEN n IN (5, 6) THEN 'spam' END
         FROM generate_series(1, 12) AS n";
    sql.execute(insert, &[]).await.unwrap();
    let numbers = async |mut request: ListAccountsV1| {
        let mut found = Vec::new();
        loop {
            let page = auth.ask(request.clone()).await.unwrap();
            let number =
                |account: &AccountRecordV1| account.nickname.trim_start_matches("Nick").parse::<u32>().unwrap();
            found.extend(page.accounts.iter().map(number));
            request.before = page.next;
            if page.next.is_none() {
                return found;
            }
        }
    };
    let all = ListAccountsV1 { email: None, nickname: None, role: None, state: None, before: None, limit: 5 };
    assert_eq!(numbers(all.clone()).await, (1..=12).rev().collect::<Vec<_>>());
    for (wanted, request) in [
        (vec![12, 11, 10, 1], ListAccountsV1 { email: Some("A_1".into()), ..all.clone() }),
        (vec![], ListAccountsV1 { email: Some("%".into()), ..all.clone() }),
        (vec![2], ListAccountsV1 { nickname: Some("nick2".into()), ..all.clone() }),
        (vec![3, 2], ListAccountsV1 { role: Some("moderator".into()), ..all.clone() }),
        (vec![5], ListAccountsV1 { state: Some("banned".into()), ..all.clone() }),
        (vec![4], ListAccountsV1 { state: Some("unverified".into()), ..all.clone() }),
        (vec![12, 11, 10, 9, 8, 7, 6, 3, 2, 1], ListAccountsV1 { state: Some("active".into()), ..all.clone() }),
    ] {
        assert_eq!(numbers(request.clone()).await, wanted, "{request:?}");
    }
    for wrong in [ListAccountsV1 { limit: 51, ..all.clone() }, ListAccountsV1 { state: Some("dead".into()), ..all }] {
        assert!(matches!(auth.ask(wrong).await, Err(RpcErrorV1::Invalid { .. })));
    }
    let day = |text: &str| text.parse().unwrap();
    let figures = auth.ask(CountAccountsV1 { from: day("2026-03-01"), until: day("2026-03-02") }).await.unwrap();
    assert_eq!((figures.total, figures.verified, figures.banned), (12, 11, 1));
    assert_eq!((figures.moderators, figures.admins), (2, 1));
    let days: Vec<(String, u32)> = figures.days.iter().map(|of| (of.day.to_string(), of.registered)).collect();
    assert_eq!(days, [("2026-03-01".to_owned(), 6), ("2026-03-02".to_owned(), 6)]);
    let long = CountAccountsV1 { from: day("2025-01-01"), until: day("2026-03-02") };
    assert!(matches!(auth.ask(long).await, Err(RpcErrorV1::Invalid { .. })));
}

#[tokio::test]
async fn an_administrator_ends_the_sessions_of_an_account() {
    let auth = Auth::start().await;
    let (email, account) = auth.student().await;
    let tokens = auth.log_in(&email, PASSWORD).await.unwrap();
    auth.log_in(&email, PASSWORD).await.unwrap();
    let end = || EndSessionsV1 { account_id: account.account_id };
    assert_eq!(auth.ask(end()).await.unwrap().ended, 2);
    assert_eq!(auth.ask(end()).await.unwrap().ended, 0);
    assert_eq!(auth.ask(RefreshV1 { refresh_token: tokens.refresh_token }).await, Err(RpcErrorV1::BadToken));
    assert!(auth.log_in(&email, PASSWORD).await.is_ok());
}
