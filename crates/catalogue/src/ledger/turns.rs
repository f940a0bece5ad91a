//! Who goes first, so that nobody waits for ever.

use crate::ledger::DispatchOrder;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Of so many rounds that sent something one is by age.
const ROUNDS: usize = 8;

/// Chooses the order of each round of one relay. Urgent tasks go first, but every eighth round belongs to whoever has
/// waited longest: however much urgent work there is, a bulk run keeps an eighth of the pace.
#[derive(Debug, Default)]
pub struct Turns(AtomicUsize);

impl Turns {
    /// The order of the round that comes.
    pub fn order(&self) -> DispatchOrder {
        match self.0.load(Ordering::Relaxed) % ROUNDS {
            7 => DispatchOrder::ByAge,
            _ => DispatchOrder::ByPriority,
        }
    }

    /// A round has sent so many. One that found no room was nobody's turn.
    pub fn sent(&self, tasks: usize) {
        self.0.fetch_add(usize::from(tasks > 0), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_eighth_round_that_sends_something_is_by_age() {
        let turns = Turns::default();
        let mut by_age = 0;
        for round in 0..80 {
            turns.sent(0);
            by_age += usize::from(turns.order() == DispatchOrder::ByAge);
            turns.sent(1 + round);
        }
        assert_eq!(by_age, 10);
    }
}
