//! What authors change: new words for old ones, which are kept, and reviews that go.

use super::{CONTENT, Content, RatingsRow};
use crate::{reviews::Revision, store::cached_sql::CachedSql};
use chrono::{DateTime, Utc};
use diesel::{QueryableByName, sql_types as sql};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rmu_domain::ids::{AccountId, ReviewId, UnitId};
use rmu_postgres::DatabaseError;

/// Keeps what a locked review says as a revision, and has it say something else.
pub(crate) async fn rewrite(
    connection: &mut AsyncPgConnection,
    review: ReviewId,
    content: &Content<'_>,
) -> Result<(), DatabaseError> {
    CachedSql::new(
        "INSERT INTO review_revisions
             (review_id, revision, shown_as, overall, teaching, difficulty, workload, usefulness, would_recommend,
              taken_session, taken_year, in_handbook, body, written_at)
         SELECT id, revision, shown_as, overall, teaching, difficulty, workload, usefulness, would_recommend,
                taken_session, taken_year, in_handbook, body, coalesce(edited_at, created_at)
         FROM reviews WHERE id = ",
    )
    .uuid(review)
    .execute(connection)
    .await?;
    let statement = CachedSql::new("UPDATE reviews SET revision = revision + 1, edited_at = now(), (");
    content.values(statement.sql(CONTENT).sql(") = (")).sql(") WHERE id = ").uuid(review).execute(connection).await?;
    Ok(())
}

#[derive(Debug, QueryableByName)]
struct RevisionRow {
    #[diesel(sql_type = sql::Integer)]
    revision: i32,
    #[diesel(embed)]
    ratings: RatingsRow,
    #[diesel(sql_type = sql::Bool)]
    would_recommend: bool,
    #[diesel(sql_type = sql::Text)]
    taken_session: String,
    #[diesel(sql_type = sql::SmallInt)]
    taken_year: i16,
    #[diesel(sql_type = sql::Nullable<sql::Text>)]
    body: Option<String>,
    #[diesel(sql_type = sql::Timestamptz)]
    written_at: DateTime<Utc>,
}

/// What the review said before, the latest first. There are never more than a review may have.
pub(crate) async fn revisions(
    connection: &mut AsyncPgConnection,
    review: ReviewId,
) -> Result<Vec<Revision>, DatabaseError> {
    let rows: Vec<RevisionRow> = CachedSql::new(
        "SELECT revision, overall, teaching, difficulty, workload, usefulness, would_recommend, taken_session,
                taken_year, body, written_at
         FROM review_revisions WHERE review_id = ",
    )
    .uuid(review)
    .sql(" ORDER BY revision DESC")
    .load(connection)
    .await?;
    let revisions = rows.into_iter().map(|row| {
        Ok(Revision {
            revision: u32::try_from(row.revision).unwrap_or_default(),
            ratings: row.ratings.into_ratings()?,
            would_recommend: row.would_recommend,
            session: row.taken_session,
            year: u16::try_from(row.taken_year).unwrap_or_default(),
            text: row.body,
            written_at: row.written_at,
        })
    });
    revisions.collect()
}

/// A locked review goes, with all that belongs to it.
pub(crate) async fn delete(connection: &mut AsyncPgConnection, review: ReviewId) -> Result<(), DatabaseError> {
    CachedSql::new("DELETE FROM reviews WHERE id = ").uuid(review).execute(connection).await?;
    Ok(())
}

/// Whether a moderator has still to look at a locked review, or somebody reported it.
pub(crate) async fn is_in_question(
    connection: &mut AsyncPgConnection,
    review: ReviewId,
) -> Result<bool, DatabaseError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = sql::Bool)]
        is_so: bool,
    }
    let row: Row = CachedSql::new(
        "SELECT EXISTS (SELECT FROM review_reports AS report
                        WHERE report.review_id = review.id AND report.settled_at IS NULL)
             OR EXISTS (SELECT FROM moderation_cases AS kept
                        WHERE kept.review_id = review.id AND kept.state <> 'decided') AS is_so
         FROM reviews AS review WHERE review.id = ",
    )
    .uuid(review)
    .get_result(connection)
    .await?;
    Ok(row.is_so)
}

pub(crate) async fn keep_withdrawn(
    connection: &mut AsyncPgConnection,
    unit: UnitId,
    author: AccountId,
) -> Result<(), DatabaseError> {
    CachedSql::new("INSERT INTO withdrawn_reviews (unit_id, author_id) VALUES (")
        .uuid(unit)
        .sql(", ")
        .uuid(author)
        .sql(") ON CONFLICT DO NOTHING")
        .execute(connection)
        .await?;
    Ok(())
}

/// Whether the author withdrew a review of the unit that was out of sight; from then on the new one stands for it.
pub(crate) async fn take_withdrawn(
    connection: &mut AsyncPgConnection,
    unit: UnitId,
    author: AccountId,
) -> Result<bool, DatabaseError> {
    let taken = CachedSql::new("DELETE FROM withdrawn_reviews WHERE unit_id = ")
        .uuid(unit)
        .sql(" AND author_id = ")
        .uuid(author)
        .execute(connection)
        .await?;
    Ok(taken > 0)
}
