//! What looks like a campaign comes before the moderators, and stays visible until they have looked.

use crate::support::{Catalogue, Unit, author, draft, write_review};
use rmu_catalogue::reviews::{self, Author, edit};
use rmu_domain::{
    burst,
    ids::{AccountId, ReviewId, UnitId},
    review::{ReviewDraft, ReviewText},
};
use uuid::Uuid;

const TEXT: &str = "The lectures follow the book closely, and the weekly quizzes keep you honest. The project is where \
    you learn most; start it early, because the last part takes longer than the first two together.";
const OTHER: &str = "Nothing here is hard if you have taken linear algebra before. The tutors answered within a day, and \
    the exam asked for what the problem sets had asked for.";

fn saying(text: &str) -> ReviewDraft {
    ReviewDraft { text: Some(ReviewText::parse(text).unwrap()), ..draft(4, "Autumn", 2025) }
}

async fn units(catalogue: &Catalogue) -> [UnitId; 2] {
    let north = catalogue.university("northfield").await;
    let one = catalogue.unit(north, Unit { code: "A1", title: "Physics", ..Unit::default() }).await;
    [one, catalogue.unit(north, Unit { code: "B1", title: "Biology", ..Unit::default() }).await]
}

async fn cause(catalogue: &Catalogue, review: ReviewId) -> Option<String> {
    assert!(reviews::one(&catalogue.database, review).await.is_ok(), "it stays visible");
    let sql = "SELECT cause FROM moderation_cases WHERE review_id = $1";
    catalogue.client.query_opt(sql, &[&review.as_uuid()]).await.unwrap().map(|row| row.get(0))
}

/// An account whose id does not tell its age.
fn somebody() -> Author {
    Author { account: AccountId::from(Uuid::new_v4()), ..author("ada") }
}

#[tokio::test]
async fn a_text_that_is_nearly_another_is_looked_at() {
    let catalogue = Catalogue::start().await;
    let [one, other] = units(&catalogue).await;
    let database = &catalogue.database;
    let (ada, bob) = (somebody(), somebody());
    let first = write_review(database, one, &ada, &saying(TEXT)).await.unwrap().id;
    let apart = write_review(database, one, &bob, &saying(OTHER)).await.unwrap().id;
    let copied = TEXT.to_uppercase().replace("QUIZZES", "TESTS");
    let copy = write_review(database, other, &somebody(), &saying(&copied)).await.unwrap().id;
    assert_eq!(cause(&catalogue, first).await, None);
    assert_eq!(cause(&catalogue, apart).await, None);
    assert_eq!(cause(&catalogue, copy).await.as_deref(), Some("near_duplicate"));

    edit(database, first, &ada, &saying(&format!("{TEXT} Recommended.")), None).await.unwrap();
    assert_eq!(cause(&catalogue, first).await.as_deref(), Some("near_duplicate"), "an edit is looked at too");
    let textless = ReviewDraft { text: None, ..saying(OTHER) };
    edit(database, apart, &bob, &textless, None).await.unwrap();
    let again = write_review(database, other, &somebody(), &saying(OTHER)).await.unwrap().id;
    assert_eq!(cause(&catalogue, again).await, None, "what nobody says any more is no other text");
}

#[tokio::test]
async fn reviews_that_come_at_once_are_looked_at() {
    let catalogue = Catalogue::start().await;
    let [one, other] = units(&catalogue).await;
    let mut causes = Vec::new();
    for _ in 0..burst::MANY {
        let review = write_review(&catalogue.database, one, &somebody(), &draft(5, "Autumn", 2025)).await.unwrap().id;
        causes.push(cause(&catalogue, review).await);
    }
    assert_eq!(causes.pop().flatten().as_deref(), Some("burst"));
    assert!(causes.iter().all(Option::is_none), "{causes:?}");
    // Ids of accounts tell when they were made: these are fresh.
    for _ in 0..burst::MANY_FRESH {
        let review = write_review(&catalogue.database, other, &author("eve"), &draft(5, "Autumn", 2025)).await.unwrap();
        causes.push(cause(&catalogue, review.id).await);
    }
    assert_eq!(causes.pop().flatten().as_deref(), Some("burst"));
    assert!(causes.iter().all(Option::is_none), "{causes:?}");
}
