//! SQL of units that accounts keep: two tables of one shape.

use crate::{
    kept_units::{KeptAs, KeptUnit},
    page::{PageLimit, Total},
    store::{cached_sql::CachedSql, counting::count_rows, units::CandidateRow},
};
use chrono::{DateTime, Utc};
use diesel::{QueryableByName, sql_types as sql};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rmu_domain::ids::{AccountId, UnitId};
use rmu_postgres::DatabaseError;

/// Tells this lock from others over the same account.
const LOCK: i32 = 531;

fn table(kept: KeptAs) -> &'static str {
    match kept {
        KeptAs::Followed => "unit_follows",
        KeptAs::Bookmarked => "unit_bookmarks",
    }
}

/// Makes whoever else changes what the account keeps wait until this transaction ends.
pub(crate) async fn lock_account(connection: &mut AsyncPgConnection, account: AccountId) -> Result<(), DatabaseError> {
    CachedSql::new("SELECT pg_advisory_xact_lock(")
        .integer(LOCK)
        .sql(", hashtext(")
        .text(account.to_string())
        .sql("))")
        .execute(connection)
        .await?;
    Ok(())
}

#[derive(Debug, QueryableByName)]
struct ExistsRow {
    #[diesel(sql_type = sql::Bool)]
    there: bool,
}

pub(crate) async fn contains(
    connection: &mut AsyncPgConnection,
    kept: KeptAs,
    account: AccountId,
    unit: UnitId,
) -> Result<bool, DatabaseError> {
    let row: ExistsRow = CachedSql::new("SELECT EXISTS (SELECT FROM ")
        .sql(table(kept))
        .sql(" WHERE unit_id = ")
        .uuid(unit)
        .sql(" AND account_id = ")
        .uuid(account)
        .sql(") AS there")
        .get_result(connection)
        .await?;
    Ok(row.there)
}

pub(crate) async fn insert(
    connection: &mut AsyncPgConnection,
    kept: KeptAs,
    account: AccountId,
    unit: UnitId,
) -> Result<(), DatabaseError> {
    CachedSql::new("INSERT INTO ")
        .sql(table(kept))
        .sql(" (unit_id, account_id) VALUES (")
        .uuid(unit)
        .sql(", ")
        .uuid(account)
        .sql(")")
        .execute(connection)
        .await?;
    Ok(())
}

pub(crate) async fn delete(
    connection: &mut AsyncPgConnection,
    kept: KeptAs,
    account: AccountId,
    unit: UnitId,
) -> Result<(), DatabaseError> {
    CachedSql::new("DELETE FROM ")
        .sql(table(kept))
        .sql(" WHERE unit_id = ")
        .uuid(unit)
        .sql(" AND account_id = ")
        .uuid(account)
        .execute(connection)
        .await?;
    Ok(())
}

#[derive(Debug, QueryableByName)]
struct KeptRow {
    #[diesel(embed)]
    unit: CandidateRow,
    #[diesel(sql_type = sql::Timestamptz)]
    kept_at: DateTime<Utc>,
}

/// What is kept after a place, one more than the page holds when there is more.
pub(crate) async fn page(
    connection: &mut AsyncPgConnection,
    kept: KeptAs,
    account: AccountId,
    after: Option<(DateTime<Utc>, UnitId)>,
    limit: PageLimit,
) -> Result<Vec<KeptUnit>, DatabaseError> {
    let rows: Vec<KeptRow> = paging(kept, account, after, limit).load(connection).await?;
    Ok(rows.into_iter().map(|row| KeptUnit { unit: row.unit.into(), since: row.kept_at }).collect())
}

pub(super) fn paging(
    kept: KeptAs,
    account: AccountId,
    after: Option<(DateTime<Utc>, UnitId)>,
    limit: PageLimit,
) -> CachedSql {
    let mut statement = CachedSql::new(
        "SELECT kept.kept_at, unit.id, unit.code, unit.title, university.id AS university_id,
                university.slug AS university_slug, university.name AS university_name
         FROM ",
    )
    .sql(table(kept))
    .sql(
        " AS kept
         JOIN units AS unit ON unit.id = kept.unit_id
         JOIN universities AS university ON university.id = unit.university_id
         WHERE kept.account_id = ",
    )
    .uuid(account);
    if let Some((at, unit)) = after {
        statement = statement.sql(" AND (kept.kept_at, kept.unit_id) < (").time(at);
        statement = statement.sql(", ").uuid(unit).sql(")");
    }
    statement.sql(" ORDER BY kept.kept_at DESC, kept.unit_id DESC LIMIT ").big(limit.and_one_more())
}

pub(crate) async fn count(
    connection: &mut AsyncPgConnection,
    kept: KeptAs,
    account: AccountId,
) -> Result<Total, DatabaseError> {
    let rows = CachedSql::new("SELECT FROM ").sql(table(kept)).sql(" WHERE account_id = ").uuid(account);
    count_rows(connection, rows).await
}

/// Whoever keeps one unit keeps the other instead: the first goes on as the second.
pub(crate) async fn hand_over(
    connection: &mut AsyncPgConnection,
    from: UnitId,
    to: UnitId,
) -> Result<(), DatabaseError> {
    for kept in [KeptAs::Followed, KeptAs::Bookmarked] {
        CachedSql::new("WITH gone AS (DELETE FROM ")
            .sql(table(kept))
            .sql(" WHERE unit_id = ")
            .uuid(from)
            .sql(" RETURNING account_id, kept_at) INSERT INTO ")
            .sql(table(kept))
            .sql(" (unit_id, account_id, kept_at) SELECT ")
            .uuid(to)
            .sql(", account_id, kept_at FROM gone ON CONFLICT DO NOTHING")
            .execute(connection)
            .await?;
    }
    Ok(())
}

/// Everything that an account keeps.
pub(crate) async fn delete_of_account(
    connection: &mut AsyncPgConnection,
    account: AccountId,
) -> Result<(), DatabaseError> {
    for kept in [KeptAs::Followed, KeptAs::Bookmarked] {
        let statement = CachedSql::new("DELETE FROM ").sql(table(kept)).sql(" WHERE account_id = ").uuid(account);
        statement.execute(connection).await?;
    }
    Ok(())
}
