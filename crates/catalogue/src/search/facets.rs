//! What a search could be narrowed by, and how many units would remain.
//!
//! The values of one fact are counted with all filters but the one on that fact, so that they say what choosing
//! another value would give.

use crate::{
    CatalogueError,
    search::{SearchRequest, tags::Kind},
    store::search::{
        self as store, Pattern,
        facets::{self, CountedRow, Reached},
    },
    universities::university_named,
};
use rmu_domain::{credit_points::CreditPoints, ids::UnitId};
use rmu_postgres::{AsyncPgConnection, Database};
use std::collections::BTreeMap;

/// Facts that units are counted by besides their university.
const KINDS: [Kind; 5] = [Kind::Faculty, Kind::Level, Kind::Session, Kind::Mode, Kind::Points];

/// What can be chosen of each fact, the most frequent first, at most fifty values.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Facets {
    pub university: Facet,
    pub faculty: Facet,
    pub level: Facet,
    pub session: Facet,
    pub mode: Facet,
    pub credit_points: Facet,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Facet {
    pub values: Vec<FacetValue>,
    /// There are more units than were looked at: each value has at least so many.
    pub at_least: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FacetValue {
    /// As the filter takes it.
    pub value: String,
    /// As it is shown.
    pub label: String,
    pub units: u32,
}

/// Counts the facets of a search or list; its order, limit and cursor do not matter.
pub async fn count(database: &Database, request: &SearchRequest) -> Result<Facets, CatalogueError> {
    let mut connection = database.connection().await?;
    let university = university_named(&mut connection, request.filters.university.as_ref()).await?;
    let filters = store::Filters::new(&request.filters, university);
    let pattern = store::pattern(&mut connection, request.query.as_ref()).await?;
    let mut counter = Counter { connection: &mut connection, pattern: pattern.as_ref() };

    let unasked: Vec<Kind> = KINDS.into_iter().filter(|kind| !filters.ask_for(*kind)).collect();
    let mut by_kind = counter.tags(&filters, &unasked).await?;
    for kind in KINDS.into_iter().filter(|kind| filters.ask_for(*kind)) {
        by_kind.extend(counter.tags(&filters.without(kind), &[kind]).await?);
    }
    let university = counter.universities(&filters.without_university()).await?;
    let mut take = |kind: Kind| by_kind.remove(kind.prefix()).unwrap_or_default();
    Ok(Facets {
        university,
        faculty: take(Kind::Faculty),
        level: take(Kind::Level),
        session: take(Kind::Session),
        mode: take(Kind::Mode),
        credit_points: take(Kind::Points),
    })
}

struct Counter<'a> {
    connection: &'a mut AsyncPgConnection,
    pattern: Option<&'a Pattern>,
}

impl Counter<'_> {
    async fn tags(
        &mut self,
        filters: &store::Filters,
        kinds: &[Kind],
    ) -> Result<BTreeMap<&'static str, Facet>, CatalogueError> {
        let these = self.misspelt(filters).await?;
        let rows = facets::count_tags(self.connection, reached(self.pattern, &these), filters, kinds).await?;
        let mut by_kind: BTreeMap<&'static str, Facet> = BTreeMap::new();
        for row in rows {
            let Some((kind, value)) =
                kinds.iter().find_map(|kind| Some((*kind, row.value.strip_prefix(kind.prefix())?.to_owned())))
            else {
                continue;
            };
            by_kind.entry(kind.prefix()).or_default().add(value_of(kind, &value, row.label.clone()), &row);
        }
        Ok(by_kind)
    }

    async fn universities(&mut self, filters: &store::Filters) -> Result<Facet, CatalogueError> {
        let these = self.misspelt(filters).await?;
        let mut facet = Facet::default();
        for row in facets::count_universities(self.connection, reached(self.pattern, &these), filters).await? {
            facet.add((row.value.clone(), row.label.clone().unwrap_or_default()), &row);
        }
        Ok(facet)
    }

    /// Everything that a search with a typing error finds; `None` when the cheaper rungs find enough.
    async fn misspelt(&mut self, filters: &store::Filters) -> Result<Option<Vec<UnitId>>, CatalogueError> {
        let may_be_misspelt = |pattern: &&Pattern| pattern.may_hold_a_typo() || pattern.may_be_a_mistyped_code();
        let Some(pattern) = self.pattern.filter(may_be_misspelt) else { return Ok(None) };
        let found = super::few(self.connection, pattern, filters).await?;
        Ok(found.map(|found| found.into_iter().map(|hit| hit.unit).collect()))
    }
}

fn reached<'a>(pattern: Option<&'a Pattern>, these: &'a Option<Vec<UnitId>>) -> Reached<'a> {
    match (pattern, these) {
        (_, Some(units)) => Reached::These(units),
        (Some(pattern), None) => Reached::By(pattern),
        (None, None) => Reached::All,
    }
}

impl Facet {
    fn add(&mut self, (value, label): (String, String), row: &CountedRow) {
        self.at_least |= row.largest > facets::EXACT_TO;
        self.values.push(FacetValue { value, label, units: u32::try_from(row.units).unwrap_or(u32::MAX) });
    }
}

/// A value as the filter takes it and as it is shown.
fn value_of(kind: Kind, value: &str, label: Option<String>) -> (String, String) {
    match kind {
        Kind::Points => {
            let points = value.parse().ok().and_then(|thousandths| CreditPoints::from_thousandths(thousandths).ok());
            let shown = points.map_or_else(|| value.to_owned(), |points| points.to_string());
            (shown.clone(), shown)
        }
        _ => (value.to_owned(), label.unwrap_or_else(|| value.to_owned())),
    }
}
