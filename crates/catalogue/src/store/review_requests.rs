//! SQL of requests for reviews.

use crate::{
    page::{PageLimit, Total},
    review_requests::WantedUnit,
    store::{
        cached_sql::CachedSql,
        counting::{CountRow, count_rows},
        units::CandidateRow,
    },
};
use chrono::{DateTime, Utc};
use diesel::{QueryableByName, sql_types as sql};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rmu_domain::ids::{AccountId, UnitId, UniversityId};
use rmu_postgres::DatabaseError;
use uuid::Uuid;

#[derive(Debug, QueryableByName)]
struct UniversityRow {
    #[diesel(sql_type = sql::Uuid)]
    university_id: Uuid,
}

/// Locks a unit against reviews; `None` when there is no such unit.
pub(crate) async fn lock_unit(
    connection: &mut AsyncPgConnection,
    unit: UnitId,
) -> Result<Option<UniversityId>, DatabaseError> {
    let rows: Vec<UniversityRow> = CachedSql::new("SELECT university_id FROM units WHERE id = ")
        .uuid(unit)
        .sql(" FOR NO KEY UPDATE")
        .load(connection)
        .await?;
    Ok(rows.into_iter().next().map(|row| row.university_id.into()))
}

/// False when the account had asked before.
pub(crate) async fn insert(
    connection: &mut AsyncPgConnection,
    unit: UnitId,
    account: AccountId,
) -> Result<bool, DatabaseError> {
    let inserted = CachedSql::new("INSERT INTO review_requests (unit_id, account_id) VALUES (")
        .uuid(unit)
        .sql(", ")
        .uuid(account)
        .sql(") ON CONFLICT DO NOTHING")
        .execute(connection)
        .await?;
    Ok(inserted > 0)
}

pub(crate) async fn count_up(
    connection: &mut AsyncPgConnection,
    unit: UnitId,
    university: UniversityId,
) -> Result<(), DatabaseError> {
    CachedSql::new("INSERT INTO wanted_units AS kept (unit_id, university_id, requests) VALUES (")
        .uuid(unit)
        .sql(", ")
        .uuid(university)
        .sql(", 1) ON CONFLICT (unit_id) DO UPDATE SET requests = kept.requests + 1")
        .execute(connection)
        .await?;
    Ok(())
}

/// How many asked for a review of the unit.
pub(crate) async fn count(connection: &mut AsyncPgConnection, unit: UnitId) -> Result<u32, DatabaseError> {
    let row: CountRow =
        CachedSql::new("SELECT coalesce(sum(requests), 0)::bigint AS count FROM wanted_units WHERE unit_id = ")
            .uuid(unit)
            .get_result(connection)
            .await?;
    Ok(u32::try_from(row.count).unwrap_or(u32::MAX))
}

/// Nobody wants what is there now; called in the transaction that writes a review. False when nobody did.
///
/// Who asked is forgotten as they are told, by [`take`]: they may be many, and the author need not wait.
pub(crate) async fn fulfil(connection: &mut AsyncPgConnection, unit: UnitId) -> Result<bool, DatabaseError> {
    let wanted = CachedSql::new("DELETE FROM wanted_units WHERE unit_id = ").uuid(unit).execute(connection).await?;
    Ok(wanted > 0)
}

#[derive(Debug, QueryableByName)]
struct AccountRow {
    #[diesel(sql_type = sql::Uuid)]
    account_id: Uuid,
}

/// Forgets up to `count` of those who asked before `asked_before`, and says who they were.
pub(crate) async fn take(
    connection: &mut AsyncPgConnection,
    unit: UnitId,
    asked_before: DateTime<Utc>,
    count: i64,
) -> Result<Vec<AccountId>, DatabaseError> {
    let rows: Vec<AccountRow> = CachedSql::new(
        "DELETE FROM review_requests WHERE (unit_id, account_id) IN (
             SELECT unit_id, account_id FROM review_requests WHERE unit_id = ",
    )
    .uuid(unit)
    .sql(" AND requested_at <= ")
    .time(asked_before)
    .sql(" ORDER BY account_id LIMIT ")
    .big(count)
    .sql(") RETURNING account_id")
    .load(connection)
    .await?;
    Ok(rows.into_iter().map(|row| row.account_id.into()).collect())
}

/// Forgets what an account asked for. Units that somebody else or nobody wants any more stand lower or nowhere.
pub(crate) async fn delete_of_account(
    connection: &mut AsyncPgConnection,
    account: AccountId,
) -> Result<(), DatabaseError> {
    // Before the requests, as everywhere: whoever asks or writes a review holds the unit first.
    let asked = |statement: CachedSql| {
        statement.sql("(SELECT unit_id FROM review_requests WHERE account_id = ").uuid(account).sql(")")
    };
    let lock = asked(CachedSql::new("SELECT FROM units WHERE id IN ")).sql(" ORDER BY id FOR NO KEY UPDATE");
    lock.execute(connection).await?;
    let last = asked(CachedSql::new("DELETE FROM wanted_units WHERE requests = 1 AND unit_id IN "));
    last.execute(connection).await?;
    let others = asked(CachedSql::new("UPDATE wanted_units SET requests = requests - 1 WHERE unit_id IN "));
    others.execute(connection).await?;
    CachedSql::new("DELETE FROM review_requests WHERE account_id = ").uuid(account).execute(connection).await?;
    Ok(())
}

#[derive(Debug, QueryableByName)]
struct WantedRow {
    #[diesel(embed)]
    unit: CandidateRow,
    #[diesel(sql_type = sql::Integer)]
    requests: i32,
}

/// The wanted units after a place, one more than the page holds when there are more.
pub(crate) async fn page(
    connection: &mut AsyncPgConnection,
    university: Option<UniversityId>,
    after: Option<(i32, Uuid)>,
    limit: PageLimit,
) -> Result<Vec<WantedUnit>, DatabaseError> {
    let mut statement = CachedSql::new(
        "SELECT unit.id, unit.code, unit.title, university.id AS university_id, university.slug AS university_slug,
                university.name AS university_name, wanted.requests
         FROM wanted_units AS wanted
         JOIN units AS unit ON unit.id = wanted.unit_id
         JOIN universities AS university ON university.id = wanted.university_id
         WHERE true",
    );
    if let Some(university) = university {
        statement = statement.sql(" AND wanted.university_id = ").uuid(university);
    }
    if let Some((requests, unit)) = after {
        statement = statement.sql(" AND (wanted.requests, wanted.unit_id) < (").integer(requests);
        statement = statement.sql(", ").uuid(unit).sql(")");
    }
    let rows: Vec<WantedRow> = statement
        .sql(" ORDER BY wanted.requests DESC, wanted.unit_id DESC LIMIT ")
        .big(limit.and_one_more())
        .load(connection)
        .await?;
    let wanted = rows
        .into_iter()
        .map(|row| WantedUnit { unit: row.unit.into(), requests: u32::try_from(row.requests).unwrap_or_default() });
    Ok(wanted.collect())
}

pub(crate) async fn count_wanted(
    connection: &mut AsyncPgConnection,
    university: Option<UniversityId>,
) -> Result<Total, DatabaseError> {
    let mut rows = CachedSql::new("SELECT FROM wanted_units WHERE true");
    if let Some(university) = university {
        rows = rows.sql(" AND university_id = ").uuid(university);
    }
    count_rows(connection, rows).await
}
