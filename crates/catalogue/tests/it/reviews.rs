//! One review per student and unit, shown as its author chose.

use crate::support::{Catalogue, Unit, author, draft, record, write_review};
use rmu_catalogue::{
    CatalogueError, ConflictKind,
    idempotency::IdempotencyKey,
    page::PageLimit,
    reviews::{self, Author, ReviewList, ReviewSort, ShownAuthor},
    scores,
};
use rmu_domain::{
    ids::{UnitId, UniversityId},
    rating::Rating,
    review::{ReviewDraft, ReviewText, SessionName, ShownAs},
    year::Year,
};
use std::collections::BTreeSet;

async fn unit(catalogue: &Catalogue) -> UnitId {
    let north = catalogue.university("northfield").await;
    unit_of(catalogue, north).await
}

async fn unit_of(catalogue: &Catalogue, north: UniversityId) -> UnitId {
    let sessions = &["Autumn", "Spring"];
    let unit = Unit { code: "31251", title: "Algorithms", year: Some(2026), sessions, ..Unit::default() };
    catalogue.unit(north, unit).await
}

#[tokio::test]
async fn an_author_is_shown_as_chosen() {
    let catalogue = Catalogue::start().await;
    let north = catalogue.university("northfield").await;
    let unit = unit_of(&catalogue, north).await;
    for (shown_as, shown) in [
        (ShownAs::Anonymous, ShownAuthor::Anonymous),
        (ShownAs::Nickname, ShownAuthor::Nickname("Grace H.".to_owned())),
        (ShownAs::VerifiedStudent, ShownAuthor::VerifiedStudent),
    ] {
        let text = "<b>Everything</b> about trees, and then some more about hashing.";
        let draft = ReviewDraft { shown_as, text: ReviewText::parse(text).ok(), ..draft(4, "autumn", 2026) };
        let author = Author { university: Some(north), ..author("Grace H.") };
        let review = write_review(&catalogue.database, unit, &author, &draft).await.unwrap();
        assert_eq!(review.author, shown);
        assert_eq!(review.text.as_deref(), Some(text), "stored as written");
        assert_eq!((review.unit_code.as_str(), review.session.as_str(), review.in_handbook), ("31251", "Autumn", true));
        assert!(!format!("{review:?}").contains(&author.account.to_string()));
    }
    let kept = catalogue.client.query("SELECT FROM reviews WHERE author_nickname IS NOT NULL", &[]).await.unwrap();
    assert_eq!(kept.len(), 1, "a nickname nobody chose to show is not kept");
}

#[tokio::test]
async fn a_session_the_handbook_does_not_know_is_labelled() {
    let catalogue = Catalogue::start().await;
    let unit = unit(&catalogue).await;
    let older = Unit { code: "31251", title: "Algorithms", year: Some(2024), sessions: &["Summer"], ..Unit::default() };
    catalogue.version(unit, 2, &record(&older)).await;
    for (session, year, in_handbook) in [
        ("Autumn", 2026, true),
        ("AUTUMN", 2026, true),
        ("Summer", 2026, false),
        ("Summer", 2024, true),
        ("Autumn", 2024, false),
        // No handbook of that year was read: any will do.
        ("Summer", 2020, true),
        ("Winter", 2020, false),
    ] {
        let review = write_review(&catalogue.database, unit, &author("ada"), &draft(3, session, year)).await.unwrap();
        assert_eq!(review.in_handbook, in_handbook, "{session} {year}");
    }
    let future = write_review(&catalogue.database, unit, &author("ada"), &draft(3, "Autumn", 2100)).await;
    assert!(matches!(future, Err(CatalogueError::Invalid { field, .. }) if field == "year"));
}

#[tokio::test]
async fn a_verified_student_is_one_of_that_university() {
    let catalogue = Catalogue::start().await;
    let north = catalogue.university("northfield").await;
    let south = catalogue.university("southbank").await;
    let unit = unit_of(&catalogue, north).await;
    let draft = ReviewDraft { shown_as: ShownAs::VerifiedStudent, ..draft(4, "Autumn", 2026) };
    for (university, is_one) in [(None, false), (Some(south), false), (Some(north), true)] {
        let author = Author { university, ..author("ada") };
        let written = write_review(&catalogue.database, unit, &author, &draft).await;
        match written {
            Ok(_) => assert!(is_one, "{university:?}"),
            Err(CatalogueError::Invalid { field, .. }) => assert!(field == "shownAs" && !is_one, "{university:?}"),
            Err(error) => panic!("{error}"),
        }
    }
}

#[tokio::test]
async fn a_second_review_is_refused_even_when_all_come_at_once() {
    let catalogue = Catalogue::start().await;
    let unit = unit(&catalogue).await;
    let author = author("ada");
    let draft = draft(5, "Autumn", 2026);
    let attempts = (0..20).map(|_| write_review(&catalogue.database, unit, &author, &draft));
    let outcomes = futures_util::future::join_all(attempts).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    for refused in outcomes.into_iter().filter_map(Result::err) {
        assert!(matches!(refused, CatalogueError::Conflict { kind: ConflictKind::AlreadyReviewed, .. }), "{refused}");
    }
    assert_eq!(scores::check(&catalogue.database).await.unwrap(), scores::Drift::NONE);
}

