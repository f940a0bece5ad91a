//! Facet counts on the wire.

use rmu_catalogue::search::facets::{Facet, FacetValue, Facets};
use serde::Serialize;
use utoipa::ToSchema;

/// What a search can be narrowed by. Each fact is counted with all filters but the one on itself.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FacetsView {
    pub university: FacetView,
    pub faculty: FacetView,
    pub level: FacetView,
    pub session: FacetView,
    pub mode: FacetView,
    pub credit_points: FacetView,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FacetView {
    /// There were more units than are counted (5000): each value has at least `units`, and rare values may be missing.
    pub at_least: bool,
    /// The most frequent first, at most 50.
    pub values: Vec<FacetValueView>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FacetValueView {
    /// For the filter's parameter.
    #[schema(example = "autumn")]
    pub value: String,
    /// As it is shown.
    #[schema(example = "Autumn")]
    pub label: String,
    #[schema(example = 37)]
    pub units: u32,
}

impl From<Facets> for FacetsView {
    fn from(facets: Facets) -> Self {
        Self {
            university: facets.university.into(),
            faculty: facets.faculty.into(),
            level: facets.level.into(),
            session: facets.session.into(),
            mode: facets.mode.into(),
            credit_points: facets.credit_points.into(),
        }
    }
}

impl From<Facet> for FacetView {
    fn from(facet: Facet) -> Self {
        Self { at_least: facet.at_least, values: facet.values.into_iter().map(FacetValueView::from).collect() }
    }
}

impl From<FacetValue> for FacetValueView {
    fn from(value: FacetValue) -> Self {
        Self { value: value.value, label: value.label, units: value.units }
    }
}
