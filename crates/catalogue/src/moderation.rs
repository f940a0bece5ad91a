//! Moderation: reviews that somebody has to look at, and what was decided about them.
//!
//! Whatever changes a case holds the lock of its review before that of the case ([`crate::reviews::lock`]), so
//! steps of one case come one after the other, and each sees what the one before it did.

mod decisions;
mod queue;
mod steps;

pub(crate) use decisions::decide_locked;
pub use decisions::{Verdict, decide};
pub(crate) use queue::After;
pub use queue::{CaseDetail, CaseFilter, CaseSummary, CaseText, PastDecision, ReportCounts, case, cases};
pub use rmu_domain::moderation::{CASE_CLAIM, CaseCause, CaseState, Decision, DecisionReason};
pub(crate) use steps::lock;
pub use steps::{claim, open_by_hand, release};

use crate::{CatalogueError, ConflictKind, store::moderation as store};
use rmu_domain::{
    ids::{CaseId, ReviewId},
    moderation::Refusal,
    review::ReviewState,
};
use rmu_postgres::AsyncPgConnection;

/// Brings a review before the moderators. While a case of it waits already, that one is named and only its reports
/// are counted anew. To be called in the transaction of what was found out.
pub async fn open_case(
    connection: &mut AsyncPgConnection,
    review: ReviewId,
    cause: CaseCause,
) -> Result<CaseId, CatalogueError> {
    store::open(connection, review, cause).await?.ok_or(CatalogueError::NotFound { what: "review" })
}

/// One more report of a review counts in the case that waits, if one does; to be called with the review locked.
pub(crate) async fn reported(connection: &mut AsyncPgConnection, review: ReviewId) -> Result<(), CatalogueError> {
    Ok(store::count_report(connection, review).await?)
}

/// The author has changed a review; to be called in the transaction of every edit, with the review locked.
///
/// One that a moderator has hidden goes back to the queue. A case that waits is marked as changed, so that
/// nobody decides about a text that they have not read. For any other review this does nothing.
pub async fn resubmitted(connection: &mut AsyncPgConnection, review: ReviewId) -> Result<(), CatalogueError> {
    let Some(latest) = store::latest_of(connection, review).await? else { return Ok(()) };
    let locked = lock(connection, latest).await?;
    let before = locked.case;
    // What cannot be resubmitted cannot be edited either; that is for whoever edits to say.
    let Ok(after) = before.resubmit() else { return Ok(()) };
    if after.state.waits() {
        store::put_back(connection, latest, after.state, before.state != after.state).await?;
    }
    Ok(())
}

/// What a refusal of the rules is to whoever asked.
pub(crate) fn refused(refusal: Refusal) -> CatalogueError {
    let conflict = |kind, detail: &str| CatalogueError::conflict(kind, detail);
    match refusal {
        Refusal::OwnReview => CatalogueError::Forbidden { detail: "You cannot decide about a review of your own." },
        Refusal::SameModerator => {
            CatalogueError::Forbidden { detail: "Another moderator must decide about an appeal against your decision." }
        }
        Refusal::Claimed => conflict(ConflictKind::ClaimedByAnother, "another moderator is at this case"),
        Refusal::NotClaimed => conflict(ConflictKind::WrongState, "you have not claimed this case"),
        Refusal::AlreadyDecided => conflict(ConflictKind::AlreadyDecided, "this case is decided"),
        Refusal::NotPossible(decision, review) => {
            let review = match review {
                ReviewState::Visible => "is visible",
                ReviewState::Hidden => "is hidden",
                ReviewState::Removed => "is removed",
            };
            conflict(
                ConflictKind::WrongState,
                &format!("the review {review}: \"{}\" cannot be decided", decision.as_str()),
            )
        }
        Refusal::NothingToAppeal => conflict(ConflictKind::WrongState, "there is no decision against this review"),
        Refusal::AlreadyAppealed => {
            conflict(ConflictKind::AlreadyAppealed, "there was an appeal already, and there is no second one")
        }
        Refusal::StillWaiting => conflict(ConflictKind::WrongState, "a moderator has still to decide"),
        Refusal::Removed => {
            conflict(ConflictKind::WrongState, "the review is removed: an appeal alone can bring it back")
        }
    }
}
