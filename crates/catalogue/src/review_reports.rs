//! Readers report reviews; enough independent reports take one out of sight until a moderator has looked at it.

use crate::{
    CatalogueError,
    moderation::{self, CaseCause},
    reviews::{
        NewState,
        states::{locked, move_all},
    },
    store::review_reports as store,
};
use chrono::{DateTime, Utc};
use rmu_domain::{
    ids::{AccountId, ReviewId},
    report::{Report, ReportReason},
    review::{ReviewState, StateCause},
};
use rmu_postgres::{AsyncPgConnection, Database};

/// What the author of a review is told that was reported.
const TOLD: &str = "Several readers reported this review. A moderator will look at it.";
/// Reports of one review that a moderator is shown at once.
pub const MOST_SHOWN: i64 = 100;

/// A report as moderators see it. Who reported is not among the fields: nobody needs to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reported {
    pub reason: ReportReason,
    pub text: Option<String>,
    /// The revision of the review that the reporter read.
    pub revision: u32,
    pub at: DateTime<Utc>,
    /// Whether it was decided about already.
    pub settled: bool,
}

/// Reports a visible review of somebody else; false when the reporter had done so before.
///
/// The report that makes them `enough` hides the review and brings it before the moderators. The review is locked
/// before reports are counted, so of several at once exactly one does.
pub async fn report(
    database: &Database,
    review: ReviewId,
    reporter: AccountId,
    report: &Report,
    enough: u32,
) -> Result<bool, CatalogueError> {
    database
        .transaction(async |connection| {
            let reported = locked(connection, review).await?;
            if reported.own.state != ReviewState::Visible {
                return Err(CatalogueError::NotFound { what: "review" });
            }
            if reported.author == Some(reporter) {
                return Err(CatalogueError::Forbidden { detail: "Nobody reports a review of their own." });
            }
            if !store::insert(connection, review, reporter, report, reported.own.revision).await? {
                return Ok(false);
            }
            if store::count_open(connection, review, enough).await? >= enough {
                let hidden = NewState::Hidden { cause: StateCause::Reports, reason: Some(TOLD) };
                move_all(connection, std::slice::from_ref(&reported), hidden).await?;
                moderation::open_case(connection, review, CaseCause::Reports).await?;
            }
            Ok(true)
        })
        .await
}

/// Somebody decided about what was reported: these reports hide nothing any more. Whatever makes a review visible
/// does this by itself; to be called for a visible review that stays as it is.
pub async fn settle(connection: &mut AsyncPgConnection, review: ReviewId) -> Result<(), CatalogueError> {
    Ok(store::settle(connection, review).await?)
}

/// The reports of a review for moderators, the latest first, at most [`MOST_SHOWN`].
pub async fn of_review(
    connection: &mut AsyncPgConnection,
    review: ReviewId,
) -> Result<Vec<Reported>, CatalogueError> {
    Ok(store::of_review(connection, review, MOST_SHOWN).await?)
}
