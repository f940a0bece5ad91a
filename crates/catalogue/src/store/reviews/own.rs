//! A review with what only its author and moderators see.

use super::{PUBLIC, ReviewRow};
use crate::{
    page::{PageLimit, Total},
    reviews::OwnReview,
    store::{cached_sql::CachedSql, counting::count_rows, error::broken},
};
use chrono::{DateTime, Utc};
use diesel::{QueryableByName, sql_types as sql};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rmu_domain::{
    ids::{AccountId, ReviewId, UniversityId},
    review::{ReviewState, StateCause},
};
use rmu_postgres::DatabaseError;
use uuid::Uuid;

#[derive(Debug, QueryableByName)]
pub(super) struct FullRow {
    #[diesel(embed)]
    review: ReviewRow,
    #[diesel(sql_type = sql::Uuid)]
    university_id: Uuid,
    #[diesel(sql_type = sql::Nullable<sql::Uuid>)]
    author_id: Option<Uuid>,
    #[diesel(sql_type = sql::Text)]
    state: String,
    #[diesel(sql_type = sql::Nullable<sql::Text>)]
    state_cause: Option<String>,
    #[diesel(sql_type = sql::Nullable<sql::Text>)]
    state_reason: Option<String>,
    #[diesel(sql_type = sql::Nullable<sql::Timestamptz>)]
    state_changed_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = sql::Timestamptz)]
    created_at: DateTime<Utc>,
    #[diesel(sql_type = sql::Nullable<sql::Timestamptz>)]
    edited_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = sql::Integer)]
    revision: i32,
}

impl FullRow {
    pub(super) fn select() -> CachedSql {
        CachedSql::new(
            "SELECT university_id, author_id, state, state_cause, state_reason, state_changed_at, created_at,
                edited_at, revision, ",
        )
        .sql(PUBLIC)
        .sql(" FROM reviews WHERE ")
    }

    pub(super) fn into_parts(self) -> Result<(OwnReview, UniversityId, Option<AccountId>), DatabaseError> {
        let own = OwnReview {
            review: self.review.into_review()?,
            revision: u32::try_from(self.revision).unwrap_or_default(),
            created_at: self.created_at,
            edited_at: self.edited_at,
            state: ReviewState::parse(&self.state).map_err(broken)?,
            cause: self.state_cause.as_deref().map(StateCause::parse).transpose().map_err(broken)?,
            reason: self.state_reason,
            state_changed_at: self.state_changed_at,
        };
        Ok((own, self.university_id.into(), self.author_id.map(AccountId::from)))
    }

    fn into_own(self) -> Result<OwnReview, DatabaseError> {
        Ok(self.into_parts()?.0)
    }
}

pub(crate) async fn find_own(
    connection: &mut AsyncPgConnection,
    review: ReviewId,
    author: AccountId,
) -> Result<Option<OwnReview>, DatabaseError> {
    let rows: Vec<FullRow> =
        FullRow::select().sql("id = ").uuid(review).sql(" AND author_id = ").uuid(author).load(connection).await?;
    rows.into_iter().next().map(FullRow::into_own).transpose()
}

/// The reviews of an author after a place, the newest first, one more than the page holds when there are more.
pub(crate) async fn page_of_own(
    connection: &mut AsyncPgConnection,
    author: AccountId,
    after: Option<(DateTime<Utc>, Uuid)>,
    limit: PageLimit,
) -> Result<Vec<OwnReview>, DatabaseError> {
    let mut statement = FullRow::select().sql("author_id = ").uuid(author);
    if let Some((time, review)) = after {
        statement = statement.sql(" AND (created_at, id) < (").time(time).sql(", ").uuid(review).sql(")");
    }
    let rows: Vec<FullRow> =
        statement.sql(" ORDER BY created_at DESC, id DESC LIMIT ").big(limit.and_one_more()).load(connection).await?;
    rows.into_iter().map(FullRow::into_own).collect()
}

pub(crate) async fn count_own(connection: &mut AsyncPgConnection, author: AccountId) -> Result<Total, DatabaseError> {
    count_rows(connection, CachedSql::new("SELECT FROM reviews WHERE author_id = ").uuid(author)).await
}
