//! What changed between two versions of a unit, fact by fact. Nothing is said of a fact that either of them does
//! not give: unknown is not removed.

use super::{Assessment, Contact, FactName, Offering, Outcome, UnitFacts};
use crate::requisite::Requisite;

/// Everything that changed.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    pub scalars: Vec<ScalarChange>,
    pub outcomes: ListChange<Outcome>,
    pub assessments: ListChange<Assessment>,
    pub offerings: ListChange<Offering>,
    pub requisites: ListChange<Requisite>,
    pub contacts: ListChange<Contact>,
}

/// A fact of one value that is another now. `None` is unknown.
#[derive(Debug, Clone, PartialEq)]
pub struct ScalarChange {
    pub fact: FactName,
    pub from: Option<Scalar>,
    pub to: Option<Scalar>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Scalar {
    Text(String),
    Number(f64),
}

/// How a list changed.
#[derive(Debug, Clone, PartialEq)]
pub struct ListChange<T> {
    /// Whether each of the two versions gives the fact. If one does not, the rest is empty.
    pub known: (bool, bool),
    pub added: Vec<T>,
    pub removed: Vec<T>,
    /// What goes by the same name and is otherwise different.
    pub changed: Vec<(T, T)>,
}

impl<T> ListChange<T> {
    pub fn is_empty(&self) -> bool {
        self.known.0 == self.known.1 && self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty()
    }
}

impl Difference {
    pub fn between(from: &UnitFacts, to: &UnitFacts) -> Self {
        let same_text = |one: &str, other: &str| one.trim().to_lowercase() == other.trim().to_lowercase();
        Self {
            scalars: scalars(from, to),
            outcomes: lists(&from.outcomes, &to.outcomes, |one, other| one.code == other.code),
            assessments: lists(&from.assessments, &to.assessments, |one, other| same_text(&one.name, &other.name)),
            // A session at another place is another offering.
            offerings: lists(&from.offerings, &to.offerings, |_, _| false),
            requisites: lists(&from.requisites, &to.requisites, |one, other| one.kind == other.kind),
            contacts: lists(&from.contacts, &to.contacts, |one, other| same_text(&one.name, &other.name)),
        }
    }

