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
use rmu_domain::{
    ids::{AccountId, ReviewId},
    report::Report,
    review::{ReviewState, StateCause},
};
use rmu_postgres::{AsyncPgConnection, Database};

/// What the author of a review is told that was reported.
const TOLD: &str = "Several readers reported this review. A moderator will look at it.";

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
            moderation::reported(connection, review).await?;
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
