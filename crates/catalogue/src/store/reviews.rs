//! Reviews in Postgres.

use crate::{
    page::PageLimit,
    reviews::{Place, Review, ReviewSort, ShownAuthor},
    store::{cached_sql::CachedSql, counting::CountRow},
};
use chrono::{DateTime, Utc};
use diesel::{QueryableByName, sql_types as sql};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rmu_domain::{
    ParseError,
    ids::{AccountId, ReviewId, UnitId, UniversityId},
    rating::Rating,
    review::{Ratings, ReviewDraft},
    year::Year,
};
use rmu_postgres::DatabaseError;
use uuid::Uuid;

mod locked;

pub(crate) use locked::{LockedReview, lock, set_state};

/// What a new review takes over from its unit.
#[derive(Debug, QueryableByName)]
struct UnitRow {
    #[diesel(sql_type = sql::Uuid)]
    university_id: Uuid,
    #[diesel(sql_type = sql::Text)]
    code: String,
}

#[derive(Debug)]
pub(crate) struct ReviewedUnit {
    pub(crate) university: UniversityId,
    pub(crate) code: String,
}

/// Locked with other reviews, but against requests for one: whoever asks comes before the review or sees it.
pub(crate) async fn reviewed_unit(
    connection: &mut AsyncPgConnection,
    unit: UnitId,
) -> Result<Option<ReviewedUnit>, DatabaseError> {
    let rows: Vec<UnitRow> =
        CachedSql::new("SELECT university_id, code FROM units WHERE merged_into IS NULL AND id = ")
            .uuid(unit)
            .sql(" FOR SHARE")
            .load(connection)
            .await?;
    Ok(rows.into_iter().next().map(|row| ReviewedUnit { university: row.university_id.into(), code: row.code }))
}

#[derive(Debug, QueryableByName)]
struct SessionRow {
    #[diesel(sql_type = sql::Text)]
    session: String,
    #[diesel(sql_type = sql::Bool)]
    of_year: bool,
}

/// The sessions in which the handbook of `year` offers the unit; where that handbook was never read or says
/// nothing of sessions, those of all handbooks that were.
pub(crate) async fn offered_sessions(
    connection: &mut AsyncPgConnection,
    unit: UnitId,
    year: Year,
) -> Result<Vec<String>, DatabaseError> {
    let rows: Vec<SessionRow> =
        CachedSql::new("SELECT offering ->> 'session' AS session, bool_or(version.year IS NOT DISTINCT FROM ")
            .small(i16::try_from(year.get()).unwrap_or(i16::MAX))
            .sql(
                ") AS of_year
         FROM unit_versions AS version
         CROSS JOIN LATERAL jsonb_array_elements(
             CASE WHEN jsonb_typeof(version.facts -> 'offerings') = 'array'
                  THEN version.facts -> 'offerings' ELSE '[]'::jsonb END) AS offering
         WHERE version.unit_id = ",
            )
            .uuid(unit)
            .sql(" AND offering ->> 'session' IS NOT NULL GROUP BY 1 ORDER BY 1 LIMIT 500")
            .load(connection)
            .await?;
    let any_of_year = rows.iter().any(|row| row.of_year);
    Ok(rows.into_iter().filter(|row| row.of_year || !any_of_year).map(|row| row.session).collect())
}

/// A review on its way into the table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NewReview<'a> {
    pub(crate) id: ReviewId,
    pub(crate) unit: UnitId,
    pub(crate) university: UniversityId,
    pub(crate) unit_code: &'a str,
    pub(crate) author: AccountId,
    pub(crate) author_nickname: Option<&'a str>,
    pub(crate) draft: &'a ReviewDraft,
    pub(crate) session: &'a str,
    pub(crate) in_handbook: bool,
}

#[derive(Debug, QueryableByName)]
struct ReviewRow {
    #[diesel(sql_type = sql::Uuid)]
    id: Uuid,
    #[diesel(sql_type = sql::Uuid)]
    unit_id: Uuid,
    #[diesel(sql_type = sql::Text)]
    unit_code: String,
    #[diesel(sql_type = sql::Text)]
    shown_as: String,
    #[diesel(sql_type = sql::Nullable<sql::Text>)]
    author_nickname: Option<String>,
    #[diesel(sql_type = sql::SmallInt)]
    overall: i16,
    #[diesel(sql_type = sql::SmallInt)]
    teaching: i16,
    #[diesel(sql_type = sql::SmallInt)]
    difficulty: i16,
    #[diesel(sql_type = sql::SmallInt)]
    workload: i16,
    #[diesel(sql_type = sql::SmallInt)]
    usefulness: i16,
    #[diesel(sql_type = sql::Bool)]
    would_recommend: bool,
    #[diesel(sql_type = sql::Text)]
    taken_session: String,
    #[diesel(sql_type = sql::SmallInt)]
    taken_year: i16,
    #[diesel(sql_type = sql::Bool)]
    in_handbook: bool,
    #[diesel(sql_type = sql::Nullable<sql::Text>)]
    body: Option<String>,
    #[diesel(sql_type = sql::Timestamptz)]
    created_at: DateTime<Utc>,
}

/// What is read of a review: everything but who wrote it.
const PUBLIC: &str = "id, unit_id, unit_code, shown_as, author_nickname, overall, teaching, difficulty, workload,
    usefulness, would_recommend, taken_session, taken_year, in_handbook, body, created_at";

