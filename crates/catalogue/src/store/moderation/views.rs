//! What moderators read: the queue, and one case. No statement here reads who reported.

use super::STAFF_SEEN_WITHIN;
use crate::{
    moderation::{
        After, CaseCause, CaseFilter, CaseState, CaseSummary, CaseText, Decision, DecisionReason, PastDecision,
        ReportCounts,
    },
    page::{PageLimit, Total},
    store::{cached_sql::CachedSql, counting::count_rows, error::broken, reviews::RatingsRow, units::CandidateRow},
};
use chrono::{DateTime, Utc};
use diesel::{OptionalExtension, QueryableByName, sql_types as sql};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rmu_domain::{
    ids::{AccountId, CaseId, ReviewId, UniversityId},
    review::ReviewState,
};
use rmu_postgres::DatabaseError;
use uuid::Uuid;

#[derive(Debug, QueryableByName)]
struct SummaryRow {
    #[diesel(sql_type = sql::Uuid)]
    case_id: Uuid,
    #[diesel(sql_type = sql::Text)]
    cause: String,
    #[diesel(sql_type = sql::Text)]
    state: String,
    #[diesel(sql_type = sql::Integer)]
    revision: i32,
    #[diesel(sql_type = sql::Integer)]
    reports: i32,
    #[diesel(sql_type = sql::Timestamptz)]
    opened_at: DateTime<Utc>,
    #[diesel(sql_type = sql::Timestamptz)]
    state_since: DateTime<Utc>,
    #[diesel(sql_type = sql::Nullable<sql::Timestamptz>)]
    claimed_until: Option<DateTime<Utc>>,
    #[diesel(sql_type = sql::Nullable<sql::Uuid>)]
    claimed_by: Option<Uuid>,
    #[diesel(sql_type = sql::Bool)]
    needs_another: bool,
    #[diesel(sql_type = sql::Nullable<sql::Uuid>)]
    review_id: Option<Uuid>,
    #[diesel(embed)]
    unit: CandidateRow,
}

