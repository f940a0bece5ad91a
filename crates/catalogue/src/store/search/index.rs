//! The way into the search table.

use crate::{search::words, store::cached_sql::CachedSql};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rmu_domain::{
    credit_points::CreditPoints,
    ids::{UnitId, UniversityId},
    unit_code::UnitCode,
};
use rmu_postgres::DatabaseError;
use std::collections::BTreeSet;

/// What of a unit can be searched for.
#[derive(Debug, Clone, Copy)]
pub struct IndexedUnit<'a> {
    pub id: UnitId,
    pub university: UniversityId,
    pub code: &'a UnitCode,
    pub title: &'a str,
    pub description: Option<&'a str>,
    pub level: Option<u8>,
    pub credit_points: Option<CreditPoints>,
}

/// Makes the unit findable as it is now; called in the transaction that changes it.
pub async fn index_unit(connection: &mut AsyncPgConnection, unit: IndexedUnit<'_>) -> Result<(), DatabaseError> {
    let title_words: BTreeSet<String> = words::words(unit.title).into_iter().collect();
    let mut all_words = title_words.clone();
    all_words.extend(words::words(unit.description.unwrap_or_default()));
    // Words are letters and digits, so a space separates them and nothing needs quoting.
    let joined = |words: BTreeSet<String>| words.into_iter().collect::<Vec<_>>().join(" ");
    let statement = CachedSql::new(
        "INSERT INTO unit_search
             (unit_id, university_id, code, code_normalised, title_folded, title_words, all_words, abbreviations,
              level, credit_points_thousandths)
         VALUES (",
    )
    .uuid(unit.id)
    .sql(", ")
    .uuid(unit.university)
    .sql(", ")
    .text(unit.code.as_str())
    .sql(", ")
    .text(unit.code.normalised())
    .sql(", ")
    .text(words::fold(unit.title))
    .sql(", array_to_tsvector(array_remove(string_to_array(")
    .text(joined(title_words))
    .sql(", ' '), '')), array_to_tsvector(array_remove(string_to_array(")
    .text(joined(all_words))
    .sql(", ' '), '')), string_to_array(")
    .text(words::abbreviations(unit.title).join(" "))
    .sql(", ' '), ")
    .maybe_small(unit.level.map(i16::from))
    .sql(", ")
    .maybe_integer(unit.credit_points.and_then(|points| i32::try_from(points.thousandths()).ok()))
    .sql(
        ") ON CONFLICT (unit_id) DO UPDATE SET
             university_id = excluded.university_id, code = excluded.code,
             code_normalised = excluded.code_normalised, title_folded = excluded.title_folded,
             title_words = excluded.title_words, all_words = excluded.all_words,
             abbreviations = excluded.abbreviations, level = excluded.level,
             credit_points_thousandths = excluded.credit_points_thousandths",
    );
    statement.execute(connection).await?;
    Ok(())
}
