//! What moderators do with requests to take a review down.

use super::{NewTakedown, TakedownState, insert, refused};
use crate::{
    CatalogueError, ConflictKind,
    audit::{Actor, AuditAction, Details, Entry, Subject, SubjectKind, record},
    moderation::{CaseCause, DecisionReason, Verdict, decide_locked, lock, open_case, refused as refused_case},
    page::{Page, PageLimit, by_time, cut, fingerprint},
    reviews::{self, ReviewStanding},
    store::{reviews::author_of, takedowns as store},
    universities::university_named,
};
use chrono::{DateTime, Utc};
use rmu_domain::{
    ids::{AccountId, CaseId, ReviewId, TakedownId},
    moderation::{Effect, Refusal, TakedownRefusal},
    notification::Reason,
    review::ReviewState,
    slug::Slug,
};
use rmu_postgres::{AsyncPgConnection, Database};
use std::time::Duration;

/// So long a request is kept for the moderator who took it up: time enough to ask back.
const TAKEN_FOR: Duration = Duration::from_secs(24 * 3600);

/// Which requests; the oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TakedownFilter {
    /// Those that are not closed, when absent.
    pub state: Option<TakedownState>,
    pub university: Option<Slug>,
    /// Not those about this account's own reviews: who complains about them is not for it to know.
    pub reader: Option<AccountId>,
}

/// A request as moderators see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakedownSummary {
    pub id: TakedownId,
    /// Absent when the review is gone.
    pub review: Option<ReviewId>,
    pub state: TakedownState,
    /// Absent once forgotten.
    pub requester: Option<String>,
    pub contact: Option<String>,
    pub grounds: String,
    /// The moderator who opened it for somebody.
    pub opened_by: Option<AccountId>,
    /// Until when a moderator has it, and who.
    pub taken: Option<(DateTime<Utc>, AccountId)>,
    pub decided_by: Option<AccountId>,
    pub effect: Option<Effect>,
    pub answer: Option<String>,
    /// In which its author was told.
    pub case: Option<CaseId>,
    pub received_at: DateTime<Utc>,
    pub closed_at: Option<DateTime<Utc>>,
}

/// What a moderator decides about a request.
#[derive(Debug, Clone)]
pub enum Answer {
    /// The review goes out of sight, and its author is told why.
    Uphold {
        effect: Effect,
        reason: DecisionReason,
        message: Reason,
        answer: Reason,
    },
    Refuse {
        answer: Reason,
    },
}

/// A page of requests, the oldest first.
pub async fn takedowns(
    database: &Database,
    filter: &TakedownFilter,
    cursor: Option<&str>,
    limit: PageLimit,
) -> Result<Page<TakedownSummary>, CatalogueError> {
    let state = filter.state.map_or("", TakedownState::as_str);
    let mark = fingerprint(&["takedowns", state, filter.university.as_ref().map_or("", Slug::as_str)]);
    let after = by_time::place(cursor, mark)?;
    let mut connection = database.connection().await?;
    let university = university_named(&mut connection, filter.university.as_ref()).await?;
    let chosen = store::Chosen { state: filter.state, university, reader: filter.reader };
    let mut entries = store::page(&mut connection, &chosen, after, limit).await?;
    let total = store::count(&mut connection, &chosen).await?;
    let next = cut(&mut entries, limit, |last| by_time::cursor(mark, last.received_at, last.id.as_uuid()));
    Ok(Page { entries, total, next })
}

pub async fn takedown(database: &Database, id: TakedownId) -> Result<TakedownSummary, CatalogueError> {
    store::find(&mut *database.connection().await?, id).await?.ok_or(CatalogueError::NotFound { what: "take-down" })
}

/// The same, for a moderator who did not write the review.
pub async fn takedown_for(
    database: &Database,
    id: TakedownId,
    actor: &Actor,
) -> Result<TakedownSummary, CatalogueError> {
    let mut connection = database.connection().await?;
    let found = store::find(&mut connection, id).await?.ok_or(CatalogueError::NotFound { what: "take-down" })?;
    match found.review {
        Some(review) if author_of(&mut connection, review).await? == Some(actor.account) => {
            Err(refused_case(Refusal::OwnReview))
        }
        _ => Ok(found),
    }
}

/// A moderator opens a request for somebody who asked by another way.
pub async fn open_for(
    database: &Database,
    new: &NewTakedown,
    actor: &Actor,
) -> Result<TakedownSummary, CatalogueError> {
    database
        .transaction(async |connection| {
            let id = insert(connection, new, store::Asker::Moderator(actor.account)).await?;
            let entry = Entry::new(actor, AuditAction::TakedownOpened, Subject::of(SubjectKind::Takedown, id));
            record(connection, &entry.with(Details::default().id("review", new.review))).await?;
            store::find(connection, id).await?.ok_or(CatalogueError::NotFound { what: "take-down" })
        })
        .await
}

