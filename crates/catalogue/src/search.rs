//! Finding units: a ladder of ever more forgiving rungs, and lists without a query.
//!
//! A hit stands on the best rung that reaches it, and the answer says which. Within a rung the order is by
//! code, so that a page continues after the last hit of the page before, whatever was written meanwhile.

pub(crate) mod highlight;
pub mod suggestions;
pub(crate) mod words;

pub use crate::store::search::{IndexedUnit, index_unit};

use crate::{
    CatalogueError,
    page::{Page, PageLimit, Total, decode_cursor, encode_cursor, fingerprint, foreign_cursor},
    scores::{self, ScoreSummary},
    store::search::{self as store, Found, Key, Pattern, Step},
    universities::university_named,
};
use rmu_domain::{
    ParseError,
    credit_points::CreditPoints,
    ids::{UnitId, UniversityId},
    query::{Rung, SearchQuery},
    slug::Slug,
};
use rmu_postgres::{AsyncPgConnection, Database};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// With fewer hits than this the query may hold a typing error, and the costly rung is climbed.
const TOO_FEW: u32 = 3;

/// A search, or a list when there is no query.
#[derive(Debug, Clone, Default)]
pub struct SearchRequest {
    pub query: Option<SearchQuery>,
    pub filters: Filters,
    pub limit: PageLimit,
    /// [`Page::next`] of the page before.
    pub cursor: Option<String>,
}

/// What every hit must fulfil. Unknown facts fulfil nothing.
#[derive(Debug, Clone, Default)]
pub struct Filters {
    pub university: Option<Slug>,
    pub level: Option<u8>,
    pub credit_points: Option<CreditPoints>,
}

/// A unit in a list.
#[derive(Debug, Clone, PartialEq)]
pub struct UnitHit {
    pub id: UnitId,
    pub code: String,
    pub title: String,
    pub university: UniversityName,
    pub credit_points: Option<CreditPoints>,
    pub level: Option<u8>,
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
    step: i16,
    rank: i32,
    code: String,
    unit: Uuid,
    /// Whether the total was found to be beyond counting.
    more: bool,
}

/// Finds units, or lists all that fulfil the filters.
pub async fn search(database: &Database, request: &SearchRequest) -> Result<Page<UnitHit>, CatalogueError> {
    let mark = request_fingerprint(request);
    let after = request
        .cursor
        .as_deref()
        .map(|cursor| place(cursor, mark))
        .transpose()
        .map_err(|error| CatalogueError::invalid("cursor", &error))?;
    let mut connection = database.connection().await?;
    let university = university_named(&mut connection, request.filters.university.as_ref()).await?;
    let filters =
        store::Filters { university, level: request.filters.level, credit_points: request.filters.credit_points };
    let pattern = request.query.as_ref().map(Pattern::new);
    let (mut found, total) = match &pattern {
        None => store::list(&mut connection, &filters, after.as_ref().map(Place::key), request.limit).await?,
        Some(pattern) => climb(&mut connection, pattern, &filters, after.as_ref(), request.limit).await?,
    };
    let next = (found.len() > request.limit.get()).then(|| {
        found.truncate(request.limit.get());
        found.last().map(|last| encode_cursor(&Place::of(last, mark, total.and_more)))
    });
    let shown = store::shown(&mut connection, &found).await?;
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

/// The cheap rungs in one statement; the ordered variant when a rung holds more than is ranked at once; the
/// rung of typing errors when all that found too little.
async fn climb(
    connection: &mut AsyncPgConnection,
    pattern: &Pattern,
    filters: &store::Filters,
    after: Option<&Place>,
    limit: PageLimit,
) -> Result<(Vec<Found>, Total), CatalogueError> {
    let key = after.map(Place::key);
    if after.is_some_and(|place| place.more) {
        return Ok((store::ordered(connection, pattern, filters, key, limit).await?, Total::MORE));
    }
    let bounded = store::bounded(connection, pattern, filters, key.clone(), limit).await?;
    if bounded.overflowed {
        return Ok((store::ordered(connection, pattern, filters, key, limit).await?, Total::MORE));
    }
    let mut found = bounded.found;
    let mut total = Total::counted(bounded.total);
    if total.count < TOO_FEW && pattern.may_hold_a_typo() {
        let typos = store::typos(connection, pattern, filters).await?;
        total.count += u32::try_from(typos.len()).unwrap_or(u32::MAX);
        found.extend(typos.into_iter().filter(|typo| key.as_ref().is_none_or(|key| typo.key() > *key)));
        found.truncate(limit.get() + 1);
    }
    Ok((found, total))
}

fn found_by(pattern: &Pattern, step: Step, shown: &store::Shown) -> FoundBy {
    let rung = step.rung();
    let code = matches!(rung, Rung::ExactCode | Rung::NormalisedCode | Rung::CodePrefix)
        .then(|| highlight::mark_code(&shown.code, pattern.code()));
    let title = highlight::mark_words(&shown.title, pattern.words());
    let description = match (&shown.description, rung) {
        (Some(description), Rung::Description) => highlight::excerpt(description, pattern.words()),
        _ => None,
    };
    FoundBy { rung, code, title, description }
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
    fn of(hit: &Found, f: u32, more: bool) -> Self {
        let key = hit.key();
        Self { f, step: key.step, rank: key.rank, code: key.code, unit: key.unit, more }
    }

    fn key(&self) -> Key {
        Key { step: self.step, rank: self.rank, code: self.code.clone(), unit: self.unit }
    }
}

fn request_fingerprint(request: &SearchRequest) -> u32 {
    let filters = &request.filters;
    fingerprint(&[
        "units",
        request.query.as_ref().map_or("", SearchQuery::as_str),
        filters.university.as_ref().map_or("", Slug::as_str),
        &filters.level.map(|level| level.to_string()).unwrap_or_default(),
        &filters.credit_points.map(|points| points.to_string()).unwrap_or_default(),
    ])
}
