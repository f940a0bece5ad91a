//! A cron expression in a time zone.

use crate::CatalogueError;
use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use croner::{
    Cron,
    parser::{CronParser, Seconds, Year},
};

/// No handbook changes more often, and none wants to be read more often.
const LEAST_GAP: TimeDelta = TimeDelta::minutes(15);
/// So many times are looked at for the gap between them.
const LOOKED_AT: usize = 100;
const LONGEST: usize = 200;

/// Minute, hour, day of the month, month and day of the week, as the clocks of a place show them.
#[derive(Debug, Clone)]
pub struct CronSchedule {
    cron: Cron,
    text: String,
    zone: Tz,
}

impl CronSchedule {
    /// Refuses what is no expression, what never comes, and what comes all the time.
    pub fn parse(cron: &str, time_zone: &str) -> Result<Self, CatalogueError> {
        let refused = |field: &str, detail: String| CatalogueError::Invalid { field: field.to_owned(), detail };
        let text = cron.trim();
        if text.len() > LONGEST {
            return Err(refused("cron", format!("must have at most {LONGEST} characters")));
        }
        let zone = parse_zone("timeZone", time_zone)?;
        let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
        let cron = parser.parse(text).map_err(|error| {
            refused("cron", format!("must be five fields: minute hour day month weekday ({error})"))
        })?;
        let schedule = Self { cron, text: text.to_owned(), zone };
        let times: Vec<_> = schedule.times_after(Utc::now()).take(LOOKED_AT).collect();
        if times.is_empty() {
            return Err(refused("cron", "must be a time that comes".to_owned()));
        }
        if times.windows(2).any(|pair| pair[1] - pair[0] < LEAST_GAP) {
            return Err(refused(
                "cron",
                format!("must leave at least {} minutes between times", LEAST_GAP.num_minutes()),
            ));
        }
        Ok(schedule)
    }

    pub fn cron(&self) -> &str {
        &self.text
    }

    pub fn time_zone(&self) -> &'static str {
        self.zone.name()
    }

    /// The first time after `moment`.
    pub fn next_after(&self, moment: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.times_after(moment).next()
    }

    /// All times after `moment`, as far as the calendar goes.
    pub fn times_after(&self, moment: DateTime<Utc>) -> impl Iterator<Item = DateTime<Utc>> {
        std::iter::successors(self.occurrence_after(moment), |last| self.occurrence_after(*last))
    }

    fn occurrence_after(&self, moment: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let next = self.cron.find_next_occurrence(&moment.with_timezone(&self.zone), false).ok()?;
        // Where clocks are put back an hour comes twice; time never goes back.
        Some(next.with_timezone(&Utc)).filter(|next| *next > moment)
    }
}

/// A zone by its IANA name.
pub(crate) fn parse_zone(field: &str, name: &str) -> Result<Tz, CatalogueError> {
    name.parse().map_err(|_| CatalogueError::Invalid {
        field: field.to_owned(),
        detail: "must be the name of a time zone, such as Australia/Sydney or UTC".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn times_follow_the_clocks_of_the_place() {
        let schedule = CronSchedule::parse("30 2 * * *", "Australia/Sydney").unwrap();
        assert_eq!(schedule.next_after(at("2026-06-01T00:00:00Z")), Some(at("2026-06-01T16:30:00Z")));
        assert_eq!(schedule.next_after(at("2026-12-01T00:00:00Z")), Some(at("2026-12-01T15:30:00Z")));
        let utc = CronSchedule::parse("30 2 * * *", "UTC").unwrap();
        assert_eq!(utc.next_after(at("2026-06-01T02:30:00Z")), Some(at("2026-06-02T02:30:00Z")));
    }

    #[test]
    fn a_night_with_a_changed_clock_neither_loses_nor_repeats_a_run() {
        // In Sydney 02:30 does not exist on 4 October 2026 and exists twice on 5 April 2026.
        let schedule = CronSchedule::parse("30 2 * * *", "Australia/Sydney").unwrap();
        for (from, until) in
            [("2026-10-02T00:00:00Z", "2026-10-07T00:00:00Z"), ("2026-04-03T00:00:00Z", "2026-04-08T00:00:00Z")]
        {
            let times: Vec<_> = schedule.times_after(at(from)).take_while(|time| *time < at(until)).collect();
            assert_eq!(times.len(), 5, "{times:?}");
            assert!(times.windows(2).all(|pair| pair[1] - pair[0] >= TimeDelta::hours(22)), "{times:?}");
        }
    }

    #[test]
    fn what_is_no_schedule_is_refused_by_field() {
        for (cron, zone, field) in [
            ("", "UTC", "cron"),
            ("* * *", "UTC", "cron"),
            ("0 0 3 * * *", "UTC", "cron"),
            ("61 3 * * *", "UTC", "cron"),
            ("* * * * *", "UTC", "cron"),
            ("*/10 * * * *", "UTC", "cron"),
            ("0 3 30 2 *", "UTC", "cron"),
            ("0 3 * * *", "Mars/Olympus", "timeZone"),
        ] {
            let error = CronSchedule::parse(cron, zone).unwrap_err();
            assert!(
                matches!(&error, CatalogueError::Invalid { field: found, .. } if found == field),
                "{cron}: {error}"
            );
        }
        assert!(CronSchedule::parse("0 3 * * SUN", "UTC").is_ok());
    }
}
