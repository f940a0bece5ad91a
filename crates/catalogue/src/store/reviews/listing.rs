//! Lists of visible reviews.

use super::{PUBLIC, ReviewRow};
use crate::{
    page::{PageLimit, Total},
    reviews::{Place, Review, ReviewSort},
    search::words,
    store::{cached_sql::CachedSql, counting::count_rows, reviews::count},
};
use diesel::{QueryableByName, sql_types as sql};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rmu_domain::{ids::UnitId, rating::Rating, review::SessionName, year::Year};
use rmu_postgres::DatabaseError;

/// Which reviews of a unit are wanted.
#[derive(Debug, Clone, Default)]
pub(crate) struct Filter {
    /// As it is stored; see [`session_named`].
    pub(crate) session: Option<String>,
    pub(crate) year: Option<Year>,
    pub(crate) rating: Option<Rating>,
}

impl Filter {
    fn lets_all_through(&self) -> bool {
        self.session.is_none() && self.year.is_none() && self.rating.is_none()
    }

    fn rows(&self, unit: UnitId) -> CachedSql {
        let mut rows = CachedSql::new(" FROM reviews WHERE state = 'visible' AND unit_id = ").uuid(unit);
        if let Some(session) = &self.session {
            rows = rows.sql(" AND taken_session = ").text(session.as_str());
        }
        if let Some(year) = self.year {
            rows = rows.sql(" AND taken_year = ").small(i16::try_from(year.get()).unwrap_or(i16::MAX));
        }
        if let Some(rating) = self.rating {
            rows = rows.sql(" AND overall = ").small(i16::from(rating.get()));
        }
        rows
    }
}

#[derive(Debug, QueryableByName)]
struct NameRow {
    #[diesel(sql_type = sql::Text)]
    name: String,
}

/// The name under which reviews of a session are stored: what the handbook calls it, whatever case was asked in.
pub(crate) async fn session_named(
    connection: &mut AsyncPgConnection,
    unit: UnitId,
    session: &SessionName,
) -> Result<String, DatabaseError> {
    let known: Vec<NameRow> = CachedSql::new("SELECT DISTINCT taken_session AS name FROM unit_scores WHERE unit_id = ")
        .uuid(unit)
        .sql(" AND taken_session <> '' ORDER BY 1 LIMIT 500")
        .load(connection)
        .await?;
    let wanted = words::fold(session.as_str());
    let named = known.into_iter().map(|row| row.name).find(|name| words::fold(name) == wanted);
    Ok(named.unwrap_or_else(|| session.as_str().to_owned()))
}

/// How many there are; `None` when there is no such unit.
pub(crate) async fn total(
    connection: &mut AsyncPgConnection,
    unit: UnitId,
    filter: &Filter,
) -> Result<Option<Total>, DatabaseError> {
    let Some(all) = count(connection, unit).await? else { return Ok(None) };
    if filter.lets_all_through() {
        return Ok(Some(Total::counted(all)));
    }
    Ok(Some(count_rows(connection, CachedSql::new("SELECT").then(filter.rows(unit))).await?))
}

/// The reviews after a place, one more than the page holds when there are more.
pub(crate) async fn page(
    connection: &mut AsyncPgConnection,
    unit: UnitId,
    filter: &Filter,
    sort: ReviewSort,
    after: Option<&Place>,
    limit: PageLimit,
) -> Result<Vec<Review>, DatabaseError> {
    let rows: Vec<ReviewRow> = statement(unit, filter, sort, after, limit).load(connection).await?;
    rows.into_iter().map(ReviewRow::into_review).collect()
}

pub(super) fn statement(
    unit: UnitId,
    filter: &Filter,
    sort: ReviewSort,
    after: Option<&Place>,
    limit: PageLimit,
) -> CachedSql {
    let mut rows = CachedSql::new("SELECT ").sql(PUBLIC).then(filter.rows(unit));
    if let Some((place, day)) = after.and_then(|place| Some((place, place.day()?))) {
        let and_later = |rows: CachedSql| rows.date(day).sql(", ").uuid(place.id).sql(")");
        rows = match sort {
            ReviewSort::Newest => and_later(rows.sql(" AND (written_on, id) < (")),
            ReviewSort::Helpful => {
                and_later(rows.sql(" AND (helpful_rank, written_on, id) < (").integer(place.rank).sql(", "))
            }
            ReviewSort::Highest => {
                and_later(rows.sql(" AND (overall, written_on, id) < (").small(place.overall).sql(", "))
            }
            ReviewSort::Lowest => {
                let rows = rows.sql(" AND overall >= ").small(place.overall);
                let rows = rows.sql(" AND (overall > ").small(place.overall).sql(" OR (written_on, id) < (");
                and_later(rows).sql(")")
            }
        };
    }
    rows.sql(match sort {
        ReviewSort::Newest => " ORDER BY written_on DESC, id DESC LIMIT ",
        ReviewSort::Helpful => " ORDER BY helpful_rank DESC, written_on DESC, id DESC LIMIT ",
        ReviewSort::Highest => " ORDER BY overall DESC, written_on DESC, id DESC LIMIT ",
        ReviewSort::Lowest => " ORDER BY overall, written_on DESC, id DESC LIMIT ",
    })
    .big(limit.and_one_more())
}
