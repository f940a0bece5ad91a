//! Finding units: a ladder of ever more forgiving rungs, and lists without a query.
//!
//! A hit stands on the best rung that reaches it, and the answer says which. Within a rung the order is by
//! code, so that a page continues after the last hit of the page before, whatever was written meanwhile.

pub mod facets;
pub(crate) mod highlight;
pub mod ranks;
mod request;
pub(crate) mod stems;
pub mod suggestions;
pub(crate) mod tags;
pub(crate) mod words;

pub use crate::store::search::{IndexedUnit, index_unit};
pub use request::{FilterText, Filters, MinScore, PointsFilter, SearchRequest, Sort};

use crate::{
    CatalogueError,
    page::{Page, PageLimit, Total, decode_cursor, encode_cursor, foreign_cursor},
    scores::{self, ScoreSummary},
    store::search::{self as store, Found, Key, Pattern, Step},
    universities::university_named,
};
use rmu_domain::{
    ParseError,
    credit_points::CreditPoints,
    facts::Standing,
    ids::{UnitId, UniversityId},
    query::Rung,
};
use rmu_postgres::{AsyncPgConnection, Database};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// With fewer hits than this the query may hold a typing error, and the costly rung is climbed.
const TOO_FEW: u32 = 3;

/// A unit in a list.
#[derive(Debug, Clone, PartialEq)]
pub struct UnitHit {
    pub id: UnitId,
    pub code: String,
    pub title: String,
    pub university: UniversityName,
    pub credit_points: Option<CreditPoints>,
    pub level: Option<u8>,
    /// Whether it can still be taken.
    pub standing: Standing,
    pub score: ScoreSummary,
    /// `None` in a list without a query.
    pub found: Option<FoundBy>,
}

/// How a university is named wherever it is not the subject itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UniversityName {
    pub id: UniversityId,
    pub slug: String,
    pub name: String,
}

/// Why a unit is a hit. The texts are escaped for HTML; what matched stands in `<mark>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundBy {
    pub rung: Rung,
    pub code: Option<String>,
    /// The former code that was asked for, as it was written.
    pub formerly: Option<String>,
    pub title: Option<String>,
    pub description: Option<String>,
}

/// Whether a word is looked for as the beginning of words too. One or two letters begin too many.
pub(crate) fn matches_beginnings(word: &str) -> bool {
    word.chars().count() >= 3
}

/// The place after which the next page begins.
#[derive(Debug, Serialize, Deserialize)]
struct Place {
    /// Which search it belongs to.
    f: u32,
    place: i64,
    step: i16,
    rank: i32,
    code: String,
    unit: Uuid,
    /// Whether the total was found to be beyond counting.
    more: bool,
}

/// Finds units, or lists all that fulfil the filters.
pub async fn search(database: &Database, request: &SearchRequest) -> Result<Page<UnitHit>, CatalogueError> {
    let mark = request.fingerprint();
    let sort = request.order();
    let after = request
        .cursor
        .as_deref()
        .map(|cursor| place(cursor, mark))
        .transpose()
        .map_err(|error| CatalogueError::invalid("cursor", &error))?;
    let mut connection = database.connection().await?;
    let university = university_named(&mut connection, request.filters.university.as_ref()).await?;
    let filters = store::Filters::new(&request.filters, university);
    let pattern = store::pattern(&mut connection, request.query.as_ref()).await?;
    let (mut found, total) = match &pattern {
        None => {
            let after = after.as_ref().map(Place::key);
            store::list(&mut connection, &filters, sort, after.as_ref(), request.limit).await?
        }
        Some(pattern) => climb(&mut connection, pattern, &filters, sort, after.as_ref(), request.limit).await?,
    };
    let next = (found.len() > request.limit.get()).then(|| {
        found.truncate(request.limit.get());
        found.last().map(|last| encode_cursor(&Place::of(last.key(sort), mark, total.and_more)))
    });
    let shown = store::shown(&mut connection, &found, pattern.as_ref().map(Pattern::code)).await?;
    let units: Vec<UnitId> = found.iter().map(|hit| hit.unit).collect();
    let mut summaries = scores::summaries(&mut connection, &units).await?;
    let entries = found
        .iter()
        .filter_map(|hit| {
            // Deleted between the two statements: no longer a hit.
            let shown = shown.get(&hit.unit)?;
            let found = pattern.as_ref().map(|pattern| found_by(pattern, hit.step, shown));
            Some(shown.hit(summaries.remove(&hit.unit).unwrap_or_default(), found))
        })
        .collect();
    Ok(Page { entries, total, next: next.flatten() })
}

