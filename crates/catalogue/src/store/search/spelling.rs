//! What a query with typing errors may have meant: words of titles that are spelt nearly alike, and codes that differ
//! by one sign.

use super::{
    AT_MOST_CANDIDATES, Filters, Found, FoundRow, Pattern, Step,
    terms::{Term, all_of},
    vocabulary::Vocabulary,
};
use crate::{search::Sort, store::cached_sql::CachedSql};
use diesel::{QueryableByName, sql_types as sql};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rmu_domain::{
    query::SearchQuery,
    spelling::{distance, mistyped_codes, tolerance},
};
use rmu_postgres::DatabaseError;

/// More guesses at what was meant would only be noise.
const AT_MOST_GUESSES: &str = " LIMIT 20";
/// No more words of a query are corrected, and none by more than so many others.
const MOST_WORDS: usize = 6;
const MOST_CORRECTIONS: usize = 8;

#[derive(Debug, QueryableByName)]
struct WordRow {
    #[diesel(sql_type = sql::Text)]
    word: String,
}

/// The query with its unknown words corrected, as a text search query; `None` when there is nothing to correct or no
/// idea how.
pub(super) async fn corrected(
    connection: &mut AsyncPgConnection,
    pattern: &Pattern,
) -> Result<Option<String>, DatabaseError> {
    let mut groups: Vec<Vec<Term>> = Vec::new();
    let mut corrections = 0;
    for word in pattern.typed_words() {
        let meant = if tolerance(word) == 0 || word.contains(|sign: char| sign.is_ascii_digit()) {
            vec![word.clone()]
        } else if corrections < MOST_WORDS {
            let similar: Vec<WordRow> = similar_statement(word).load(connection).await?;
            let similar: Vec<String> = similar.into_iter().map(|row| row.word).collect();
            meant_by(word, &similar)
        } else {
            return Ok(None);
        };
        if meant.is_empty() {
            return Ok(None);
        }
        corrections += usize::from(meant != [word.clone()]);
        groups.push(meant.into_iter().map(Term::beginning).collect());
    }
    if corrections == 0 {
        return Ok(None);
    }
    let vocabulary = Vocabulary::load(connection, &groups).await?;
    Ok(Some(all_of(&vocabulary.spelt_out(&groups))))
}

/// The pattern of a query, if there is one.
pub(crate) async fn pattern(
    connection: &mut AsyncPgConnection,
    query: Option<&SearchQuery>,
) -> Result<Option<Pattern>, DatabaseError> {
    let Some(query) = query else { return Ok(None) };
    known_pattern(connection, query).await.map(Some)
}

/// The pattern of a query, knowing which words there are.
pub(crate) async fn known_pattern(
    connection: &mut AsyncPgConnection,
    query: &SearchQuery,
) -> Result<Pattern, DatabaseError> {
    let pattern = Pattern::new(query);
    let vocabulary = Vocabulary::load(connection, pattern.terms()).await?;
    Ok(pattern.knowing(&vocabulary))
}

/// Words that begin like `word` (or like it without its first letter) and have about its length, and those that have
/// most of its groups of three letters.
pub(super) fn similar_statement(word: &str) -> CachedSql {
    let letters: Vec<char> = word.chars().collect();
    let length = i32::try_from(letters.len()).unwrap_or(i32::MAX);
    let mut statement = CachedSql::new("(SELECT word FROM search_words WHERE word % ").text(word).sql(" LIMIT 500)");
    for first in letters.iter().take(2) {
        statement = statement.sql(" UNION (SELECT word FROM search_words WHERE word >= ").text(first.to_string());
        statement = statement.sql(" AND word < ").text(format!("{first}{}", char::MAX));
        statement = statement.sql(" AND char_length(word) BETWEEN ").integer(length - 2);
        statement = statement.sql(" AND ").integer(length + 2).sql(" LIMIT 5000)");
    }
    // Longer words that this one may be a misspelt beginning of.
    let beginning: String = letters.iter().take(3).collect();
    statement = statement.sql(" UNION (SELECT word FROM search_words WHERE word >= ").text(beginning.as_str());
    statement.sql(" AND word < ").text(format!("{beginning}{}", char::MAX)).sql(" LIMIT 1000)")
}

