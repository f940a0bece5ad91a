//! Reviews that a transaction changes: locked first, then written.

use super::{PUBLIC, ReviewRow, broken};
use crate::{
    reviews::Review,
    store::{cached_sql::CachedSql, scores::Contribution},
};
use diesel::{QueryableByName, sql_types as sql};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rmu_domain::{
    ids::{AccountId, ReviewId, UniversityId},
    review::{ReviewState, StateCause},
};
use rmu_postgres::DatabaseError;
use uuid::Uuid;

#[derive(Debug, QueryableByName)]
struct LockedRow {
    #[diesel(embed)]
    review: ReviewRow,
    #[diesel(sql_type = sql::Uuid)]
    university_id: Uuid,
    #[diesel(sql_type = sql::Uuid)]
    author_id: Uuid,
    #[diesel(sql_type = sql::Text)]
    state: String,
    #[diesel(sql_type = sql::Nullable<sql::Text>)]
    state_cause: Option<String>,
    #[diesel(sql_type = sql::Nullable<sql::Text>)]
    state_reason: Option<String>,
}

/// A review as it stands, and stays until the transaction ends.
#[derive(Debug, Clone)]
pub(crate) struct LockedReview {
    pub(crate) review: Review,
    pub(crate) university: UniversityId,
    pub(crate) author: AccountId,
    pub(crate) state: ReviewState,
    pub(crate) cause: Option<StateCause>,
    pub(crate) reason: Option<String>,
}

impl LockedReview {
    /// What it is in the aggregates; nothing unless it is visible.
    pub(crate) fn contribution(&self) -> Option<Contribution<'_>> {
        let review = &self.review;
        (self.state == ReviewState::Visible).then(|| Contribution {
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
    let rows: Vec<LockedRow> = CachedSql::new("SELECT ")
        .sql(PUBLIC)
        .sql(", university_id, author_id, state, state_cause, state_reason FROM reviews WHERE id = ANY(")
        .uuids(ids())
        .sql(") ORDER BY id FOR NO KEY UPDATE")
        .load(connection)
        .await?;
    rows.into_iter().map(LockedRow::into_locked).collect()
}

impl LockedRow {
    fn into_locked(self) -> Result<LockedReview, DatabaseError> {
        Ok(LockedReview {
            review: self.review.into_review()?,
            university: self.university_id.into(),
            author: self.author_id.into(),
            state: ReviewState::parse(&self.state).map_err(broken)?,
            cause: self.state_cause.as_deref().map(StateCause::parse).transpose().map_err(broken)?,
            reason: self.state_reason,
        })
    }
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
