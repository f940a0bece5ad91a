//! Reviews that a transaction changes: locked first, then written.

use super::own::FullRow;
use crate::{
    reviews::OwnReview,
    store::{cached_sql::CachedSql, scores::Contribution},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rmu_domain::{
    ids::{AccountId, ReviewId, UniversityId},
    review::{ReviewState, StateCause},
};
use rmu_postgres::DatabaseError;
use uuid::Uuid;

/// A review as it stands, and stays until the transaction ends.
#[derive(Debug, Clone)]
pub(crate) struct LockedReview {
    pub(crate) own: OwnReview,
    pub(crate) university: UniversityId,
    /// Nobody, when their account is gone.
    pub(crate) author: Option<AccountId>,
}

impl LockedReview {
    pub(crate) fn id(&self) -> ReviewId {
        self.own.review.id
    }

    /// What it is in the aggregates; nothing unless it is visible.
    pub(crate) fn contribution(&self) -> Option<Contribution<'_>> {
        let review = &self.own.review;
        (self.own.state == ReviewState::Visible).then(|| Contribution {
            unit: review.unit,
            university: self.university,
            year: review.year,
            session: review.in_handbook.then_some(review.session.as_str()),
            ratings: review.ratings,
            would_recommend: review.would_recommend,
        })
    }
}

/// Locks the reviews that exist of `reviews`, in the order in which everybody does: units by id, shared with
/// other reviews and kept from requests for one, then reviews by id.
pub(crate) async fn lock(
    connection: &mut AsyncPgConnection,
    reviews: &[ReviewId],
) -> Result<Vec<LockedReview>, DatabaseError> {
    let ids = || reviews.iter().map(|review| review.as_uuid()).collect::<Vec<Uuid>>();
    CachedSql::new("SELECT FROM units WHERE id IN (SELECT unit_id FROM reviews WHERE id = ANY(")
        .uuids(ids())
        .sql(")) ORDER BY id FOR SHARE")
        .execute(connection)
        .await?;
    let rows: Vec<FullRow> =
        FullRow::select().sql("id = ANY(").uuids(ids()).sql(") ORDER BY id FOR NO KEY UPDATE").load(connection).await?;
    let locked = rows.into_iter().map(|row| {
        let (own, university, author) = row.into_parts()?;
        Ok(LockedReview { own, university, author })
    });
    locked.collect()
}

pub(crate) async fn set_state(
    connection: &mut AsyncPgConnection,
    review: ReviewId,
    state: ReviewState,
    cause: Option<StateCause>,
    reason: Option<&str>,
) -> Result<(), DatabaseError> {
    CachedSql::new("UPDATE reviews SET state_changed_at = now(), state = ")
        .text(state.as_str())
        .sql(", state_cause = ")
        .maybe_text(cause.map(|cause| cause.as_str().to_owned()))
        .sql(", state_reason = ")
        .maybe_text(reason.map(str::to_owned))
        .sql(" WHERE id = ")
        .uuid(review)
        .execute(connection)
        .await?;
    Ok(())
}