pub(crate) async fn insert(
    connection: &mut AsyncPgConnection,
    review: &NewReview<'_>,
) -> Result<Review, DatabaseError> {
    let draft = review.draft;
    let number = |rating: Rating| i16::from(rating.get());
    let row: ReviewRow = CachedSql::new(
        "INSERT INTO reviews
             (id, unit_id, university_id, author_id, author_nickname, shown_as, unit_code, overall, teaching,
              difficulty, workload, usefulness, would_recommend, taken_session, taken_year, in_handbook, body)
         VALUES (",
    )
    .uuid(review.id)
    .sql(", ")
    .uuid(review.unit)
    .sql(", ")
    .uuid(review.university)
    .sql(", ")
    .uuid(review.author)
    .sql(", ")
    .maybe_text(review.author_nickname.map(str::to_owned))
    .sql(", ")
    .text(draft.shown_as.as_str())
    .sql(", ")
    .text(review.unit_code)
    .sql(", ")
    .small(number(draft.ratings.overall))
    .sql(", ")
    .small(number(draft.ratings.teaching))
    .sql(", ")
    .small(number(draft.ratings.difficulty))
    .sql(", ")
    .small(number(draft.ratings.workload))
    .sql(", ")
    .small(number(draft.ratings.usefulness))
    .sql(", ")
    .bool(draft.would_recommend)
    .sql(", ")
    .text(review.session)
    .sql(", ")
    .small(i16::try_from(draft.taken.year.get()).unwrap_or(i16::MAX))
    .sql(", ")
    .bool(review.in_handbook)
    .sql(", ")
    .maybe_text(draft.text.as_ref().map(|text| text.as_str().to_owned()))
    .sql(") RETURNING ")
    .sql(PUBLIC)
    .get_result(connection)
    .await?;
    row.into_review()
}

pub(crate) async fn find(connection: &mut AsyncPgConnection, id: ReviewId) -> Result<Option<Review>, DatabaseError> {
    let rows: Vec<ReviewRow> =
        CachedSql::new("SELECT ").sql(PUBLIC).sql(" FROM reviews WHERE id = ").uuid(id).load(connection).await?;
    rows.into_iter().next().map(ReviewRow::into_review).transpose()
}

/// How many visible reviews the unit has; `None` when there is no such unit.
pub(crate) async fn count(connection: &mut AsyncPgConnection, unit: UnitId) -> Result<Option<i64>, DatabaseError> {
    let rows: Vec<CountRow> = CachedSql::new(
        "SELECT coalesce((SELECT sum(reviews) FROM unit_scores WHERE unit_id = unit.id), 0)::bigint AS count
         FROM units AS unit WHERE unit.id = ",
    )
    .uuid(unit)
    .load(connection)
    .await?;
    Ok(rows.into_iter().next().map(|row| row.count))
}

/// The visible reviews after a place, one more than the page holds when there are more.
pub(crate) async fn page(
    connection: &mut AsyncPgConnection,
    unit: UnitId,
    sort: ReviewSort,
    after: Option<&Place>,
    limit: PageLimit,
) -> Result<Vec<Review>, DatabaseError> {
    let mut statement =
        CachedSql::new("SELECT ").sql(PUBLIC).sql(" FROM reviews WHERE state = 'visible' AND unit_id = ").uuid(unit);
    if let Some((place, time)) = after.and_then(|place| Some((place, place.time()?))) {
        statement = match sort {
            ReviewSort::Newest => statement.sql(" AND (created_at, id) < (").time(time).sql(", ").uuid(place.id),
            ReviewSort::Highest => statement
                .sql(" AND (overall, created_at, id) < (")
                .small(place.overall)
                .sql(", ")
                .time(time)
                .sql(", ")
                .uuid(place.id),
            ReviewSort::Lowest => statement
                .sql(" AND overall >= ")
                .small(place.overall)
                .sql(" AND (overall > ")
                .small(place.overall)
                .sql(" OR (created_at, id) < (")
                .time(time)
                .sql(", ")
                .uuid(place.id)
                .sql(")"),
        }
        .sql(")");
    }
    let rows: Vec<ReviewRow> = statement
        .sql(match sort {
            ReviewSort::Newest => " ORDER BY created_at DESC, id DESC LIMIT ",
            ReviewSort::Highest => " ORDER BY overall DESC, created_at DESC, id DESC LIMIT ",
            ReviewSort::Lowest => " ORDER BY overall, created_at DESC, id DESC LIMIT ",
        })
        .big(limit.and_one_more())
        .load(connection)
        .await?;
    rows.into_iter().map(ReviewRow::into_review).collect()
}

impl ReviewRow {
    fn into_review(self) -> Result<Review, DatabaseError> {
        Ok(Review {
            id: self.id.into(),
            unit: self.unit_id.into(),
            unit_code: self.unit_code,
            author: match (self.shown_as.as_str(), self.author_nickname) {
                ("nickname", Some(nickname)) => ShownAuthor::Nickname(nickname),
                ("verifiedStudent", _) => ShownAuthor::VerifiedStudent,
                // Whatever is unclear is anonymous: the mistake that harms nobody.
                _ => ShownAuthor::Anonymous,
            },
            ratings: Ratings {
                overall: rating(self.overall)?,
                teaching: rating(self.teaching)?,
                difficulty: rating(self.difficulty)?,
                workload: rating(self.workload)?,
                usefulness: rating(self.usefulness)?,
            },
            would_recommend: self.would_recommend,
            session: self.taken_session,
            year: u16::try_from(self.taken_year).unwrap_or_default(),
            in_handbook: self.in_handbook,
            text: self.body,
            created_at: self.created_at,
        })
    }
}

/// The table's own checks make this right; should they be gone, the read fails instead of inventing a rating.
fn rating(stars: i16) -> Result<Rating, DatabaseError> {
    Rating::new(i64::from(stars)).map_err(broken)
}

fn broken(error: ParseError) -> DatabaseError {
    DatabaseError::Query(diesel::result::Error::DeserializationError(Box::new(error)))
}
