//! News reach whom they concern: everybody, once, and not whoever made them.

use crate::{
    stage::{Stage, list, unit as page},
    support::{Catalogue, Unit, author, draft, write_review},
};
use rmu_catalogue::{
    fanouts::tell_next,
    kept_units::{KeptAs, keep, let_go},
    notifications::inbox,
    page::PageLimit,
    review_requests::request_review,
};
use rmu_domain::{
    facts::FactName,
    ids::{AccountId, UnitId},
    notification::News,
};
use rmu_postgres::Database;

async fn news(database: &Database, account: AccountId) -> Vec<News> {
    let inbox = inbox(database, account, false, None, PageLimit::default()).await.unwrap();
    inbox.page.entries.into_iter().map(|told| told.news).collect()
}

async fn tell_all(database: &Database) {
    while tell_next(database).await.unwrap() {}
}

#[tokio::test]
async fn a_review_is_told_to_followers_and_to_those_who_asked_but_not_to_its_author() {
    let catalogue = Catalogue::start().await;
    let database = &catalogue.database;
    let north = catalogue.university("northfield").await;
    let unit = catalogue.unit(north, Unit { code: "A1", title: "A", ..Unit::default() }).await;
    let writer = author("ada");
    let [follower, asker, both, former, late] = [(); 5].map(|()| AccountId::new());
    for account in [writer.account, follower, both, former] {
        keep(database, KeptAs::Followed, account, unit).await.unwrap();
    }
    keep(database, KeptAs::Bookmarked, late, unit).await.unwrap();
    let_go(database, KeptAs::Followed, former, unit).await.unwrap();
    for account in [writer.account, asker, both] {
        request_review(database, unit, account).await.unwrap();
    }
    let review = write_review(database, unit, &writer, &draft(4, "Autumn", 2025)).await.unwrap().id;
    // Whoever comes after the news is not told them.
    keep(database, KeptAs::Followed, late, unit).await.unwrap();
    tell_all(database).await;
    assert_eq!(news(database, follower).await, [News::NewReview { review }]);
    for account in [asker, both] {
        assert_eq!(news(database, account).await, [News::RequestedReview { review }], "told once, as who asked");
    }
    for account in [writer.account, former, late] {
        assert!(news(database, account).await.is_empty());
    }
    let left = catalogue.client.query("SELECT FROM fanouts", &[]).await.unwrap();
    assert!(left.is_empty());
}

#[tokio::test]
async fn many_followers_are_told_once_though_several_tell_and_some_stop_half_way() {
    let catalogue = Catalogue::start().await;
    let database = &catalogue.database;
    let north = catalogue.university("northfield").await;
    let unit = catalogue.unit(north, Unit { code: "A1", title: "A", ..Unit::default() }).await;
    let sql =
        "INSERT INTO unit_follows (unit_id, account_id) SELECT $1, gen_random_uuid() FROM generate_series(1, 450)";
    catalogue.client.execute(sql, &[&unit.as_uuid()]).await.unwrap();
    for nickname in ["ada", "bob"] {
        write_review(database, unit, &author(nickname), &draft(4, "Autumn", 2025)).await.unwrap();
    }
    let told = async || {
        let row = catalogue.client.query_one("SELECT count(*) FROM notifications", &[]).await.unwrap();
        row.get::<_, i64>(0)
    };
    assert!(tell_next(database).await.unwrap());
    assert_eq!(told().await, 200, "a chunk and no more");
    // A copy that is killed in the middle of a chunk: its transaction never happened.
    catalogue
        .client
        .batch_execute(
            "BEGIN; DELETE FROM fanouts; INSERT INTO notifications (id, account_id, unit_id, news)
         SELECT gen_random_uuid(), account_id, unit_id, '{}' FROM unit_follows; ROLLBACK",
        )
        .await
        .unwrap();
    tokio::join!(tell_all(database), tell_all(database), tell_all(database));
    tell_all(database).await;
    assert_eq!(told().await, 900);
    let twice = "SELECT FROM notifications GROUP BY account_id, news HAVING count(*) > 1";
    assert!(catalogue.client.query(twice, &[]).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_handbook_change_says_which_facts_changed() {
    let stage = Stage::new().await;
    let database = &stage.database;
    let scrape = async |year, title| {
        stage.start(100, list(&["31251"])).await;
        let task = stage.dispatch().await.remove(0);
        stage.answer(&task, page("31251", year, title)).await;
    };
    scrape(2026, "Old").await;
    let unit = stage.inside.query_one("SELECT id FROM units", &[]).await.unwrap();
    let (unit, ada) = (UnitId::from(unit.get::<_, uuid::Uuid>(0)), AccountId::new());
    scrape(2026, "Older").await;
    assert_eq!(stage.count("fanouts").await, 0, "nobody follows it");
    keep(database, KeptAs::Followed, ada, unit).await.unwrap();
    scrape(2026, "New").await;
    scrape(2026, "New").await;
    scrape(2024, "Ancient").await;
    tell_all(database).await;
    let told = news(database, ada).await;
    let [News::HandbookChange { year, facts, .. }] = told.as_slice() else { panic!("told {told:?}") };
    assert_eq!((year.map(u16::from), facts.as_slice()), (Some(2026), [FactName::Title].as_slice()));
    // The next year's page says the same: nothing to tell.
    scrape(2027, "New").await;
    tell_all(database).await;
    assert_eq!(news(database, ada).await.len(), 1);
}
