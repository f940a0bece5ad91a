//! Renamed units: the old code leads to the unit, reviews move along and back, and scores stay equal to a recount.

use crate::support::{Catalogue, Unit, author, detail, draft, write_review};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use rmu_catalogue::{
    aliases::{add_alias, aliases, remove_alias},
    audit::Actor,
    nicknames::{UnitNickname, set_nicknames},
    page::PageLimit,
    reviews::{Author, ReviewSort, of_unit},
    scores::{self, Drift},
    search::{SearchRequest, search},
    units::{UnitDetail, UnitKey},
};
use rmu_domain::{
    account::Role,
    ids::{AccountId, UnitId},
    query::{Rung, SearchQuery},
    unit_code::UnitCode,
};

fn admin() -> Actor {
    Actor::new(AccountId::new(), Role::Admin)
}

fn code(code: &str) -> UnitCode {
    UnitCode::parse(code).unwrap()
}

async fn unit(catalogue: &Catalogue, key: UnitKey) -> UnitDetail {
    detail(catalogue, &key, None).await
}

/// The codes that the reviews of a unit were written under.
async fn written_under(catalogue: &Catalogue, unit: UnitId) -> Vec<String> {
    let page = of_unit(&catalogue.database, unit, ReviewSort::Newest, None, PageLimit::new(50).unwrap()).await.unwrap();
    let mut codes: Vec<String> = page.entries.into_iter().map(|review| review.unit_code).collect();
    codes.sort();
    codes
}

async fn first(catalogue: &Catalogue, query: &str) -> Option<(UnitId, Rung, Option<String>)> {
    let request = SearchRequest { query: SearchQuery::parse(query).ok(), ..SearchRequest::default() };
    let page = search(&catalogue.database, &request).await.unwrap();
    page.entries.into_iter().next().map(|hit| {
        let found = hit.found.unwrap();
        (hit.id, found.rung, found.formerly)
    })
}

/// 31251 and, before it was renamed, 31250; reviewed by one student each, and by one both.
async fn renamed() -> (Catalogue, UnitId, UnitId) {
    let catalogue = Catalogue::start().await;
    let north = catalogue.university("northfield").await;
    let new = catalogue.unit(north, Unit { code: "31251", title: "Data Structures", ..Unit::default() }).await;
    let old = catalogue.unit(north, Unit { code: "31-250", title: "Algorithmics", ..Unit::default() }).await;
    let both = author("ada");
    for (unit, author, stars) in [(new, &author("bo"), 5), (old, &author("cy"), 1), (new, &both, 4), (old, &both, 2)] {
        write_review(&catalogue.database, unit, author, &draft(stars, "Autumn", 2025)).await.unwrap();
    }
    (catalogue, new, old)
}

#[tokio::test]
async fn an_old_code_leads_to_the_unit_that_goes_on() {
    let (catalogue, new, old) = renamed().await;
    let merged = add_alias(&catalogue.database, &admin(), new, &code("31250")).await.unwrap();
    assert!(merged.is_new);
    assert_eq!((merged.alias.code.as_str(), merged.alias.former), ("31-250", old));
    assert_eq!((merged.alias.reviews_moved, merged.alias.reviews_set_aside), (1, 1));
    for key in [UnitKey::Id(old), UnitKey::Code(code("31250")), UnitKey::Code(code("31251"))] {
        let found = unit(&catalogue, key).await;
        assert_eq!((found.id, found.formerly), (new, vec!["31-250".to_owned()]));
        assert_eq!(found.score.summary.distribution, [1, 0, 0, 1, 1], "who reviewed both counts once");
    }
    let formerly = Some((new, Rung::ExactCode, Some("31-250".to_owned())));
    for query in ["31250", "31-250", "312 50"] {
        assert_eq!(first(&catalogue, query).await, formerly, "{query}");
    }
    assert_eq!(first(&catalogue, "31251").await, Some((new, Rung::ExactCode, None)));
    assert_eq!(first(&catalogue, "algorithmics").await, None, "the old unit is listed no more");
    assert_eq!(written_under(&catalogue, new).await, ["31-250", "31251", "31251"]);
    assert_eq!(scores::check(&catalogue.database).await.unwrap(), Drift::NONE);
    let again = add_alias(&catalogue.database, &admin(), new, &code("31250")).await.unwrap();
    assert_eq!((again.is_new, again.alias), (false, merged.alias));

    let refused = write_review(&catalogue.database, old, &author("di"), &draft(3, "Autumn", 2025)).await;
    assert!(refused.is_err(), "the old unit is reviewed no more");

    remove_alias(&catalogue.database, &admin(), new, &code("31250")).await.unwrap();
    assert_eq!(unit(&catalogue, UnitKey::Code(code("31250"))).await.id, old);
    assert_eq!(written_under(&catalogue, old).await, ["31-250", "31-250"]);
    assert_eq!(written_under(&catalogue, new).await, ["31251", "31251"]);
    assert_eq!(first(&catalogue, "algorithmics").await.map(|(id, ..)| id), Some(old));
    assert_eq!(first(&catalogue, "31250").await.map(|(id, ..)| id), Some(old));
    assert_eq!(scores::check(&catalogue.database).await.unwrap(), Drift::NONE);
    let gone = remove_alias(&catalogue.database, &admin(), new, &code("31250")).await.unwrap_err();
    assert_eq!(gone.to_string(), "alias not found");
}

