//! Rows of units that point to the unit that goes on, and the reviews that went along.

use crate::{aliases::Alias, store::cached_sql::CachedSql};
use diesel::{QueryableByName, sql_types as sql};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rmu_domain::{
    ids::{ReviewId, UnitId},
    unit_code::UnitCode,
};
use rmu_postgres::DatabaseError;
use uuid::Uuid;

#[derive(Debug, QueryableByName)]
struct AliasRow {
    #[diesel(sql_type = sql::Uuid)]
    id: Uuid,
    #[diesel(sql_type = sql::Text)]
    code: String,
    #[diesel(sql_type = sql::BigInt)]
    moved: i64,
    #[diesel(sql_type = sql::BigInt)]
    set_aside: i64,
}

/// The codes that lead to a unit, in their order.
pub(crate) async fn aliases(connection: &mut AsyncPgConnection, unit: UnitId) -> Result<Vec<Alias>, DatabaseError> {
    let rows: Vec<AliasRow> = CachedSql::new(
        "SELECT former.id, former.code,
                (SELECT count(*) FROM moved_reviews WHERE former_unit = former.id) AS moved,
                (SELECT count(*) FROM reviews WHERE unit_id = former.id AND state_cause = 'merge') AS set_aside
         FROM units AS former WHERE former.merged_into = ",
    )
    .uuid(unit)
    .sql(" ORDER BY former.code_normalised LIMIT 100")
    .load(connection)
    .await?;
    let count = |number: i64| u32::try_from(number).unwrap_or(u32::MAX);
    let alias = |row: AliasRow| Alias {
        code: row.code,
        former: row.id.into(),
        reviews_moved: count(row.moved),
        reviews_set_aside: count(row.set_aside),
    };
    Ok(rows.into_iter().map(alias).collect())
}

#[derive(Debug, QueryableByName)]
struct IdRow {
    #[diesel(sql_type = sql::Uuid)]
    id: Uuid,
}

/// The unit of an old code at the university of `unit`; one that was never read gets a row, so that whoever reads it
/// first from now on meets that. `None` when there is no `unit`.
pub(crate) async fn former(
    connection: &mut AsyncPgConnection,
    unit: UnitId,
    code: &UnitCode,
) -> Result<Option<UnitId>, DatabaseError> {
    CachedSql::new(
        "INSERT INTO units (id, university_id, code, code_normalised, title, first_seen_at, last_seen_at)
         SELECT ",
    )
    .uuid(UnitId::new())
    .sql(", university_id, ")
    .text(code.as_str())
    .sql(", ")
    .text(code.normalised())
    .sql(", title, now(), now() FROM units WHERE id = ")
    .uuid(unit)
    .sql(" ON CONFLICT (university_id, code_normalised) DO NOTHING")
    .execute(connection)
    .await?;
    let rows: Vec<IdRow> = CachedSql::new(
        "SELECT former.id FROM units AS unit JOIN units AS former ON former.university_id = unit.university_id
         WHERE unit.id = ",
    )
    .uuid(unit)
    .sql(" AND former.code_normalised = ")
    .text(code.normalised())
    .load(connection)
    .await?;
    Ok(rows.into_iter().next().map(|row| row.id.into()))
}

#[derive(Debug, QueryableByName)]
struct LockedRow {
    #[diesel(sql_type = sql::Uuid)]
    id: Uuid,
    #[diesel(sql_type = sql::Text)]
    code: String,
    #[diesel(sql_type = sql::Nullable<sql::Uuid>)]
    merged_into: Option<Uuid>,
}

/// A locked unit, as far as merging is concerned.
#[derive(Debug, Clone)]
pub(crate) struct UnitRow {
    pub(crate) id: UnitId,
    pub(crate) code: String,
    pub(crate) merged_into: Option<UnitId>,
}

/// Locks units by id against those who review them and those who read their pages.
pub(crate) async fn lock(connection: &mut AsyncPgConnection, units: &[UnitId]) -> Result<Vec<UnitRow>, DatabaseError> {
    let rows: Vec<LockedRow> = CachedSql::new("SELECT id, code, merged_into FROM units WHERE id = ANY(")
        .uuids(units.iter().map(|unit| unit.as_uuid()).collect())
        .sql(") ORDER BY id FOR NO KEY UPDATE")
        .load(connection)
        .await?;
    let row =
        |row: LockedRow| UnitRow { id: row.id.into(), code: row.code, merged_into: row.merged_into.map(UnitId::from) };
    Ok(rows.into_iter().map(row).collect())
}

/// Lets a locked unit lead to another, or be one of its own again.
pub(crate) async fn point(
    connection: &mut AsyncPgConnection,
    former: UnitId,
    to: Option<UnitId>,
) -> Result<(), DatabaseError> {
    let statement = CachedSql::new("UPDATE units SET merged_into = ");
    let statement = match to {
        Some(unit) => statement.uuid(unit),
        None => statement.sql("NULL"),
    };
    statement.sql(" WHERE id = ").uuid(former).execute(connection).await?;
    Ok(())
}

