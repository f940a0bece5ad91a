//! SQL of votes on reviews.

use crate::store::{cached_sql::CachedSql, counting::CountRow};
use diesel::{QueryableByName, sql_types as sql};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rmu_domain::{
    helpfulness::{self, Vote},
    ids::{AccountId, ReviewId, UnitId},
};
use rmu_postgres::DatabaseError;
use uuid::Uuid;

#[derive(Debug, QueryableByName)]
struct CountedRow {
    #[diesel(sql_type = sql::Uuid)]
    unit_id: Uuid,
    #[diesel(sql_type = sql::Nullable<sql::Uuid>)]
    author_id: Option<Uuid>,
    #[diesel(sql_type = sql::Bool)]
    visible: bool,
    #[diesel(sql_type = sql::Integer)]
    helpful: i32,
    #[diesel(sql_type = sql::Integer)]
    not_helpful: i32,
}

/// A review whose votes nobody else changes until the transaction ends.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Counted {
    pub(crate) unit: UnitId,
    pub(crate) author: Option<AccountId>,
    pub(crate) visible: bool,
    pub(crate) helpful: u32,
    pub(crate) not_helpful: u32,
}

pub(crate) async fn lock(
    connection: &mut AsyncPgConnection,
    review: ReviewId,
) -> Result<Option<Counted>, DatabaseError> {
    let rows: Vec<CountedRow> = CachedSql::new(
        "SELECT unit_id, author_id, state = 'visible' AS visible, helpful, not_helpful FROM reviews WHERE id = ",
    )
    .uuid(review)
    .sql(" FOR NO KEY UPDATE")
    .load(connection)
    .await?;
    let counted = rows.into_iter().next().map(|row| Counted {
        unit: row.unit_id.into(),
        author: row.author_id.map(AccountId::from),
        visible: row.visible,
        helpful: u32::try_from(row.helpful).unwrap_or_default(),
        not_helpful: u32::try_from(row.not_helpful).unwrap_or_default(),
    });
    Ok(counted)
}

#[derive(Debug, QueryableByName)]
struct VoteRow {
    #[diesel(sql_type = sql::Uuid)]
    review_id: Uuid,
    #[diesel(sql_type = sql::Bool)]
    helpful: bool,
}

impl VoteRow {
    fn vote(&self) -> Vote {
        if self.helpful { Vote::Helpful } else { Vote::NotHelpful }
    }
}

pub(crate) async fn find(
    connection: &mut AsyncPgConnection,
    review: ReviewId,
    voter: AccountId,
) -> Result<Option<Vote>, DatabaseError> {
    Ok(of_account(connection, voter, &[review]).await?.into_iter().next().map(|(_, vote)| vote))
}

pub(crate) async fn of_account(
    connection: &mut AsyncPgConnection,
    account: AccountId,
    reviews: &[ReviewId],
) -> Result<Vec<(ReviewId, Vote)>, DatabaseError> {
    let rows: Vec<VoteRow> = CachedSql::new("SELECT review_id, helpful FROM review_votes WHERE account_id = ")
        .uuid(account)
        .sql(" AND review_id = ANY(")
        .uuids(reviews.iter().map(|review| review.as_uuid()).collect())
        .sql(") ORDER BY review_id")
        .load(connection)
        .await?;
    Ok(rows.iter().map(|row| (row.review_id.into(), row.vote())).collect())
}

pub(crate) async fn set(
    connection: &mut AsyncPgConnection,
    review: ReviewId,
    voter: AccountId,
    vote: Option<Vote>,
) -> Result<(), DatabaseError> {
    let statement = match vote {
        Some(vote) => CachedSql::new("INSERT INTO review_votes (review_id, account_id, helpful) VALUES (")
            .uuid(review)
            .sql(", ")
            .uuid(voter)
            .sql(", ")
            .bool(vote == Vote::Helpful)
            .sql(") ON CONFLICT (review_id, account_id) DO UPDATE SET helpful = excluded.helpful"),
        None => CachedSql::new("DELETE FROM review_votes WHERE review_id = ")
            .uuid(review)
            .sql(" AND account_id = ")
            .uuid(voter),
    };
    statement.execute(connection).await?;
    Ok(())
}

/// Writes what the votes of a locked review come to, and the rank that they give it.
pub(crate) async fn keep_counts(
    connection: &mut AsyncPgConnection,
    review: ReviewId,
    helpful: u32,
    not_helpful: u32,
) -> Result<(), DatabaseError> {
    let number = |count: u32| i32::try_from(count).unwrap_or(i32::MAX);
    CachedSql::new("UPDATE reviews SET helpful = ")
        .integer(number(helpful))
        .sql(", not_helpful = ")
        .integer(number(not_helpful))
        .sql(", helpful_rank = ")
        .integer(helpfulness::rank(helpful, not_helpful))
        .sql(" WHERE id = ")
        .uuid(review)
        .execute(connection)
        .await?;
    Ok(())
}

#[derive(Debug, QueryableByName)]
struct RecountRow {
    #[diesel(sql_type = sql::Uuid)]
    id: Uuid,
    #[diesel(sql_type = sql::Integer)]
    helpful: i32,
    #[diesel(sql_type = sql::Integer)]
    not_helpful: i32,
}

/// Reviews whose counts are not those of their votes, with what they should be.
fn miscounted() -> CachedSql {
    CachedSql::new(
        "SELECT review.id, coalesce(vote.helpful, 0) AS helpful, coalesce(vote.not_helpful, 0) AS not_helpful
         FROM reviews AS review
         LEFT JOIN (SELECT review_id, count(*) FILTER (WHERE helpful)::integer AS helpful,
                           count(*) FILTER (WHERE NOT helpful)::integer AS not_helpful
                    FROM review_votes GROUP BY review_id) AS vote ON vote.review_id = review.id
         WHERE review.helpful <> coalesce(vote.helpful, 0) OR review.not_helpful <> coalesce(vote.not_helpful, 0)",
    )
}

pub(crate) async fn count_miscounted(connection: &mut AsyncPgConnection) -> Result<u64, DatabaseError> {
    let statement = CachedSql::new("SELECT count(*) AS count FROM (").then(miscounted()).sql(") AS miscounted");
    let row: CountRow = statement.get_result(connection).await?;
    Ok(u64::try_from(row.count).unwrap_or_default())
}

pub(crate) async fn some_miscounted(
    connection: &mut AsyncPgConnection,
) -> Result<Vec<(ReviewId, u32, u32)>, DatabaseError> {
    let rows: Vec<RecountRow> = miscounted().sql(" LIMIT 1000").load(connection).await?;
    let counts = rows.into_iter().map(|row| {
        let number = |count: i32| u32::try_from(count).unwrap_or_default();
        (row.id.into(), number(row.helpful), number(row.not_helpful))
    });
    Ok(counts.collect())
}
