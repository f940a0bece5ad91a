//! People named in a review ask for it to be taken down.

use crate::moderation::{Court, moderator};
use chrono::{TimeDelta, Utc};
use rmu_catalogue::{
    CatalogueError, ConflictKind,
    audit::Actor,
    moderation::{CaseCause, CaseState, Decision, DecisionReason, case, claim},
    page::PageLimit,
    takedowns::{
        Answer, CONTACT_KEPT, Contact, Effect, Grounds, NewTakedown, PersonName, RequestersView, TakedownFilter,
        TakedownState, TakedownToken, decide, forget_contacts, look, open_for, request, take, takedown, takedown_for,
        takedowns, withdraw,
    },
};
use rmu_domain::{
    account::Role,
    ids::{ReviewId, TakedownId},
    notification::{News, Reason},
    review::ReviewState,
};

fn asked(review: ReviewId) -> NewTakedown {
    NewTakedown {
        review,
        requester: PersonName::parse("Dr. R. Ellis").unwrap(),
        contact: Contact::parse("r.ellis@northfield.example").unwrap(),
        grounds: Grounds::parse("It gives my private telephone number.").unwrap(),
    }
}

fn upheld(effect: Effect) -> Answer {
    Answer::Uphold {
        effect,
        reason: DecisionReason::PersonalInformation,
        message: Reason::parse("Leave out the number.").unwrap(),
        answer: Reason::parse("It is no longer shown.").unwrap(),
    }
}

fn refused() -> Answer {
    Answer::Refuse { answer: Reason::parse("The number is that of the office.").unwrap() }
}

impl Court {
    async fn asks(&self) -> (RequestersView, TakedownToken) {
        request(&self.catalogue.database, &asked(self.review)).await.unwrap()
    }

    async fn answers(&self, id: TakedownId, by: &Actor, answer: &Answer) -> Result<TakedownState, CatalogueError> {
        decide(&self.catalogue.database, id, by, answer).await.map(|request| request.state)
    }
}

#[tokio::test]
async fn an_upheld_request_takes_the_review_out_of_sight_by_a_decision() {
    let court = Court::new().await;
    let database = &court.catalogue.database;
    let (view, token) = court.asks().await;
    assert_eq!(view.state, TakedownState::Received);
    let (first, second) = (moderator(), moderator());
    assert_eq!(take(database, view.id, &first).await.unwrap().state, TakedownState::UnderReview);
    for error in [take(database, view.id, &second).await.err(), court.answers(view.id, &second, &refused()).await.err()]
    {
        assert!(matches!(error, Some(CatalogueError::Conflict { kind: ConflictKind::ClaimedByAnother, .. })));
    }
    let own = Actor::new(court.ada.account, Role::Moderator);
    assert!(matches!(court.answers(view.id, &own, &refused()).await, Err(CatalogueError::Forbidden { .. })));
    // Nor may whoever wrote the review learn who complains about it.
    assert!(matches!(takedown_for(database, view.id, &own).await, Err(CatalogueError::Forbidden { .. })));
    assert_eq!(takedown_for(database, view.id, &first).await.unwrap().id, view.id);
    for (reader, seen) in [(own.account, 0), (first.account, 1)] {
        let filter = TakedownFilter { reader: Some(reader), ..TakedownFilter::default() };
        let page = takedowns(database, &filter, None, PageLimit::default()).await.unwrap();
        assert_eq!((page.entries.len(), page.total.count), (seen, u32::try_from(seen).unwrap()));
    }

    assert_eq!(court.answers(view.id, &first, &upheld(Effect::Hide)).await.unwrap(), TakedownState::Upheld);
    assert_eq!(court.state().await, ReviewState::Hidden);
    court.assert_scores_equal_a_recount().await;
    let seen = look(database, view.id, &token).await.unwrap();
    assert_eq!((seen.state, seen.effect), (TakedownState::Upheld, Some(Effect::Hide)));
    assert_eq!(seen.answer.as_deref(), Some("It is no longer shown."));
    let News::ReviewDecided { reason, .. } = &court.told(court.ada.account).await[0] else { panic!("was not told") };
    assert_eq!(reason.as_str(), "Leave out the number.", "the author is told another thing than the requester");
    let kept = takedown(database, view.id).await.unwrap();
    let found = case(database, kept.case.unwrap(), &second).await.unwrap();
    assert_eq!((found.summary.cause, found.summary.state), (CaseCause::TakeDown, CaseState::Decided));
    assert_eq!(found.decisions[0].reason, DecisionReason::PersonalInformation);
    // The author may appeal, and the same moderator does not judge that.
    court.appeal().await.unwrap();
    let same = court.decide(kept.case.unwrap(), &first, Decision::Restore).await;
    assert!(matches!(same, Err(CatalogueError::Forbidden { .. })));
    let again = court.answers(view.id, &first, &refused()).await;
    assert!(matches!(again, Err(CatalogueError::Conflict { kind: ConflictKind::AlreadyDecided, .. })));
    let audited = court.audited().await.concat();
    for action in ["takedown.taken", "takedown.decided", "case.decided"] {
        assert!(audited.contains(action), "{audited}");
    }
    assert!(!audited.contains("Ellis") && !audited.contains("number"), "{audited}");
}

