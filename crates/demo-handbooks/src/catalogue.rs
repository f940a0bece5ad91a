//! Which units a university has: codes, faculties, levels, credit points and lives. The only thing kept in memory.

mod university;

pub(crate) use university::University;

use crate::{
    random::{Stream, hash, spread, weighted_at},
    words::faculties::{Discipline, FACULTIES, Faculty},
};
use std::collections::{HashMap, HashSet};

/// The years that there are units of. Sites A and D show them side by side, B, C and E one edition at a time.
pub(crate) const YEARS: [u16; 3] = [2024, 2025, 2026];

#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) code: String,
    pub(crate) faculty: usize,
    pub(crate) discipline: usize,
    pub(crate) level: u8,
    pub(crate) points: &'static str,
    pub(crate) life: Life,
}

/// What becomes of a unit over the years.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Life {
    Steady,
    /// Has no page before this year.
    Since(u16),
    /// Has no page from this year on.
    Gone(u16),
    /// Keeps its page and says, from this year on, that it is retired.
    Retired(u16),
    /// Has another title from this year on.
    Renamed(u16),
    /// Is assessed in another way from this year on.
    Reassessed(u16),
}

pub(crate) struct Catalogue {
    pub(crate) university: University,
    pub(crate) seed: u64,
    pub(crate) entries: Vec<Entry>,
    /// Codes that are linked and answer as an error page.
    pub(crate) dead: Vec<String>,
    by_code: HashMap<String, u32>,
    by_faculty: Vec<Vec<u32>>,
}

/// Units that every catalogue begins with, so that examples have something to point at: code 31251 is taught at three.
const LANDMARKS: [(University, &str, usize, usize, u8); 11] = [
    (University::Northfield, "COMP2011", 2, 0, 2),
    (University::Northfield, "31251", 2, 0, 2),
    (University::Eastmoor, "31251", 2, 0, 2),
    (University::Eastmoor, "48730", 2, 3, 3),
    (University::Eastmoor, "09009", 9, 0, 1),
    (University::Westhaven, "COMP2502", 2, 0, 2),
    (University::Westhaven, "COMP1100", 2, 0, 1),
    (University::Southmere, "COMP20003", 2, 0, 2),
    (University::Southmere, "COMP10002", 2, 0, 1),
    (University::Harbourview, "COMP2011", 2, 0, 2),
    (University::Harbourview, "31251", 2, 0, 2),
];

impl Catalogue {
    pub(crate) fn new(university: University, seed: u64, units: u32) -> Self {
        // The universities have nothing in common but their words.
        let seed = match university {
            University::Northfield => seed,
            other => seed ^ hash(other.slug()),
        };
        let faculties: Vec<(usize, u32)> = FACULTIES.iter().enumerate().map(|(i, f)| (i, f.weight)).collect();
        let mut codes = Codes::new(university, seed);
        let mut entries = Vec::new();
        for (_, code, faculty, discipline, level) in LANDMARKS.iter().filter(|landmark| landmark.0 == university) {
            codes.taken.insert((*code).to_owned());
            let code = (*code).to_owned();
            let (faculty, discipline, level) = (*faculty, *discipline, *level);
            entries.push(Entry { code, faculty, discipline, level, points: "6", life: Life::Steady });
        }
        entries.truncate(usize::try_from(units).unwrap_or(usize::MAX));
        for index in entries.len() as u64..u64::from(units) {
            let faculty = weighted_at(&faculties, spread(seed, "faculty", index));
            let mut stream = Stream::of(seed, "entry", index);
            let discipline = stream.below(FACULTIES[faculty].disciplines.len());
            let level = weighted_at(&LEVELS, spread(seed, "level", index));
            entries.push(Entry {
                code: codes.next(faculty, discipline, level),
                faculty,
                discipline,
                level,
                points: weighted_at(&POINTS, spread(seed, "points", index)),
                life: life(university, &mut stream),
            });
        }
        let dead = (0..(units / 100).max(2)).map(|i| codes.next(i as usize % FACULTIES.len(), 0, 9)).collect();
        let by_code = (0u32..).zip(&entries).map(|(index, entry)| (entry.code.clone(), index)).collect();
        let mut by_faculty = vec![Vec::new(); FACULTIES.len()];
        for (index, entry) in (0u32..).zip(&entries) {
            by_faculty[entry.faculty].push(index);
        }
        Self { university, seed, entries, dead, by_code, by_faculty }
    }

