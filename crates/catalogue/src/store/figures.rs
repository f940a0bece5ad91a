//! SQL of figures.

use crate::{
    figures::{DayFigures, Days, Figures},
    store::cached_sql::CachedSql,
};
use chrono::{DateTime, NaiveDate, Utc};
use diesel::{QueryableByName, sql_types as sql};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rmu_postgres::DatabaseError;

/// Tells this lock from others.
const LOCK: i64 = 0x0066_6967_7572_6573;

#[derive(Debug, QueryableByName)]
struct LockRow {
    #[diesel(sql_type = sql::Bool)]
    locked: bool,
}

/// False while somebody else is counting.
pub(crate) async fn may_count(connection: &mut AsyncPgConnection) -> Result<bool, DatabaseError> {
    let row: LockRow =
        CachedSql::new("SELECT pg_try_advisory_xact_lock(").big(LOCK).sql(") AS locked").get_result(connection).await?;
    Ok(row.locked)
}

/// Reads every table that is counted, once and as narrowly as can be.
pub(crate) async fn count(connection: &mut AsyncPgConnection, now: DateTime<Utc>) -> Result<(), DatabaseError> {
    CachedSql::new(
        "INSERT INTO daily_figures
             (day, counted_at, universities, units, reviews, votes, reports, scrapes, follows)
         VALUES (",
    )
    .text(now.date_naive().to_string())
    .sql("::date, ")
    .time(now)
    .sql(
        ", (SELECT count(*) FROM universities), (SELECT count(*) FROM units),
             (SELECT coalesce(sum(reviews), 0) FROM university_scores), (SELECT count(*) FROM review_votes),
             (SELECT count(*) FROM review_reports), (SELECT count(*) FROM scrape_jobs),
             (SELECT count(*) FROM unit_follows))
         ON CONFLICT (day) DO UPDATE SET counted_at = excluded.counted_at, universities = excluded.universities,
             units = excluded.units, reviews = excluded.reviews, votes = excluded.votes, reports = excluded.reports,
             scrapes = excluded.scrapes, follows = excluded.follows",
    )
    .execute(connection)
    .await?;
    Ok(())
}

#[derive(Debug, QueryableByName)]
struct FiguresRow {
    #[diesel(sql_type = sql::Date)]
    day: NaiveDate,
    #[diesel(sql_type = sql::Timestamptz)]
    counted_at: DateTime<Utc>,
    #[diesel(sql_type = sql::BigInt)]
    universities: i64,
    #[diesel(sql_type = sql::BigInt)]
    units: i64,
    #[diesel(sql_type = sql::BigInt)]
    reviews: i64,
    #[diesel(sql_type = sql::BigInt)]
    votes: i64,
    #[diesel(sql_type = sql::BigInt)]
    reports: i64,
    #[diesel(sql_type = sql::BigInt)]
    scrapes: i64,
    #[diesel(sql_type = sql::BigInt)]
    follows: i64,
}

impl From<FiguresRow> for DayFigures {
    fn from(row: FiguresRow) -> Self {
        let number = |count: i64| u64::try_from(count).unwrap_or_default();
        let figures = Figures {
            counted_at: row.counted_at,
            universities: number(row.universities),
            units: number(row.units),
            reviews: number(row.reviews),
            votes: number(row.votes),
            reports: number(row.reports),
            scrapes: number(row.scrapes),
            follows: number(row.follows),
        };
        Self { day: row.day, figures }
    }
}

const SELECT: &str = "SELECT day, counted_at, universities, units, reviews, votes, reports, scrapes, follows
    FROM daily_figures ";

pub(crate) async fn newest(connection: &mut AsyncPgConnection) -> Result<Option<DayFigures>, DatabaseError> {
    let rows: Vec<FiguresRow> = CachedSql::new(SELECT).sql("ORDER BY day DESC LIMIT 1").load(connection).await?;
    Ok(rows.into_iter().next().map(DayFigures::from))
}

pub(crate) async fn series(connection: &mut AsyncPgConnection, days: Days) -> Result<Vec<DayFigures>, DatabaseError> {
    let rows: Vec<FiguresRow> = CachedSql::new(SELECT)
        .sql("WHERE day >= ")
        .text(days.from().to_string())
        .sql("::date AND day <= ")
        .text(days.until().to_string())
        .sql("::date ORDER BY day")
        .load(connection)
        .await?;
    Ok(rows.into_iter().map(DayFigures::from).collect())
}
