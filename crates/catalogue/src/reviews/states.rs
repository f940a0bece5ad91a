//! Who sees a review, and how that changes: the one place where reviews come into the scores and leave them.

use super::OwnReview;
use crate::{
    CatalogueError, fanouts,
    store::{
        review_reports,
        reviews::{self as store, LockedReview},
        scores::Changes,
    },
};
use rmu_domain::{
    ids::{AccountId, ReviewId, UnitId},
    review::{ReviewState, StateCause},
};
use rmu_postgres::AsyncPgConnection;
use std::collections::BTreeMap;

/// Where a review is to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NewState<'a> {
    Visible,
    Hidden {
        cause: StateCause,
        /// What its author is told: 1 to 2000 characters.
        reason: Option<&'a str>,
    },
    Removed {
        cause: StateCause,
        /// What its author is told: 1 to 2000 characters.
        reason: Option<&'a str>,
    },
}

impl NewState<'_> {
    pub fn state(self) -> ReviewState {
        match self {
            Self::Visible => ReviewState::Visible,
            Self::Hidden { .. } => ReviewState::Hidden,
            Self::Removed { .. } => ReviewState::Removed,
        }
    }
}

/// What moderation must know of a review beside its text. Never shown to anybody else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewStanding {
    pub review: ReviewId,
    pub unit: UnitId,
    /// Who wrote it, so that they can be told; nobody, when the account is gone.
    pub author: Option<AccountId>,
    pub state: ReviewState,
}

impl From<&LockedReview> for ReviewStanding {
    fn from(locked: &LockedReview) -> Self {
        let OwnReview { review, state, .. } = &locked.own;
        Self { review: review.id, unit: review.unit, author: locked.author, state: *state }
    }
}

/// Locks a review until the transaction ends, and says how it stands.
///
/// Whoever locks rows of their own that belong to a review (a case, a decision) calls this before: the order for
/// everybody is unit, review, what belongs to the review, scores. The author may delete a review at any time,
/// and its row goes; what refers to it from outside must allow that (`ON DELETE SET NULL` or `CASCADE`).
pub async fn lock(connection: &mut AsyncPgConnection, review: ReviewId) -> Result<ReviewStanding, CatalogueError> {
    Ok(ReviewStanding::from(&locked(connection, review).await?))
}

/// Moves a review to a state and adjusts the scores, in the caller's transaction; answers how it stood before.
///
/// Locks what it needs (see [`lock`]), so that it may be called with or without the lock. A state that the review
/// has already is written again, with its new cause and reason, and changes no score.
pub async fn change_state(
    connection: &mut AsyncPgConnection,
    review: ReviewId,
    to: NewState<'_>,
) -> Result<ReviewStanding, CatalogueError> {
    let locked = locked(connection, review).await?;
    move_all(connection, std::slice::from_ref(&locked), to).await?;
    Ok(ReviewStanding::from(&locked))
}

pub(crate) async fn locked(
    connection: &mut AsyncPgConnection,
    review: ReviewId,
) -> Result<LockedReview, CatalogueError> {
    let locked = store::lock(connection, &[review]).await?;
    locked.into_iter().next().ok_or(CatalogueError::NotFound { what: "review" })
}

/// Moves reviews that are locked. The scores are written last and once.
pub(crate) async fn move_all(
    connection: &mut AsyncPgConnection,
    reviews: &[LockedReview],
    to: NewState<'_>,
) -> Result<(), CatalogueError> {
    let (cause, reason) = match to {
        NewState::Visible => (None, None),
        NewState::Hidden { cause, reason } | NewState::Removed { cause, reason } => (Some(cause), reason),
    };
    let mut changes = Changes::default();
    let mut now_reviewed = BTreeMap::new();
    for before in reviews {
        store::set_state(connection, before.id(), to.state(), cause, reason).await?;
        let mut after = before.clone();
        after.own.state = to.state();
        if let Some(contribution) = before.contribution() {
            changes.remove(&contribution);
        }
        if let Some(contribution) = after.contribution() {
            changes.add(&contribution);
            now_reviewed.insert(before.own.review.unit, (before.id(), before.author));
            // Who reported it had their hearing: what comes from now on counts anew.
            review_reports::settle(connection, before.id()).await?;
        }
    }
    for (unit, (review, author)) in now_reviewed {
        // While the review was out of sight, somebody may have asked for one.
        fanouts::request_fulfilled(connection, unit, review, author).await?;
    }
    Ok(changes.apply(connection).await?)
}
