//! Reviews in Postgres.

use crate::{
    reviews::{Review, ShownAuthor},
    store::{cached_sql::CachedSql, counting::CountRow},
};
use chrono::NaiveDate;
use diesel::{QueryableByName, sql_types as sql};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rmu_domain::{
    ids::{AccountId, ReviewId, UnitId, UniversityId},
    review::{Ratings, ReviewDraft, ReviewText, StateCause},
    year::Year,
};
use rmu_postgres::DatabaseError;
use uuid::Uuid;

mod authors;
mod listing;
mod locked;
mod own;
#[cfg(test)]
mod plans;
mod ratings;
mod revisions;

pub(crate) use authors::{author_of, delete_all, forget_author, make_nobodys, rename_author, touched_by};
pub(crate) use listing::{Filter, page, session_named, total};
pub(crate) use locked::{LockedReview, lock, set_state};
pub(crate) use own::{count_own, find_own, page_of_own};
pub(crate) use ratings::RatingsRow;
pub(crate) use revisions::{delete, is_in_question, keep_withdrawn, revisions, rewrite, take_withdrawn};

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

/// What an author says, as it is stored.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Content<'a> {
    /// Only of an author who chose to be shown by it.
    pub(crate) nickname: Option<&'a str>,
    pub(crate) draft: &'a ReviewDraft,
    /// As the handbook writes it, if it knows it.
    pub(crate) session: &'a str,
    pub(crate) in_handbook: bool,
}

/// The columns that [`Content`] fills, in the order of its values.
const CONTENT: &str = "author_nickname, shown_as, overall, teaching, difficulty, workload, usefulness,
    would_recommend, taken_session, taken_year, in_handbook, body";

impl Content<'_> {
    fn values(&self, statement: CachedSql) -> CachedSql {
        let ReviewDraft { ratings, would_recommend, taken, text, shown_as } = self.draft;
        let Ratings { overall, teaching, difficulty, workload, usefulness } = *ratings;
        let statement = statement.maybe_text(self.nickname.map(str::to_owned)).sql(", ").text(shown_as.as_str());
        let statement = [overall, teaching, difficulty, workload, usefulness]
            .into_iter()
            .fold(statement, |statement, rating| statement.sql(", ").small(i16::from(rating.get())));
        statement
            .sql(", ")
            .bool(*would_recommend)
            .sql(", ")
            .text(self.session)
            .sql(", ")
            .small(i16::try_from(taken.year.get()).unwrap_or(i16::MAX))
            .sql(", ")
            .bool(self.in_handbook)
            .sql(", ")
            .maybe_text(text.as_ref().map(|text| text.as_str().to_owned()))
    }

    /// Whether a review says just this already.
    pub(crate) fn is_said_by(&self, review: &Review) -> bool {
        let shown = match &review.author {
            ShownAuthor::Nickname(nickname) => (Some(nickname.as_str()), "nickname"),
            ShownAuthor::VerifiedStudent => (None, "verifiedStudent"),
            ShownAuthor::Anonymous => (None, "anonymous"),
        };
        let draft = self.draft;
        shown == (self.nickname, draft.shown_as.as_str())
            && review.ratings == draft.ratings
            && review.would_recommend == draft.would_recommend
            && (review.session.as_str(), review.year) == (self.session, draft.taken.year.get())
            && review.in_handbook == self.in_handbook
            && review.text.as_deref() == draft.text.as_ref().map(ReviewText::as_str)
    }
}

/// A review on its way into the table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NewReview<'a> {
    pub(crate) id: ReviewId,
    pub(crate) unit: UnitId,
    pub(crate) university: UniversityId,
    pub(crate) unit_code: &'a str,
    pub(crate) author: AccountId,
    /// Set when the review is to wait for a moderator.
    pub(crate) hidden: Option<StateCause>,
    pub(crate) content: Content<'a>,
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
    #[diesel(embed)]
    ratings: RatingsRow,
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
    #[diesel(sql_type = sql::Date)]
    written_on: NaiveDate,
    #[diesel(sql_type = sql::Nullable<sql::Date>)]
    edited_on: Option<NaiveDate>,
    #[diesel(sql_type = sql::Integer)]
    helpful: i32,
    #[diesel(sql_type = sql::Integer)]
    not_helpful: i32,
    #[diesel(sql_type = sql::Integer)]
    helpful_rank: i32,
}

/// What is read of a review: everything but who wrote it, and when to the moment.
const PUBLIC: &str = "id, unit_id, unit_code, shown_as, author_nickname, overall, teaching, difficulty, workload,
    usefulness, would_recommend, taken_session, taken_year, in_handbook, body, written_on,
    (edited_at AT TIME ZONE 'UTC')::date AS edited_on, helpful, not_helpful, helpful_rank";

pub(crate) async fn insert(
    connection: &mut AsyncPgConnection,
    review: &NewReview<'_>,
) -> Result<Review, DatabaseError> {
    let state = if review.hidden.is_some() { "hidden" } else { "visible" };
    let statement =
        CachedSql::new("INSERT INTO reviews (id, unit_id, university_id, author_id, unit_code, state, state_cause, ");
    let statement = statement.sql(CONTENT).sql(") VALUES (").uuid(review.id).sql(", ").uuid(review.unit);
    let statement = statement.sql(", ").uuid(review.university).sql(", ").uuid(review.author);
    let statement = statement.sql(", ").text(review.unit_code).sql(", ").text(state).sql(", ");
    let statement = statement.maybe_text(review.hidden.map(|cause| cause.as_str().to_owned())).sql(", ");
    let row: ReviewRow =
        review.content.values(statement).sql(") RETURNING ").sql(PUBLIC).get_result(connection).await?;
    row.into_review()
}

pub(crate) async fn find(connection: &mut AsyncPgConnection, id: ReviewId) -> Result<Option<Review>, DatabaseError> {
    let rows: Vec<ReviewRow> =
        CachedSql::new("SELECT ").sql(PUBLIC).sql(" FROM reviews WHERE id = ").uuid(id).load(connection).await?;
    rows.into_iter().next().map(ReviewRow::into_review).transpose()
}

pub(crate) async fn find_visible(
    connection: &mut AsyncPgConnection,
    id: ReviewId,
) -> Result<Option<Review>, DatabaseError> {
    let rows: Vec<ReviewRow> = CachedSql::new("SELECT ")
        .sql(PUBLIC)
        .sql(" FROM reviews WHERE state = 'visible' AND id = ")
        .uuid(id)
        .load(connection)
        .await?;
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
            ratings: self.ratings.into_ratings()?,
            would_recommend: self.would_recommend,
            session: self.taken_session,
            year: u16::try_from(self.taken_year).unwrap_or_default(),
            in_handbook: self.in_handbook,
            text: self.body,
            written_on: self.written_on,
            edited_on: self.edited_on,
            helpful: u32::try_from(self.helpful).unwrap_or_default(),
            not_helpful: u32::try_from(self.not_helpful).unwrap_or_default(),
            helpful_rank: self.helpful_rank,
        })
    }
}
