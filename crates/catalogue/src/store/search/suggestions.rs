//! Suggestions as one statement: three short reads, each in the order of an index.

use super::Pattern;
use crate::{
    store::{cached_sql::CachedSql, units::CandidateRow},
    units::Candidate,
};
use diesel::{QueryableByName, sql_types as sql};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rmu_domain::ids::UniversityId;
use rmu_postgres::DatabaseError;

/// As many as are suggested: if another read finds some of them too, at least the missing ones remain. In the text
/// of the statement, so that a plan made for any values knows how little is wanted.
const AT_MOST: &str = " LIMIT 8";

/// So many titles with the words are put in order. Which of them, when there are more, does not matter for a suggestion
/// as it does for a page of a search.
const AT_MOST_REACHED: &str = " LIMIT 200";

/// By which read a unit was reached, the best.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reached {
    Code,
    TitleBeginning,
    TitleWords,
}

#[derive(Debug, QueryableByName)]
struct SuggestionRow {
    #[diesel(embed)]
    unit: CandidateRow,
    #[diesel(sql_type = sql::SmallInt)]
    step: i16,
}

pub(crate) async fn load(
    connection: &mut AsyncPgConnection,
    pattern: &Pattern,
    university: Option<UniversityId>,
) -> Result<Vec<(Candidate, Reached)>, DatabaseError> {
    let Some(statement) = statement(pattern, university) else { return Ok(Vec::new()) };
    let rows: Vec<SuggestionRow> = statement.load(connection).await?;
    let reached = rows.into_iter().map(|row| {
        let by = match row.step {
            0 => Reached::Code,
            1 => Reached::TitleBeginning,
            _ => Reached::TitleWords,
        };
        (row.unit.into(), by)
    });
    Ok(reached.collect())
}

/// `None` when the query holds nothing that a code or a title can hold.
pub(crate) fn statement(pattern: &Pattern, university: Option<UniversityId>) -> Option<CachedSql> {
    let mut reads = Vec::new();
    if let Some(statement) = pattern.code_beginning(CachedSql::new(
        "SELECT unit_id, code_normalised, 0::smallint AS step, code_normalised AS place FROM unit_search WHERE ",
    )) {
        reads.push(narrow(statement, university).sql(" ORDER BY code_normalised, unit_id").sql(AT_MOST));
    }
    if let Some(statement) = pattern.title_typed(CachedSql::new(
        "SELECT unit_id, code_normalised, 1::smallint AS step, title_folded AS place FROM unit_search WHERE ",
    )) {
        let statement = narrow(statement, university);
        reads.push(statement.sql(" ORDER BY title_folded, code_normalised, unit_id").sql(AT_MOST));
    }
    if let Some(statement) = pattern.words_typed(CachedSql::new(
        "SELECT unit_id, code_normalised, 2::smallint AS step, code_normalised AS place
         FROM (SELECT * FROM unit_search WHERE ",
    )) {
        // Bounded before it is sorted: a word that every title has must not be looked for in all of them.
        let statement = narrow(statement, university).sql(AT_MOST_REACHED).sql(") AS reached");
        reads.push(statement.sql(" ORDER BY code_normalised, unit_id").sql(AT_MOST));
    }
    if reads.is_empty() {
        return None;
    }
    let mut statement = CachedSql::new(
        "SELECT unit.id, unit.code, unit.title, university.id AS university_id, university.slug AS university_slug,
                university.name AS university_name, best.step
         FROM (SELECT * FROM (SELECT DISTINCT ON (unit_id) unit_id, code_normalised, step, place FROM (",
    );
    for (number, read) in reads.into_iter().enumerate() {
        statement = statement.sql(if number == 0 { "(" } else { " UNION ALL (" }).then(read).sql(")");
    }
    Some(
        statement
            .sql(") AS reads ORDER BY unit_id, step) AS once ORDER BY step, place, code_normalised, unit_id")
            .sql(AT_MOST)
            .sql(
                ") AS best
         JOIN units AS unit ON unit.id = best.unit_id
         JOIN universities AS university ON university.id = unit.university_id
         ORDER BY best.step, best.place, best.code_normalised, best.unit_id",
            ),
    )
}

fn narrow(statement: CachedSql, university: Option<UniversityId>) -> CachedSql {
    match university {
        Some(university) => statement.sql(" AND university_id = ").uuid(university),
        None => statement,
    }
}
