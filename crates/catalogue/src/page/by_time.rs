//! Pages of lists that are in the order of time.

use super::{decode_cursor, encode_cursor, foreign_cursor, is_plausible_year};
use crate::CatalogueError;
use chrono::{DateTime, Datelike, Utc};
use rmu_domain::ParseError;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The place after which the next page begins.
#[derive(Debug, Serialize, Deserialize)]
struct Place {
    /// Which list it belongs to.
    f: u32,
    /// Microseconds, as the database keeps them.
    at: i64,
    id: Uuid,
}

/// The cursor of a list with this mark, after the entry of that time and id.
pub(crate) fn cursor(mark: u32, at: DateTime<Utc>, id: Uuid) -> String {
    encode_cursor(&Place { f: mark, at: at.timestamp_micros(), id })
}

/// The place that a cursor names, if there is one.
pub(crate) fn place(cursor: Option<&str>, mark: u32) -> Result<Option<(DateTime<Utc>, Uuid)>, CatalogueError> {
    cursor.map(|cursor| parse(cursor, mark)).transpose().map_err(|error| CatalogueError::invalid("cursor", &error))
}

fn parse(cursor: &str, mark: u32) -> Result<(DateTime<Utc>, Uuid), ParseError> {
    let place: Place = decode_cursor(cursor)?;
    if place.f != mark {
        return Err(foreign_cursor());
    }
    let time = DateTime::from_timestamp_micros(place.at).filter(|time| is_plausible_year(time.year()));
    let time = time.ok_or_else(|| ParseError::new("must be a cursor as given by the page before"))?;
    Ok((time, place.id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_comes_back_in_its_own_list_alone() {
        let (at, id) = (DateTime::from_timestamp_micros(1_790_000_000_123_456).unwrap(), Uuid::from_u128(7));
        let made = cursor(1, at, id);
        assert_eq!(place(Some(&made), 1).unwrap(), Some((at, id)));
        assert!(place(Some(&made), 2).is_err());
        assert_eq!(place(None, 1).unwrap(), None);
    }

    #[test]
    fn a_time_that_no_database_knows_is_refused() {
        for at in [i64::MIN, i64::MAX, -1, 10_000_000_000_000_000] {
            let forged = encode_cursor(&Place { f: 1, at, id: Uuid::nil() });
            assert!(place(Some(&forged), 1).is_err(), "{at}");
        }
    }
}
