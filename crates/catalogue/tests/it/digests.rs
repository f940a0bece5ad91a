//! Digests: what is unread and new, once, and never nothing.

use crate::support::{Catalogue, Unit};
use chrono::{DateTime, TimeDelta, Utc};
use rmu_catalogue::{
    digests::{Digest, collect_next, dispatch, is_wanted, set_wanted, unsubscribe},
    notifications::{inbox, mark_read, tell},
    page::PageLimit,
};
use rmu_domain::{
    facts::FactName,
    ids::{AccountId, ReviewId, UnitId, VersionId},
    notification::{News, Notification},
};
use std::sync::Mutex;

struct Stage {
    catalogue: Catalogue,
    unit: UnitId,
}

impl Stage {
    async fn new() -> Self {
        let catalogue = Catalogue::start().await;
        let north = catalogue.university("northfield").await;
        let unit = catalogue.unit(north, Unit { code: "A1", title: "A", ..Unit::default() }).await;
        Self { catalogue, unit }
    }

    async fn tell(&self, account: AccountId, news: News) {
        let mut connection = self.catalogue.database.connection().await.unwrap();
        tell(&mut connection, account, &Notification { unit: self.unit, news }).await.unwrap();
    }

    /// Lets everything have happened so long ago that a digest ends in between.
    async fn age(&self, days: i32) {
        let sql = "UPDATE notifications SET created_at = created_at - make_interval(days => $1)";
        self.catalogue.client.execute(sql, &[&days]).await.unwrap();
        let sql = "UPDATE digest_settings SET told_up_to = told_up_to - make_interval(days => $1)";
        self.catalogue.client.execute(sql, &[&days]).await.unwrap();
    }

    async fn collect(&self, now: DateTime<Utc>) {
        while collect_next(&self.catalogue.database, now).await.unwrap() {}
    }

    /// What the broker is given; it confirms it only if told so.
    async fn sent(&self, confirmed: bool) -> Vec<Digest> {
        let sent = Mutex::new(Vec::new());
        dispatch(&self.catalogue.database, 100, |digests| {
            let keys = digests.iter().map(|digest| (digest.account, digest.day)).collect();
            sent.lock().unwrap().extend(digests);
            async move { if confirmed { keys } else { Vec::new() } }
        })
        .await
        .unwrap();
        sent.into_inner().unwrap()
    }
}

#[tokio::test]
async fn what_is_unread_is_told_once_to_those_who_want_it() {
    let stage = Stage::new().await;
    let database = &stage.catalogue.database;
    let [ada, bob, reader, idle] = [(); 4].map(|()| AccountId::new());
    for account in [ada, reader, idle] {
        set_wanted(database, account, true).await.unwrap();
    }
    assert_eq!((is_wanted(database, ada).await.unwrap(), is_wanted(database, bob).await.unwrap()), (true, false));
    for account in [ada, bob, reader] {
        stage.tell(account, News::NewReview { review: ReviewId::new() }).await;
    }
    let change = News::HandbookChange { version: VersionId::new(), year: None, facts: vec![FactName::Outcomes] };
    stage.tell(ada, change).await;
    let read = inbox(database, reader, false, None, PageLimit::default()).await.unwrap().page.entries[0].id;
    mark_read(database, reader, read).await.unwrap();

    stage.age(2).await;
    let now = Utc::now();
    // As several copies do at once.
    tokio::join!(stage.collect(now), stage.collect(now), stage.collect(now));
    let lost = stage.sent(false).await;
    let sent = stage.sent(true).await;
    assert_eq!(lost, sent, "what was not confirmed is sent again");
    let [digest] = sent.as_slice() else { panic!("sent {sent:?}") };
    assert_eq!((digest.account, digest.more), (ada, 0));
    let told: Vec<(&str, &str, &[FactName])> =
        digest.items.iter().map(|item| (item.unit_code.as_str(), item.kind.as_str(), item.facts.as_slice())).collect();
    assert_eq!(told, [("A1", "handbookChange", [FactName::Outcomes].as_slice()), ("A1", "newReview", &[])]);
    stage.collect(now).await;
    stage.collect(now + TimeDelta::days(1)).await;
    assert!(stage.sent(true).await.is_empty(), "nothing is told twice");
}

#[tokio::test]
async fn many_are_counted_and_whoever_unsubscribed_gets_none() {
    let stage = Stage::new().await;
    let database = &stage.catalogue.database;
    let ada = AccountId::new();
    set_wanted(database, ada, true).await.unwrap();
    for _ in 0..25 {
        stage.tell(ada, News::NewReview { review: ReviewId::new() }).await;
    }
    stage.age(2).await;
    stage.collect(Utc::now()).await;
    let digest = stage.sent(true).await.remove(0);
    assert_eq!((digest.items.len(), digest.more), (20, 5));

    unsubscribe(database, "no such token").await.unwrap();
    assert!(is_wanted(database, ada).await.unwrap());
    for _ in 0..2 {
        unsubscribe(database, &digest.unsubscribe_token).await.unwrap();
    }
    assert!(!is_wanted(database, ada).await.unwrap());
    stage.tell(ada, News::NewReview { review: ReviewId::new() }).await;
    stage.age(2).await;
    stage.collect(Utc::now()).await;
    assert!(stage.sent(true).await.is_empty());

    // Whoever wants digests again is told what happens from then on, and the old link still works.
    set_wanted(database, ada, true).await.unwrap();
    stage.collect(Utc::now() + TimeDelta::days(1)).await;
    assert!(stage.sent(true).await.is_empty());
    unsubscribe(database, &digest.unsubscribe_token).await.unwrap();
    assert!(!is_wanted(database, ada).await.unwrap());
}
