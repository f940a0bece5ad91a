//! Aggregates that are kept as reviews are written equal those counted anew.

use crate::support::{Catalogue, Unit, author, draft, write_review};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use rmu_catalogue::{
    scores::{self, Drift, UnitScore},
    units::{UnitKey, UnitLookup, find},
};
use rmu_domain::ids::UnitId;

async fn score(catalogue: &Catalogue, unit: UnitId) -> UnitScore {
    match find(&catalogue.database, &UnitKey::Id(unit), None).await.unwrap() {
        UnitLookup::Found(detail) => detail.score,
        UnitLookup::Ambiguous(_) => panic!("an id is never ambiguous"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_at_once_are_all_counted() {
    let catalogue = Catalogue::start().await;
    let north = catalogue.university("northfield").await;
    let sessions = &["Autumn", "Spring"];
    let mut units = Vec::new();
    for code in ["A1", "A2"] {
        units.push(catalogue.unit(north, Unit { code, title: "Physics", sessions, ..Unit::default() }).await);
    }
    let writers = (0..200).map(|number: i64| {
        let (database, unit) = (catalogue.database.clone(), units[usize::from(number % 4 == 0)]);
        let session = if number % 2 == 0 { "Autumn" } else { "Spring" };
        tokio::spawn(async move {
            write_review(&database, unit, &author("ada"), &draft(number % 5 + 1, session, 2024)).await
        })
    });
    for written in futures_util::future::join_all(writers).await {
        written.unwrap().unwrap();
    }
    let (one, other) = (score(&catalogue, units[0]).await, score(&catalogue, units[1]).await);
    assert_eq!((one.summary.reviews, other.summary.reviews), (150, 50));
    assert_eq!(one.summary.distribution.iter().sum::<u32>(), 150);
    assert_eq!(one.sessions.iter().map(|session| session.reviews).collect::<Vec<_>>(), [50, 100]);
    assert_eq!(scores::check(&catalogue.database).await.unwrap(), Drift::NONE);
}

#[tokio::test]
async fn what_is_wrong_is_found_and_put_right() {
    let catalogue = Catalogue::start().await;
    let north = catalogue.university("northfield").await;
    let unit = catalogue.unit(north, Unit { code: "A1", title: "Physics", ..Unit::default() }).await;
    for stars in 1..=5 {
        write_review(&catalogue.database, unit, &author("ada"), &draft(stars, "Autumn", 2025)).await.unwrap();
    }
    let right = score(&catalogue, unit).await;
    for damage in [
        "UPDATE unit_scores SET teaching = teaching + 1",
        "DELETE FROM university_scores",
        "INSERT INTO unit_scores SELECT unit_id, 1999, '', 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0 FROM unit_scores LIMIT 1",
    ] {
        catalogue.client.batch_execute(damage).await.unwrap();
        let drift = scores::check(&catalogue.database).await.unwrap();
        assert_ne!(drift, Drift::NONE, "{damage}");
        assert_eq!(scores::rebuild(&catalogue.database).await.unwrap(), drift);
        assert_eq!(scores::check(&catalogue.database).await.unwrap(), Drift::NONE);
        assert_eq!(score(&catalogue, unit).await, right);
    }
}

#[test]
fn kept_and_recounted_are_equal_whatever_was_written() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let catalogue = runtime.block_on(Catalogue::start());
    let units = runtime.block_on(async {
        let mut units = Vec::new();
        for slug in ["northfield", "southbank"] {
            let university = catalogue.university(slug).await;
            for code in ["A1", "A2"] {
                let unit = Unit { code, title: "Physics", sessions: &["Autumn", "Spring"], ..Unit::default() };
                units.push(catalogue.unit(university, unit).await);
            }
        }
        units
    });
    let review = (0..4_usize, 1..=5_i64, prop::sample::select(vec!["Autumn", "spring", "Winter"]), 2015..=2026_u16);
    let mut runner = TestRunner::new(Config { cases: 25, failure_persistence: None, ..Config::default() });
    runner
        .run(&prop::collection::vec(review, 1..12), |written| {
            runtime.block_on(async {
                for (unit, stars, session, year) in written {
                    let draft = draft(stars, session, year);
                    write_review(&catalogue.database, units[unit], &author("ada"), &draft).await.unwrap();
                }
                let kept: Vec<_> = futures_util::future::join_all(units.iter().map(|u| score(&catalogue, *u))).await;
                prop_assert_eq!(scores::rebuild(&catalogue.database).await.unwrap(), Drift::NONE);
                let recounted: Vec<_> =
                    futures_util::future::join_all(units.iter().map(|u| score(&catalogue, *u))).await;
                prop_assert_eq!(kept, recounted);
                Ok(())
            })
        })
        .unwrap();
    // The database is dropped inside a runtime, as everywhere.
    runtime.block_on(async move { drop(catalogue) });
}
