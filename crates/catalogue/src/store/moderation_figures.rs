//! SQL of the public figures: one statement over the months asked for, each table read by its index of time.

use crate::{
    moderation_figures::{MonthFigures, PublishedMonth},
    store::cached_sql::CachedSql,
};
use chrono::{NaiveDate, NaiveTime};
use diesel::{QueryableByName, sql_types as sql};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rmu_postgres::DatabaseError;

#[derive(Debug, QueryableByName)]
struct Row {
    #[diesel(sql_type = sql::Date)]
    month: NaiveDate,
    #[diesel(sql_type = sql::BigInt)]
    reports: i64,
    #[diesel(sql_type = sql::BigInt)]
    kept: i64,
    #[diesel(sql_type = sql::BigInt)]
    hidden: i64,
    #[diesel(sql_type = sql::BigInt)]
    removed: i64,
    #[diesel(sql_type = sql::BigInt)]
    restored: i64,
    #[diesel(sql_type = sql::BigInt)]
    appeals: i64,
    #[diesel(sql_type = sql::BigInt)]
    appeals_decided: i64,
    #[diesel(sql_type = sql::BigInt)]
    appeals_granted: i64,
    #[diesel(sql_type = sql::BigInt)]
    takedowns: i64,
    #[diesel(sql_type = sql::BigInt)]
    takedowns_decided: i64,
    #[diesel(sql_type = sql::BigInt)]
    takedowns_upheld: i64,
    #[diesel(sql_type = sql::Nullable<sql::Double>)]
    median_seconds: Option<f64>,
}

/// The months from `start` to before `end`, both first days; the latest first.
pub(crate) async fn months(
    connection: &mut AsyncPgConnection,
    start: NaiveDate,
    end: NaiveDate,
) -> Result<Vec<PublishedMonth>, DatabaseError> {
    let rows: Vec<Row> = statement(start, end).load(connection).await?;
    Ok(rows.iter().map(published).collect())
}

pub(crate) fn statement(start: NaiveDate, end: NaiveDate) -> CachedSql {
    let bound = |day: NaiveDate| day.and_time(NaiveTime::MIN).and_utc();
    let within = |statement: CachedSql, column: &'static str| {
        statement
            .sql(" WHERE ")
            .sql(column)
            .sql(" >= ")
            .time(bound(start))
            .sql(" AND ")
            .sql(column)
            .sql(" < ")
            .time(bound(end))
    };
    let mut statement = CachedSql::new(
        "WITH reported AS (SELECT date_trunc('month', reported_at, 'UTC') AS month, count(*) AS reports FROM review_reports",
    );
    statement = within(statement, "reported_at").sql(
        " GROUP BY 1), decided AS (
             SELECT date_trunc('month', decided_at, 'UTC') AS month,
                    count(*) FILTER (WHERE decision = 'keep') AS kept,
                    count(*) FILTER (WHERE decision = 'hide') AS hidden,
                    count(*) FILTER (WHERE decision = 'remove') AS removed,
                    count(*) FILTER (WHERE decision = 'restore') AS restored,
                    count(appeal_granted) AS appeals_decided,
                    count(*) FILTER (WHERE appeal_granted) AS appeals_granted,
                    percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM decided_at - waited_since))
                        AS median_seconds
             FROM moderation_decisions",
    );
    statement = within(statement, "decided_at").sql(
        " GROUP BY 1), appealed AS (
             SELECT date_trunc('month', made_at, 'UTC') AS month, count(*) AS appeals FROM moderation_appeals",
    );
    statement = within(statement, "made_at").sql(
        " GROUP BY 1), asked AS (
             SELECT date_trunc('month', received_at, 'UTC') AS month, count(*) AS takedowns FROM takedowns",
    );
    statement = within(statement, "received_at").sql(
        " GROUP BY 1), answered AS (
             SELECT date_trunc('month', closed_at, 'UTC') AS month,
                    count(*) FILTER (WHERE state <> 'withdrawn') AS takedowns_decided,
                    count(*) FILTER (WHERE state = 'upheld') AS takedowns_upheld
             FROM takedowns",
    );
    within(statement, "closed_at")
        .sql(" GROUP BY 1), months AS (SELECT month FROM generate_series(")
        .time(bound(start))
        .sql(" AT TIME ZONE 'UTC', ")
        .time(bound(end))
        .sql(
            " AT TIME ZONE 'UTC' - interval '1 day', interval '1 month') AS month)
             SELECT months.month::date AS month,
                    coalesce(reports, 0) AS reports, coalesce(kept, 0) AS kept, coalesce(hidden, 0) AS hidden,
                    coalesce(removed, 0) AS removed, coalesce(restored, 0) AS restored,
                    coalesce(appeals, 0) AS appeals, coalesce(appeals_decided, 0) AS appeals_decided,
                    coalesce(appeals_granted, 0) AS appeals_granted, coalesce(takedowns, 0) AS takedowns,
                    coalesce(takedowns_decided, 0) AS takedowns_decided,
                    coalesce(takedowns_upheld, 0) AS takedowns_upheld, median_seconds::double precision
             FROM months
             LEFT JOIN reported ON reported.month = months.month AT TIME ZONE 'UTC'
             LEFT JOIN decided ON decided.month = months.month AT TIME ZONE 'UTC'
             LEFT JOIN appealed ON appealed.month = months.month AT TIME ZONE 'UTC'
             LEFT JOIN asked ON asked.month = months.month AT TIME ZONE 'UTC'
             LEFT JOIN answered ON answered.month = months.month AT TIME ZONE 'UTC'
             ORDER BY months.month DESC",
        )
}

fn published(row: &Row) -> PublishedMonth {
    let number = |count: i64| u32::try_from(count).unwrap_or(u32::MAX);
    let seconds = row.median_seconds.map(|seconds| std::time::Duration::try_from_secs_f64(seconds).unwrap_or_default());
    PublishedMonth {
        month: row.month,
        figures: MonthFigures {
            reports: number(row.reports),
            kept: number(row.kept),
            hidden: number(row.hidden),
            removed: number(row.removed),
            restored: number(row.restored),
            appeals: number(row.appeals),
            appeals_decided: number(row.appeals_decided),
            appeals_granted: number(row.appeals_granted),
            takedowns: number(row.takedowns),
            takedowns_decided: number(row.takedowns_decided),
            takedowns_upheld: number(row.takedowns_upheld),
            median_seconds_to_decision: seconds.map(|median| median.as_secs()),
        },
    }
}
