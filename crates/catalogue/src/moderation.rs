//! Moderation: reviews that somebody has to look at, and what was decided about them.

use crate::{CatalogueError, store::moderation as store};
use rmu_domain::ids::{CaseId, ReviewId};
pub use rmu_domain::moderation::CaseCause;
use rmu_postgres::AsyncPgConnection;

/// Brings a review before the moderators. While a case of it waits already, that one is named and nothing changes.
/// To be called in the transaction of what was found out.
pub async fn open_case(
    connection: &mut AsyncPgConnection,
    review: ReviewId,
    cause: CaseCause,
) -> Result<CaseId, CatalogueError> {
    store::open(connection, review, cause).await?.ok_or(CatalogueError::NotFound { what: "review" })
}
