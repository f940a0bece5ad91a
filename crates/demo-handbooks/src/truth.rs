//! What a unit's page says, as a reader should find it: the JSON of the published contract of unit facts.
//!
//! Made from what the university knows, not from the page, and without the types that readers use, so that
//! agreement between the two is evidence.

use crate::{
    catalogue::Catalogue,
    unit::{CreditPointsRule, Expression, Fact, Kind, Requisite, Unit, Wording},
};
use serde::Serialize;
use std::collections::BTreeMap;

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Truth {
    pub path: String,
    pub facts: TrueFacts,
    /// Why facts are `null`, by name.
    pub gaps: BTreeMap<&'static str, TrueGap>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "reason", rename_all = "camelCase")]
pub enum TrueGap {
    Absent,
    Empty,
    Unparsed { raw: String },
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TrueFacts {
    pub code: String,
    pub title: String,
    pub year: Option<u16>,
    pub status: Option<String>,
    pub credit_points: Option<String>,
    pub level: Option<u8>,
    pub study_level: Option<String>,
    pub faculty: Option<String>,
    pub school: Option<String>,
    pub description: Option<String>,
    pub workload: Option<String>,
    pub outcomes: Option<Vec<TrueOutcome>>,
    pub assessments: Option<Vec<TrueAssessment>>,
    pub offerings: Option<Vec<TrueOffering>>,
    pub requisites: Option<Vec<TrueRequisite>>,
    pub contacts: Option<Vec<TrueContact>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TrueOutcome {
    pub code: String,
    pub description: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TrueAssessment {
    pub name: String,
    pub kind: Option<String>,
    pub weight: Option<String>,
    pub hurdle: Option<bool>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TrueOffering {
    pub session: String,
    pub location: Option<String>,
    pub mode: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TrueRequisite {
    kind: Kind,
    pub text: String,
    expression: Option<TrueExpression>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
enum TrueExpression {
    Units(Expression),
    CreditPoints {
        #[serde(rename = "creditPoints")]
        credit_points: CreditPointsRule,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TrueContact {
    pub role: Option<String>,
    pub name: String,
}

impl Truth {
    pub(crate) fn of(catalogue: &Catalogue, unit: &Unit) -> Self {
        let mut gaps = Gaps(BTreeMap::new());
        let owned = |text: &&'static str| (*text).to_owned();
        let facts = TrueFacts {
            code: unit.code.clone(),
            title: unit.title.clone(),
            year: Some(unit.year),
            status: gaps.note("status", &unit.status, owned),
            credit_points: gaps.note("creditPoints", &unit.credit_points, owned),
            level: gaps.note("level", &unit.level, |level| *level),
            study_level: gaps.note("studyLevel", &unit.study_level, owned),
            faculty: gaps.note("faculty", &unit.faculty, owned),
            // Site B words both in one line, which begins with the faculty: without that there is no line.
            school: gaps.note("school", crate::legacy::school(catalogue, unit), owned),
            description: gaps.note("description", &unit.description, |prose| prose.text()),
            workload: gaps.note("workload", &unit.workload, |prose| prose.text()),
            outcomes: gaps.list("outcomes", &unit.outcomes, |outcome| TrueOutcome {
                code: outcome.code.clone(),
                description: outcome.description.text(),
            }),
            assessments: gaps.list("assessments", &unit.tasks, |task| TrueAssessment {
                name: task.name.clone(),
                kind: task.kind.map(str::to_owned),
                weight: task.weight.as_deref().and_then(readable_weight),
                hurdle: task.hurdle,
            }),
            offerings: gaps.list("offerings", &unit.offerings, |offering| TrueOffering {
                session: offering.session.to_owned(),
                location: offering.location.map(str::to_owned),
                mode: offering.mode.map(str::to_owned),
            }),
            requisites: gaps.list("requisites", &unit.requisites, |requisite| requisite.truth()),
            contacts: gaps.list("contacts", &unit.contacts, |contact| TrueContact {
                role: contact.role.map(str::to_owned),
                name: contact.name.clone(),
            }),
        };
        Self { path: catalogue.university.path(unit.year, &unit.code), facts, gaps: gaps.0 }
    }
}

impl Requisite {
    fn truth(&self) -> TrueRequisite {
        let expression = match &self.wording {
            Wording::Expression(expression) => Some(TrueExpression::Units(expression.clone())),
            Wording::Free(_, rule) => rule.clone().map(|credit_points| TrueExpression::CreditPoints { credit_points }),
        };
        TrueRequisite { kind: self.kind, text: self.text(), expression }
    }
}

/// A weight as a number without idle decimals; `TBC` is none.
fn readable_weight(written: &str) -> Option<String> {
    let number = written.strip_suffix(".0").unwrap_or(written);
    number.starts_with(|sign: char| sign.is_ascii_digit()).then(|| number.to_owned())
}

struct Gaps(BTreeMap<&'static str, TrueGap>);

impl Gaps {
    fn note<T, U>(&mut self, name: &'static str, fact: &Fact<T>, value: impl FnOnce(&T) -> U) -> Option<U> {
        let gap = match fact {
            Fact::Given(given) => return Some(value(given)),
            Fact::Absent => TrueGap::Absent,
            Fact::Empty => TrueGap::Empty,
            Fact::Unparsed(raw) => TrueGap::Unparsed { raw: raw.clone() },
        };
        self.0.insert(name, gap);
        None
    }

    fn list<T, U>(&mut self, name: &'static str, fact: &Fact<Vec<T>>, entry: impl Fn(&T) -> U) -> Option<Vec<U>> {
        self.note(name, fact, |entries| entries.iter().map(entry).collect())
    }
}
