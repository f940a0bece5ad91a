//! Known words of titles in place of beginnings.
//!
//! For a beginning PostgreSQL gathers the units of every word that begins so before it compares them with those of the
//! next word; for whole words it goes through both in step, and skips. The words of all titles are known, so a beginning
//! can be spelt out: what is found stays the same.

use super::terms::Term;
use crate::store::cached_sql::CachedSql;
use diesel::{QueryableByName, sql_types as sql};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rmu_postgres::DatabaseError;
use std::collections::{BTreeSet, HashMap};

/// A beginning of more words than this stays one.
const MOST_WORDS: usize = 8;
/// Longer words are known by so many letters.
pub(super) const LONGEST: usize = 40;

/// The words of titles that begin as terms of a query do.
#[derive(Debug, Default)]
pub(super) struct Vocabulary {
    /// One more than [`MOST_WORDS`] where there are more.
    by_beginning: HashMap<String, Vec<String>>,
}

#[derive(Debug, QueryableByName)]
struct WordRow {
    #[diesel(sql_type = sql::Text)]
    beginning: String,
    #[diesel(sql_type = sql::Text)]
    word: String,
}

impl Vocabulary {
    pub(super) async fn load(connection: &mut AsyncPgConnection, terms: &[Vec<Term>]) -> Result<Self, DatabaseError> {
        let beginnings = beginnings(terms);
        if beginnings.is_empty() {
            return Ok(Self::default());
        }
        let mut by_beginning: HashMap<String, Vec<String>> =
            beginnings.iter().map(|beginning| (beginning.clone(), Vec::new())).collect();
        let rows: Vec<WordRow> = statement(beginnings).load(connection).await?;
        for row in rows {
            by_beginning.entry(row.beginning).or_default().push(row.word);
        }
        Ok(Self { by_beginning })
    }

    #[cfg(test)]
    pub(super) fn of<const N: usize>(known: [(&str, Vec<String>); N]) -> Self {
        Self { by_beginning: known.into_iter().map(|(beginning, words)| (beginning.to_owned(), words)).collect() }
    }

    /// Whether the word is in a title as it is.
    pub(super) fn has(&self, word: &str) -> bool {
        self.by_beginning.get(word).is_some_and(|words| words.iter().any(|known| known == word))
    }

    /// The same terms with words for beginnings, where these are few.
    pub(super) fn spelt_out(&self, terms: &[Vec<Term>]) -> Vec<Vec<Term>> {
        let group = |group: &Vec<Term>| {
            let mut spelt: Vec<Term> = Vec::new();
            for term in group.iter().flat_map(|term| self.words_of(term)) {
                if !spelt.contains(&term) {
                    spelt.push(term);
                }
            }
            spelt
        };
        terms.iter().map(group).collect()
    }

    fn words_of(&self, term: &Term) -> Vec<Term> {
        let known = term.as_beginning().and_then(|beginning| self.by_beginning.get(beginning));
        match known {
            None => vec![term.clone()],
            Some(words) if words.len() > MOST_WORDS => vec![term.clone()],
            // In no title: to be looked for as cheaply as can be.
            Some(words) if words.is_empty() => vec![term.clone().made_whole()],
            Some(words) => words.iter().map(|word| Term::known(word)).collect(),
        }
    }
}

impl Term {
    /// A word of titles, as it is known.
    fn known(word: &str) -> Self {
        let word = word.to_owned();
        if word.chars().count() < LONGEST { Self::whole(word) } else { Self::beginning(word) }
    }
}

/// What could be spelt out, each once.
pub(super) fn beginnings(terms: &[Vec<Term>]) -> Vec<String> {
    let beginnings = terms.iter().flatten().filter_map(Term::as_beginning);
    let short_enough = beginnings.filter(|beginning| beginning.chars().count() <= LONGEST);
    short_enough.map(str::to_owned).collect::<BTreeSet<_>>().into_iter().collect()
}

pub(super) fn statement(beginnings: Vec<String>) -> CachedSql {
    let beyond = beginnings.iter().map(|beginning| format!("{beginning}{}", char::MAX)).collect();
    CachedSql::new("SELECT asked.beginning, known.word FROM unnest(")
        .texts(beginnings)
        .sql("::text[], ")
        .texts(beyond)
        .sql(
            "::text[]) AS asked (beginning, beyond)
             CROSS JOIN LATERAL (
                 SELECT word FROM search_words
                 WHERE word >= asked.beginning COLLATE \"C\" AND word < asked.beyond COLLATE \"C\"
                 ORDER BY word LIMIT 9) AS known",
        )
}

#[cfg(test)]
mod tests {
    use super::{super::terms::all_of, *};

    fn spelt<const N: usize>(known: [(&str, &[&str]); N], terms: &[Term]) -> String {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let known = Vocabulary::of(known.map(|(beginning, known)| (beginning, words(known))));
        all_of(&known.spelt_out(&[terms.to_vec()]))
    }

    #[test]
    fn a_beginning_becomes_the_words_that_begin_so() {
        let terms = ["statistics", "statistic"].map(|word| Term::beginning(word.to_owned()));
        let known: [(&str, &[&str]); 2] =
            [("statistics", &["statistics"]), ("statistic", &["statistic", "statistical", "statistics"])];
        assert_eq!(spelt(known, &terms), "('statistics' | 'statistic' | 'statistical')");
    }

    #[test]
    fn one_of_too_many_words_stays_a_beginning_and_one_of_none_is_looked_for_as_it_is() {
        let term = || [Term::beginning("com".to_owned())];
        assert_eq!(spelt([("com", &["w"; 9])], &term()), "'com':*");
        assert_eq!(spelt([("com", &[])], &term()), "'com'");
        assert_eq!(spelt([], &term()), "'com':*", "what was not asked for is not known");
    }

    #[test]
    fn a_word_known_by_its_first_letters_only_is_a_beginning() {
        let long = "x".repeat(LONGEST);
        let terms = [Term::beginning("xxx".to_owned())];
        assert_eq!(spelt([("xxx", &[&long])], &terms), format!("'{long}':*"));
        assert!(beginnings(&[vec![Term::beginning("x".repeat(LONGEST + 1))]]).is_empty());
    }
}
