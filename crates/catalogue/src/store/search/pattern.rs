//! A query as the rungs compare it.

use super::{
    Step,
    terms::{Term, all_of, terms, with_variants},
    vocabulary::Vocabulary,
};
use crate::{
    search::{matches_beginnings, stems, words},
    store::cached_sql::CachedSql,
};
use rmu_domain::{query::SearchQuery, unit_code::UnitCode};

/// Sorts after every text that begins alike, in the order of code points ("C") that the table uses.
const BEYOND: char = char::MAX;
/// No more words of a query than this are looked for.
const MOST_WORDS: usize = 12;

/// The query in the forms that the rungs need; a form that cannot match anything is `None`.
#[derive(Debug, Clone)]
pub(crate) struct Pattern {
    typed: String,
    /// Normalised; empty when the query holds what no code can hold.
    code: String,
    /// As they were typed, each once.
    words: Vec<String>,
    /// The same, and what else they may stand as in a title.
    marked: Vec<String>,
    folded: String,
    /// What a title begins with that begins with the query.
    title_beginning: String,
    /// What is looked for in titles for each word; long ones as beginnings.
    terms: Vec<Vec<Term>>,
    /// The same as a text search query.
    all_of: String,
    /// The same for descriptions, where words that are known to be whole are looked for as such: texts have ten times the
    /// words of titles, and all that begin alike cost ten times as much as one.
    all_of_description: String,
    abbreviation: Option<String>,
}