/// The nearest of the similar words; the word itself when it is one of them or begins one.
fn meant_by(word: &str, similar: &[String]) -> Vec<String> {
    if similar.iter().any(|known| known.starts_with(word)) {
        return vec![word.to_owned()];
    }
    let most = tolerance(word);
    let mut near: Vec<(usize, &String)> =
        similar.iter().filter_map(|known| Some((distance_of(word, known, most)?, known))).collect();
    near.sort_unstable();
    let nearest = near.as_slice().first().map_or(0, |(distance, _)| *distance);
    near.into_iter()
        .filter(|(distance, _)| *distance == nearest)
        .take(MOST_CORRECTIONS)
        .map(|(_, known)| known.clone())
        .collect()
}

/// From the whole word, or, a little farther, from a beginning of it: "stats" is one letter from "stati…".
fn distance_of(word: &str, known: &str, most: usize) -> Option<usize> {
    if let Some(whole) = distance(word, known, most) {
        return Some(whole * 2);
    }
    let length = word.chars().count();
    let beginning = |length: usize| known.chars().take(length).collect::<String>();
    (length >= 5 && known.chars().count() > length)
        .then(|| distance(word, &beginning(length), 1))
        .flatten()
        .map(|distance| distance * 2 + 1)
}

/// Titles that have the corrected words, the shortest first.
pub(super) fn corrected_statement(words: &str, pattern: &Pattern, filters: &Filters, sort: Sort) -> CachedSql {
    let statement = CachedSql::new("SELECT unit_id, code_normalised, ").sql(Step::Typo.literal());
    let statement = statement.sql("::smallint AS step, least(length(title_folded), 999)::integer AS rank, ");
    let statement =
        statement.sql(sort.place()).sql("::bigint AS place FROM (SELECT * FROM unit_search WHERE title_words @@ ");
    let statement = filters.narrow(pattern.exclude(statement.text(words).sql("::tsquery"), Step::Typo));
    let statement = statement.sql(AT_MOST_CANDIDATES).sql(") AS reached ORDER BY rank, code_normalised, unit_id");
    statement.sql(AT_MOST_GUESSES)
}

/// Units whose code is one mistake away from the query, the likeliest mistake first.
pub(crate) async fn mistyped(
    connection: &mut AsyncPgConnection,
    pattern: &Pattern,
    filters: &Filters,
    sort: Sort,
) -> Result<Vec<Found>, DatabaseError> {
    let meant = mistyped_codes(pattern.code());
    let rows: Vec<FoundRow> =
        mistyped_statement(meant.keys().cloned().collect(), filters, sort).load(connection).await?;
    let mut found: Vec<Found> = rows
        .into_iter()
        .map(|row| {
            let unlikely = meant.get(&row.code_normalised).copied().unwrap_or(u8::MAX);
            Found { rank: i32::from(unlikely), ..Found::from(row) }
        })
        .collect();
    found.sort_by_key(|hit| hit.key(Sort::Relevance));
    found.truncate(20);
    Ok(found)
}

pub(super) fn mistyped_statement(codes: Vec<String>, filters: &Filters, sort: Sort) -> CachedSql {
    let statement = CachedSql::new("SELECT unit_id, code_normalised, ").sql(Step::Typo.literal());
    let statement = statement.sql("::smallint AS step, 0 AS rank, ").sql(sort.place());
    let statement = statement.sql("::bigint AS place FROM unit_search WHERE code_normalised = ANY(");
    filters.narrow(statement.texts(codes).sql(")")).sql(AT_MOST_CANDIDATES)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meant(word: &str) -> Vec<String> {
        let known = ["algorithms", "algebra", "physics", "physical", "statistics", "mathematics", "macroeconomics"];
        meant_by(word, &known.map(str::to_owned))
    }

    #[test]
    fn the_nearest_known_words_are_meant() {
        assert_eq!(meant("algoritms"), ["algorithms"]);
        assert_eq!(meant("phyiscs"), ["physics"]);
        assert_eq!(meant("stats"), ["statistics"]);
        assert_eq!(meant("maths"), ["mathematics"]);
        assert_eq!(meant("physic"), ["physic"], "the beginning of a known word is no mistake");
        assert!(meant("zzzzzz").is_empty());
    }
}