    pub(crate) fn find(&self, code: &str) -> Option<usize> {
        self.by_code.get(code).and_then(|index| usize::try_from(*index).ok())
    }

    /// The units that have a page in `year`, in catalogue order.
    pub(crate) fn in_year(&self, year: u16) -> impl Iterator<Item = usize> + '_ {
        (0..self.entries.len()).filter(move |index| self.has_page(*index, year))
    }

    pub(crate) fn has_page(&self, index: usize, year: u16) -> bool {
        YEARS.contains(&year)
            && match self.entries[index].life {
                Life::Since(first) => year >= first,
                Life::Gone(first) => year < first,
                _ => true,
            }
    }

    /// A unit that one may have to pass before the one at `index`: of its faculty, at a lower level or earlier, so
    /// that no unit needs itself. Once in a while a code that leads nowhere, as handbooks have.
    pub(crate) fn earlier(&self, index: usize, year: u16, stream: &mut Stream) -> Option<&str> {
        if stream.chance(15) {
            return Some(&self.dead[stream.below(self.dead.len())]);
        }
        let entry = &self.entries[index];
        let colleagues = &self.by_faculty[entry.faculty];
        (0..12).find_map(|_| {
            let other = usize::try_from(colleagues[stream.below(colleagues.len())]).ok()?;
            let before = (self.entries[other].level, other) < (entry.level, index);
            (before && self.has_page(other, year)).then(|| self.entries[other].code.as_str())
        })
    }
}

impl Entry {
    pub(crate) fn faculty(&self) -> &'static Faculty {
        &FACULTIES[self.faculty]
    }

    pub(crate) fn discipline(&self) -> &'static Discipline {
        &self.faculty().disciplines[self.discipline]
    }
}

/// The shares of a real catalogue of 5 102 units, with a few decimals as universities with other scales have them.
const POINTS: [(&str, u32); 10] = [
    ("6", 4046),
    ("12", 563),
    ("0", 379),
    ("24", 65),
    ("18", 31),
    ("36", 17),
    ("3.2", 40),
    ("4.5", 15),
    ("12.5", 12),
    ("48", 6),
];

const LEVELS: [(u8, u32); 8] = [(5, 1952), (3, 971), (2, 786), (4, 653), (1, 426), (0, 176), (6, 125), (9, 13)];

fn life(university: University, stream: &mut Stream) -> Life {
    let year = YEARS[1 + stream.below(YEARS.len() - 1)];
    // Where one edition replaces another, a page that came or went would only be another number of pages.
    let comes_and_goes = u32::from(university.shows_years_side_by_side());
    stream.weighted(&[
        (Life::Steady, 72),
        (Life::Since(year), 5 * comes_and_goes),
        (Life::Gone(year), 4 * comes_and_goes),
        (Life::Retired(year), 3),
        (Life::Renamed(year), 4),
        (Life::Reassessed(year), 12),
    ])
}

/// Gives out codes, each once.
struct Codes {
    university: University,
    seed: u64,
    counters: HashMap<String, u64>,
    taken: HashSet<String>,
}

impl Codes {
    fn new(university: University, seed: u64) -> Self {
        Self { university, seed, counters: HashMap::new(), taken: HashSet::new() }
    }

