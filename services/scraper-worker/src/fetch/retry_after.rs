//! `Retry-After`: seconds, or a date.

use chrono::{DateTime, Utc};
use std::time::Duration;

/// How long the site asks us to stay away. What is neither a number nor a date asks for nothing.
pub fn parse(written: &str, now: DateTime<Utc>) -> Option<Duration> {
    let written = written.trim();
    if !written.is_empty() && written.bytes().all(|byte| byte.is_ascii_digit()) {
        // A number too long to hold means a very long time.
        return Some(Duration::from_secs(written.parse().unwrap_or(u64::from(u32::MAX))));
    }
    let until = DateTime::parse_from_rfc2822(written).ok()?;
    Some((until.with_timezone(&Utc) - now).to_std().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_understood() {
        let now = DateTime::parse_from_rfc3339("2026-01-01T00:00:00Z").unwrap().with_timezone(&Utc);
        assert_eq!(parse(" 30 ", now), Some(Duration::from_secs(30)));
        assert_eq!(parse("Thu, 01 Jan 2026 00:02:00 GMT", now), Some(Duration::from_secs(120)));
        assert_eq!(parse("Wed, 31 Dec 2025 00:00:00 GMT", now), Some(Duration::ZERO));
        assert_eq!(parse("99999999999999999999999", now), Some(Duration::from_secs(u64::from(u32::MAX))));
        for nothing in ["", "soon", "-1", "1.5"] {
            assert_eq!(parse(nothing, now), None, "{nothing:?}");
        }
    }
}
