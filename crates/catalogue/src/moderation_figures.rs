//! The public log of moderation: sums of months that are over, none so small that it tells of somebody.

use crate::{CatalogueError, store::moderation_figures as store};
use chrono::{DateTime, Months, NaiveDate, Utc};
pub use rmu_domain::moderation::{MonthFigures, SMALLEST_SHOWN, shown};
use rmu_postgres::Database;

/// So many months back are published.
pub const MONTHS_SHOWN: u32 = 24;

/// The sums of one month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublishedMonth {
    /// Its first day, in UTC.
    pub month: NaiveDate,
    pub figures: MonthFigures,
}

/// The months before that of `now`, the latest first. The month that runs is left out: whoever asked twice could
/// see one thing happen.
pub async fn figures(database: &Database, now: DateTime<Utc>) -> Result<Vec<PublishedMonth>, CatalogueError> {
    let end = first_of_month(now);
    let start = end.checked_sub_months(Months::new(MONTHS_SHOWN)).unwrap_or(end);
    let mut connection = database.connection().await?;
    Ok(store::months(&mut connection, start, end).await?)
}

fn first_of_month(now: DateTime<Utc>) -> NaiveDate {
    use chrono::Datelike;
    let today = now.date_naive();
    today.with_day(1).unwrap_or(today)
}