impl Pattern {
    pub(crate) fn new(query: &SearchQuery) -> Self {
        let typed = query.as_str().to_owned();
        let could_be_code =
            typed.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, ' ' | '-' | '.' | '/' | '_'));
        let code = query.as_code();
        let code = if could_be_code && code.len() <= UnitCode::MAX_LENGTH { code } else { String::new() };
        let all_words = words::words(&typed);
        let folded = all_words.join(" ");
        let title_beginning = if matches_beginnings(&folded) { folded.clone() } else { format!("{folded} ") };
        let initials = all_words.concat();
        // Nicknames are as long as this.
        let abbreviation = (2..=40).contains(&initials.chars().count()).then_some(initials);
        let mut words: Vec<String> = Vec::new();
        for word in all_words {
            if !words.contains(&word) && words.len() < MOST_WORDS {
                words.push(word);
            }
        }
        let terms = terms(&words);
        let all_of = all_of(&terms);
        let marked = words.iter().flat_map(|word| with_variants(word)).collect();
        let all_of_description = all_of.clone();
        Self { typed, code, words, marked, folded, title_beginning, terms, all_of, all_of_description, abbreviation }
    }

    /// What is looked for in titles.
    pub(super) fn terms(&self) -> &[Vec<Term>] {
        &self.terms
    }

    /// The same pattern, now that it is known which words there are.
    pub(super) fn knowing(mut self, vocabulary: &Vocabulary) -> Self {
        let in_description = |(word, terms): (&String, &Vec<Term>)| {
            let is_whole = !word.contains(|sign: char| sign.is_ascii_digit()) && vocabulary.has(word);
            if is_whole { stems::forms(word).into_iter().map(Term::whole).collect() } else { terms.clone() }
        };
        let in_descriptions: Vec<Vec<Term>> = self.words.iter().zip(&self.terms).map(in_description).collect();
        self.all_of_description = all_of(&in_descriptions);
        self.terms = vocabulary.spelt_out(&self.terms);
        self.all_of = all_of(&self.terms);
        self
    }

    pub(crate) fn code(&self) -> &str {
        &self.code
    }

    /// What is marked in a title that was found.
    pub(crate) fn marked(&self) -> &[String] {
        &self.marked
    }

    pub(super) fn typed_words(&self) -> &[String] {
        &self.words
    }

    pub(super) fn folded(&self) -> &str {
        &self.folded
    }

    /// Under four letters everything is spelt nearly like everything, and a single word with a digit is meant
    /// as a code: titles are no answer to it.
    pub(crate) fn may_hold_a_typo(&self) -> bool {
        let like_a_code = self.words.len() == 1 && self.folded.contains(|c: char| c.is_ascii_digit());
        self.folded.chars().count() >= 4 && !like_a_code
    }

    /// Whether the query is a code or as good as one: its neighbours may be meant.
    pub(crate) fn may_be_a_mistyped_code(&self) -> bool {
        (4..=12).contains(&self.code.len())
            && self.words.len() <= 2
            && self.code.chars().filter(char::is_ascii_digit).count() >= 2
    }

    /// Whether it is written as a code of two parts. Where there is such a unit it is meant, and not what has both parts
    /// somewhere among its words.
    pub(super) fn may_be_a_code_in_two_parts(&self) -> bool {
        self.words.len() == 2 && self.may_be_a_mistyped_code()
    }

    /// Whether there is nothing in it that could be found.
    pub(crate) fn is_empty(&self) -> bool {
        self.steps().is_empty()
    }

    /// The cheap rungs that could match, in order.
    pub(super) fn steps(&self) -> Vec<Step> {
        let mut steps = Vec::new();
        if !self.code.is_empty() {
            steps.extend([Step::ExactCode, Step::NormalisedCode, Step::FormerCode, Step::CodePrefix]);
        }
        if !self.words.is_empty() {
            steps.extend([Step::WholeTitle, Step::TitleBeginning, Step::TitleWords]);
        }
        // A description holds nearly every word of one or two letters: such a query means a code or a title.
        if self.words.iter().any(|word| matches_beginnings(word)) {
            steps.push(Step::AllWords);
        }
        if self.abbreviation.is_some() {
            steps.push(Step::Abbreviation);
        }
        steps
    }

    /// Adds what a unit must be like to be reached by `step`.
    pub(super) fn reach(&self, statement: CachedSql, step: Step) -> CachedSql {
        match step {
            Step::ExactCode => {
                statement.sql("code_normalised = ").text(&self.code).sql(" AND code = ").text(&self.typed)
            }
            Step::NormalisedCode => {
                statement.sql("code_normalised = ").text(&self.code).sql(" AND code <> ").text(&self.typed)
            }
            Step::FormerCode => self.formerly(statement).sql(" AND code_normalised <> ").text(&self.code),
            Step::CodePrefix => statement
                .sql("code_normalised > ")
                .text(&self.code)
                .sql(" AND code_normalised < ")
                .text(format!("{}{BEYOND}", self.code)),
            Step::WholeTitle => statement.sql("title_folded = ").text(&self.folded),
            Step::TitleBeginning => self.title_range(statement).sql(" AND title_folded <> ").text(&self.folded),
            Step::TitleWords => self.in_title(statement.sql("title_words")),
            Step::AllWords => self.in_description(statement.sql("all_words")),
            Step::Abbreviation => {
                statement.sql("abbreviations @> ARRAY[").text(self.abbreviation.clone().unwrap_or_default()).sql("]")
            }
            Step::Typo => statement.sql("true"),
        }
    }

    /// Adds that none of the rungs before `step` reaches the unit.
    pub(super) fn exclude(&self, mut statement: CachedSql, step: Step) -> CachedSql {
        if step > Step::FormerCode && !self.code.is_empty() {
            statement = self.formerly(statement.sql(" AND NOT "));
        }
        if step > Step::CodePrefix && !self.code.is_empty() {
            statement = statement.sql(" AND NOT (code_normalised >= ").text(&self.code);
            statement = statement.sql(" AND code_normalised < ").text(format!("{}{BEYOND}", self.code)).sql(")");
        }
        if step > Step::TitleBeginning && !self.words.is_empty() {
            statement = statement.sql(" AND title_folded <> ").text(&self.folded).sql(" AND NOT (");
            statement = self.title_range(statement).sql(")");
        }
        if step > Step::TitleWords && !self.words.is_empty() {
            statement = self.in_title(statement.sql(" AND NOT title_words"));
        }
        if step > Step::AllWords && self.steps().contains(&Step::AllWords) {
            statement = self.in_description(statement.sql(" AND NOT all_words"));
        }
        if step > Step::Abbreviation
            && let Some(abbreviation) = &self.abbreviation
        {
            statement = statement.sql(" AND NOT abbreviations @> ARRAY[").text(abbreviation).sql("]");
        }
        statement
    }

    /// Adds that the code begins with the query.
    pub(super) fn code_beginning(&self, statement: CachedSql) -> Option<CachedSql> {
        (!self.code.is_empty()).then(|| range(statement, "code_normalised >= ", " AND code_normalised < ", &self.code))
    }

    /// Adds that the title begins with the query, its last word perhaps not being complete.
    pub(super) fn title_typed(&self, statement: CachedSql) -> Option<CachedSql> {
        (!self.folded.is_empty()).then(|| range(statement, "title_folded >= ", " AND title_folded < ", &self.folded))
    }

    /// Adds that the title has the words. One or two letters of a word that is still being typed say nothing
    /// when there are longer words to go by.
    pub(super) fn words_typed(&self, statement: CachedSql) -> Option<CachedSql> {
        let (last, before) = self.words.split_last()?;
        let unfinished = !matches_beginnings(last) && before.iter().any(|word| matches_beginnings(word));
        let finished = self.terms.get(..before.len()).filter(|_| unfinished);
        let typed = finished.map_or_else(|| self.all_of.clone(), all_of);
        Some(statement.sql("title_words @@ ").text(typed).sql("::tsquery"))
    }

    /// Adds that the code of a row that points to the unit is the query.
    fn formerly(&self, statement: CachedSql) -> CachedSql {
        statement
            .sql("unit_id = ANY(ARRAY(SELECT merged_into FROM units WHERE merged_into IS NOT NULL AND code_normalised = ")
            .text(&self.code)
            .sql("))")
    }

    /// How many words were typed, repetitions included.
    pub(crate) fn word_count(&self) -> usize {
        self.folded.split(' ').filter(|word| !word.is_empty()).count()
    }

    fn title_range(&self, statement: CachedSql) -> CachedSql {
        statement
            .sql("title_folded >= ")
            .text(&self.title_beginning)
            .sql(" AND title_folded < ")
            .text(format!("{}{BEYOND}", self.title_beginning))
    }

    fn in_title(&self, statement: CachedSql) -> CachedSql {
        statement.sql(" @@ ").text(&self.all_of).sql("::tsquery")
    }

    fn in_description(&self, statement: CachedSql) -> CachedSql {
        statement.sql(" @@ ").text(&self.all_of_description).sql("::tsquery")
    }
}

