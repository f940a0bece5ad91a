//! Authors change what they said and take it back.

use crate::support::{Catalogue, Unit, author, draft, write_review};
use rmu_catalogue::{
    CatalogueError, ConflictKind,
    audit::Actor,
    moderation::open_by_hand,
    page::PageLimit,
    review_reports::report,
    reviews::{self, NewState, change_state, delete, edit},
    scores,
};
use rmu_domain::{
    account::Role,
    ids::{AccountId, ReviewId, UnitId},
    report::{Report, ReportReason},
    review::{ReviewDraft, ReviewState, ReviewText, StateCause},
};

const REMOVED: NewState<'_> = NewState::Removed { cause: StateCause::Moderation, reason: Some("It names a tutor.") };

async fn unit(catalogue: &Catalogue) -> UnitId {
    let north = catalogue.university("northfield").await;
    catalogue.unit(north, Unit { code: "A1", title: "Physics", sessions: &["Autumn"], ..Unit::default() }).await
}

async fn remove(catalogue: &Catalogue, review: ReviewId) {
    let moved = catalogue.database.transaction(async |connection| change_state(connection, review, REMOVED).await);
    moved.await.unwrap();
}

async fn counted(catalogue: &Catalogue, unit: UnitId) -> String {
    assert_eq!(scores::check(&catalogue.database).await.unwrap(), scores::Drift::NONE);
    let page = reviews::of_unit(&catalogue.database, unit, reviews::ReviewSort::Newest, None, PageLimit::default());
    page.await.unwrap().total.to_string()
}

fn is_conflict(error: &CatalogueError, expected: ConflictKind) -> bool {
    matches!(error, CatalogueError::Conflict { kind, .. } if *kind == expected)
}

#[tokio::test]
async fn an_edit_says_something_else_and_keeps_what_was_said() {
    let catalogue = Catalogue::start().await;
    let (unit, ada) = (unit(&catalogue).await, author("ada"));
    let database = &catalogue.database;
    let id = write_review(database, unit, &ada, &draft(5, "autumn", 2025)).await.unwrap().id;
    assert_eq!(reviews::own(database, id, ada.account).await.unwrap().review.edited_on, None);
    let text = ReviewText::parse("On second thoughts the exam had little to do with the lectures.").unwrap();
    let other = ReviewDraft { text: Some(text.clone()), ..draft(2, "Winter", 2024) };
    let edited = edit(database, id, &ada, &other, Some(1)).await.unwrap();
    assert_eq!((edited.revision, edited.review.in_handbook, edited.review.year), (2, false, 2024));
    assert_eq!(edited.review.edited_on, Some(edited.edited_at.unwrap().date_naive()));
    assert_eq!(edited, reviews::own(database, id, ada.account).await.unwrap());
    assert_eq!(reviews::one(database, id).await.unwrap(), edited.review);
    assert_eq!(counted(&catalogue, unit).await, "1");
    let kept = reviews::revisions(database, id, ada.account).await.unwrap();
    assert_eq!(kept.len(), 1);
    assert_eq!((kept[0].revision, kept[0].ratings.overall.get(), kept[0].session.as_str()), (1, 5, "Autumn"));
    assert_eq!(kept[0].written_at, edited.created_at);

    assert_eq!(edit(database, id, &ada, &other, None).await.unwrap(), edited, "the same again is no edit");
    let stale = edit(database, id, &ada, &draft(1, "Autumn", 2025), Some(1)).await.unwrap_err();
    assert!(is_conflict(&stale, ConflictKind::RevisionChanged), "{stale}");
    let future = edit(database, id, &ada, &draft(1, "Autumn", 2100), None).await.unwrap_err();
    assert!(matches!(future, CatalogueError::Invalid { field, .. } if field == "year"));
}

#[tokio::test]
async fn of_edits_of_one_revision_one_is_made() {
    let catalogue = Catalogue::start().await;
    let (unit, ada) = (unit(&catalogue).await, author("ada"));
    let id = write_review(&catalogue.database, unit, &ada, &draft(5, "Autumn", 2025)).await.unwrap().id;
    let drafts: Vec<ReviewDraft> = (0..10_u16).map(|number| draft(1, "Autumn", 2010 + number)).collect();
    let edits = drafts.iter().map(|draft| edit(&catalogue.database, id, &ada, draft, Some(1)));
    let (made, refused): (Vec<_>, Vec<_>) =
        futures_util::future::join_all(edits).await.into_iter().partition(Result::is_ok);
    assert_eq!(made.len(), 1);
    assert!(refused.iter().all(|edit| is_conflict(edit.as_ref().unwrap_err(), ConflictKind::RevisionChanged)));
    assert_eq!(counted(&catalogue, unit).await, "1");
}

#[tokio::test]
async fn nobody_edits_or_deletes_for_others() {
    let catalogue = Catalogue::start().await;
    let (unit, ada, eve) = (unit(&catalogue).await, author("ada"), author("eve"));
    let database = &catalogue.database;
    let id = write_review(database, unit, &ada, &draft(5, "Autumn", 2025)).await.unwrap().id;
    let attempts = async || {
        let edited = edit(database, id, &eve, &draft(1, "Autumn", 2025), None).await.unwrap_err();
        (edited, delete(database, id, eve.account).await.unwrap_err())
    };
    let (edited, deleted) = attempts().await;
    assert!(matches!((edited, deleted), (CatalogueError::Forbidden { .. }, CatalogueError::Forbidden { .. })));
    remove(&catalogue, id).await;
    let (edited, deleted) = attempts().await;
    assert!(matches!((edited, deleted), (CatalogueError::NotFound { .. }, CatalogueError::NotFound { .. })));
    assert!(matches!(reviews::own(database, id, eve.account).await, Err(CatalogueError::NotFound { .. })));
    assert!(matches!(reviews::revisions(database, id, eve.account).await, Err(CatalogueError::NotFound { .. })));
}

