//! What accounts are told: once, bounded, and nobody else's.

use crate::support::{Catalogue, Unit};
use rmu_catalogue::{
    CatalogueError,
    notifications::{Inbox, MOST_KEPT, delete, inbox, mark_all_read, mark_read, tell},
    page::PageLimit,
};
use rmu_domain::{
    ids::{AccountId, ReviewId, UnitId},
    notification::{News, Notification, ReportOutcome},
};

fn new_review(unit: UnitId) -> Notification {
    Notification { unit, news: News::NewReview { review: ReviewId::new() } }
}

async fn told(catalogue: &Catalogue, account: AccountId, notification: &Notification) {
    let mut connection = catalogue.database.connection().await.unwrap();
    tell(&mut connection, account, notification).await.unwrap();
}

async fn first_page(catalogue: &Catalogue, account: AccountId, unread_only: bool) -> Inbox {
    inbox(&catalogue.database, account, unread_only, None, PageLimit::default()).await.unwrap()
}

#[tokio::test]
async fn news_are_told_once_and_read_by_whom_they_were_told() {
    let catalogue = Catalogue::start().await;
    let north = catalogue.university("northfield").await;
    let unit = catalogue.unit(north, Unit { code: "A1", title: "A", ..Unit::default() }).await;
    let (ada, bob) = (AccountId::new(), AccountId::new());
    let review = new_review(unit);
    let again =
        Notification { unit, news: News::ReportHandled { review: ReviewId::new(), outcome: ReportOutcome::ActedOn } };
    for notification in [&review, &review, &again, &again] {
        told(&catalogue, ada, notification).await;
    }
    let found = first_page(&catalogue, ada, false).await;
    let news: Vec<&News> = found.page.entries.iter().map(|told| &told.news).collect();
    assert_eq!(news, [&again.news, &again.news, &review.news], "only a review is told once");
    assert_eq!((found.unread, found.page.entries[0].unit.code.as_str()), (3, "A1"));
    assert_eq!(first_page(&catalogue, bob, false).await.page.total.to_string(), "0");

    let id = found.page.entries[2].id;
    let not_his = mark_read(&catalogue.database, bob, id).await.unwrap_err();
    assert!(matches!(not_his, CatalogueError::NotFound { what: "notification" }));
    assert!(delete(&catalogue.database, bob, id).await.is_err());
    for _ in 0..2 {
        mark_read(&catalogue.database, ada, id).await.unwrap();
    }
    let unread = first_page(&catalogue, ada, true).await;
    assert_eq!((unread.unread, unread.page.entries.len()), (2, 2));
    // One has come since she looked: what she has not seen stays unread.
    told(&catalogue, ada, &new_review(unit)).await;
    let newest = Some(found.page.entries[0].id);
    assert_eq!(mark_all_read(&catalogue.database, ada, newest).await.unwrap(), 2);
    assert_eq!(first_page(&catalogue, ada, false).await.unread, 1);
    assert_eq!(mark_all_read(&catalogue.database, ada, None).await.unwrap(), 1);
    delete(&catalogue.database, ada, id).await.unwrap();
    assert_eq!(first_page(&catalogue, ada, false).await.page.total.to_string(), "3");
}

#[tokio::test]
async fn the_newest_are_kept_and_pages_go_through_all_of_them() {
    let catalogue = Catalogue::start().await;
    let north = catalogue.university("northfield").await;
    let unit = catalogue.unit(north, Unit { code: "A1", title: "A", ..Unit::default() }).await;
    let (ada, bob) = (AccountId::new(), AccountId::new());
    told(&catalogue, bob, &new_review(unit)).await;
    let oldest = new_review(unit);
    told(&catalogue, ada, &oldest).await;
    let newest_first: Vec<Notification> = (0..MOST_KEPT).map(|_| new_review(unit)).collect();
    for notification in newest_first.iter().rev() {
        told(&catalogue, ada, notification).await;
    }
    let (mut all, mut cursor) = (Vec::new(), None);
    loop {
        let limit = PageLimit::new(47).unwrap();
        let found = inbox(&catalogue.database, ada, false, cursor.as_deref(), limit).await.unwrap();
        all.extend(found.page.entries);
        cursor = found.page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(all.len(), usize::from(MOST_KEPT));
    let news: Vec<&News> = all.iter().map(|told| &told.news).collect();
    let newest: Vec<&News> = newest_first.iter().map(|notification| &notification.news).collect();
    assert_eq!(news, newest);
    assert!(all.iter().all(|told| told.id.as_uuid().get_timestamp().is_none()), "an id tells no time");
    assert!(all.iter().all(|told| told.news != oldest.news), "the oldest went first");
    assert_eq!(first_page(&catalogue, bob, false).await.unread, 1, "nobody else's go");
    let foreign = inbox(&catalogue.database, ada, false, None, PageLimit::default()).await.unwrap().page.next;
    assert!(inbox(&catalogue.database, ada, true, foreign.as_deref(), PageLimit::default()).await.is_err());
}
