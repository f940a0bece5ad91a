//! Steps of a case that decide nothing: opened by a moderator, claimed, released.

use super::{CaseCause, open_case, refused};
use crate::{
    CatalogueError, ConflictKind,
    audit::{Actor, AuditAction, Details, Entry, Subject, SubjectKind, record},
    reviews::{self, ReviewStanding},
    store::moderation as store,
};
use chrono::{DateTime, Utc};
use rmu_domain::{
    ids::{CaseId, ReviewId},
    moderation::{CASE_CLAIM, Case, Refusal},
    review::ReviewState,
};
use rmu_postgres::{AsyncPgConnection, Database};

/// A case and its review, both locked.
#[derive(Debug)]
pub(crate) struct LockedCase {
    pub(crate) standing: ReviewStanding,
    pub(crate) row: store::CaseRow,
    pub(crate) case: Case,
}

/// Locks the review of a case, then the case.
pub(crate) async fn lock(connection: &mut AsyncPgConnection, id: CaseId) -> Result<LockedCase, CatalogueError> {
    let review = store::review_of(connection, id).await?.ok_or(CatalogueError::NotFound { what: "case" })?;
    let deleted = || CatalogueError::conflict(ConflictKind::WrongState, "the author has deleted the review");
    let standing = match reviews::lock(connection, review.ok_or_else(deleted)?).await {
        Err(CatalogueError::NotFound { .. }) => return Err(deleted()),
        standing => standing?,
    };
    // Read after the lock of the review: what others did before is seen, and nobody does anything now.
    let row = store::lock(connection, id).await?.ok_or(CatalogueError::NotFound { what: "case" })?;
    let case = row.as_case(&standing)?;
    Ok(LockedCase { standing, row, case })
}

/// A moderator brings a review before the moderators.
pub async fn open_by_hand(database: &Database, review: ReviewId, actor: &Actor) -> Result<CaseId, CatalogueError> {
    database
        .transaction(async |connection| {
            let standing = reviews::lock(connection, review).await?;
            if standing.author == Some(actor.account) {
                return Err(refused(Refusal::OwnReview));
            }
            if standing.state == ReviewState::Removed {
                return Err(refused(Refusal::Removed));
            }
            let case = open_case(connection, review, CaseCause::Moderator).await?;
            let entry = Entry::new(actor, AuditAction::CaseOpened, Subject::of(SubjectKind::Case, case));
            record(connection, &entry.with(Details::default().id("review", review))).await?;
            Ok(case)
        })
        .await
}

/// Keeps a case for a moderator, and says until when; nobody else decides it before.
pub async fn claim(database: &Database, id: CaseId, actor: &Actor) -> Result<DateTime<Utc>, CatalogueError> {
    database
        .transaction(async |connection| {
            let locked = lock(connection, id).await?;
            locked.case.claim(actor.account).map_err(refused)?;
            let until = store::claim(connection, id, actor.account, CASE_CLAIM).await?;
            let entry = Entry::new(actor, AuditAction::CaseClaimed, Subject::of(SubjectKind::Case, id));
            record(connection, &entry).await?;
            Ok(until)
        })
        .await
}

/// Gives a case back to the others.
pub async fn release(database: &Database, id: CaseId, actor: &Actor) -> Result<(), CatalogueError> {
    database
        .transaction(async |connection| {
            let locked = lock(connection, id).await?;
            locked.case.release(actor.account).map_err(refused)?;
            store::release(connection, id).await?;
            let entry = Entry::new(actor, AuditAction::CaseReleased, Subject::of(SubjectKind::Case, id));
            record(connection, &entry).await
        })
        .await
}