#[tokio::test]
async fn what_a_unit_was_called_finds_the_one_that_goes_on() {
    let (catalogue, new, old) = renamed().await;
    let database = &catalogue.database;
    set_nicknames(database, &admin(), old, &[UnitNickname::parse("Algo").unwrap()]).await.unwrap();
    assert_eq!(first(&catalogue, "algo").await.map(|(unit, ..)| unit), Some(old));
    add_alias(database, &admin(), new, &code("31250")).await.unwrap();
    assert_eq!(first(&catalogue, "algo").await.map(|(unit, ..)| unit), Some(new));
}

#[tokio::test]
async fn a_code_that_was_never_read_may_be_a_former_one() {
    let (catalogue, new, _) = renamed().await;
    add_alias(&catalogue.database, &admin(), new, &code("OLD1")).await.unwrap();
    assert_eq!(unit(&catalogue, UnitKey::Code(code("old 1"))).await.id, new);
    assert_eq!(first(&catalogue, "OLD1").await, Some((new, Rung::ExactCode, Some("OLD1".to_owned()))));
    remove_alias(&catalogue.database, &admin(), new, &code("OLD1")).await.unwrap();
    let rows = catalogue.client.query_one("SELECT count(*) FROM units WHERE code = 'OLD1'", &[]).await.unwrap();
    assert_eq!(rows.get::<_, i64>(0), 0, "nothing is left of it");
}

#[tokio::test]
async fn merges_do_not_chain_and_do_not_turn_on_themselves() {
    let (catalogue, new, old) = renamed().await;
    let third = {
        let university = unit(&catalogue, UnitKey::Id(new)).await.university.id;
        catalogue.unit(university, Unit { code: "99999", title: "Other", ..Unit::default() }).await
    };
    let database = &catalogue.database;
    let refused =
        async |unit, old: &str| add_alias(database, &admin(), unit, &code(old)).await.unwrap_err().to_string();
    assert_eq!(refused(new, "312 51").await, "code: must not be the code that the unit has now");
    assert_eq!(refused(UnitId::new(), "31250").await, "unit not found");
    add_alias(database, &admin(), new, &code("31250")).await.unwrap();
    assert_eq!(refused(third, "31250").await, "the code leads to another unit already");
    assert_eq!(refused(third, "31251").await, "other codes lead to the unit of this code: undo that first");
    assert_eq!(refused(old, "99999").await, "the unit itself goes on under another code");
    assert_eq!(aliases(database, new).await.unwrap().len(), 1);
    assert_eq!(first(&catalogue, "99999").await.map(|(id, ..)| id), Some(third));
}

#[test]
fn whatever_was_reviewed_merging_and_undoing_keep_scores_equal_to_a_recount() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let (catalogue, new, old, authors) = runtime.block_on(async {
        let catalogue = Catalogue::start().await;
        let north = catalogue.university("northfield").await;
        let new = catalogue.unit(north, Unit { code: "N1", title: "New", ..Unit::default() }).await;
        let old = catalogue.unit(north, Unit { code: "O1", title: "Old", ..Unit::default() }).await;
        let authors: Vec<Author> = (0..5).map(|_| author("ada")).collect();
        (catalogue, new, old, authors)
    });
    let review = (0..5_usize, any::<bool>(), 1..=5_i64, 2020..=2025_u16);
    let mut runner = TestRunner::new(Config { cases: 16, failure_persistence: None, ..Config::default() });
    runner
        .run(&(prop::collection::vec(review, 0..10), prop::collection::vec(0..3_u8, 1..5)), |(reviews, steps)| {
            runtime.block_on(async {
                let database = &catalogue.database;
                catalogue.client.batch_execute("DELETE FROM reviews").await.unwrap();
                scores::rebuild(database).await.unwrap();
                for (who, of_new, stars, year) in &reviews {
                    let unit = if *of_new { new } else { old };
                    // A second review of one unit is refused, which is none of ours here.
                    let _ = write_review(database, unit, &authors[*who], &draft(*stars, "Autumn", *year)).await;
                }
                let before = (written_under(&catalogue, new).await, written_under(&catalogue, old).await);
                for step in steps {
                    match step {
                        0 => drop(add_alias(database, &admin(), new, &code("O1")).await.unwrap()),
                        _ => drop(remove_alias(database, &admin(), new, &code("O1")).await),
                    }
                    prop_assert_eq!(scores::check(database).await.unwrap(), Drift::NONE);
                    let shown = unit(&catalogue, UnitKey::Id(new)).await.score.summary.reviews;
                    let listed = u32::try_from(written_under(&catalogue, new).await.len()).unwrap();
                    prop_assert_eq!(shown, listed);
                    let kept = "SELECT reviews FROM unit_search WHERE code = 'N1'";
                    let kept: i32 = catalogue.client.query_one(kept, &[]).await.unwrap().get(0);
                    prop_assert_eq!(u32::try_from(kept).unwrap(), listed);
                }
                let _ = remove_alias(database, &admin(), new, &code("O1")).await;
                let after = (written_under(&catalogue, new).await, written_under(&catalogue, old).await);
                prop_assert_eq!(before, after, "everything is back");
                Ok(())
            })
        })
        .unwrap();
    runtime.block_on(async move { drop(catalogue) });
}
