//! Suggestions on the wire.

use super::summary::{HighlightsView, UniversityNameView};
use rmu_catalogue::search::suggestions::{SuggestedBy, Suggestion};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// A unit that may be meant by what was typed so far.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SuggestionView {
    pub id: Uuid,
    #[schema(example = "31251")]
    pub code: String,
    #[schema(example = "Data Structures and Algorithms")]
    pub title: String,
    pub university: UniversityNameView,
    /// `code` or `title`: where what was typed stands.
    #[serde(rename = "match")]
    #[schema(example = "title")]
    pub found: &'static str,
    pub highlights: HighlightsView,
}

impl From<Suggestion> for SuggestionView {
    fn from(suggestion: Suggestion) -> Self {
        let (found, code, title) = match suggestion.found {
            SuggestedBy::Code { marked } => ("code", Some(marked), None),
            SuggestedBy::Title { marked } => ("title", None, Some(marked)),
        };
        Self {
            id: suggestion.id.as_uuid(),
            code: suggestion.code,
            title: suggestion.title,
            university: UniversityNameView::from(&suggestion.university),
            found,
            highlights: HighlightsView { code, title, description: None },
        }
    }
}
