//! How much there is of everything, day by day. Counting is dear and asking is cheap: a background task counts now
//! and then and keeps what it counted, so that nobody who asks waits for it.

use crate::{CatalogueError, store::figures as store};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use rmu_domain::ParseError;
use rmu_postgres::Database;

/// What was counted is good for so long.
const GOOD_FOR: TimeDelta = TimeDelta::minutes(10);
/// At most so many days are asked for at once.
pub const LONGEST_RANGE: i64 = 92;

/// What there was at one moment. No number can be traced to a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Figures {
    pub counted_at: DateTime<Utc>,
    pub universities: u64,
    pub units: u64,
    /// Those that can be read.
    pub reviews: u64,
    pub votes: u64,
    pub reports: u64,
    pub scrapes: u64,
    pub follows: u64,
}

/// The figures of one day: at its end, or when it was last counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayFigures {
    pub day: NaiveDate,
    pub figures: Figures,
}

/// A range of days, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Days {
    from: NaiveDate,
    until: NaiveDate,
}

impl Days {
    pub fn new(from: NaiveDate, until: NaiveDate) -> Result<Self, ParseError> {
        let days = (until - from).num_days() + 1;
        if !(1..=LONGEST_RANGE).contains(&days) {
            return Err(ParseError::new(format!("must be 1 to {LONGEST_RANGE} days from `from` on")));
        }
        Ok(Self { from, until })
    }

    pub fn from(self) -> NaiveDate {
        self.from
    }

    pub fn until(self) -> NaiveDate {
        self.until
    }
}

/// Counts and keeps the day's figures unless that was done a short while ago; false if so. Of several who want to
/// count at once, one does.
pub async fn count_if_due(database: &Database, now: DateTime<Utc>) -> Result<bool, CatalogueError> {
    let newest = store::newest(&mut *database.connection().await?).await?;
    if newest.is_some_and(|newest| newest.figures.counted_at > now - GOOD_FOR) {
        return Ok(false);
    }
    database
        .transaction(async |connection| {
            if !store::may_count(connection).await? {
                return Ok(false);
            }
            store::count(connection, now).await?;
            Ok(true)
        })
        .await
}

/// The newest figures; `None` until somebody has counted.
pub async fn newest(database: &Database) -> Result<Option<DayFigures>, CatalogueError> {
    Ok(store::newest(&mut *database.connection().await?).await?)
}

/// The figures of the days that were counted, the oldest first.
pub async fn series(database: &Database, days: Days) -> Result<Vec<DayFigures>, CatalogueError> {
    Ok(store::series(&mut *database.connection().await?, days).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_has_a_bound() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        assert!(Days::new(day("2026-01-01"), day("2026-01-01")).is_ok());
        assert!(Days::new(day("2026-01-01"), day("2026-04-02")).is_ok());
        assert!(Days::new(day("2026-01-01"), day("2026-04-03")).is_err());
        assert!(Days::new(day("2026-01-02"), day("2026-01-01")).is_err());
    }
}
