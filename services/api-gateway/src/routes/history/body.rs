//! Versions and changes on the wire.

use crate::routes::units::{
    detail::{AssessmentView, ContactView, OfferingView, OutcomeView, RequisiteView},
    summary::CandidateView,
};
use chrono::{DateTime, Utc};
use rmu_catalogue::{
    history::{Comparison, History, VersionNote},
    units::Candidate,
};
use rmu_domain::facts::{
    FactName,
    difference::{ListChange, Scalar, ScalarChange},
};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

/// The versions of a unit.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct HistoryView {
    pub unit: CandidateView,
    /// `current`, `retired` (its handbook says so), `notInNewestHandbook` or `unknown`.
    #[schema(example = "current")]
    pub standing: &'static str,
    /// The newest handbook year that is known of the university.
    #[schema(example = 2026)]
    pub newest_handbook_year: Option<u16>,
    pub versions: Vec<VersionView>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct VersionView {
    pub id: Uuid,
    /// Counts the versions of the unit.
    pub number: u32,
    /// The handbook's year.
    #[schema(example = 2026)]
    pub year: Option<u16>,
    #[schema(example = "31251")]
    pub code: String,
    #[schema(example = "Data Structures and Algorithms")]
    pub title: String,
    /// The slug of the source that was read.
    #[schema(example = "northfield-handbook")]
    pub source: String,
    /// The version of the source's rules that read the page.
    pub rules_version: u32,
    /// The page in the handbook.
    pub url: String,
    pub fetched_at: DateTime<Utc>,
    /// When the page was last found to say just this.
    pub confirmed_at: DateTime<Utc>,
    /// Whether this is what the unit shows.
    pub shown: bool,
}

/// What changed from one version to another.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DiffView {
    pub unit: CandidateView,
    pub from: VersionView,
    pub to: VersionView,
    /// The names of all facts that changed.
    #[schema(value_type = Vec<String>, example = json!(["creditPoints", "assessments"]))]
    pub changed: Vec<&'static str>,
    /// Facts of one value.
    pub scalars: Vec<ScalarChangeView>,
    pub outcomes: ListChangeView<OutcomeView>,
    pub assessments: ListChangeView<AssessmentView>,
    pub offerings: ListChangeView<OfferingView>,
    pub requisites: ListChangeView<RequisiteView>,
    pub contacts: ListChangeView<ContactView>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ScalarChangeView {
    #[schema(example = "creditPoints")]
    pub fact: &'static str,
    /// A text or a number; `null` where that version does not say.
    #[schema(example = 6)]
    pub from: Value,
    #[schema(example = 12)]
    pub to: Value,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListChangeView<T> {
    /// Whether each version gives the fact at all. If one does not, nothing is said of what changed.
    pub from_known: bool,
    pub to_known: bool,
    pub added: Vec<T>,
    pub removed: Vec<T>,
    /// What goes by the same name and is otherwise different.
    pub changed: Vec<ChangeView<T>>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ChangeView<T> {
    pub from: T,
    pub to: T,
}

impl HistoryView {
    pub(super) fn new(unit: &Candidate, history: History) -> Self {
        Self {
            unit: CandidateView::from(unit),
            standing: history.standing.as_str(),
            newest_handbook_year: history.newest_year,
            versions: history.page.entries.into_iter().map(VersionView::from).collect(),
        }
    }
}

impl DiffView {
    pub(super) fn new(unit: &Candidate, compared: Comparison) -> Self {
        let difference = compared.difference;
        Self {
            unit: CandidateView::from(unit),
            from: compared.from.into(),
            to: compared.to.into(),
            changed: difference.facts().into_iter().map(FactName::as_str).collect(),
            scalars: difference.scalars.into_iter().map(ScalarChangeView::from).collect(),
            outcomes: difference.outcomes.into(),
            assessments: difference.assessments.into(),
            offerings: difference.offerings.into(),
            requisites: difference.requisites.into(),
            contacts: difference.contacts.into(),
        }
    }
}

impl From<VersionNote> for VersionView {
    fn from(note: VersionNote) -> Self {
        Self {
            id: note.id.as_uuid(),
            number: note.number,
            year: note.year,
            code: note.code,
            title: note.title,
            source: note.source_slug,
            rules_version: note.rules_version,
            url: note.url,
            fetched_at: note.fetched_at,
            confirmed_at: note.confirmed_at,
            shown: note.is_shown,
        }
    }
}

impl From<ScalarChange> for ScalarChangeView {
    fn from(change: ScalarChange) -> Self {
        let value = |scalar: Option<Scalar>| match scalar {
            None => Value::Null,
            Some(Scalar::Text(text)) => text.into(),
            Some(Scalar::Number(number)) => json!(number),
        };
        Self { fact: change.fact.as_str(), from: value(change.from), to: value(change.to) }
    }
}

impl<F, T: From<F>> From<ListChange<F>> for ListChangeView<T> {
    fn from(change: ListChange<F>) -> Self {
        let all = |entries: Vec<F>| entries.into_iter().map(T::from).collect();
        Self {
            from_known: change.known.0,
            to_known: change.known.1,
            added: all(change.added),
            removed: all(change.removed),
            changed: change
                .changed
                .into_iter()
                .map(|(from, to)| ChangeView { from: from.into(), to: to.into() })
                .collect(),
        }
    }
}
