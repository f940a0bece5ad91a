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

/// What else is kept of an account and points at what it wrote. Its reports stay, are nobody's, and hide
/// nothing any more: whoever registers again could else be several who reported.
pub(crate) async fn forget_author(connection: &mut AsyncPgConnection, author: AccountId) -> Result<(), DatabaseError> {
    CachedSql::new("DELETE FROM withdrawn_reviews WHERE author_id = ").uuid(author).execute(connection).await?;
    CachedSql::new("DELETE FROM idempotency_keys WHERE account_id = ").uuid(author).execute(connection).await?;
    CachedSql::new("UPDATE review_reports SET reporter_id = gen_random_uuid(), settled_at = coalesce(settled_at, now()) WHERE reporter_id = ")
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

/// Who wrote a review, while that is somebody; for decisions about what may be seen of it.
pub(crate) async fn author_of(
    connection: &mut AsyncPgConnection,
    review: ReviewId,
) -> Result<Option<AccountId>, DatabaseError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = sql::Nullable<sql::Uuid>)]
        author: Option<Uuid>,
    }
    let rows: Vec<Row> =
        CachedSql::new("SELECT author_id AS author FROM reviews WHERE id = ").uuid(review).load(connection).await?;
    Ok(rows.into_iter().find_map(|row| row.author).map(AccountId::from))
}
