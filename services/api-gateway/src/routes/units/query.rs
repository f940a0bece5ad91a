//! What a search is asked by, read from the query.

use crate::{
    ApiError,
    routes::parameters::{self, refused},
};
use rmu_catalogue::search::{FilterText, Filters, MinScore, PointsFilter, SearchRequest, Sort};
use rmu_domain::{credit_points::CreditPoints, query::SearchQuery};
use rmu_web::Problem;
use serde::Deserialize;
use utoipa::IntoParams;

/// What a list of units is narrowed, ordered and continued by. A unit of which a fact is unknown fulfils no filter on it.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct UnitsQuery {
    /// What to look for: a code or the beginning of one, words of title or description, an abbreviation.
    /// Wildcards and quotes are plain text. Without it all units are listed by code.
    #[param(example = "data structures", min_length = 1, max_length = 200)]
    search: Option<String>,
    /// The same as `search`.
    #[param(example = "31251", min_length = 1, max_length = 200)]
    q: Option<String>,
    /// The slug of a university.
    #[param(example = "northfield")]
    university: Option<String>,
    /// A faculty as its handbook names it, in any case and without accents.
    #[param(example = "Engineering and IT", min_length = 1, max_length = 200)]
    faculty: Option<String>,
    /// The level, such as 2 for second-year units.
    #[param(example = 2)]
    level: Option<u8>,
    /// A session in which the unit is offered, as its handbook names it.
    #[param(example = "Autumn", min_length = 1, max_length = 200)]
    session: Option<String>,
    /// A mode in which the unit is offered, as its handbook names it.
    #[param(example = "Online", min_length = 1, max_length = 200)]
    mode: Option<String>,
    /// Exactly this many credit points; 0 is a number like any other.
    #[param(example = "6")]
    credit_points: Option<String>,
    /// At least this many credit points; not together with `creditPoints`.
    #[param(example = "3")]
    min_credit_points: Option<String>,
    /// At most this many credit points; not together with `creditPoints`.
    #[param(example = "12")]
    max_credit_points: Option<String>,
    /// The least overall score, 1 to 5. Units without reviews have no score.
    #[param(example = "3.5")]
    min_score: Option<String>,
    /// Only units with reviews, or only those without.
    #[param(example = true)]
    has_reviews: Option<bool>,
    /// Only units of which the handbook says that they have no requisites, or only those that have some.
    #[param(example = true)]
    requisite_free: Option<bool>,
    /// Only units that their handbook calls retired, or only the others.
    #[param(example = false)]
    retired: Option<bool>,
    /// `relevance` (by default, with a query), `code` (by default, without), `score`, `mostReviewed` or `newest` (what
    /// the catalogue met last). Scores age: units are ordered by their score as of their last review, or of at most
    /// a day ago.
    #[param(example = "score")]
    sort: Option<String>,
    /// How many on a page: 1 to 50, by default 20.
    #[param(example = 20, minimum = 1, maximum = 50)]
    pub(super) limit: Option<i64>,
    /// `nextCursor` of the page before.
    cursor: Option<String>,
}

impl UnitsQuery {
    /// Every parameter as what it means; a refusal names the parameter.
    pub(super) fn parse(self, query_required: bool) -> Result<SearchRequest, ApiError> {
        let limit = parameters::limit(self.limit)?;
        let text = |name: &'static str, raw: Option<String>| {
            raw.map(|raw| FilterText::parse(&raw)).transpose().map_err(refused(name))
        };
        let filters = Filters {
            university: parameters::slug("university", self.university.as_deref())?,
            faculty: text("faculty", self.faculty)?,
            level: self.level,
            session: text("session", self.session)?,
            mode: text("mode", self.mode)?,
            credit_points: points_filter(self.credit_points, self.min_credit_points, self.max_credit_points)?,
            min_score: self.min_score.map(|score| MinScore::parse(&score)).transpose().map_err(refused("minScore"))?,
            has_reviews: self.has_reviews,
            requisite_free: self.requisite_free,
            retired: self.retired,
        };
        Ok(SearchRequest {
            query: search_query(self.search, self.q, query_required)?,
            filters,
            sort: self.sort.map(|sort| Sort::parse(&sort)).transpose().map_err(refused("sort"))?,
            limit,
            cursor: self.cursor,
        })
    }
}

fn points_filter(
    exactly: Option<String>,
    least: Option<String>,
    most: Option<String>,
) -> Result<Option<PointsFilter>, ApiError> {
    let parse = |name: &'static str, raw: Option<String>| {
        raw.map(|points| CreditPoints::parse(&points)).transpose().map_err(refused(name))
    };
    let exactly = parse("creditPoints", exactly)?;
    let (least, most) = (parse("minCreditPoints", least)?, parse("maxCreditPoints", most)?);
    match (exactly, least, most) {
        (None, None, None) => Ok(None),
        (Some(points), None, None) => Ok(Some(PointsFilter::Exactly(points))),
        (Some(_), _, _) => {
            let detail = "must not be sent together with minCreditPoints or maxCreditPoints";
            Err(Problem::invalid_parameter("creditPoints", detail).into())
        }
        (None, Some(least), Some(most)) if least > most => {
            Err(Problem::invalid_parameter("maxCreditPoints", "must not be below minCreditPoints").into())
        }
        (None, least, most) => Ok(Some(PointsFilter::Between(least, most))),
    }
}

/// One query, by whichever name. An emptied search box lists everything.
fn search_query(search: Option<String>, q: Option<String>, required: bool) -> Result<Option<SearchQuery>, ApiError> {
    let (name, raw) = match (search, q) {
        (Some(search), Some(q)) if search != q => {
            return Err(Problem::invalid_parameter("q", "must not differ from search: send one of them").into());
        }
        (Some(search), _) => ("search", search),
        (None, Some(q)) => ("q", q),
        (None, None) if required => return Err(Problem::invalid_parameter("q", "is required").into()),
        (None, None) => return Ok(None),
    };
    if !required && raw.trim().is_empty() {
        return Ok(None);
    }
    SearchQuery::parse(&raw).map(Some).map_err(refused(name))
}
