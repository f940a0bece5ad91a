//! An author does not agree: what was decided about a review, and one appeal against it.

use crate::{
    CatalogueError,
    idempotency::{self, IdempotencyKey, Replay},
    moderation::{Decision, DecisionReason, lock, refused},
    notifications::tell_all,
    reviews,
    store::{appeals as store, moderation as cases},
};
use chrono::{DateTime, Utc};
use rmu_domain::{
    account::Role,
    ids::{AccountId, CaseId, ReviewId},
    moderation::{AppealText, CaseState, Refusal},
    notification::{News, Notification},
    review::ReviewState,
};
use rmu_postgres::Database;

const OPERATION: &str = "appeal-decision";

/// How a review stands, for its author. Neither moderators nor reporters are in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthorsView {
    pub review: ReviewId,
    pub state: ReviewState,
    /// How the latest case stands; absent when there never was one.
    pub case: Option<CaseState>,
    /// The oldest first.
    pub decisions: Vec<ToldDecision>,
    pub appeal: Option<MadeAppeal>,
    /// Whether an appeal is possible now.
    pub may_appeal: bool,
}

/// A decision as its author is told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToldDecision {
    pub decision: Decision,
    pub reason: DecisionReason,
    pub told: String,
    /// Of an appeal: whether the review is shown again.
    pub appeal_granted: Option<bool>,
    pub at: DateTime<Utc>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MadeAppeal {
    pub text: String,
    pub made_at: DateTime<Utc>,
}

/// Appeals against the latest decision about a review of one's own; there is one appeal in a chain of decisions.
pub async fn appeal(
    database: &Database,
    review: ReviewId,
    author: AccountId,
    text: &AppealText,
    key: Option<&IdempotencyKey>,
) -> Result<AuthorsView, CatalogueError> {
    let fingerprint = idempotency::fingerprint(&(review, text.as_str()));
    database
        .transaction(async |connection| {
            let replay: Replay<CaseId> = match key {
                Some(key) => idempotency::begin(connection, author, OPERATION, key, &fingerprint).await?,
                None => Replay::First(None),
            };
            let Replay::First(reservation) = replay else { return Ok(()) };
            let standing = own(reviews::lock(connection, review).await?, author)?;
            let nothing = || refused(Refusal::NothingToAppeal);
            let case = cases::latest_of(connection, review).await?.ok_or_else(nothing)?;
            let locked = lock(connection, case).await?;
            let after = locked.case.appeal().map_err(refused)?;
            let against = locked.row.last_decision().ok_or_else(nothing)?;
            store::insert(connection, case, against, text).await?;
            cases::put_back(connection, case, after.state, true).await?;

            let decider = after.last.map(|last| last.by);
            let staff = cases::staff(connection).await?;
            let is_other = |account: AccountId| Some(account) != decider && account != author;
            if !staff.iter().any(|(account, _)| is_other(*account)) {
                // Admins can make somebody a moderator. The author's own admin account is no exception.
                let admins = staff.iter().filter(|(_, role)| *role == Role::Admin).map(|(account, _)| *account);
                let news = News::AppealNeedsAnother { review, case };
                tell_all(connection, &admins.collect::<Vec<_>>(), &Notification { unit: standing.unit, news }).await?;
            }
            idempotency::finish(connection, reservation, &case).await
        })
        .await?;
    of_review(database, review, author).await
}

/// What was decided about a review, for its author alone.
pub async fn of_review(
    database: &Database,
    review: ReviewId,
    author: AccountId,
) -> Result<AuthorsView, CatalogueError> {
    database
        .transaction(async |connection| {
            let standing = own(reviews::lock(connection, review).await?, author)?;
            let mut view = AuthorsView {
                review,
                state: standing.state,
                case: None,
                decisions: store::decisions(connection, review).await?,
                appeal: None,
                may_appeal: false,
            };
            if let Some(latest) = cases::latest_of(connection, review).await? {
                let locked = lock(connection, latest).await?;
                view.case = Some(locked.case.state);
                view.may_appeal = locked.case.appeal().is_ok();
                let appeal = cases::views::appeal(connection, latest).await?;
                view.appeal = appeal.map(|(text, made_at)| MadeAppeal { text, made_at });
            }
            Ok(view)
        })
        .await
}

/// Of a review of somebody else there is nothing to see here, not even whether it is there.
fn own(standing: reviews::ReviewStanding, author: AccountId) -> Result<reviews::ReviewStanding, CatalogueError> {
    if standing.author == Some(author) { Ok(standing) } else { Err(CatalogueError::NotFound { what: "review" }) }
}
