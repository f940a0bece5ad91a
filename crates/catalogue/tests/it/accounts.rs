//! What becomes of accounts, as the auth service tells it: in whatever order, however often.

use crate::support::{Catalogue, Unit, author, draft, write_review};
use chrono::{DateTime, TimeDelta, Utc};
use rmu_catalogue::{
    accounts::{AccountChange, Standing, apply, clear_next_again, standing},
    audit::Actor,
    digests,
    fanouts::tell_next,
    kept_units::{KeptAs, keep},
    moderation::{CaseFilter, cases},
    notifications::inbox,
    page::PageLimit,
    review_requests::{request_review, wanted},
    reviews::{Author, ReviewSort, ShownAuthor, of_unit},
};
use rmu_domain::{
    account::{Nickname, ReviewsLeft, Role},
    ids::{AccountId, UnitId},
    review::ShownAs,
};

async fn changed(catalogue: &Catalogue, account: AccountId, change: &AccountChange, at: DateTime<Utc>) {
    apply(&catalogue.database, account, change, at).await.unwrap();
}

async fn unit(catalogue: &Catalogue) -> UnitId {
    let north = catalogue.university("northfield").await;
    catalogue.unit(north, Unit { code: "A1", title: "A", ..Unit::default() }).await
}

#[tokio::test]
async fn of_changes_that_overtake_one_another_the_latest_counts() {
    let catalogue = Catalogue::start().await;
    let (ada, start) = (AccountId::new(), Utc::now());
    let at = |second| start + TimeDelta::seconds(second);
    let stands = async || standing(&catalogue.database, ada).await.unwrap();
    assert_eq!(stands().await, Standing::default());

    let until = Some(at(3600));
    changed(&catalogue, ada, &AccountChange::Unbanned, at(20)).await;
    changed(&catalogue, ada, &AccountChange::Banned(until), at(10)).await;
    assert_eq!(stands().await.ban, None, "it was lifted after it was imposed");
    for _ in 0..2 {
        changed(&catalogue, ada, &AccountChange::Banned(until), at(30)).await;
    }
    assert_eq!(stands().await.ban.unwrap().until.map(|until| until.timestamp()), Some(at(3600).timestamp()));
    changed(&catalogue, ada, &AccountChange::Banned(Some(start - TimeDelta::seconds(1))), at(40)).await;
    assert_eq!(stands().await.ban, None, "its term is over");

    changed(&catalogue, ada, &AccountChange::RoleChanged(Role::Student), at(20)).await;
    changed(&catalogue, ada, &AccountChange::RoleChanged(Role::Admin), at(10)).await;
    assert_eq!(stands().await.role, Some(Role::Student));
    changed(&catalogue, ada, &AccountChange::Deleted(ReviewsLeft::Anonymise), at(5)).await;
    assert!(stands().await.is_deleted);
    changed(&catalogue, ada, &AccountChange::Renamed(Nickname::parse("ghost").unwrap()), at(50)).await;
    assert_eq!(stands().await.nickname, None, "of whom nothing is to be kept");
}

#[tokio::test]
async fn whoever_is_no_moderator_any_more_is_not_counted_on() {
    let catalogue = Catalogue::start().await;
    let counted = async || catalogue.client.query("SELECT FROM moderation_staff", &[]).await.unwrap().len();
    let banned = AccountChange::Banned(None);
    let gone = AccountChange::Deleted(ReviewsLeft::Remove);
    for change in [AccountChange::RoleChanged(Role::Student), banned, gone] {
        let moderator = Actor::new(AccountId::new(), Role::Moderator);
        cases(&catalogue.database, &CaseFilter::default(), &moderator, None, PageLimit::default()).await.unwrap();
        assert_eq!(counted().await, 1);
        changed(&catalogue, moderator.account, &change, Utc::now()).await;
        assert_eq!(counted().await, 0, "{change:?}");
    }
}

