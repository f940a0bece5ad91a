//! Only visible reviews are listed and counted, whatever way they went.

use crate::support::{Catalogue, Unit, author, draft, write_review};
use rmu_catalogue::{
    CatalogueError,
    page::PageLimit,
    review_requests::request_review,
    reviews::{self, NewState, ReviewSort, ReviewStanding, change_state},
    scores,
};
use rmu_domain::{
    ids::{AccountId, ReviewId, UnitId},
    review::{ReviewState, StateCause},
};
use rmu_postgres::Database;
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

const HIDDEN: NewState<'_> = NewState::Hidden { cause: StateCause::Reports, reason: None };
const REMOVED: NewState<'_> = NewState::Removed { cause: StateCause::Moderation, reason: Some("names a tutor") };
const STATES: [NewState<'_>; 3] = [NewState::Visible, HIDDEN, REMOVED];

async fn unit(catalogue: &Catalogue) -> UnitId {
    let north = catalogue.university("northfield").await;
    catalogue.unit(north, Unit { code: "A1", title: "Physics", sessions: &["Autumn"], ..Unit::default() }).await
}

async fn moved(database: &Database, review: ReviewId, to: NewState<'_>) -> Result<ReviewStanding, CatalogueError> {
    database.transaction(async |connection| change_state(connection, review, to).await).await
}

async fn listed(catalogue: &Catalogue, unit: UnitId) -> (Vec<ReviewId>, String) {
    let page = reviews::of_unit(&catalogue.database, unit, ReviewSort::Newest, None, PageLimit::default());
    let page = page.await.unwrap();
    (page.entries.iter().map(|review| review.id).collect(), page.total.to_string())
}

#[tokio::test]
async fn a_review_is_listed_and_counted_while_it_is_visible() {
    let catalogue = Catalogue::start().await;
    let unit = unit(&catalogue).await;
    let author = author("ada");
    let review = write_review(&catalogue.database, unit, &author, &draft(5, "Autumn", 2025)).await.unwrap().id;
    for from in STATES {
        for to in STATES {
            moved(&catalogue.database, review, from).await.unwrap();
            let before = moved(&catalogue.database, review, to).await.unwrap();
            assert_eq!(before, ReviewStanding { review, unit, author: Some(author.account), state: from.state() });
            let expected = if to == NewState::Visible { vec![review] } else { Vec::new() };
            let count = expected.len().to_string();
            assert_eq!(listed(&catalogue, unit).await, (expected, count), "{from:?} to {to:?}");
            assert_eq!(scores::check(&catalogue.database).await.unwrap(), scores::Drift::NONE, "{from:?} to {to:?}");
        }
    }
    let gone = moved(&catalogue.database, ReviewId::new(), HIDDEN).await;
    assert!(matches!(gone, Err(CatalogueError::NotFound { what: "review" })));
}

#[tokio::test]
async fn what_was_asked_for_while_a_review_was_hidden_is_wanted_until_it_returns() {
    let catalogue = Catalogue::start().await;
    let unit = unit(&catalogue).await;
    let review = write_review(&catalogue.database, unit, &author("ada"), &draft(5, "Autumn", 2025)).await.unwrap().id;
    assert!(request_review(&catalogue.database, unit, AccountId::new()).await.is_err());
    moved(&catalogue.database, review, HIDDEN).await.unwrap();
    assert!(request_review(&catalogue.database, unit, AccountId::new()).await.is_ok());
    let wanted = async || catalogue.client.query("SELECT FROM wanted_units", &[]).await.unwrap().len();
    assert_eq!(wanted().await, 1);
    moved(&catalogue.database, review, NewState::Visible).await.unwrap();
    assert_eq!(wanted().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn opposite_moves_at_once_neither_deadlock_nor_miscount() {
    let catalogue = Catalogue::start().await;
    let unit = unit(&catalogue).await;
    let mut written = Vec::new();
    for number in 0..4 {
        let draft = draft(number + 1, "Autumn", if number % 2 == 0 { 2024 } else { 2025 });
        written.push(write_review(&catalogue.database, unit, &author("ada"), &draft).await.unwrap().id);
    }
    // A transaction that was in a deadlock is done again, which would hide it.
    let attempts = Arc::new(AtomicUsize::new(0));
    let writers = (0..60_usize).map(|number| {
        let (database, attempts) = (catalogue.database.clone(), Arc::clone(&attempts));
        let (review, to) = (written[number % written.len()], STATES[number / 4 % 3]);
        tokio::spawn(async move {
            let moved = database.transaction(async |connection| {
                attempts.fetch_add(1, Ordering::Relaxed);
                change_state(connection, review, to).await
            });
            moved.await.unwrap()
        })
    });
    for writer in futures_util::future::join_all(writers).await {
        writer.unwrap();
    }
    assert_eq!(scores::check(&catalogue.database).await.unwrap(), scores::Drift::NONE);
    assert_eq!(attempts.load(Ordering::Relaxed), 60);
    let states: Vec<String> = catalogue
        .client
        .query("SELECT state FROM reviews WHERE unit_id = $1", &[&unit.as_uuid()])
        .await
        .unwrap()
        .iter()
        .map(|row| row.get(0))
        .collect();
    let visible = states.iter().filter(|state| *state == ReviewState::Visible.as_str()).count();
    assert_eq!(listed(&catalogue, unit).await.0.len(), visible);
}