/// A request that is locked, after its review, if that is still there.
struct Locked {
    request: TakedownSummary,
    /// How its review stands, if that is still there.
    review: Option<ReviewStanding>,
    is_taken_by_another: bool,
}

async fn lock_for(connection: &mut AsyncPgConnection, id: TakedownId, actor: &Actor) -> Result<Locked, CatalogueError> {
    let missing = || CatalogueError::NotFound { what: "take-down" };
    let before = store::find(connection, id).await?.ok_or_else(missing)?;
    let review = match before.review {
        Some(review) => match reviews::lock(connection, review).await {
            Err(CatalogueError::NotFound { .. }) => None,
            standing => Some(standing?),
        },
        None => None,
    };
    if review.as_ref().is_some_and(|standing| standing.author == Some(actor.account)) {
        return Err(refused_case(Refusal::OwnReview));
    }
    let request = store::lock(connection, id).await?.ok_or_else(missing)?;
    let is_taken_by_another = request.taken.is_some_and(|(until, by)| by != actor.account && until > Utc::now());
    Ok(Locked { request, review, is_taken_by_another })
}

/// A moderator takes a request up; nobody else decides it for a day.
pub async fn take(database: &Database, id: TakedownId, actor: &Actor) -> Result<TakedownSummary, CatalogueError> {
    database
        .transaction(async |connection| {
            let locked = lock_for(connection, id, actor).await?;
            let state = locked.request.state.take().map_err(refused)?;
            if locked.is_taken_by_another {
                return Err(refused(TakedownRefusal::Taken));
            }
            store::take(connection, id, state, actor.account, TAKEN_FOR).await?;
            let entry = Entry::new(actor, AuditAction::TakedownTaken, Subject::of(SubjectKind::Takedown, id));
            record(connection, &entry).await?;
            store::find(connection, id).await?.ok_or(CatalogueError::NotFound { what: "take-down" })
        })
        .await
}

/// Decides a request. Upheld, it takes the review out of sight by a decision in a case of that review, so that its
/// author is told and may appeal as against any other.
pub async fn decide(
    database: &Database,
    id: TakedownId,
    actor: &Actor,
    answer: &Answer,
) -> Result<TakedownSummary, CatalogueError> {
    if let Answer::Uphold { effect, reason, .. } = answer {
        reason.for_decision(effect.decision()).map_err(|error| CatalogueError::invalid("reason", &error))?;
    }
    database
        .transaction(async |connection| {
            let Locked { request, review, is_taken_by_another } = lock_for(connection, id, actor).await?;
            let state = request.state.decide(matches!(answer, Answer::Uphold { .. })).map_err(refused)?;
            if is_taken_by_another {
                return Err(refused(TakedownRefusal::Taken));
            }
            let mut details = Details::default().word("state", state.as_str());
            let (mut case, mut done) = (None, None);
            let words = match answer {
                Answer::Refuse { answer } => answer,
                Answer::Uphold { effect, reason, message, answer } => {
                    details = details.word("effect", effect.as_str()).word("reason", reason.as_str());
                    match review {
                        // It is out of sight for good, and its author was told why.
                        Some(standing) if standing.state == ReviewState::Removed => done = Some(Effect::Remove),
                        Some(standing) => {
                            case = Some(act(connection, standing.review, actor, *effect, *reason, message).await?);
                            done = Some(*effect);
                        }
                        None => {}
                    }
                    answer
                }
            };
            if let Some(case) = case {
                details = details.id("case", case);
            }
            let closing = store::Closing { state, by: Some(actor.account), effect: done, answer: Some(words), case };
            store::close(connection, id, &closing).await?;
            let entry = Entry::new(actor, AuditAction::TakedownDecided, Subject::of(SubjectKind::Takedown, id));
            record(connection, &entry.with(details)).await?;
            store::find(connection, id).await?.ok_or(CatalogueError::NotFound { what: "take-down" })
        })
        .await
}

async fn act(
    connection: &mut AsyncPgConnection,
    review: ReviewId,
    actor: &Actor,
    effect: Effect,
    reason: DecisionReason,
    message: &Reason,
) -> Result<CaseId, CatalogueError> {
    let case = open_case(connection, review, CaseCause::TakeDown).await?;
    let locked = lock(connection, case).await?;
    // Its author's appeal is not to be used up by what somebody else asked for.
    if locked.row.is_appealed() {
        let detail = "an appeal about this review waits: decide that first";
        return Err(CatalogueError::conflict(ConflictKind::WrongState, detail));
    }
    let verdict =
        Verdict { decision: effect.decision(), reason, words: Some(message.clone()), seen: locked.row.revision };
    decide_locked(connection, &locked, actor, &verdict, message).await?;
    Ok(case)
}