#[tokio::test]
async fn who_deletes_may_write_anew() {
    let catalogue = Catalogue::start().await;
    let (unit, ada) = (unit(&catalogue).await, author("ada"));
    let database = &catalogue.database;
    for _ in 0..2 {
        let id = write_review(database, unit, &ada, &draft(5, "Autumn", 2025)).await.unwrap().id;
        assert_eq!(counted(&catalogue, unit).await, "1");
        edit(database, id, &ada, &draft(4, "Autumn", 2025), None).await.unwrap();
        delete(database, id, ada.account).await.unwrap();
        assert_eq!(counted(&catalogue, unit).await, "0");
        assert!(matches!(delete(database, id, ada.account).await, Err(CatalogueError::NotFound { .. })));
    }
    assert!(catalogue.client.query("SELECT FROM unit_scores", &[]).await.unwrap().is_empty());
}

#[tokio::test]
async fn what_a_moderator_took_out_of_sight_does_not_return_by_an_edit_or_a_new_review() {
    let catalogue = Catalogue::start().await;
    let (unit, ada) = (unit(&catalogue).await, author("ada"));
    let database = &catalogue.database;
    let id = write_review(database, unit, &ada, &draft(5, "Autumn", 2025)).await.unwrap().id;
    remove(&catalogue, id).await;
    let edited = edit(database, id, &ada, &draft(4, "Autumn", 2024), None).await;
    assert!(matches!(edited, Err(CatalogueError::Conflict { kind: ConflictKind::WrongState, .. })), "{edited:?}");
    let kept = reviews::own(database, id, ada.account).await.unwrap();
    assert_eq!((kept.state, kept.reason.as_deref()), (ReviewState::Removed, Some("It names a tutor.")));
    assert_eq!(counted(&catalogue, unit).await, "0");
    delete(database, id, ada.account).await.unwrap();

    let again = write_review(database, unit, &ada, &draft(5, "Autumn", 2025)).await.unwrap().id;
    assert!(matches!(reviews::one(database, again).await, Err(CatalogueError::NotFound { .. })));
    let own = reviews::own(database, again, ada.account).await.unwrap();
    assert_eq!((own.state, own.cause), (ReviewState::Hidden, Some(StateCause::Resubmission)));
    assert_eq!(counted(&catalogue, unit).await, "0");
    let cases = catalogue.client.query("SELECT FROM moderation_cases WHERE review_id = $1", &[&again.as_uuid()]).await;
    assert_eq!(cases.unwrap().len(), 1, "a moderator is asked");
    let bob = write_review(database, unit, &author("bob"), &draft(5, "Autumn", 2025)).await.unwrap().id;
    assert!(reviews::one(database, bob).await.is_ok(), "others are not concerned");
}

#[tokio::test]
async fn what_is_in_question_is_not_shed_by_writing_anew() {
    let catalogue = Catalogue::start().await;
    let (unit, database) = (unit(&catalogue).await, &catalogue.database);
    let (calm, reported, case) = (author("calm"), author("reported"), author("case"));
    for author in [&calm, &reported, &case] {
        let id = write_review(database, unit, author, &draft(5, "Autumn", 2025)).await.unwrap().id;
        if author.account == reported.account {
            let spam = Report::new(ReportReason::Spam, None).unwrap();
            report(database, id, AccountId::new(), &spam, 3).await.unwrap();
        } else if author.account == case.account {
            let moderator = Actor::new(AccountId::new(), Role::Moderator);
            open_by_hand(database, id, &moderator).await.unwrap();
        }
        delete(database, id, author.account).await.unwrap();
        let again = write_review(database, unit, author, &draft(5, "Autumn", 2025)).await.unwrap().id;
        let state = reviews::own(database, again, author.account).await.unwrap().state;
        let waits = author.account != calm.account;
        assert_eq!(state, if waits { ReviewState::Hidden } else { ReviewState::Visible });
    }
}

#[tokio::test]
async fn authors_list_their_own_whatever_became_of_them() {
    let catalogue = Catalogue::start().await;
    let north = catalogue.university("northfield").await;
    let (ada, database) = (author("ada"), &catalogue.database);
    let mut written = Vec::new();
    for code in ["A1", "B1", "C1"] {
        let unit = catalogue.unit(north, Unit { code, title: code, ..Unit::default() }).await;
        written.insert(0, write_review(database, unit, &ada, &draft(5, "Autumn", 2025)).await.unwrap().id);
        write_review(database, unit, &author("bob"), &draft(5, "Autumn", 2025)).await.unwrap();
    }
    remove(&catalogue, written[1]).await;
    let (mut found, mut cursor) = (Vec::new(), None);
    loop {
        let limit = PageLimit::new(2).unwrap();
        let page = reviews::of_author(database, ada.account, cursor.as_deref(), limit).await.unwrap();
        assert_eq!(page.total.to_string(), "3");
        found.extend(page.entries.into_iter().map(|own| (own.review.id, own.state)));
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    let states = [ReviewState::Visible, ReviewState::Removed, ReviewState::Visible];
    assert_eq!(found, written.into_iter().zip(states).collect::<Vec<_>>());
}