/// Takes a unit out of everything that lists units. Requests for a review of it are forgotten: there is nothing to
/// review any more.
pub(crate) async fn hide(connection: &mut AsyncPgConnection, former: UnitId) -> Result<(), DatabaseError> {
    for statement in [
        "DELETE FROM unit_search WHERE unit_id = ",
        "DELETE FROM unit_requisites WHERE unit_id = ",
        "DELETE FROM review_requests WHERE unit_id = ",
        "DELETE FROM wanted_units WHERE unit_id = ",
    ] {
        CachedSql::new(statement).uuid(former).execute(connection).await?;
    }
    Ok(())
}

/// Removes a row that stood for a code alone.
pub(crate) async fn forget(connection: &mut AsyncPgConnection, unit: UnitId) -> Result<(), DatabaseError> {
    CachedSql::new("DELETE FROM units WHERE current_version IS NULL AND id = ").uuid(unit).execute(connection).await?;
    Ok(())
}

async fn reviews(connection: &mut AsyncPgConnection, statement: CachedSql) -> Result<Vec<ReviewId>, DatabaseError> {
    let rows: Vec<IdRow> = statement.load(connection).await?;
    Ok(rows.into_iter().map(|row| row.id.into()).collect())
}

/// Visible reviews of the former unit whose authors have reviewed the other too.
pub(crate) async fn by_authors_of_both(
    connection: &mut AsyncPgConnection,
    former: UnitId,
    unit: UnitId,
) -> Result<Vec<ReviewId>, DatabaseError> {
    let statement = CachedSql::new("SELECT id FROM reviews AS old WHERE state = 'visible' AND unit_id = ")
        .uuid(former)
        .sql(" AND EXISTS (SELECT FROM reviews WHERE author_id = old.author_id AND unit_id = ")
        .uuid(unit)
        .sql(") ORDER BY id");
    reviews(connection, statement).await
}

/// The reviews of the former unit whose authors have not reviewed the other.
pub(crate) async fn without_review_of(
    connection: &mut AsyncPgConnection,
    former: UnitId,
    unit: UnitId,
) -> Result<Vec<ReviewId>, DatabaseError> {
    let statement = CachedSql::new("SELECT id FROM reviews AS old WHERE unit_id = ")
        .uuid(former)
        .sql(" AND NOT EXISTS (SELECT FROM reviews WHERE author_id = old.author_id AND unit_id = ")
        .uuid(unit)
        .sql(") ORDER BY id");
    reviews(connection, statement).await
}

/// The reviews that came from the former unit and are still with the other.
pub(crate) async fn moved(
    connection: &mut AsyncPgConnection,
    former: UnitId,
    unit: UnitId,
) -> Result<Vec<ReviewId>, DatabaseError> {
    let statement = CachedSql::new(
        "SELECT review.id FROM moved_reviews AS moved JOIN reviews AS review ON review.id = moved.review_id
         WHERE moved.former_unit = ",
    )
    .uuid(former)
    .sql(" AND review.unit_id = ")
    .uuid(unit)
    .sql(" ORDER BY review.id");
    reviews(connection, statement).await
}

/// The reviews that were set aside with the former unit.
pub(crate) async fn set_aside(
    connection: &mut AsyncPgConnection,
    former: UnitId,
) -> Result<Vec<ReviewId>, DatabaseError> {
    let statement = CachedSql::new("SELECT id FROM reviews WHERE state_cause = 'merge' AND unit_id = ")
        .uuid(former)
        .sql(" ORDER BY id");
    reviews(connection, statement).await
}

/// Gives locked reviews of one unit to another. They keep the code that they were written under.
pub(crate) async fn move_reviews(
    connection: &mut AsyncPgConnection,
    moving: &[ReviewId],
    from: UnitId,
    to: UnitId,
) -> Result<(), DatabaseError> {
    CachedSql::new("UPDATE reviews SET unit_id = ")
        .uuid(to)
        .sql(" WHERE unit_id = ")
        .uuid(from)
        .sql(" AND id = ANY(")
        .uuids(moving.iter().map(|review| review.as_uuid()).collect())
        .sql(")")
        .execute(connection)
        .await?;
    Ok(())
}

pub(crate) async fn remember_moved(
    connection: &mut AsyncPgConnection,
    moved: &[ReviewId],
    former: UnitId,
) -> Result<(), DatabaseError> {
    CachedSql::new("INSERT INTO moved_reviews (review_id, former_unit) SELECT review, ")
        .uuid(former)
        .sql(" FROM unnest(")
        .uuids(moved.iter().map(|review| review.as_uuid()).collect())
        .sql(") AS review")
        .execute(connection)
        .await?;
    Ok(())
}

pub(crate) async fn forget_moved(connection: &mut AsyncPgConnection, former: UnitId) -> Result<(), DatabaseError> {
    CachedSql::new("DELETE FROM moved_reviews WHERE former_unit = ").uuid(former).execute(connection).await?;
    Ok(())
}
