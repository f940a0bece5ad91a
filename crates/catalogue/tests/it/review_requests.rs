//! Asking for a review, until one comes.

use crate::support::{Catalogue, Unit, author, draft, write_review};
use rmu_catalogue::{
    CatalogueError, ConflictKind,
    fanouts::tell_next,
    page::PageLimit,
    review_requests::{request_review, wanted},
};
use rmu_domain::{
    ids::{AccountId, UnitId},
    slug::Slug,
};

async fn listed(catalogue: &Catalogue, university: Option<&str>, limit: i64) -> Vec<(String, u32)> {
    let university = university.map(|slug| Slug::parse(slug).unwrap());
    let (mut all, mut cursor) = (Vec::new(), None);
    loop {
        let limit = PageLimit::new(limit).unwrap();
        let page = wanted(&catalogue.database, university.as_ref(), cursor.as_deref(), limit).await.unwrap();
        all.extend(page.entries.into_iter().map(|wanted| (wanted.unit.code, wanted.requests)));
        cursor = page.next;
        if cursor.is_none() {
            assert_eq!(page.total.to_string(), all.len().to_string());
            return all;
        }
    }
}

#[tokio::test]
async fn each_student_counts_once_and_the_most_wanted_stands_first() {
    let catalogue = Catalogue::start().await;
    let north = catalogue.university("northfield").await;
    let south = catalogue.university("southbank").await;
    let mut units = Vec::new();
    for (university, code) in [(north, "A1"), (north, "B1"), (south, "C1"), (south, "D1")] {
        units.push(catalogue.unit(university, Unit { code, title: code, ..Unit::default() }).await);
    }
    let students = [AccountId::new(), AccountId::new(), AccountId::new()];
    for (unit, count) in [(0, 1), (1, 3), (2, 2)] {
        for student in &students[..count] {
            let first = request_review(&catalogue.database, units[unit], *student).await.unwrap();
            let again = request_review(&catalogue.database, units[unit], *student).await.unwrap();
            assert_eq!((first.is_new, again.is_new, first.requests), (true, false, again.requests));
        }
    }
    let expected = [("B1".to_owned(), 3), ("C1".to_owned(), 2), ("A1".to_owned(), 1)];
    for limit in [1, 2, 50] {
        assert_eq!(listed(&catalogue, None, limit).await, expected);
    }
    assert_eq!(listed(&catalogue, Some("southbank"), 20).await, [("C1".to_owned(), 2)]);
    let error = request_review(&catalogue.database, UnitId::new(), students[0]).await.unwrap_err();
    assert!(matches!(error, CatalogueError::NotFound { what: "unit" }));
}

#[tokio::test]
async fn requests_are_gone_when_a_review_comes() {
    let catalogue = Catalogue::start().await;
    let north = catalogue.university("northfield").await;
    let unit = catalogue.unit(north, Unit { code: "A1", title: "A", ..Unit::default() }).await;
    let other = catalogue.unit(north, Unit { code: "B1", title: "B", ..Unit::default() }).await;
    for wanted in [unit, other] {
        request_review(&catalogue.database, wanted, AccountId::new()).await.unwrap();
    }
    write_review(&catalogue.database, unit, &author("ada"), &draft(4, "Autumn", 2025)).await.unwrap();
    assert_eq!(listed(&catalogue, None, 20).await, [("B1".to_owned(), 1)]);
    while tell_next(&catalogue.database).await.unwrap() {}
    let left = catalogue.client.query("SELECT unit_id FROM review_requests", &[]).await.unwrap();
    assert_eq!(left.len(), 1, "who asked is told and forgotten");
    let error = request_review(&catalogue.database, unit, AccountId::new()).await.unwrap_err();
    assert!(matches!(error, CatalogueError::Conflict { kind: ConflictKind::WrongState, .. }));
}

#[tokio::test]
async fn a_request_never_stays_behind_beside_a_review() {
    let catalogue = Catalogue::start().await;
    let north = catalogue.university("northfield").await;
    for number in 0..20 {
        let code = format!("U{number}");
        let unit = catalogue.unit(north, Unit { code: &code, title: "U", ..Unit::default() }).await;
        let (ada, wish) = (author("ada"), draft(4, "Autumn", 2025));
        let (asked, written) = tokio::join!(
            request_review(&catalogue.database, unit, AccountId::new()),
            write_review(&catalogue.database, unit, &ada, &wish)
        );
        written.unwrap();
        assert!(matches!(asked, Ok(_) | Err(CatalogueError::Conflict { .. })), "{asked:?}");
    }
    assert!(listed(&catalogue, None, 50).await.is_empty());
    while tell_next(&catalogue.database).await.unwrap() {}
    let left = catalogue.client.query("SELECT FROM review_requests", &[]).await.unwrap();
    assert!(left.is_empty());
}

#[tokio::test]
async fn a_hundred_at_once_are_a_hundred() {
    let catalogue = Catalogue::start().await;
    let north = catalogue.university("northfield").await;
    let unit = catalogue.unit(north, Unit { code: "A1", title: "A", ..Unit::default() }).await;
    let requests = (0..100).map(|_| request_review(&catalogue.database, unit, AccountId::new()));
    for asked in futures_util::future::join_all(requests).await {
        assert!(asked.unwrap().is_new);
    }
    assert_eq!(listed(&catalogue, None, 20).await, [("A1".to_owned(), 100)]);
}
