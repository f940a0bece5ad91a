//! SQL behind what is noticed about new reviews.

use crate::store::cached_sql::CachedSql;
use chrono::{DateTime, Utc};
use diesel::{QueryableByName, sql_types as sql};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rmu_domain::ids::{AccountId, ReviewId, UnitId};
use rmu_postgres::DatabaseError;
use uuid::Uuid;

#[derive(Debug, QueryableByName)]
struct TextRow {
    #[diesel(sql_type = sql::Text)]
    body: String,
}

/// Texts of other reviews that share a band, so many at most.
pub(crate) async fn texts_sharing(
    connection: &mut AsyncPgConnection,
    bands: &[i32],
    except: ReviewId,
    most: i64,
) -> Result<Vec<String>, DatabaseError> {
    let rows: Vec<TextRow> = candidates(bands, except, most).load(connection).await?;
    Ok(rows.into_iter().map(|row| row.body).collect())
}

pub(crate) fn candidates(bands: &[i32], except: ReviewId, most: i64) -> CachedSql {
    CachedSql::new(
        "SELECT review.body
         FROM (SELECT review_id FROM review_fingerprints WHERE bands && ",
    )
    .integers(bands.to_vec())
    .sql(" AND review_id <> ")
    .uuid(except)
    .sql(" LIMIT ")
    .big(most)
    .sql(") AS candidate JOIN reviews AS review ON review.id = candidate.review_id WHERE review.body IS NOT NULL")
}

pub(crate) async fn keep_bands(
    connection: &mut AsyncPgConnection,
    review: ReviewId,
    bands: &[i32],
) -> Result<(), DatabaseError> {
    CachedSql::new("INSERT INTO review_fingerprints (review_id, bands) VALUES (")
        .uuid(review)
        .sql(", ")
        .integers(bands.to_vec())
        .sql(") ON CONFLICT (review_id) DO UPDATE SET bands = excluded.bands")
        .execute(connection)
        .await?;
    Ok(())
}

pub(crate) async fn forget_bands(connection: &mut AsyncPgConnection, review: ReviewId) -> Result<(), DatabaseError> {
    CachedSql::new("DELETE FROM review_fingerprints WHERE review_id = ").uuid(review).execute(connection).await?;
    Ok(())
}

#[derive(Debug, QueryableByName)]
struct ArrivalRow {
    #[diesel(sql_type = sql::Timestamptz)]
    created_at: DateTime<Utc>,
    #[diesel(sql_type = sql::Nullable<sql::Uuid>)]
    author_id: Option<Uuid>,
}

/// The latest reviews of a unit, visible or not, with when they came and by whom.
pub(crate) async fn latest_arrivals(
    connection: &mut AsyncPgConnection,
    unit: UnitId,
    most: i64,
) -> Result<Vec<(DateTime<Utc>, Option<AccountId>)>, DatabaseError> {
    let rows: Vec<ArrivalRow> = CachedSql::new("SELECT created_at, author_id FROM reviews WHERE unit_id = ")
        .uuid(unit)
        .sql(" ORDER BY created_at DESC LIMIT ")
        .big(most)
        .load(connection)
        .await?;
    Ok(rows.into_iter().map(|row| (row.created_at, row.author_id.map(AccountId::from))).collect())
}
