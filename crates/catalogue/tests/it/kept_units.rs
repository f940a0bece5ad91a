//! Following and bookmarking: idempotent, bounded, one's own.

use crate::support::{Catalogue, Unit};
use futures_util::future::join_all;
use rmu_catalogue::{
    CatalogueError, ConflictKind,
    aliases::add_alias,
    audit::Actor,
    kept_units::{KeptAs, MOST_KEPT, keep, let_go, of_account},
    page::PageLimit,
};
use rmu_domain::{
    account::Role,
    ids::{AccountId, UnitId},
    unit_code::UnitCode,
};

async fn listed(catalogue: &Catalogue, kept: KeptAs, account: AccountId) -> Vec<String> {
    let (mut all, mut cursor) = (Vec::new(), None);
    loop {
        let limit = PageLimit::new(2).unwrap();
        let page = of_account(&catalogue.database, kept, account, cursor.as_deref(), limit).await.unwrap();
        all.extend(page.entries.into_iter().map(|kept| kept.unit.code));
        cursor = page.next;
        if cursor.is_none() {
            assert_eq!(page.total.to_string(), all.len().to_string());
            return all;
        }
    }
}

#[tokio::test]
async fn units_are_kept_once_in_each_way_and_let_go() {
    let catalogue = Catalogue::start().await;
    let north = catalogue.university("northfield").await;
    let (ada, bob) = (AccountId::new(), AccountId::new());
    let mut units = Vec::new();
    for code in ["A1", "B1", "C1"] {
        units.push(catalogue.unit(north, Unit { code, title: code, ..Unit::default() }).await);
    }
    for unit in units.iter().chain(&units) {
        keep(&catalogue.database, KeptAs::Followed, ada, *unit).await.unwrap();
    }
    keep(&catalogue.database, KeptAs::Bookmarked, ada, units[1]).await.unwrap();
    assert_eq!(listed(&catalogue, KeptAs::Followed, ada).await, ["C1", "B1", "A1"]);
    assert_eq!(listed(&catalogue, KeptAs::Bookmarked, ada).await, ["B1"]);
    for account in [bob, ada, ada] {
        let_go(&catalogue.database, KeptAs::Followed, account, units[1]).await.unwrap();
    }
    assert_eq!(listed(&catalogue, KeptAs::Followed, ada).await, ["C1", "A1"]);
    assert_eq!(listed(&catalogue, KeptAs::Bookmarked, ada).await, ["B1"]);
    let nothing = keep(&catalogue.database, KeptAs::Followed, ada, UnitId::new()).await.unwrap_err();
    assert!(matches!(nothing, CatalogueError::NotFound { what: "unit" }));
}

#[tokio::test]
async fn no_account_keeps_more_than_the_bound_even_all_at_once() {
    let catalogue = Catalogue::start().await;
    let north = catalogue.university("northfield").await;
    let ada = AccountId::new();
    let sql = "INSERT INTO units (id, university_id, code, code_normalised, title, first_seen_at, last_seen_at)
               SELECT gen_random_uuid(), $1, 'U' || n, 'U' || n, 'U', now(), now() FROM generate_series(1, 310) AS n";
    catalogue.client.execute(sql, &[&north.as_uuid()]).await.unwrap();
    let sql = "INSERT INTO unit_follows (unit_id, account_id) SELECT id, $1 FROM units ORDER BY id LIMIT $2";
    catalogue.client.execute(sql, &[&ada.as_uuid(), &i64::from(MOST_KEPT - 3)]).await.unwrap();
    let sql = "SELECT id FROM units ORDER BY id DESC LIMIT 10";
    let units = catalogue.client.query(sql, &[]).await.unwrap();
    let keeping = units
        .iter()
        .map(|row| keep(&catalogue.database, KeptAs::Followed, ada, UnitId::from(row.get::<_, uuid::Uuid>(0))));
    let (kept, refused): (Vec<_>, Vec<_>) = join_all(keeping).await.into_iter().partition(Result::is_ok);
    assert_eq!((kept.len(), refused.len()), (3, 7));
    let state =
        |error: &CatalogueError| matches!(error, CatalogueError::Conflict { kind: ConflictKind::WrongState, .. });
    assert!(refused.iter().all(|result| result.as_ref().is_err_and(state)), "{refused:?}");
}

#[tokio::test]
async fn whoever_keeps_a_unit_keeps_the_one_as_which_it_goes_on() {
    let catalogue = Catalogue::start().await;
    let north = catalogue.university("northfield").await;
    let old = catalogue.unit(north, Unit { code: "A1", title: "A", ..Unit::default() }).await;
    let new = catalogue.unit(north, Unit { code: "B1", title: "A", ..Unit::default() }).await;
    let (ada, bob) = (AccountId::new(), AccountId::new());
    for (account, unit) in [(ada, old), (bob, old), (bob, new)] {
        keep(&catalogue.database, KeptAs::Followed, account, unit).await.unwrap();
    }
    let admin = Actor::new(AccountId::new(), Role::Admin);
    add_alias(&catalogue.database, &admin, new, &UnitCode::parse("A1").unwrap()).await.unwrap();
    for account in [ada, bob] {
        assert_eq!(listed(&catalogue, KeptAs::Followed, account).await, ["B1"]);
    }
}
