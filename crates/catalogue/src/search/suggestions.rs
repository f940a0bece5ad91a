//! What somebody may be about to type: few units, by the beginning of a code or the words of a title.

use crate::{
    CatalogueError,
    search::{UniversityName, highlight},
    store::search::{
        Pattern, known_pattern,
        suggestions::{self as store, Reached},
    },
    units::Candidate,
    universities::university_named,
};
use rmu_domain::{ids::UnitId, query::SearchQuery, slug::Slug};
use rmu_postgres::Database;

/// No more fit below a search box.
pub const MOST_SUGGESTIONS: usize = 8;

/// A unit that may be meant. The marked texts are escaped for HTML; what matched stands in `<mark>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion {
    pub id: UnitId,
    pub code: String,
    pub title: String,
    pub university: UniversityName,
    pub found: SuggestedBy,
}

/// What was typed begins the code, or is in the title.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SuggestedBy {
    Code { marked: String },
    Title { marked: String },
}

/// At most [`MOST_SUGGESTIONS`] units: those whose codes begin with the query, then those whose titles do, then
/// those with its words in their titles.
pub async fn suggest(
    database: &Database,
    query: &SearchQuery,
    university: Option<&Slug>,
) -> Result<Vec<Suggestion>, CatalogueError> {
    let mut connection = database.connection().await?;
    let university = university_named(&mut connection, university).await?;
    let pattern = known_pattern(&mut connection, query).await?;
    let reached = store::load(&mut connection, &pattern, university).await?;
    Ok(reached.into_iter().map(|(unit, by)| suggestion(&pattern, unit, by)).collect())
}

fn suggestion(pattern: &Pattern, unit: Candidate, by: Reached) -> Suggestion {
    let found = match by {
        Reached::Code => SuggestedBy::Code { marked: highlight::mark_code(&unit.code, pattern.code()) },
        Reached::TitleBeginning => {
            SuggestedBy::Title { marked: highlight::mark_beginning(&unit.title, pattern.word_count()) }
        }
        Reached::TitleWords => {
            let marked = highlight::mark_words(&unit.title, pattern.marked());
            SuggestedBy::Title { marked: marked.unwrap_or_else(|| highlight::mark_beginning(&unit.title, 0)) }
        }
    };
    Suggestion { id: unit.id, code: unit.code, title: unit.title, university: unit.university, found }
}
