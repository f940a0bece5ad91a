//! The hours in which a source's pages may be fetched. Outside of them its tasks stay where they are.

use crate::{
    CatalogueError,
    audit::{Actor, AuditAction, Details, Subject, SubjectKind, record_by},
    schedules::parse_zone,
    store::{fetch_windows as store, sources},
};
use chrono::{DateTime, NaiveTime, Timelike, Utc};
use chrono_tz::Tz;
use rmu_domain::slug::Slug;
use rmu_postgres::Database;

/// From a minute of the day until another one, as the clocks of a place show them; over midnight if `until` is not
/// later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FetchWindow {
    pub(crate) from: u16,
    pub(crate) until: u16,
    pub(crate) zone: Tz,
}

impl FetchWindow {
    /// Times are `HH:MM`.
    pub fn parse(from: &str, until: &str, time_zone: &str) -> Result<Self, CatalogueError> {
        let (from, until) = (minute("from", from)?, minute("until", until)?);
        if from == until {
            let detail = "must differ from `from`; without a window pages are fetched at any time".to_owned();
            return Err(CatalogueError::Invalid { field: "until".to_owned(), detail });
        }
        Ok(Self { from, until, zone: parse_zone("timeZone", time_zone)? })
    }

    pub fn is_open(&self, now: DateTime<Utc>) -> bool {
        let local = now.with_timezone(&self.zone);
        let minute = u16::try_from(local.hour() * 60 + local.minute()).unwrap_or_default();
        match self.from < self.until {
            true => (self.from..self.until).contains(&minute),
            false => minute >= self.from || minute < self.until,
        }
    }

    pub fn from(&self) -> String {
        clock(self.from)
    }

    pub fn until(&self) -> String {
        clock(self.until)
    }

    pub fn time_zone(&self) -> &'static str {
        self.zone.name()
    }
}

pub async fn set_fetch_window(
    database: &Database,
    source: &Slug,
    window: FetchWindow,
    by: Option<&Actor>,
) -> Result<(), CatalogueError> {
    database
        .transaction(async |connection| {
            let found = sources::find(connection, source).await?;
            let id = found.ok_or(CatalogueError::NotFound { what: "source" })?.id;
            store::set(connection, id, window).await?;
            let details = Details::default().number("from_minute", window.from).number("until_minute", window.until);
            let subject = Subject::named(SubjectKind::Source, source);
            record_by(connection, by, AuditAction::FetchWindowSet, subject, details).await
        })
        .await
}

/// From now on pages are fetched at any time.
pub async fn delete_fetch_window(database: &Database, source: &Slug, by: Option<&Actor>) -> Result<(), CatalogueError> {
    database
        .transaction(async |connection| {
            if !store::delete(connection, source).await? {
                return Err(CatalogueError::NotFound { what: "fetch window" });
            }
            let subject = Subject::named(SubjectKind::Source, source);
            record_by(connection, by, AuditAction::FetchWindowRemoved, subject, Details::default()).await
        })
        .await
}

pub async fn get_fetch_window(database: &Database, source: &Slug) -> Result<FetchWindow, CatalogueError> {
    let found = store::find(&mut *database.connection().await?, source).await?;
    found.ok_or(CatalogueError::NotFound { what: "fetch window" })
}

fn minute(field: &str, text: &str) -> Result<u16, CatalogueError> {
    let time = NaiveTime::parse_from_str(text, "%H:%M").map_err(|_| CatalogueError::Invalid {
        field: field.to_owned(),
        detail: "must be a time of the day such as 22:30".to_owned(),
    })?;
    Ok(u16::try_from(time.hour() * 60 + time.minute()).unwrap_or_default())
}

fn clock(minute: u16) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(window: FetchWindow, now: &str) -> bool {
        window.is_open(now.parse().unwrap())
    }

    #[test]
    fn a_window_may_lie_over_midnight_and_follows_the_place() {
        let night = FetchWindow::parse("22:00", "06:00", "Australia/Sydney").unwrap();
        // Sydney is ten hours ahead in June, eleven in December.
        assert!(open(night, "2026-06-01T12:00:00Z") && open(night, "2026-06-01T19:59:59Z"));
        assert!(!open(night, "2026-06-01T20:00:00Z") && !open(night, "2026-06-01T11:59:59Z"));
        assert!(open(night, "2026-12-01T11:00:00Z"));
        let day = FetchWindow::parse("09:00", "17:30", "UTC").unwrap();
        assert!(open(day, "2026-06-01T17:29:00Z") && !open(day, "2026-06-01T17:30:00Z"));
        assert_eq!(
            (night.from(), night.until(), night.time_zone()),
            ("22:00".into(), "06:00".into(), "Australia/Sydney")
        );
    }

    #[test]
    fn what_is_no_window_is_refused_by_field() {
        for (from, until, zone, field) in [
            ("24:00", "06:00", "UTC", "from"),
            ("22", "06:00", "UTC", "from"),
            ("22:00", "22:00", "UTC", "until"),
            ("1:00", "2:00", "x", "timeZone"),
        ] {
            let error = FetchWindow::parse(from, until, zone).unwrap_err();
            assert!(matches!(&error, CatalogueError::Invalid { field: found, .. } if found == field), "{error}");
        }
    }
}