/// The cheap rungs in one statement; another that reads in order when a rung holds more than is ranked at once; the
/// rung of typing errors when all that found too little.
async fn climb(
    connection: &mut AsyncPgConnection,
    pattern: &Pattern,
    filters: &store::Filters,
    sort: Sort,
    after: Option<&Place>,
    limit: PageLimit,
) -> Result<(Vec<Found>, Total), CatalogueError> {
    let key = after.map(Place::key);
    let key = key.as_ref();
    if pattern.is_empty() {
        return Ok((Vec::new(), Total::counted(0)));
    }
    let mut begun = store::Begun { found: Vec::new(), from: Step::ExactCode };
    if !after.is_some_and(|place| place.more) {
        let bounded = store::bounded(connection, pattern, filters, sort, key, limit).await?;
        if bounded.fills_page(sort, limit) {
            return Ok((bounded.found, Total::MORE));
        }
        if bounded.overflowing.is_none() {
            let typos = mistakes(connection, pattern, filters, sort, &bounded).await?;
            let mut found = bounded.found;
            let mut total = Total::counted(bounded.total);
            if !typos.is_empty() {
                total.count += u32::try_from(typos.len()).unwrap_or(u32::MAX);
                found.extend(typos.into_iter().filter(|typo| key.is_none_or(|key| typo.key(sort) > *key)));
                found.sort_by_key(|hit| hit.key(sort));
                found.truncate(limit.get() + 1);
            }
            return Ok((found, total));
        }
        begun = bounded.begun();
    }
    let found = match sort {
        Sort::Relevance => store::ordered(connection, pattern, filters, begun, key, limit).await?,
        _ => store::sorted(connection, pattern, filters, sort, key, limit).await?,
    };
    Ok((found, Total::MORE))
}

/// What a query with typing errors may have meant, when the cheap rungs found too little. Whoever typed a code that
/// exists meant it.
async fn mistakes(
    connection: &mut AsyncPgConnection,
    pattern: &Pattern,
    filters: &store::Filters,
    sort: Sort,
    bounded: &store::Bounded,
) -> Result<Vec<Found>, CatalogueError> {
    if bounded.total == 0 && pattern.may_be_a_mistyped_code() {
        let codes = store::mistyped(connection, pattern, filters, sort).await?;
        if !codes.is_empty() {
            return Ok(codes);
        }
    }
    if bounded.total < i64::from(TOO_FEW) && !bounded.meets_code && pattern.may_hold_a_typo() {
        return Ok(store::typos(connection, pattern, filters, sort).await?);
    }
    Ok(Vec::new())
}

/// All that a search finds, when the cheap rungs find too little and the costly one is climbed.
async fn few(
    connection: &mut AsyncPgConnection,
    pattern: &Pattern,
    filters: &store::Filters,
) -> Result<Option<Vec<Found>>, CatalogueError> {
    let sort = Sort::Relevance;
    let bounded = store::bounded(connection, pattern, filters, sort, None, PageLimit::default()).await?;
    if bounded.overflowing.is_some() || bounded.total >= i64::from(TOO_FEW) {
        return Ok(None);
    }
    let mistakes = mistakes(connection, pattern, filters, sort, &bounded).await?;
    Ok(Some(bounded.found.into_iter().chain(mistakes).collect()))
}

fn found_by(pattern: &Pattern, step: Step, shown: &store::Shown) -> FoundBy {
    let rung = step.rung();
    let by_code = matches!(step, Step::ExactCode | Step::NormalisedCode | Step::CodePrefix);
    let formerly = if step == Step::FormerCode { shown.formerly.clone() } else { None };
    let code = by_code.then(|| highlight::mark_code(&shown.code, pattern.code()));
    let title = highlight::mark_words(&shown.title, pattern.marked());
    let description = match (&shown.description, rung) {
        (Some(description), Rung::Description) => highlight::excerpt(description, pattern.marked()),
        _ => None,
    };
    FoundBy { rung, code, formerly, title, description }
}

fn place(cursor: &str, mark: u32) -> Result<Place, ParseError> {
    let place: Place = decode_cursor(cursor)?;
    if place.f != mark {
        return Err(foreign_cursor());
    }
    if place.code.len() > 40 || !place.code.chars().all(|c| c.is_ascii_alphanumeric()) {
        return Err(ParseError::new("must be a cursor as given by the page before"));
    }
    Ok(place)
}

impl Place {
    fn of(key: Key, f: u32, more: bool) -> Self {
        Self { f, place: key.place, step: key.step, rank: key.rank, code: key.code, unit: key.unit, more }
    }

    fn key(&self) -> Key {
        Key { place: self.place, step: self.step, rank: self.rank, code: self.code.clone(), unit: self.unit }
    }
}
