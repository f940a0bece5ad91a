//! SQL of moderation cases.

use crate::store::cached_sql::CachedSql;
use diesel::{OptionalExtension, QueryableByName, sql_types as sql};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rmu_domain::{
    ids::{CaseId, ReviewId},
    moderation::CaseCause,
};
use rmu_postgres::DatabaseError;
use uuid::Uuid;

#[derive(Debug, QueryableByName)]
struct IdRow {
    #[diesel(sql_type = sql::Uuid)]
    id: Uuid,
}

/// The waiting case of a review, a new one if there is none; `None` when there is no such review.
pub(crate) async fn open(
    connection: &mut AsyncPgConnection,
    review: ReviewId,
    cause: CaseCause,
) -> Result<Option<CaseId>, DatabaseError> {
    // The update that changes nothing waits for whoever opens a case at the same time, and returns it.
    let row: Option<IdRow> =
        CachedSql::new("INSERT INTO moderation_cases AS kept (id, review_id, university_id, cause, state) SELECT ")
            .uuid(CaseId::new())
            .sql(", id, university_id, ")
            .text(cause.as_str())
            .sql(", 'open' FROM reviews WHERE id = ")
            .uuid(review)
            .sql(
                " ON CONFLICT (review_id) WHERE state <> 'decided' DO UPDATE SET revision = kept.revision RETURNING id",
            )
            .get_result(connection)
            .await
            .optional()?;
    Ok(row.map(|row| row.id.into()))
}