#[tokio::test]
async fn what_cannot_be_done_to_the_review_is_not_done_to_the_request() {
    let court = Court::new().await;
    let database = &court.catalogue.database;
    let (view, _) = court.asks().await;
    let id = court.open(CaseCause::Reports).await;
    claim(database, id, &moderator()).await.unwrap();
    let error = court.answers(view.id, &moderator(), &upheld(Effect::Remove)).await;
    assert!(matches!(error, Err(CatalogueError::Conflict { kind: ConflictKind::ClaimedByAnother, .. })));
    assert_eq!(takedown(database, view.id).await.unwrap().state, TakedownState::Received);
    assert_eq!(court.answers(view.id, &moderator(), &refused()).await.unwrap(), TakedownState::Refused);
    assert_eq!(court.state().await, ReviewState::Visible);
    // What is removed already stays so, and its author is not told again.
    let removed = court.asks().await.0;
    court.decide(id, &moderator(), Decision::Remove).await.unwrap_err();
    court.catalogue.client.execute("UPDATE moderation_cases SET claimed_until = now()", &[]).await.unwrap();
    court.decide(id, &moderator(), Decision::Remove).await.unwrap();
    court.answers(removed.id, &moderator(), &upheld(Effect::Hide)).await.unwrap();
    assert_eq!(takedown(database, removed.id).await.unwrap().effect, Some(Effect::Remove));
    assert_eq!((court.state().await, court.told(court.ada.account).await.len()), (ReviewState::Removed, 1));
    // Of a review that is gone there is nothing left to do but to answer.
    let (other, token) = court.asks().await;
    court.catalogue.client.execute("DELETE FROM reviews", &[]).await.unwrap();
    assert_eq!(court.answers(other.id, &moderator(), &upheld(Effect::Remove)).await.unwrap(), TakedownState::Upheld);
    assert_eq!(look(database, other.id, &token).await.unwrap().effect, None);
    assert!(matches!(request(database, &asked(court.review)).await, Err(CatalogueError::NotFound { .. })));
}

#[tokio::test]
async fn an_appeal_is_not_used_up_by_a_request() {
    let court = Court::new().await;
    let id = court.open(CaseCause::Reports).await;
    court.decide(id, &moderator(), Decision::Hide).await.unwrap();
    court.appeal().await.unwrap();
    let (view, _) = court.asks().await;
    let refusal = court.answers(view.id, &moderator(), &upheld(Effect::Remove)).await;
    assert!(matches!(refusal, Err(CatalogueError::Conflict { kind: ConflictKind::WrongState, .. })), "{refusal:?}");
    assert_eq!(case(&court.catalogue.database, id, &moderator()).await.unwrap().summary.state, CaseState::Appealed);
    court.decide(id, &moderator(), Decision::Restore).await.unwrap();
    court.answers(view.id, &moderator(), &upheld(Effect::Remove)).await.unwrap();
    assert_eq!(court.state().await, ReviewState::Removed);
}