/// Everything of a case in the queue. A claim whose time has passed is none.
fn summaries() -> CachedSql {
    CachedSql::new(
        "SELECT kept.id AS case_id, kept.cause, kept.state, kept.revision, kept.reports, kept.opened_at,
                kept.state_since, kept.review_id,
                CASE WHEN kept.claimed_until > clock_timestamp() THEN kept.claimed_until END AS claimed_until,
                CASE WHEN kept.claimed_until > clock_timestamp() THEN kept.claimed_by END AS claimed_by,
                kept.state = 'appealed' AND NOT EXISTS (
                    SELECT FROM moderation_staff AS staff
                    WHERE account_id IS DISTINCT FROM review.author_id
                      AND account_id <> (SELECT decided_by FROM moderation_decisions WHERE case_id = kept.id
                                         ORDER BY number DESC LIMIT 1)
                      AND ",
    )
    .sql(STAFF_SEEN_WITHIN)
    .sql(
        ") AS needs_another,
                unit.id, unit.code, unit.title, university.id AS university_id, university.slug AS university_slug,
                university.name AS university_name
         FROM moderation_cases AS kept
         LEFT JOIN reviews AS review ON review.id = kept.review_id
         -- A review may have come to another unit since, when the unit was renamed.
         JOIN units AS unit ON unit.id = coalesce(review.unit_id, kept.unit_id)
         JOIN universities AS university ON university.id = kept.university_id
         WHERE ",
    )
}

fn chosen(filter: &CaseFilter, university: Option<UniversityId>) -> CachedSql {
    let mut chosen = match filter.state {
        None => CachedSql::new("kept.state <> 'decided' AND kept.review_id IS NOT NULL"),
        Some(CaseState::Decided) => CachedSql::new("kept.state = 'decided'"),
        Some(state) => CachedSql::new("kept.review_id IS NOT NULL AND kept.state = ").text(state.as_str()),
    };
    if let Some(cause) = filter.cause {
        chosen = chosen.sql(" AND kept.cause = ").text(cause.as_str());
    }
    if let Some(university) = university {
        chosen = chosen.sql(" AND kept.university_id = ").uuid(university);
    }
    chosen
}

pub(crate) fn page_statement(
    filter: &CaseFilter,
    university: Option<UniversityId>,
    after: Option<After>,
    limit: PageLimit,
) -> CachedSql {
    let mut statement = summaries().then(chosen(filter, university));
    match after {
        Some(After::Since(time, id)) => {
            statement = statement.sql(" AND (kept.state_since, kept.id) > (").time(time).sql(", ").uuid(id).sql(")");
        }
        Some(After::Reports(reports, id)) => {
            statement =
                statement.sql(" AND (-kept.reports, kept.id) > (").integer(-reports).sql(", ").uuid(id).sql(")");
        }
        None => {}
    }
    statement = statement.sql(if filter.most_reported {
        " ORDER BY -kept.reports, kept.id LIMIT "
    } else {
        " ORDER BY kept.state_since, kept.id LIMIT "
    });
    statement.big(limit.and_one_more())
}

/// The cases after a place, one more than the page holds when there are more.
pub(crate) async fn page(
    connection: &mut AsyncPgConnection,
    filter: &CaseFilter,
    university: Option<UniversityId>,
    reader: AccountId,
    after: Option<After>,
    limit: PageLimit,
) -> Result<Vec<CaseSummary>, DatabaseError> {
    let rows: Vec<SummaryRow> = page_statement(filter, university, after, limit).load(connection).await?;
    rows.into_iter().map(|row| row.into_summary(reader)).collect()
}

pub(crate) async fn count(
    connection: &mut AsyncPgConnection,
    filter: &CaseFilter,
    university: Option<UniversityId>,
) -> Result<Total, DatabaseError> {
    let rows = CachedSql::new("SELECT FROM moderation_cases AS kept WHERE ").then(chosen(filter, university));
    count_rows(connection, rows).await
}

pub(crate) async fn one(
    connection: &mut AsyncPgConnection,
    case: CaseId,
    reader: AccountId,
) -> Result<Option<CaseSummary>, DatabaseError> {
    let row: Option<SummaryRow> = summaries().sql("kept.id = ").uuid(case).get_result(connection).await.optional()?;
    row.map(|row| row.into_summary(reader)).transpose()
}

impl SummaryRow {
    fn into_summary(self, reader: AccountId) -> Result<CaseSummary, DatabaseError> {
        let is_own = self.claimed_by == Some(reader.as_uuid());
        Ok(CaseSummary {
            id: self.case_id.into(),
            cause: CaseCause::parse(&self.cause).map_err(broken)?,
            state: CaseState::parse(&self.state).map_err(broken)?,
            revision: self.revision,
            unit: self.unit.into(),
            review: self.review_id.map(ReviewId::from),
            reports: u32::try_from(self.reports).unwrap_or_default(),
            opened_at: self.opened_at,
            since: self.state_since,
            claimed: self.claimed_until.map(|until| (until, is_own)),
            needs_another: self.needs_another,
        })
    }
}

#[derive(Debug, QueryableByName)]
struct TextRow {
    #[diesel(sql_type = sql::Nullable<sql::Text>)]
    state: Option<String>,
    #[diesel(embed)]
    ratings: RatingsRow,
    #[diesel(sql_type = sql::Bool)]
    would_recommend: bool,
    #[diesel(sql_type = sql::Nullable<sql::Text>)]
    body: Option<String>,
    #[diesel(sql_type = sql::Timestamptz)]
    written_at: DateTime<Utc>,
}

impl TextRow {
    fn into_text(self) -> Result<CaseText, DatabaseError> {
        Ok(CaseText {
            state: self.state.as_deref().map(ReviewState::parse).transpose().map_err(broken)?,
            ratings: self.ratings.into_ratings()?,
            would_recommend: self.would_recommend,
            text: self.body,
            written_at: self.written_at,
        })
    }
}

/// What a review says now.
pub(crate) async fn text(
    connection: &mut AsyncPgConnection,
    review: ReviewId,
) -> Result<Option<CaseText>, DatabaseError> {
    let row: Option<TextRow> = CachedSql::new(
        "SELECT state, overall, teaching, difficulty, workload, usefulness, would_recommend, body,
                coalesce(edited_at, created_at) AS written_at
         FROM reviews WHERE id = ",
    )
    .uuid(review)
    .get_result(connection)
    .await
    .optional()?;
    row.map(TextRow::into_text).transpose()
}

/// What it said before, the oldest first; the latest fifty.
pub(crate) async fn earlier_texts(
    connection: &mut AsyncPgConnection,
    review: ReviewId,
) -> Result<Vec<CaseText>, DatabaseError> {
    let mut rows: Vec<TextRow> = CachedSql::new(
        "SELECT NULL::text AS state, overall, teaching, difficulty, workload, usefulness, would_recommend, body,
                written_at
         FROM review_revisions WHERE review_id = ",
    )
    .uuid(review)
    .sql(" ORDER BY revision DESC LIMIT 50")
    .load(connection)
    .await?;
    rows.reverse();
    rows.into_iter().map(TextRow::into_text).collect()
}

#[derive(Debug, QueryableByName)]
struct ReasonRow {
    #[diesel(sql_type = sql::Text)]
    reason: String,
    #[diesel(sql_type = sql::BigInt)]
    count: i64,
}

#[derive(Debug, QueryableByName)]
struct WordsRow {
    #[diesel(sql_type = sql::Text)]
    detail: String,
}

/// How many reported a review, for which reasons and in which words.
pub(crate) async fn reports(
    connection: &mut AsyncPgConnection,
    review: ReviewId,
) -> Result<ReportCounts, DatabaseError> {
    let reasons: Vec<ReasonRow> =
        CachedSql::new("SELECT reason, count(*) AS count FROM review_reports WHERE review_id = ")
            .uuid(review)
            .sql(" GROUP BY reason ORDER BY count DESC, reason")
            .load(connection)
            .await?;
    let words: Vec<WordsRow> =
        CachedSql::new("SELECT detail FROM review_reports WHERE detail IS NOT NULL AND review_id = ")
            .uuid(review)
            .sql(" ORDER BY detail LIMIT 50")
            .load(connection)
            .await?;
    Ok(ReportCounts {
        by_reason: reasons.into_iter().map(|row| (row.reason, u32::try_from(row.count).unwrap_or(u32::MAX))).collect(),
        words: words.into_iter().map(|row| row.detail).collect(),
    })
}

#[derive(Debug, QueryableByName)]
struct DecisionRow {
    #[diesel(sql_type = sql::Uuid)]
    id: Uuid,
    #[diesel(sql_type = sql::Text)]
    decision: String,
    #[diesel(sql_type = sql::Text)]
    reason: String,
    #[diesel(sql_type = sql::Text)]
    told: String,
    #[diesel(sql_type = sql::Uuid)]
    decided_by: Uuid,
    #[diesel(sql_type = sql::Nullable<sql::Bool>)]
    appeal_granted: Option<bool>,
    #[diesel(sql_type = sql::Timestamptz)]
    decided_at: DateTime<Utc>,
}

/// The chain of decisions, the oldest first; the latest fifty.
pub(crate) async fn decisions(
    connection: &mut AsyncPgConnection,
    case: CaseId,
) -> Result<Vec<PastDecision>, DatabaseError> {
    let mut rows: Vec<DecisionRow> = CachedSql::new(
        "SELECT id, decision, reason, told, decided_by, appeal_granted, decided_at
         FROM moderation_decisions WHERE case_id = ",
    )
    .uuid(case)
    .sql(" ORDER BY number DESC LIMIT 50")
    .load(connection)
    .await?;
    rows.reverse();
    let decisions = rows.into_iter().map(|row| {
        Ok(PastDecision {
            id: row.id.into(),
            decision: Decision::parse(&row.decision).map_err(broken)?,
            reason: DecisionReason::parse(&row.reason).map_err(broken)?,
            told: row.told,
            by: row.decided_by.into(),
            appeal_granted: row.appeal_granted,
            at: row.decided_at,
        })
    });
    decisions.collect()
}

#[derive(Debug, QueryableByName)]
struct AppealRow {
    #[diesel(sql_type = sql::Text)]
    body: String,
    #[diesel(sql_type = sql::Timestamptz)]
    made_at: DateTime<Utc>,
}

/// The appeal of a case: what was said, and when.
pub(crate) async fn appeal(
    connection: &mut AsyncPgConnection,
    case: CaseId,
) -> Result<Option<(String, DateTime<Utc>)>, DatabaseError> {
    let row: Option<AppealRow> = CachedSql::new("SELECT body, made_at FROM moderation_appeals WHERE case_id = ")
        .uuid(case)
        .get_result(connection)
        .await
        .optional()?;
    Ok(row.map(|row| (row.body, row.made_at)))
}
