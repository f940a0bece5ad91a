//! One vote of an account on a review, counted exactly.

use crate::support::{Catalogue, Unit, author, draft, write_review};
use rmu_catalogue::{
    CatalogueError,
    page::PageLimit,
    review_votes::{self, Votes, vote},
    reviews::{self, NewState, ReviewSort, change_state},
    scores,
};
use rmu_domain::{
    helpfulness::{
        Vote::{self, Helpful, NotHelpful},
        rank,
    },
    ids::{AccountId, ReviewId, UnitId},
    review::StateCause,
};

async fn unit(catalogue: &Catalogue) -> UnitId {
    let north = catalogue.university("northfield").await;
    catalogue.unit(north, Unit { code: "A1", title: "Physics", ..Unit::default() }).await
}

async fn review(catalogue: &Catalogue, unit: UnitId) -> ReviewId {
    write_review(&catalogue.database, unit, &author("ada"), &draft(5, "Autumn", 2025)).await.unwrap().id
}

#[tokio::test]
async fn a_vote_can_be_changed_and_taken_back() {
    let catalogue = Catalogue::start().await;
    let unit = unit(&catalogue).await;
    let (review, other) = (review(&catalogue, unit).await, review(&catalogue, unit).await);
    let (bob, database) = (AccountId::new(), &catalogue.database);
    vote(database, review, AccountId::new(), Some(Helpful)).await.unwrap();
    for (given, helpful, not_helpful) in [
        (Some(Helpful), 2, 0),
        (Some(Helpful), 2, 0),
        (Some(NotHelpful), 1, 1),
        (None, 1, 0),
        (None, 1, 0),
        (Some(NotHelpful), 1, 1),
    ] {
        let votes = vote(database, review, bob, given).await.unwrap();
        assert_eq!(votes, Votes { unit, helpful, not_helpful, own: given });
        let shown = reviews::one(database, review).await.unwrap();
        assert_eq!((shown.helpful, shown.not_helpful), (helpful, not_helpful));
    }
    let own = review_votes::of_account(database, bob, &[review, other]).await.unwrap();
    assert_eq!(own, [(review, NotHelpful)]);
}

#[tokio::test]
async fn nobody_votes_on_their_own_or_on_what_is_not_visible() {
    let catalogue = Catalogue::start().await;
    let (unit, ada) = (unit(&catalogue).await, author("ada"));
    let database = &catalogue.database;
    let review = write_review(database, unit, &ada, &draft(5, "Autumn", 2025)).await.unwrap().id;
    let own = vote(database, review, ada.account, Some(Helpful)).await;
    assert!(matches!(own, Err(CatalogueError::Forbidden { .. })));
    let hidden = NewState::Hidden { cause: StateCause::Reports, reason: None };
    database.transaction(async |connection| change_state(connection, review, hidden).await).await.unwrap();
    for review in [review, ReviewId::new()] {
        let unseen = vote(database, review, AccountId::new(), Some(Helpful)).await;
        assert!(matches!(unseen, Err(CatalogueError::NotFound { what: "review" })));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_at_once_are_all_counted() {
    let catalogue = Catalogue::start().await;
    let unit = unit(&catalogue).await;
    let review = review(&catalogue, unit).await;
    let voters = (0..100_u32).map(|number| {
        let database = catalogue.database.clone();
        tokio::spawn(async move {
            let account = AccountId::new();
            let first = if number % 4 == 0 { NotHelpful } else { Helpful };
            vote(&database, review, account, Some(first)).await.unwrap();
            if number % 10 == 0 {
                vote(&database, review, account, None).await.unwrap();
            }
        })
    });
    for voter in futures_util::future::join_all(voters).await {
        voter.unwrap();
    }
    let shown = reviews::one(&catalogue.database, review).await.unwrap();
    assert_eq!((shown.helpful, shown.not_helpful, shown.helpful_rank), (70, 20, rank(70, 20)));
    assert_eq!(scores::check(&catalogue.database).await.unwrap(), scores::Drift::NONE);
}

#[tokio::test]
async fn the_helpful_stand_first_and_a_single_vote_does_not_win() {
    let catalogue = Catalogue::start().await;
    let (unit, database) = (unit(&catalogue).await, &catalogue.database);
    let mut expected = Vec::new();
    for (helpful, not_helpful) in [(9, 1), (1, 0), (1, 1), (0, 3)] {
        let review = review(&catalogue, unit).await;
        let votes: Vec<Vote> = [vec![Helpful; helpful], vec![NotHelpful; not_helpful]].concat();
        for given in votes {
            vote(database, review, AccountId::new(), Some(given)).await.unwrap();
        }
        expected.push(review);
    }
    let limit = PageLimit::new(3).unwrap();
    let first = reviews::of_unit(database, unit, ReviewSort::Helpful, None, limit).await.unwrap();
    let rest = reviews::of_unit(database, unit, ReviewSort::Helpful, first.next.as_deref(), limit).await.unwrap();
    let found: Vec<ReviewId> = first.entries.iter().chain(&rest.entries).map(|review| review.id).collect();
    assert_eq!(found, expected);
}
