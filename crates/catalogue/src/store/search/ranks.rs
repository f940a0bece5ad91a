//! Scores and review counts where search sorts and filters by them.

use crate::store::cached_sql::CachedSql;
use diesel::{QueryableByName, sql_types as sql};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rmu_domain::ids::UnitId;
use rmu_postgres::DatabaseError;
use uuid::Uuid;

/// What a unit is ranked by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rank {
    pub(crate) unit: UnitId,
    pub(crate) reviews: i32,
    /// As it is shown; `None` without reviews.
    pub(crate) score_hundredths: Option<i32>,
}

#[derive(Debug, QueryableByName)]
struct UnitRow {
    #[diesel(sql_type = sql::Uuid)]
    unit_id: Uuid,
}

/// Makes the unit's rank ours to write until the transaction ends. What is read after this has everything that
/// those before us wrote: two reviews at once are both counted.
pub(crate) async fn lock(connection: &mut AsyncPgConnection, unit: UnitId) -> Result<bool, DatabaseError> {
    let rows: Vec<UnitRow> = CachedSql::new("SELECT unit_id FROM unit_search WHERE unit_id = ")
        .uuid(unit)
        .sql(" FOR NO KEY UPDATE")
        .load(connection)
        .await?;
    Ok(!rows.is_empty())
}

/// The next reviewed units after one, locked; those that somebody else holds are just being ranked anew.
pub(crate) async fn lock_some(
    connection: &mut AsyncPgConnection,
    after: Option<UnitId>,
    at_most: i64,
) -> Result<Vec<UnitId>, DatabaseError> {
    let mut statement = CachedSql::new("SELECT unit_id FROM unit_search WHERE reviews > 0");
    if let Some(after) = after {
        statement = statement.sql(" AND unit_id > ").uuid(after);
    }
    let rows: Vec<UnitRow> = statement
        .sql(" ORDER BY unit_id LIMIT ")
        .big(at_most)
        .sql(" FOR NO KEY UPDATE SKIP LOCKED")
        .load(connection)
        .await?;
    Ok(rows.into_iter().map(|row| row.unit_id.into()).collect())
}

/// Writes ranks of locked units, where they changed.
pub(crate) async fn write(connection: &mut AsyncPgConnection, ranks: &[Rank]) -> Result<usize, DatabaseError> {
    let written = CachedSql::new(
        "UPDATE unit_search AS found
         SET reviews = fresh.reviews, score_hundredths = nullif(fresh.score, 0)
         FROM unnest(",
    )
    .uuids(ranks.iter().map(|rank| rank.unit.as_uuid()).collect())
    .sql(", ")
    .integers(ranks.iter().map(|rank| rank.reviews).collect())
    .sql(", ")
    // No score is 0: the scale begins at 1.
    .integers(ranks.iter().map(|rank| rank.score_hundredths.unwrap_or(0)).collect())
    .sql(
        ") AS fresh (unit_id, reviews, score)
         WHERE found.unit_id = fresh.unit_id
             AND (found.reviews <> fresh.reviews OR found.score_hundredths IS DISTINCT FROM nullif(fresh.score, 0))",
    )
    .execute(connection)
    .await?;
    Ok(written)
}

/// After a recount: counts anew how many reviews each unit has. Scores follow unit by unit.
pub(crate) async fn recount(connection: &mut AsyncPgConnection) -> Result<(), DatabaseError> {
    CachedSql::new(
        "UPDATE unit_search AS found
         SET reviews = counted.reviews,
             score_hundredths = CASE WHEN counted.reviews > 0 THEN found.score_hundredths END
         FROM (SELECT one.unit_id, coalesce(sum(score.reviews), 0)::integer AS reviews
               FROM unit_search AS one LEFT JOIN unit_scores AS score ON score.unit_id = one.unit_id
               GROUP BY one.unit_id) AS counted
         WHERE counted.unit_id = found.unit_id AND counted.reviews <> found.reviews",
    )
    .execute(connection)
    .await?;
    Ok(())
}
