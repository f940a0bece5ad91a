//! The edges between units: kept by the ingest, followed in both directions.

use crate::{
    page::PageLimit,
    page::Total,
    requisites::NamedUnit,
    store::{cached_sql::CachedSql, counting::count_rows},
};
use diesel::{QueryableByName, sql_types as sql};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rmu_domain::{
    ids::{UnitId, UniversityId},
    requisite::Requisite,
    unit_code::UnitCode,
};
use rmu_postgres::DatabaseError;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// Makes the edges of a unit those of its requisites; called in the transaction that changes the unit.
pub(crate) async fn keep(
    connection: &mut AsyncPgConnection,
    unit: UnitId,
    university: UniversityId,
    requisites: &[Requisite],
) -> Result<(), DatabaseError> {
    CachedSql::new("DELETE FROM unit_requisites WHERE unit_id = ").uuid(unit).execute(connection).await?;
    let edges: BTreeSet<(&'static str, String)> = requisites
        .iter()
        .flat_map(|requisite| {
            let codes = requisite.expression.as_ref().map(|expression| expression.codes()).unwrap_or_default();
            codes.into_iter().map(|code| (requisite.kind.as_str(), UnitCode::normalised(code)))
        })
        .collect();
    if edges.is_empty() {
        return Ok(());
    }
    let (kinds, codes) = edges.into_iter().map(|(kind, code)| (kind.to_owned(), code)).unzip();
    CachedSql::new("INSERT INTO unit_requisites (unit_id, university_id, kind, code_normalised) SELECT ")
        .uuid(unit)
        .sql(", ")
        .uuid(university)
        .sql(", edge.kind, edge.code FROM unnest(")
        .texts(kinds)
        .sql(", ")
        .texts(codes)
        .sql(") AS edge (kind, code)")
        .execute(connection)
        .await?;
    Ok(())
}

#[derive(Debug, QueryableByName)]
struct MeantRow {
    /// The normalised code by which it is meant.
    #[diesel(sql_type = sql::Text)]
    asked: String,
    #[diesel(embed)]
    unit: NamedRow,
}

#[derive(Debug, QueryableByName)]
struct NamedRow {
    #[diesel(sql_type = sql::Uuid)]
    id: Uuid,
    #[diesel(sql_type = sql::Text)]
    code: String,
    #[diesel(sql_type = sql::Text)]
    title: String,
}

impl From<NamedRow> for NamedUnit {
    fn from(row: NamedRow) -> Self {
        Self { id: row.id.into(), code: row.code, title: row.title }
    }
}

/// The units of a university that have these normalised codes, or had them before.
pub(crate) async fn named(
    connection: &mut AsyncPgConnection,
    university: UniversityId,
    codes: Vec<String>,
) -> Result<BTreeMap<String, NamedUnit>, DatabaseError> {
    if codes.is_empty() {
        return Ok(BTreeMap::new());
    }
    let rows: Vec<MeantRow> = CachedSql::new(
        "SELECT meant.code_normalised AS asked, unit.id, unit.code, unit.title
         FROM units AS meant JOIN units AS unit ON unit.id = coalesce(meant.merged_into, meant.id)
         WHERE meant.university_id = ",
    )
    .uuid(university)
    .sql(" AND meant.code_normalised = ANY(")
    .texts(codes)
    .sql(")")
    .load(connection)
    .await?;
    Ok(rows.into_iter().map(|row| (row.asked, row.unit.into())).collect())
}

pub(crate) async fn by_ids(
    connection: &mut AsyncPgConnection,
    units: &BTreeSet<UnitId>,
) -> Result<Vec<NamedUnit>, DatabaseError> {
    let rows: Vec<NamedRow> = CachedSql::new("SELECT id, code, title FROM units WHERE id = ANY(")
        .uuids(units.iter().map(|unit| unit.as_uuid()).collect())
        .sql(")")
        .load(connection)
        .await?;
    Ok(rows.into_iter().map(NamedUnit::from).collect())
}

/// The units whose prerequisites name a code, one more than the page holds when there are more.
pub(crate) async fn unlocked(
    connection: &mut AsyncPgConnection,
    university: UniversityId,
    code: &str,
    after: Option<&(String, Uuid)>,
    limit: PageLimit,
) -> Result<Vec<NamedUnit>, DatabaseError> {
    let rows: Vec<NamedRow> =
        unlocked_statement(university, code, after, limit.and_one_more()).load(connection).await?;
    Ok(rows.into_iter().map(NamedUnit::from).collect())
}

pub(crate) fn unlocked_statement(
    university: UniversityId,
    code: &str,
    after: Option<&(String, Uuid)>,
    at_most: i64,
) -> CachedSql {
    let mut statement = CachedSql::new(
        "SELECT unit.id, unit.code, unit.title
         FROM unit_requisites AS edge JOIN units AS unit ON unit.id = edge.unit_id
         WHERE edge.university_id = ",
    )
    .uuid(university)
    .sql(" AND edge.code_normalised = ")
    .text(code)
    .sql(" AND edge.kind = 'prerequisite'");
    if let Some((code, unit)) = after {
        statement = statement.sql(" AND (unit.code_normalised COLLATE \"C\", unit.id) > (").text(code.as_str());
        statement = statement.sql(" COLLATE \"C\", ").uuid(*unit).sql(")");
    }
    statement.sql(" ORDER BY unit.code_normalised COLLATE \"C\", unit.id LIMIT ").big(at_most)
}

/// How many units [`unlocked`] has on all pages, counted no further than totals are exact.
pub(crate) async fn count_unlocked(
    connection: &mut AsyncPgConnection,
    university: UniversityId,
    code: &str,
) -> Result<Total, DatabaseError> {
    let rows = CachedSql::new("SELECT FROM unit_requisites WHERE university_id = ")
        .uuid(university)
        .sql(" AND code_normalised = ")
        .text(code)
        .sql(" AND kind = 'prerequisite'");
    count_rows(connection, rows).await
}

#[derive(Debug, QueryableByName)]
struct EdgeRow {
    #[diesel(sql_type = sql::Uuid)]
    from_unit: Uuid,
    #[diesel(sql_type = sql::Uuid)]
    to_unit: Uuid,
}

/// The prerequisites that are reached from a unit over known units, each edge once.
pub(crate) async fn edges_from(
    connection: &mut AsyncPgConnection,
    unit: UnitId,
) -> Result<Vec<(UnitId, UnitId)>, DatabaseError> {
    let rows: Vec<EdgeRow> = edges_statement(unit).load(connection).await?;
    Ok(rows.into_iter().map(|row| (row.from_unit.into(), row.to_unit.into())).collect())
}

/// The outer limit also ends the walk: no more steps are taken than edges are wanted.
pub(crate) fn edges_statement(unit: UnitId) -> CachedSql {
    CachedSql::new(
        "WITH RECURSIVE reached (from_unit, to_unit) AS (
             SELECT edge.unit_id, coalesce(named.merged_into, named.id)
             FROM unit_requisites AS edge
             JOIN units AS named
                 ON named.university_id = edge.university_id AND named.code_normalised = edge.code_normalised
             WHERE edge.kind = 'prerequisite' AND edge.unit_id = ",
    )
    .uuid(unit)
    .sql(
        "
             UNION
             SELECT edge.unit_id, coalesce(named.merged_into, named.id)
             FROM reached
             JOIN unit_requisites AS edge ON edge.unit_id = reached.to_unit AND edge.kind = 'prerequisite'
             JOIN units AS named
                 ON named.university_id = edge.university_id AND named.code_normalised = edge.code_normalised
         )
         SELECT from_unit, to_unit FROM reached LIMIT 2000",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::search::plans::{assert_reads_little, filled};

    #[tokio::test]
    async fn what_a_unit_unlocks_and_leads_to_is_looked_up() {
        let (_test, database) = filled().await;
        let mut connection = database.connection().await.unwrap();
        let university = Uuid::from_u128(0x0000_0000_0000_7000_8000_0000_0000_0003).into();
        let after = ("ABCD10000".to_owned(), Uuid::nil());
        for after in [None, Some(&after)] {
            let statement = unlocked_statement(university, "ABCD00043", after, 21);
            assert_reads_little(&mut connection, statement, "unlocked").await;
        }
        assert_reads_little(&mut connection, edges_statement(UnitId::new()), "edges").await;
    }
}