/// Adds that a text begins with `beginning`, as a range of an index.
fn range(statement: CachedSql, from: &'static str, below: &'static str, beginning: &str) -> CachedSql {
    statement.sql(from).text(beginning).sql(below).text(format!("{beginning}{BEYOND}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(query: &str) -> Pattern {
        Pattern::new(&SearchQuery::parse(query).unwrap())
    }

    #[test]
    fn long_words_are_beginnings_and_short_ones_whole() {
        assert_eq!(pattern("Intro to Ai").all_of, "'intro':* & 'to' & 'ai'");
        assert_eq!(pattern("studies of Art").all_of, "('studies':* | 'study':*) & 'of' & 'art':*");
    }

    #[test]
    fn a_known_word_is_whole_in_descriptions_and_spelt_out_in_titles() {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let known = Vocabulary::of([
            ("statistics", words(&["statistics"])),
            ("statistic", words(&["statistical", "statistics"])),
            ("sta", words(&["w"; 9])),
        ]);
        let known = pattern("statistics of sta").knowing(&known);
        assert_eq!(known.all_of, "('statistics' | 'statistical') & 'of' & 'sta':*");
        assert_eq!(
            known.all_of_description,
            "('statistics' | 'statisticss' | 'statisticses' | 'statistic') & 'of' & 'sta':*"
        );
        assert_eq!(pattern("law and").all_of, "'law':* & 'and'");
        assert_eq!(pattern("and").all_of, "'and':*");
    }

    #[test]
    fn wildcards_and_quotes_are_no_part_of_any_form() {
        for query in ["%", "_", "'", "\\", "🦀", "' OR 1=1 --", "a\\b'c%d"] {
            let pattern = pattern(query);
            assert!(
                !pattern
                    .all_of
                    .replace("':*", "")
                    .replace(['\'', '&', '|', '(', ')', ' '], "")
                    .contains(['\\', '%', '_', '🦀'])
            );
            assert!(pattern.folded.chars().all(|c| c.is_alphanumeric() || c == ' '), "{query}");
        }
        assert!(pattern("%").steps().is_empty());
        assert!(pattern("%1").code.is_empty(), "a code holds no per cent sign");
    }

    #[test]
    fn only_words_are_taken_for_misspelt() {
        assert!(pattern("algoritms").may_hold_a_typo() && pattern("calclus 2").may_hold_a_typo());
        assert!(!pattern("FIT2004").may_hold_a_typo() && !pattern("alg").may_hold_a_typo());
    }

    #[test]
    fn one_letter_is_a_code_or_a_word_of_a_title() {
        assert!(!pattern("c").steps().contains(&Step::AllWords));
        assert!(pattern("c").steps().contains(&Step::CodePrefix));
    }
}