#[tokio::test]
async fn a_new_name_is_shown_where_the_old_one_was() {
    let catalogue = Catalogue::start().await;
    let unit = unit(&catalogue).await;
    let (ada, bob) = (author("ada"), author("bob"));
    let mut named = draft(4, "Autumn", 2025);
    named.shown_as = ShownAs::Nickname;
    write_review(&catalogue.database, unit, &ada, &named).await.unwrap();
    write_review(&catalogue.database, unit, &bob, &draft(3, "Autumn", 2025)).await.unwrap();
    let now = Utc::now();
    for (name, at) in [("lovelace", now), ("countess", now - TimeDelta::seconds(1))] {
        let renamed = AccountChange::Renamed(Nickname::parse(name).unwrap());
        for account in [ada.account, bob.account] {
            changed(&catalogue, account, &renamed, at).await;
        }
    }
    let name = standing(&catalogue.database, ada.account).await.unwrap().nickname;
    assert_eq!(name, Some(Nickname::parse("lovelace").unwrap()), "a token may still say the old one");
    let page = of_unit(&catalogue.database, unit, ReviewSort::Highest, None, PageLimit::default()).await.unwrap();
    let shown: Vec<ShownAuthor> = page.entries.into_iter().map(|review| review.author).collect();
    assert_eq!(shown, [ShownAuthor::Nickname("lovelace".to_owned()), ShownAuthor::Anonymous]);
}

#[tokio::test]
async fn a_deleted_account_leaves_nothing_behind_and_others_stay() {
    let catalogue = Catalogue::start().await;
    let database = &catalogue.database;
    let north = catalogue.university("northfield").await;
    let mut units = Vec::new();
    for code in ["A1", "B1", "C1"] {
        units.push(catalogue.unit(north, Unit { code, title: code, ..Unit::default() }).await);
    }
    let [ada, bob] = [(); 2].map(|()| AccountId::new());
    for account in [ada, bob] {
        keep(database, KeptAs::Followed, account, units[0]).await.unwrap();
        keep(database, KeptAs::Bookmarked, account, units[1]).await.unwrap();
        request_review(database, units[1], account).await.unwrap();
        digests::set_wanted(database, account, true).await.unwrap();
    }
    request_review(database, units[2], ada).await.unwrap();
    write_review(database, units[0], &author("carl"), &draft(4, "Autumn", 2025)).await.unwrap();
    while tell_next(database).await.unwrap() {}

    let now = Utc::now();
    for _ in 0..2 {
        changed(&catalogue, ada, &AccountChange::Deleted(ReviewsLeft::Remove), now).await;
    }
    assert!(traces(&catalogue, ada).await.is_empty());
    assert_eq!(traces(&catalogue, bob).await.len(), 5);
    let asked = wanted(database, None, None, PageLimit::default()).await.unwrap();
    let asked: Vec<(String, u32)> =
        asked.entries.into_iter().map(|wanted| (wanted.unit.code, wanted.requests)).collect();
    assert_eq!(asked, [("B1".to_owned(), 1)]);

    // A request that was let in before the account went.
    keep(database, KeptAs::Followed, ada, units[0]).await.unwrap();
    let late = Author { account: ada, ..author("ada") };
    write_review(database, units[0], &late, &draft(1, "Autumn", 2025)).await.unwrap();
    assert!(!clear_next_again(database, now).await.unwrap(), "a token may still be believed");
    let later = Utc::now() + TimeDelta::minutes(16);
    assert!(clear_next_again(database, later).await.unwrap());
    assert!(!clear_next_again(database, later).await.unwrap(), "once is enough");
    assert!(traces(&catalogue, ada).await.is_empty());
    assert_eq!(inbox(database, bob, false, None, PageLimit::default()).await.unwrap().unread, 1);
}

/// Where an account is still to be found.
async fn traces(catalogue: &Catalogue, account: AccountId) -> Vec<String> {
    let columns = catalogue
        .client
        .query(
            "SELECT table_name, column_name FROM information_schema.columns
             WHERE table_schema = 'catalogue' AND data_type = 'uuid' AND table_name <> 'account_standings'
               AND (column_name ~ '(account|author|reporter)' OR column_name = 'caused_by')
             ORDER BY 1, 2",
            &[],
        )
        .await
        .unwrap();
    let mut found = Vec::new();
    for column in columns {
        let (table, column): (&str, &str) = (column.get(0), column.get(1));
        let sql = format!("SELECT FROM {table} WHERE {column} = $1");
        let rows = catalogue.client.query(&sql, &[&account.as_uuid()]).await.unwrap();
        found.extend(rows.iter().map(|_| format!("{table}.{column}")));
    }
    found
}
