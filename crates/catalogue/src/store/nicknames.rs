//! Nicknames in Postgres, and among the abbreviations that search reads.

use crate::store::cached_sql::CachedSql;
use diesel::{QueryableByName, sql_types as sql};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rmu_domain::ids::UnitId;
use rmu_postgres::DatabaseError;
use std::collections::BTreeMap;

#[derive(Debug, QueryableByName)]
struct NameRow {
    #[diesel(sql_type = sql::Text)]
    name: String,
}

/// The folded nicknames of a unit as an array; to be followed by the unit and a closing bracket.
pub(crate) const FOLDED_OF: &str = "ARRAY(SELECT folded FROM unit_nicknames WHERE unit_id = ";

pub(crate) async fn title(connection: &mut AsyncPgConnection, unit: UnitId) -> Result<Option<String>, DatabaseError> {
    let rows: Vec<NameRow> =
        CachedSql::new("SELECT title AS name FROM units WHERE id = ").uuid(unit).load(connection).await?;
    Ok(rows.into_iter().next().map(|row| row.name))
}

/// The title of a unit whose row is ours until the transaction ends.
pub(crate) async fn lock(connection: &mut AsyncPgConnection, unit: UnitId) -> Result<Option<String>, DatabaseError> {
    let rows: Vec<NameRow> = CachedSql::new("SELECT title AS name FROM units WHERE id = ")
        .uuid(unit)
        .sql(" FOR NO KEY UPDATE")
        .load(connection)
        .await?;
    Ok(rows.into_iter().next().map(|row| row.name))
}

pub(crate) async fn given(connection: &mut AsyncPgConnection, unit: UnitId) -> Result<Vec<String>, DatabaseError> {
    let rows: Vec<NameRow> = CachedSql::new("SELECT nickname AS name FROM unit_nicknames WHERE unit_id = ")
        .uuid(unit)
        .sql(" ORDER BY folded")
        .load(connection)
        .await?;
    Ok(rows.into_iter().map(|row| row.name).collect())
}

/// Makes these, by their folded forms, the nicknames of a locked unit.
pub(crate) async fn replace(
    connection: &mut AsyncPgConnection,
    unit: UnitId,
    by_folded: &BTreeMap<&str, &str>,
) -> Result<(), DatabaseError> {
    CachedSql::new("DELETE FROM unit_nicknames WHERE unit_id = ").uuid(unit).execute(connection).await?;
    let (folded, written) = by_folded.iter().map(|(one, other)| ((*one).to_owned(), (*other).to_owned())).unzip();
    CachedSql::new("INSERT INTO unit_nicknames (unit_id, folded, nickname) SELECT ")
        .uuid(unit)
        .sql(", name.folded, name.nickname FROM unnest(")
        .texts(folded)
        .sql(", ")
        .texts(written)
        .sql(") AS name (folded, nickname)")
        .execute(connection)
        .await?;
    Ok(())
}

/// Makes the unit findable by its nicknames beside what its title is abbreviated to.
pub(crate) async fn index(
    connection: &mut AsyncPgConnection,
    unit: UnitId,
    abbreviations: Vec<String>,
) -> Result<(), DatabaseError> {
    CachedSql::new("UPDATE unit_search SET abbreviations = ")
        .texts(abbreviations)
        .sql(" || ")
        .sql(FOLDED_OF)
        .uuid(unit)
        .sql(") WHERE unit_id = ")
        .uuid(unit)
        .execute(connection)
        .await?;
    Ok(())
}

/// The names of a unit are names of the one that goes on under another code as well, also when the merge is undone.
pub(crate) async fn hand_over(
    connection: &mut AsyncPgConnection,
    former: UnitId,
    unit: UnitId,
) -> Result<(), DatabaseError> {
    CachedSql::new("INSERT INTO unit_nicknames (unit_id, folded, nickname) SELECT ")
        .uuid(unit)
        .sql(", folded, nickname FROM unit_nicknames WHERE unit_id = ")
        .uuid(former)
        .sql(" ON CONFLICT DO NOTHING")
        .execute(connection)
        .await?;
    CachedSql::new(
        "UPDATE unit_search SET abbreviations = ARRAY(
             SELECT unnest(abbreviations) UNION SELECT folded FROM unit_nicknames WHERE unit_id = ",
    )
    .uuid(unit)
    .sql(") WHERE unit_id = ")
    .uuid(unit)
    .execute(connection)
    .await?;
    Ok(())
}