    /// The facts that changed, or are known in one version alone.
    pub fn facts(&self) -> Vec<FactName> {
        let lists = [
            (FactName::Outcomes, self.outcomes.is_empty()),
            (FactName::Assessments, self.assessments.is_empty()),
            (FactName::Offerings, self.offerings.is_empty()),
            (FactName::Requisites, self.requisites.is_empty()),
            (FactName::Contacts, self.contacts.is_empty()),
        ];
        let changed = lists.into_iter().filter(|(_, is_empty)| !is_empty).map(|(fact, _)| fact);
        self.scalars.iter().map(|change| change.fact).chain(changed).collect()
    }
}

/// The year is what the versions are told apart by, not a change.
fn scalars(from: &UnitFacts, to: &UnitFacts) -> Vec<ScalarChange> {
    let text = |value: &Option<String>| value.clone().map(Scalar::Text);
    let pairs = |facts: &UnitFacts| {
        [
            (FactName::Code, Some(Scalar::Text(facts.code.to_string()))),
            (FactName::Title, Some(Scalar::Text(facts.title.clone()))),
            (FactName::Status, text(&facts.status)),
            (FactName::CreditPoints, facts.credit_points.map(|points| Scalar::Number(points.as_f64()))),
            (FactName::Level, facts.level.map(|level| Scalar::Number(f64::from(level)))),
            (FactName::StudyLevel, text(&facts.study_level)),
            (FactName::Faculty, text(&facts.faculty)),
            (FactName::School, text(&facts.school)),
            (FactName::Description, text(&facts.description)),
            (FactName::Workload, text(&facts.workload)),
        ]
    };
    let changes = pairs(from).into_iter().zip(pairs(to));
    changes
        .filter(|((_, from), (_, to))| from != to)
        .map(|((fact, from), (_, to))| ScalarChange { fact, from, to })
        .collect()
}

/// Equal entries belong together; of the others those that go by the same name, in their order.
fn lists<T: Clone + PartialEq>(
    from: &Option<Vec<T>>,
    to: &Option<Vec<T>>,
    same_name: impl Fn(&T, &T) -> bool,
) -> ListChange<T> {
    let known = (from.is_some(), to.is_some());
    let mut change = ListChange { known, added: Vec::new(), removed: Vec::new(), changed: Vec::new() };
    let (Some(from), Some(to)) = (from, to) else { return change };
    let mut added = to.clone();
    let mut gone = Vec::new();
    for entry in from {
        match added.iter().position(|other| other == entry) {
            Some(place) => drop(added.remove(place)),
            None => gone.push(entry.clone()),
        }
    }
    for entry in gone {
        match added.iter().position(|other| same_name(&entry, other)) {
            Some(place) => change.changed.push((entry, added.remove(place))),
            None => change.removed.push(entry),
        }
    }
    change.added = added;
    change
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{credit_points::CreditPoints, facts::Weight, requisite::RequisiteKind, unit_code::UnitCode};
    use proptest::prelude::*;

    fn facts() -> UnitFacts {
        UnitFacts {
            code: UnitCode::parse("31251").unwrap(),
            title: "Algorithms".to_owned(),
            year: None,
            status: None,
            credit_points: None,
            level: None,
            study_level: None,
            faculty: None,
            school: None,
            description: None,
            workload: None,
            outcomes: None,
            assessments: None,
            offerings: None,
            requisites: None,
            contacts: None,
        }
    }

    fn task(name: &str, weight: &str) -> Assessment {
        Assessment { name: name.to_owned(), kind: None, weight: Weight::parse(weight).ok(), hurdle: None }
    }

    #[test]
    fn says_what_changed_by_fact() {
        let offering = |session: &str| Offering { session: session.to_owned(), location: None, mode: None };
        let requisite = |kind, text: &str| Requisite { kind, text: text.to_owned(), expression: None };
        let from = UnitFacts {
            credit_points: CreditPoints::parse("6").ok(),
            assessments: Some(vec![task("Exam", "60"), task("Quiz", "10"), task("Essay", "30")]),
            offerings: Some(vec![offering("Autumn"), offering("Spring")]),
            requisites: Some(vec![requisite(RequisiteKind::Prerequisite, "26012")]),
            faculty: Some("Engineering".to_owned()),
            ..facts()
        };
        let to = UnitFacts {
            credit_points: CreditPoints::parse("12").ok(),
            assessments: Some(vec![task("Quiz", "10"), task("exam", "50"), task("Project", "40")]),
            offerings: Some(vec![offering("Spring"), offering("Summer")]),
            requisites: Some(vec![
                requisite(RequisiteKind::Prohibition, "48730"),
                requisite(RequisiteKind::Prerequisite, "31252"),
            ]),
            ..facts()
        };
        let found = Difference::between(&from, &to);
        let scalars: Vec<_> = found.scalars.iter().map(|change| (change.fact, &change.from, &change.to)).collect();
        let (six, twelve) = (Some(Scalar::Number(6.0)), Some(Scalar::Number(12.0)));
        let engineering = Some(Scalar::Text("Engineering".to_owned()));
        assert_eq!(scalars, [(FactName::CreditPoints, &six, &twelve), (FactName::Faculty, &engineering, &None)]);
        assert_eq!(found.assessments.changed, [(task("Exam", "60"), task("exam", "50"))]);
        assert_eq!(found.assessments.removed, [task("Essay", "30")]);
        assert_eq!(found.assessments.added, [task("Project", "40")]);
        assert_eq!(
            (found.offerings.removed, found.offerings.added),
            (vec![offering("Autumn")], vec![offering("Summer")])
        );
        assert_eq!(found.requisites.changed.len(), 1);
        assert_eq!(found.requisites.added[0].text, "48730");
        assert_eq!(found.outcomes.known, (false, false));
    }

    #[test]
    fn what_one_version_does_not_give_was_not_removed() {
        let from = UnitFacts { assessments: Some(vec![task("Exam", "60")]), ..facts() };
        let found = Difference::between(&from, &facts());
        assert_eq!((found.assessments.known, found.assessments.removed.len()), ((true, false), 0));
        assert_eq!(found.facts(), [FactName::Assessments]);
    }

    fn tasks() -> impl Strategy<Value = Vec<Assessment>> {
        prop::collection::vec(("[AB]", 0_u8..3), 0..6)
            .prop_map(|all| all.iter().map(|(name, weight)| task(name, &weight.to_string())).collect())
    }

    fn sorted(mut all: Vec<Assessment>) -> Vec<Assessment> {
        all.sort_by_key(|task| (task.name.clone(), task.weight));
        all
    }

    proptest! {
        #[test]
        fn the_changes_lead_from_one_to_the_other(from in tasks(), to in tasks()) {
            let change = lists(&Some(from.clone()), &Some(to.clone()), |one, other| one.name == other.name);
            let mut led = from.clone();
            for gone in change.removed.iter().chain(change.changed.iter().map(|(before, _)| before)) {
                let place = led.iter().position(|entry| entry == gone).unwrap();
                led.remove(place);
            }
            led.extend(change.added.iter().chain(change.changed.iter().map(|(_, after)| after)).cloned());
            prop_assert_eq!(sorted(led), sorted(to.clone()));
            let back = lists(&Some(to), &Some(from), |one, other| one.name == other.name);
            prop_assert_eq!((sorted(back.added), back.changed.len()), (sorted(change.removed), change.changed.len()));
        }

        #[test]
        fn nothing_changed_between_the_same(all in tasks()) {
            let unit = UnitFacts { assessments: Some(all), ..facts() };
            prop_assert!(Difference::between(&unit, &unit).facts().is_empty());
        }
    }
}
