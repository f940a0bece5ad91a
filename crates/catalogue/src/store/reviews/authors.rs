//! What becomes of an author's reviews, all of them.

use crate::store::cached_sql::CachedSql;
use diesel::{QueryableByName, sql_types as sql};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rmu_domain::{
    account::Nickname,
    ids::{AccountId, ReviewId},
};
use rmu_postgres::DatabaseError;
use uuid::Uuid;

#[derive(Debug, QueryableByName)]
struct IdRow {
    #[diesel(sql_type = sql::Uuid)]
    id: Uuid,
}

/// The reviews that an account wrote or voted on.
pub(crate) async fn touched_by(
    connection: &mut AsyncPgConnection,
    account: AccountId,
) -> Result<Vec<ReviewId>, DatabaseError> {
    let rows: Vec<IdRow> = CachedSql::new("SELECT id FROM reviews WHERE author_id = ")
        .uuid(account)
        .sql(" UNION SELECT review_id FROM review_votes WHERE account_id = ")
        .uuid(account)
        .load(connection)
        .await?;
    Ok(rows.into_iter().map(|row| row.id.into()).collect())
}

fn uuids(reviews: &[ReviewId]) -> Vec<Uuid> {
    reviews.iter().map(|review| review.as_uuid()).collect()
}

/// Locked reviews stay, and nobody wrote them any more; what they said before is forgotten.
pub(crate) async fn make_nobodys(
    connection: &mut AsyncPgConnection,
    reviews: &[ReviewId],
) -> Result<(), DatabaseError> {
    CachedSql::new("DELETE FROM review_revisions WHERE review_id = ANY(")
        .uuids(uuids(reviews))
        .sql(")")
        .execute(connection)
        .await?;
    CachedSql::new(
        "UPDATE reviews SET author_id = NULL, shown_as = 'anonymous', author_nickname = NULL WHERE id = ANY(",
    )
    .uuids(uuids(reviews))
    .sql(")")
    .execute(connection)
    .await?;
    Ok(())
}

/// Locked reviews go.
pub(crate) async fn delete_all(connection: &mut AsyncPgConnection, reviews: &[ReviewId]) -> Result<(), DatabaseError> {
    CachedSql::new("DELETE FROM reviews WHERE id = ANY(").uuids(uuids(reviews)).sql(")").execute(connection).await?;
    Ok(())
}

/// What else is kept of an account and points at what it wrote. Its reports stay, and are nobody's.
pub(crate) async fn forget_author(connection: &mut AsyncPgConnection, author: AccountId) -> Result<(), DatabaseError> {
    CachedSql::new("DELETE FROM withdrawn_reviews WHERE author_id = ").uuid(author).execute(connection).await?;
    CachedSql::new("DELETE FROM idempotency_keys WHERE account_id = ").uuid(author).execute(connection).await?;
    CachedSql::new("UPDATE review_reports SET reporter_id = gen_random_uuid() WHERE reporter_id = ")
        .uuid(author)
        .execute(connection)
        .await?;
    Ok(())
}

/// The author's locked reviews that are shown by nickname are shown by the new one.
pub(crate) async fn rename_author(
    connection: &mut AsyncPgConnection,
    author: AccountId,
    nickname: &Nickname,
) -> Result<(), DatabaseError> {
    CachedSql::new("UPDATE reviews SET author_nickname = ")
        .text(nickname.as_str())
        .sql(" WHERE shown_as = 'nickname' AND author_id = ")
        .uuid(author)
        .execute(connection)
        .await?;
    Ok(())
}
