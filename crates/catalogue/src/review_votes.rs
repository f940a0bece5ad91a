//! Readers say whether a review helped them: one vote each, which they may change and take back.

use crate::{
    CatalogueError,
    reviews::Review,
    store::{
        review_votes::{self as store, Counted},
        reviews::LockedReview,
    },
};
use rmu_domain::{
    helpfulness::Vote,
    ids::{AccountId, ReviewId, UnitId},
};
use rmu_postgres::{AsyncPgConnection, Database};
use std::collections::HashMap;

/// How many reviews an account may ask its votes of at once: as many as a page holds.
pub const MOST_ASKED: usize = 50;

/// The votes on a review.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Votes {
    /// Whose review it is.
    pub unit: UnitId,
    pub helpful: u32,
    pub not_helpful: u32,
    /// The caller's.
    pub own: Option<Vote>,
}

/// Votes, or takes the vote back (`None`). The review's row is locked before anything is counted, so no two votes
/// miss each other.
pub async fn vote(
    database: &Database,
    review: ReviewId,
    voter: AccountId,
    vote: Option<Vote>,
) -> Result<Votes, CatalogueError> {
    database
        .transaction(async |connection| {
            let counted = store::lock(connection, review).await?;
            let counted = counted.filter(|counted| counted.visible);
            let counted = counted.ok_or(CatalogueError::NotFound { what: "review" })?;
            if counted.author == Some(voter) {
                return Err(CatalogueError::Forbidden { detail: "Nobody votes on a review of their own." });
            }
            let before = store::find(connection, review, voter).await?;
            let Counted { unit, helpful, not_helpful, .. } = counted;
            let mut votes = Votes { unit, helpful, not_helpful, own: before };
            if before != vote {
                votes.change(vote);
                store::set(connection, review, voter, vote).await?;
                store::keep_counts(connection, review, votes.helpful, votes.not_helpful).await?;
            }
            Ok(votes)
        })
        .await
}

impl Votes {
    /// The caller's vote becomes another, or none.
    fn change(&mut self, vote: Option<Vote>) {
        match self.own {
            Some(Vote::Helpful) => self.helpful = self.helpful.saturating_sub(1),
            Some(Vote::NotHelpful) => self.not_helpful = self.not_helpful.saturating_sub(1),
            None => {}
        }
        match vote {
            Some(Vote::Helpful) => self.helpful += 1,
            Some(Vote::NotHelpful) => self.not_helpful += 1,
            None => {}
        }
        self.own = vote;
    }
}

/// The votes of an account on some reviews; those without one are left out.
pub async fn of_account(
    database: &Database,
    account: AccountId,
    reviews: &[ReviewId],
) -> Result<Vec<(ReviewId, Vote)>, CatalogueError> {
    let mut connection = database.connection().await?;
    Ok(store::of_account(&mut connection, account, reviews).await?)
}

/// Takes back all votes of an account on reviews that are locked.
pub(crate) async fn withdraw_all(
    connection: &mut AsyncPgConnection,
    account: AccountId,
    locked: &[LockedReview],
) -> Result<(), CatalogueError> {
    let ids: Vec<ReviewId> = locked.iter().map(LockedReview::id).collect();
    let votes: HashMap<ReviewId, Vote> = store::of_account(connection, account, &ids).await?.into_iter().collect();
    for voted in locked {
        let Some(vote) = votes.get(&voted.id()) else { continue };
        let Review { unit, helpful, not_helpful, .. } = voted.own.review;
        let mut votes = Votes { unit, helpful, not_helpful, own: Some(*vote) };
        votes.change(None);
        store::set(connection, voted.id(), account, None).await?;
        store::keep_counts(connection, voted.id(), votes.helpful, votes.not_helpful).await?;
    }
    Ok(())
}

/// How many reviews count other votes than there are.
pub(crate) async fn drift(connection: &mut AsyncPgConnection) -> Result<u64, CatalogueError> {
    Ok(store::count_miscounted(connection).await?)
}

/// Counts the votes anew of every review that counts others. Nobody votes meanwhile: see [`crate::scores::rebuild`].
pub(crate) async fn recount(connection: &mut AsyncPgConnection) -> Result<(), CatalogueError> {
    loop {
        let miscounted = store::some_miscounted(connection).await?;
        for (review, helpful, not_helpful) in &miscounted {
            store::keep_counts(connection, *review, *helpful, *not_helpful).await?;
        }
        if miscounted.is_empty() {
            return Ok(());
        }
    }
}