    fn next(&mut self, faculty: usize, discipline: usize, level: u8) -> String {
        let faculty = &FACULTIES[faculty];
        let prefix = match self.university {
            University::Northfield | University::Westhaven | University::Harbourview => {
                format!("{}{level}", faculty.disciplines[discipline].prefix)
            }
            University::Southmere => format!("{}{level}0", faculty.disciplines[discipline].prefix),
            University::Eastmoor => faculty.digits.to_owned(),
        };
        loop {
            let counter = self.counters.entry(prefix.clone()).or_insert(0);
            let number = *counter;
            *counter += 1;
            let code = format!("{prefix}{}", scattered(number, spread(self.seed, &prefix, 0)));
            if self.taken.insert(code.clone()) {
                return code;
            }
        }
    }
}

/// Three digits for the first thousand, four for the next ten thousand and so on, in no visible order.
fn scattered(number: u64, start: u64) -> String {
    let (mut passed, mut size, mut digits) = (0u64, 1000u64, 3usize);
    while number - passed >= size {
        passed += size;
        size *= 10;
        digits += 1;
    }
    // The factor shares no divisor with any power of ten, so no number comes twice.
    let scattered = (number - passed).wrapping_mul(617) % size;
    format!("{:0digits$}", (scattered + start % size) % size)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count<'a>(catalogue: &'a Catalogue, wanted: impl Fn(&'a Entry) -> bool) -> usize {
        catalogue.entries.iter().filter(|entry| wanted(entry)).count()
    }

    #[test]
    fn a_catalogue_has_the_shares_of_a_real_one() {
        for (university, units) in [
            (University::Northfield, 300u32),
            (University::Eastmoor, 300),
            (University::Westhaven, 300),
            (University::Northfield, 20_000),
        ] {
            let catalogue = Catalogue::new(university, 1, units);
            let all = catalogue.entries.len();
            assert_eq!(all, units as usize);
            let near = |found: usize, share: usize| found.abs_diff(all * share / 1000) <= 5 + all / 60;
            for (points, share) in [("6", 780), ("12", 110), ("0", 75), ("3.2", 8), ("36", 3)] {
                let found = count(&catalogue, |e| e.points == points);
                assert!(near(found, share), "{found} units of {points} points of {all}");
                // The rarest need not be in a small demo of every university.
                assert!(found > 0 || (share < 5 && all < 1000), "no unit of {points} points of {all}");
            }
            for (level, share) in [(5, 383), (3, 190), (2, 154), (1, 83), (0, 34)] {
                let found = count(&catalogue, |e| e.level == level);
                assert!(near(found, share), "{found} units of level {level} of {all}");
            }
            for (faculty, about) in FACULTIES.iter().enumerate() {
                let found = count(&catalogue, |e| e.faculty == faculty);
                assert!(near(found, about.weight as usize * 1000 / 5102), "{found} units of {} of {all}", about.name);
            }
        }
    }

    #[test]
    fn codes_are_unique_and_some_begin_with_zero() {
        for university in University::ALL {
            let catalogue = Catalogue::new(university, 1, 20_000);
            let codes: HashSet<&str> = catalogue.entries.iter().map(|e| e.code.as_str()).collect();
            assert_eq!(codes.len(), 20_000);
            assert!(catalogue.dead.iter().all(|code| !codes.contains(code.as_str())));
            assert_eq!(codes.iter().any(|code| code.starts_with('0')), university == University::Eastmoor);
            assert_eq!(codes.iter().any(|code| code.len() == 6), university == University::Eastmoor);
        }
    }

    #[test]
    fn lives_differ_over_the_years() {
        for university in University::ALL {
            let catalogue = Catalogue::new(university, 1, 300);
            let in_year = |year| catalogue.in_year(year).count();
            assert!(in_year(2024) > 260 && in_year(2026) > 260);
            assert_eq!(in_year(2024) < 300, university.shows_years_side_by_side());
            assert!(count(&catalogue, |e| matches!(e.life, Life::Renamed(_))) > 2);
            assert!(count(&catalogue, |e| matches!(e.life, Life::Retired(_))) > 2);
        }
    }
}
