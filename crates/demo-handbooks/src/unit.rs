//! What a university knows of a unit in one year, before any page is written.

mod listed;
mod requisites;
mod worded;

use crate::{
    catalogue::{Catalogue, Life, University},
    prose::Prose,
    random::{Stream, spread, weighted_at},
};

pub(crate) use listed::{Contact, Offering, Outcome, Task};
pub(crate) use requisites::{CreditPointsRule, Expression, Kind, Requisite, Wording};

/// A fact on the page, or the way in which it is missing there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fact<T> {
    Given(T),
    /// The page has no place for it.
    Absent,
    /// Its place is there with nothing in it.
    Empty,
    /// Its place holds something that cannot be understood.
    Unparsed(String),
}

impl<T> Fact<T> {
    pub(crate) fn given(&self) -> Option<&T> {
        match self {
            Self::Given(value) => Some(value),
            _ => None,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unit {
    pub(crate) index: usize,
    pub(crate) code: String,
    pub(crate) title: String,
    pub(crate) year: u16,
    pub(crate) status: Fact<&'static str>,
    pub(crate) credit_points: Fact<&'static str>,
    pub(crate) level: Fact<u8>,
    pub(crate) study_level: Fact<&'static str>,
    pub(crate) faculty: Fact<&'static str>,
    pub(crate) school: Fact<&'static str>,
    pub(crate) description: Fact<Prose>,
    pub(crate) workload: Fact<Prose>,
    pub(crate) outcomes: Fact<Vec<Outcome>>,
    /// An empty list: the page says that there are none.
    pub(crate) tasks: Fact<Vec<Task>>,
    pub(crate) offerings: Fact<Vec<Offering>>,
    pub(crate) requisites: Fact<Vec<Requisite>>,
    pub(crate) contacts: Fact<Vec<Contact>>,
}

/// How often, of a thousand units, a fact is missing in each way.
#[derive(Clone, Copy)]
struct Missing {
    absent: u32,
    empty: u32,
    unparsed: u32,
}

impl Unit {
    pub(crate) fn of(catalogue: &Catalogue, index: usize, year: u16) -> Self {
        let entry = &catalogue.entries[index];
        let seed = catalogue.seed;
        let university = catalogue.university;
        let landmark = index < 2;
        let facts = Facts { seed, index: index as u64, landmark };
        // A site that never tells a unit's status has no place for it on any page.
        let status = if university == University::Northfield {
            Missing { absent: 5, empty: 5, unparsed: 0 }
        } else {
            ALWAYS_ABSENT
        };
        let retired = matches!(entry.life, Life::Retired(from) if year >= from);
        Self {
            index,
            code: entry.code.clone(),
            title: worded::title(catalogue, index, year),
            year,
            status: facts.fact("status", status, || if retired { "Retired" } else { "Active" }),
            credit_points: facts.fact("points", Missing { absent: 8, empty: 8, unparsed: 10 }, || entry.points),
            level: facts.fact("level", Missing { absent: 20, empty: 15, unparsed: 8 }, || entry.level),
            study_level: facts.fact("studyLevel", Missing { absent: 15, empty: 10, unparsed: 0 }, || {
                if entry.level >= 5 { "Postgraduate" } else { "Undergraduate" }
            }),
            faculty: facts.fact("faculty", Missing { absent: 6, empty: 4, unparsed: 0 }, || entry.faculty().name),
            school: facts.fact("school", Missing { absent: 200, empty: school_empty(university), unparsed: 0 }, || {
                entry.discipline().school
            }),
            description: facts.fact("description", Missing { absent: 15, empty: 20, unparsed: 0 }, || {
                worded::description(catalogue, index, year)
            }),
            workload: facts.fact("workload", Missing { absent: 200, empty: 60, unparsed: 0 }, || {
                worded::workload(catalogue, index)
            }),
            outcomes: facts.fact("outcomes", Missing { absent: 30, empty: 50, unparsed: 0 }, || {
                listed::outcomes(catalogue, index)
            }),
            tasks: facts.fact("tasks", Missing { absent: tasks_absent(university), empty: 50, unparsed: 0 }, || {
                listed::tasks(catalogue, index, year)
            }),
            offerings: facts.fact("offerings", Missing { absent: 20, empty: 40, unparsed: 0 }, || {
                listed::offerings(catalogue, index, year)
            }),
            requisites: facts.fact("requisites", Missing { absent: 60, empty: 150, unparsed: 0 }, || {
                requisites::requisites(catalogue, index, year)
            }),
            contacts: facts.fact("contacts", Missing { absent: 150, empty: 60, unparsed: 0 }, || {
                listed::contacts(catalogue, index)
            }),
        }
    }

    /// The title alone, for listings.
    pub(crate) fn title_of(catalogue: &Catalogue, index: usize, year: u16) -> String {
        worded::title(catalogue, index, year)
    }

    /// Chance about the way this unit's page is written.
    pub(crate) fn stream(&self, catalogue: &Catalogue, purpose: &str) -> Stream {
        Stream::of(catalogue.seed, purpose, self.index as u64)
    }
}

const ALWAYS_ABSENT: Missing = Missing { absent: 1000, empty: 0, unparsed: 0 };

/// Site B leaves an unknown school out of its line, which then has no place for it.
fn school_empty(university: University) -> u32 {
    if university == University::Eastmoor { 0 } else { 40 }
}

/// Site A has the assessment's accordion on every page.
fn tasks_absent(university: University) -> u32 {
    if university == University::Northfield { 0 } else { 40 }
}

struct Facts {
    seed: u64,
    index: u64,
    landmark: bool,
}

impl Facts {
    /// The fact, or a gap as often as `missing` says. Landmarks have everything that their site ever has.
    fn fact<T>(&self, name: &str, missing: Missing, value: impl FnOnce() -> T) -> Fact<T> {
        let Missing { absent, empty, unparsed } = missing;
        let shares = [(0u8, 1000 - absent - empty - unparsed), (1, absent), (2, empty), (3, unparsed)];
        let drawn = weighted_at(&shares, spread(self.seed, &format!("missing {name}"), self.index));
        match drawn {
            1 if !self.landmark || absent == 1000 => Fact::Absent,
            2 if !self.landmark => Fact::Empty,
            3 if !self.landmark => {
                let unclear: &[&str] =
                    if name == "level" { &["Various", "Any"] } else { &["6 to 12", "See school", "Variable"] };
                Fact::Unparsed(Stream::of(self.seed, name, self.index).pick(unclear).to_owned())
            }
            _ => Fact::Given(value()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_missing_in_every_way_in_a_demo_of_three_hundred() {
        for university in University::ALL {
            let catalogue = Catalogue::new(university, 1, 300);
            let units: Vec<Unit> = (0..300).map(|index| Unit::of(&catalogue, index, 2026)).collect();
            let points =
                |wanted: fn(&Fact<&'static str>) -> bool| units.iter().filter(|u| wanted(&u.credit_points)).count();
            assert!((1..10).contains(&points(|f| *f == Fact::Absent)));
            assert!((1..10).contains(&points(|f| *f == Fact::Empty)));
            assert!((1..10).contains(&points(|f| matches!(f, Fact::Unparsed(_)))));
            assert!(units.iter().any(|u| u.offerings == Fact::Given(Vec::new())), "some are not offered");
            assert!(units.iter().any(|u| u.requisites == Fact::Given(Vec::new())), "some have no requisites");
            assert!(units.iter().any(|u| u.requisites == Fact::Empty), "some do not say");
        }
    }

    #[test]
    fn a_unit_is_the_same_whenever_it_is_asked_for() {
        let catalogue = Catalogue::new(University::Northfield, 5, 50);
        assert_eq!(Unit::of(&catalogue, 20, 2025), Unit::of(&catalogue, 20, 2025));
        assert_ne!(Unit::of(&Catalogue::new(University::Northfield, 6, 50), 20, 2025), Unit::of(&catalogue, 20, 2025));
    }

    #[test]
    fn universities_share_words_of_titles() {
        let titled = |university, word: &str| {
            let catalogue = Catalogue::new(university, 1, 300);
            (0..300).filter(|index| Unit::of(&catalogue, *index, 2026).title.contains(word)).count()
        };
        for word in ["Data", "Introduction", "Advanced"] {
            assert!(titled(University::Northfield, word) > 0 && titled(University::Eastmoor, word) > 0, "{word}");
        }
    }
}
