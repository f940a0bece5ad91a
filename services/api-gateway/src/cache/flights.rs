//! Who is just reading what, in this process.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};

/// More different reads than this at once are not waited for.
const MOST: usize = 1024;

/// Held by whoever reads; empty until the answer is there. One that gives up leaves it empty for the next in line.
pub(super) type Flight = tokio::sync::Mutex<Option<Vec<u8>>>;

#[derive(Default)]
pub(super) struct Flights(Mutex<HashMap<String, Weak<Flight>>>);

impl Flights {
    /// The flight of a key, which lasts as long as anybody holds it; `None` when there are too many.
    pub(super) fn join(&self, key: &str) -> Option<Arc<Flight>> {
        let mut flights = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(flight) = flights.get(key).and_then(Weak::upgrade) {
            return Some(flight);
        }
        if flights.len() >= MOST {
            flights.retain(|_, flight| flight.strong_count() > 0);
            if flights.len() >= MOST {
                return None;
            }
        }
        let flight = Arc::new(Flight::default());
        flights.insert(key.to_owned(), Arc::downgrade(&flight));
        Some(flight)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flights_are_shared_and_bounded() {
        let flights = Flights::default();
        let held: Vec<_> = (0..MOST).map(|number| flights.join(&number.to_string()).unwrap()).collect();
        assert!(Arc::ptr_eq(&held[7], &flights.join("7").unwrap()));
        assert!(flights.join("one more").is_none());
        drop(held);
        assert!(flights.join("one more").is_some(), "those that are over make room");
    }
}