#[tokio::test]
async fn the_same_request_under_one_key_is_one_review() {
    let catalogue = Catalogue::start().await;
    let unit = unit(&catalogue).await;
    let (ada, eve) = (author("ada"), author("eve"));
    let key = IdempotencyKey::parse("k-1").unwrap();
    let draft = draft(5, "Autumn", 2026);
    let send = |author, draft| reviews::create(&catalogue.database, unit, author, draft, Some(&key));
    let (one, other) = tokio::join!(send(&ada, &draft), send(&ada, &draft));
    assert_eq!(one.unwrap(), other.unwrap());
    let changed = ReviewDraft { would_recommend: !draft.would_recommend, ..draft.clone() };
    let refused = send(&ada, &changed).await.unwrap_err();
    assert!(matches!(refused, CatalogueError::Conflict { kind: ConflictKind::IdempotencyKeyReused, .. }), "{refused}");
    assert!(send(&eve, &draft).await.is_ok(), "keys of two people are never the same key");
    assert_eq!(scores_total(&catalogue, unit).await, 2);
}

#[tokio::test]
async fn there_is_nothing_to_review_without_a_unit() {
    let catalogue = Catalogue::start().await;
    let draft = draft(5, "Autumn", 2026);
    let created = write_review(&catalogue.database, UnitId::new(), &author("ada"), &draft).await;
    assert!(matches!(created, Err(CatalogueError::NotFound { what: "unit" })));
    let limit = PageLimit::default();
    let listed = reviews::of_unit(&catalogue.database, UnitId::new(), ReviewSort::Newest, None, limit).await;
    assert!(matches!(listed, Err(CatalogueError::NotFound { what: "unit" })));
}

#[tokio::test]
async fn every_order_is_paged_whole_while_reviews_arrive() {
    let catalogue = Catalogue::start().await;
    let unit = unit(&catalogue).await;
    for number in 0..23 {
        write_review(&catalogue.database, unit, &author("ada"), &draft(number % 5 + 1, "Autumn", 2026)).await.unwrap();
    }
    for sort in ReviewSort::ALL {
        let before = scores_total(&catalogue, unit).await;
        let mut seen = Vec::new();
        let mut cursor = None;
        loop {
            let limit = PageLimit::new(4).unwrap();
            let page = reviews::of_unit(&catalogue.database, unit, sort, cursor.as_deref(), limit).await.unwrap();
            seen.extend(page.entries);
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
            write_review(&catalogue.database, unit, &author("eve"), &draft(3, "Autumn", 2026)).await.unwrap();
        }
        let distinct: BTreeSet<_> = seen.iter().map(|review| review.id).collect();
        assert_eq!(distinct.len(), seen.len(), "{sort:?} repeats a review");
        assert!(seen.len() >= before, "{sort:?} misses a review: {} of {before}", seen.len());
        let in_order = seen.is_sorted_by(|one, next| match sort {
            ReviewSort::Newest => (one.written_on, one.id) >= (next.written_on, next.id),
            ReviewSort::Helpful => one.helpful_rank >= next.helpful_rank,
            ReviewSort::Highest => one.ratings.overall >= next.ratings.overall,
            ReviewSort::Lowest => one.ratings.overall <= next.ratings.overall,
        });
        assert!(in_order, "{sort:?}");
    }
}

#[tokio::test]
async fn lists_hold_what_is_asked_for_and_say_how_many() {
    let catalogue = Catalogue::start().await;
    let unit = unit(&catalogue).await;
    for (stars, session, year) in
        [(5, "Autumn", 2026), (4, "autumn", 2026), (5, "Spring", 2026), (5, "Autumn", 2025), (1, "Winter", 2026)]
    {
        write_review(&catalogue.database, unit, &author("ada"), &draft(stars, session, year)).await.unwrap();
    }
    let session = |name| SessionName::parse(name).ok();
    for (session, year, rating, expected) in [
        (session("AUTUMN"), None, None, 3),
        (session("Autumn"), Year::new(2026).ok(), None, 2),
        (session("Autumn"), Year::new(2026).ok(), Rating::new(5).ok(), 1),
        (None, None, Rating::new(5).ok(), 3),
        (None, Year::new(2025).ok(), None, 1),
        (session("Winter"), None, None, 1),
        (session("Summer"), None, None, 0),
    ] {
        for sort in ReviewSort::ALL {
            let list = ReviewList { sort, session: session.clone(), year, rating };
            let mut found = BTreeSet::new();
            let mut cursor = None;
            loop {
                let limit = PageLimit::new(1).unwrap();
                let page =
                    reviews::of_unit(&catalogue.database, unit, list.clone(), cursor.as_deref(), limit).await.unwrap();
                assert_eq!(page.total.to_string(), expected.to_string(), "{list:?}");
                found.extend(page.entries.iter().map(|review| review.id));
                cursor = page.next;
                if cursor.is_none() {
                    break;
                }
            }
            assert_eq!(found.len(), expected, "{list:?}");
        }
    }
    let page = reviews::of_unit(&catalogue.database, unit, ReviewSort::Newest, None, PageLimit::new(1).unwrap());
    let cursor = page.await.unwrap().next;
    let other = ReviewList { rating: Rating::new(5).ok(), ..ReviewList::default() };
    let foreign = reviews::of_unit(&catalogue.database, unit, other, cursor.as_deref(), PageLimit::default()).await;
    assert!(matches!(foreign, Err(CatalogueError::Invalid { field, .. }) if field == "cursor"));
}

async fn scores_total(catalogue: &Catalogue, unit: UnitId) -> usize {
    let limit = PageLimit::new(1).unwrap();
    let page = reviews::of_unit(&catalogue.database, unit, ReviewSort::Newest, None, limit).await.unwrap();
    usize::try_from(page.total.count).unwrap()
}
