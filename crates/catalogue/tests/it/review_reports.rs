//! Enough independent reports hide a review until somebody has looked at it.

use crate::support::{Catalogue, Unit, author, draft, write_review};
use rmu_catalogue::{
    CatalogueError,
    review_reports::report,
    reviews::{self, Author, NewState, change_state},
    scores,
};
use rmu_domain::{
    ids::{AccountId, ReviewId},
    report::{Report, ReportReason, ReportText},
    review::{ReviewState, StateCause},
};

const ENOUGH: u32 = 3;

fn spam() -> Report {
    Report::new(ReportReason::Spam, None).unwrap()
}

async fn review(catalogue: &Catalogue, ada: &Author) -> ReviewId {
    let north = catalogue.university("northfield").await;
    let unit = catalogue.unit(north, Unit { code: "A1", title: "Physics", ..Unit::default() }).await;
    write_review(&catalogue.database, unit, ada, &draft(5, "Autumn", 2025)).await.unwrap().id
}

async fn is_visible(catalogue: &Catalogue, review: ReviewId) -> bool {
    reviews::one(&catalogue.database, review).await.is_ok()
}

async fn waiting(catalogue: &Catalogue) -> Vec<String> {
    let sql = "SELECT cause FROM moderation_cases WHERE state <> 'decided'";
    catalogue.client.query(sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

#[tokio::test]
async fn the_third_independent_report_hides() {
    let catalogue = Catalogue::start().await;
    let ada = author("ada");
    let (review, database) = (review(&catalogue, &ada).await, &catalogue.database);
    let own = report(database, review, ada.account, &spam(), ENOUGH).await;
    assert!(matches!(own, Err(CatalogueError::Forbidden { .. })));
    let bob = AccountId::new();
    for is_new in [true, false, false] {
        assert_eq!(report(database, review, bob, &spam(), ENOUGH).await.unwrap(), is_new);
    }
    let text = ReportText::parse("It gives a telephone number.").ok();
    let personal = Report::new(ReportReason::PersonalInformation, text).unwrap();
    assert!(report(database, review, AccountId::new(), &personal, ENOUGH).await.unwrap());
    assert!(is_visible(&catalogue, review).await, "two reporters are not three");
    assert!(waiting(&catalogue).await.is_empty());
    assert!(report(database, review, AccountId::new(), &spam(), ENOUGH).await.unwrap());
    assert!(!is_visible(&catalogue, review).await);
    assert_eq!(waiting(&catalogue).await, ["reports"]);
    assert_eq!(scores::check(database).await.unwrap(), scores::Drift::NONE);
    let own = reviews::own(database, review, ada.account).await.unwrap();
    assert_eq!((own.state, own.cause), (ReviewState::Hidden, Some(StateCause::Reports)));
    assert!(own.reason.is_some(), "the author is told");
    let late = report(database, review, AccountId::new(), &spam(), ENOUGH).await;
    assert!(matches!(late, Err(CatalogueError::NotFound { .. })));
}

#[tokio::test]
async fn what_was_decided_about_does_not_hide_again() {
    let catalogue = Catalogue::start().await;
    let (review, database) = (review(&catalogue, &author("ada")).await, &catalogue.database);
    for _ in 0..ENOUGH {
        report(database, review, AccountId::new(), &spam(), ENOUGH).await.unwrap();
    }
    assert!(!is_visible(&catalogue, review).await);
    let visible = database.transaction(async |connection| change_state(connection, review, NewState::Visible).await);
    visible.await.unwrap();
    for seen in [true, true, false] {
        report(database, review, AccountId::new(), &spam(), ENOUGH).await.unwrap();
        assert_eq!(is_visible(&catalogue, review).await, seen);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_reports_at_once_three_hide_it_and_one_case_waits() {
    let catalogue = Catalogue::start().await;
    let review = review(&catalogue, &author("ada")).await;
    let reporters = (0..20).map(|_| {
        let database = catalogue.database.clone();
        tokio::spawn(async move { report(&database, review, AccountId::new(), &spam(), ENOUGH).await.is_ok() })
    });
    let outcomes = futures_util::future::join_all(reporters).await;
    assert_eq!(outcomes.into_iter().filter(|taken| *taken.as_ref().unwrap()).count(), 3);
    assert_eq!(waiting(&catalogue).await, ["reports"]);
    assert_eq!(scores::check(&catalogue.database).await.unwrap(), scores::Drift::NONE);
}