#[tokio::test]
async fn only_the_token_opens_a_request_and_only_its_hash_is_kept() {
    let court = Court::new().await;
    let database = &court.catalogue.database;
    let ((mine, token), (other, others)) = (court.asks().await, court.asks().await);
    assert_ne!(token.expose(), others.expose());
    for wrong in [others.expose(), "", &token.expose()[1..]] {
        let token = TakedownToken::of(wrong);
        assert!(matches!(look(database, mine.id, &token).await, Err(CatalogueError::NotFound { .. })));
        assert!(matches!(withdraw(database, mine.id, &token).await, Err(CatalogueError::NotFound { .. })));
    }
    let rows = court.catalogue.client.query("SELECT takedowns::text FROM takedowns", &[]).await.unwrap();
    assert!(rows.iter().all(|row| !row.get::<_, String>(0).contains(token.expose())));
    assert!(!format!("{token:?}").contains(token.expose()));
    assert_eq!(withdraw(database, mine.id, &token).await.unwrap().state, TakedownState::Withdrawn);
    assert!(matches!(withdraw(database, mine.id, &token).await, Err(CatalogueError::Conflict { .. })));
    // One that a moderator opened has no token at all.
    let opened = open_for(database, &asked(court.review), &moderator()).await.unwrap();
    assert!(matches!(look(database, opened.id, &TakedownToken::of("")).await, Err(CatalogueError::NotFound { .. })));
    let open = takedowns(database, &TakedownFilter::default(), None, PageLimit::new(1).unwrap()).await.unwrap();
    assert_eq!((open.entries[0].id, open.total.to_string()), (other.id, "2".to_owned()));
    let next = takedowns(database, &TakedownFilter::default(), open.next.as_deref(), PageLimit::default()).await;
    assert_eq!(next.unwrap().entries[0].id, opened.id);
    let closed = TakedownFilter { state: Some(TakedownState::Withdrawn), ..TakedownFilter::default() };
    assert_eq!(takedowns(database, &closed, None, PageLimit::default()).await.unwrap().entries[0].id, mine.id);
}

#[tokio::test]
async fn names_and_contacts_are_forgotten_when_their_time_is_over() {
    let court = Court::new().await;
    let database = &court.catalogue.database;
    let ((closed, token), (open, _)) = (court.asks().await, court.asks().await);
    withdraw(database, closed.id, &token).await.unwrap();
    assert_eq!(forget_contacts(database, Utc::now() + CONTACT_KEPT - TimeDelta::hours(1)).await.unwrap(), 0);
    assert_eq!(forget_contacts(database, Utc::now() + CONTACT_KEPT + TimeDelta::hours(1)).await.unwrap(), 1);
    let forgotten = takedown(database, closed.id).await.unwrap();
    assert_eq!((forgotten.requester, forgotten.contact, forgotten.state), (None, None, TakedownState::Withdrawn));
    assert_eq!(takedown(database, open.id).await.unwrap().contact.as_deref(), Some("r.ellis@northfield.example"));
}

#[tokio::test]
async fn about_one_review_a_bounded_number_is_open() {
    let court = Court::new().await;
    let new = asked(court.review);
    let all = futures_util::future::join_all((0..30).map(|_| request(&court.catalogue.database, &new))).await;
    assert_eq!(all.iter().filter(|taken| taken.is_ok()).count(), 20);
    let refused = all.into_iter().find_map(Result::err);
    assert!(matches!(refused, Some(CatalogueError::Conflict { kind: ConflictKind::AlreadyExists, .. })));
}
