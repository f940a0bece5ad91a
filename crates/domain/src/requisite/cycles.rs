//! Units that require each other: mistakes of a handbook, or alternatives of which one breaks the circle.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

/// The shortest way back to `start` along `edges`, one for each step by which it can be begun, the shortest first.
/// Each begins with `start`, which is not repeated at its end.
pub fn cycles_through<T: Copy + Ord + std::hash::Hash>(start: T, edges: &[(T, T)]) -> Vec<Vec<T>> {
    let mut next: BTreeMap<T, Vec<T>> = BTreeMap::new();
    for (from, to) in edges {
        next.entry(*from).or_default().push(*to);
    }
    for targets in next.values_mut() {
        targets.sort_unstable();
        targets.dedup();
    }
    let first_steps = next.get(&start).cloned().unwrap_or_default();
    let mut cycles: Vec<Vec<T>> = first_steps.into_iter().filter_map(|first| way_back(start, first, &next)).collect();
    cycles.sort_by(|one, other| (one.len(), one).cmp(&(other.len(), other)));
    cycles
}

fn way_back<T: Copy + Ord + std::hash::Hash>(start: T, first: T, next: &BTreeMap<T, Vec<T>>) -> Option<Vec<T>> {
    if first == start {
        return Some(vec![start]);
    }
    let mut came_from: HashMap<T, T> = HashMap::new();
    let mut seen = HashSet::from([first]);
    let mut open = VecDeque::from([first]);
    while let Some(here) = open.pop_front() {
        for there in next.get(&here).into_iter().flatten() {
            if *there == start {
                let mut cycle = vec![here];
                let mut at = here;
                while let Some(before) = came_from.get(&at) {
                    cycle.push(*before);
                    at = *before;
                }
                cycle.push(start);
                cycle.reverse();
                return Some(cycle);
            }
            if seen.insert(*there) {
                came_from.insert(*there, here);
                open.push_back(*there);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn finds_the_ways_back() {
        assert_eq!(cycles_through(1, &[(1, 2), (2, 3), (3, 1), (2, 1)]), [vec![1, 2]]);
        assert_eq!(cycles_through(1, &[(1, 2), (2, 1), (1, 3), (3, 4), (4, 1)]), [vec![1, 2], vec![1, 3, 4]]);
        assert_eq!(cycles_through(1, &[(1, 1)]), [vec![1]]);
        assert!(cycles_through(1, &[(1, 2), (2, 3), (3, 2)]).is_empty(), "a circle elsewhere");
        assert!(cycles_through(1, &[]).is_empty());
    }

    proptest! {
        #[test]
        fn every_cycle_is_made_of_edges(edges in prop::collection::vec((0_u8..8, 0_u8..8), 0..30)) {
            for cycle in cycles_through(0, &edges) {
                prop_assert_eq!(cycle[0], 0);
                for (index, from) in cycle.iter().enumerate() {
                    let to = cycle[(index + 1) % cycle.len()];
                    prop_assert!(edges.contains(&(*from, to)), "{:?}", cycle);
                }
            }
        }
    }
}
