//! The facts of a unit on the wire, and the way into and out of the domain.

use rmu_domain::{
    ParseError,
    credit_points::CreditPoints,
    facts::{Assessment, Contact, Offering, Outcome, UnitFacts, Weight},
    requisite::{Expression, Requisite, RequisiteKind},
    text::parse_text,
    unit_code::UnitCode,
    year::Year,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Facts as read from a page. `null` means unknown, an empty list that the page says there are none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UnitFactsV1 {
    pub code: String,
    pub title: String,
    pub year: Option<u16>,
    pub status: Option<String>,
    /// A decimal number as text, so that 3.2 stays 3.2.
    pub credit_points: Option<String>,
    pub level: Option<u8>,
    pub study_level: Option<String>,
    pub faculty: Option<String>,
    pub school: Option<String>,
    pub description: Option<String>,
    pub workload: Option<String>,
    pub outcomes: Option<Vec<OutcomeFactV1>>,
    pub assessments: Option<Vec<AssessmentFactV1>>,
    pub offerings: Option<Vec<OfferingFactV1>>,
    pub requisites: Option<Vec<RequisiteFactV1>>,
    pub contacts: Option<Vec<ContactFactV1>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OutcomeFactV1 {
    pub code: String,
    pub description: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AssessmentFactV1 {
    pub name: String,
    pub kind: Option<String>,
    /// Per cent, as text.
    pub weight: Option<String>,
    pub hurdle: Option<bool>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OfferingFactV1 {
    pub session: String,
    pub location: Option<String>,
    pub mode: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RequisiteFactV1 {
    /// `prerequisite`, `corequisite` or `prohibition`.
    pub kind: String,
    pub text: String,
    pub expression: Option<ExpressionV1>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ExpressionV1 {
    Unit(String),
    CreditPoints(CreditPointsAtLevelV1),
    All(Vec<ExpressionV1>),
    Any(Vec<ExpressionV1>),
}

/// At least so many credit points, of units at one level where that is named.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreditPointsAtLevelV1 {
    /// A decimal number as text.
    pub points: String,
    pub level: Option<u8>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ContactFactV1 {
    pub role: Option<String>,
    pub name: String,
}

impl UnitFactsV1 {
    pub(crate) fn example() -> Self {
        Self {
            code: "31251".into(),
            title: "Data Structures and Algorithms".into(),
            year: Some(2026),
            status: Some("Active".into()),
            credit_points: Some("6".into()),
            level: Some(2),
            study_level: Some("Undergraduate".into()),
            faculty: Some("Faculty of Engineering and Information Technology".into()),
            school: None,
            description: Some("Lists, trees, hashing, graphs and the cost of using them.".into()),
            workload: None,
            outcomes: Some(vec![OutcomeFactV1 { code: "ULO1".into(), description: "Choose a data structure.".into() }]),
            assessments: Some(vec![AssessmentFactV1 {
                name: "Project".into(),
                kind: Some("Assignment".into()),
                weight: Some("40".into()),
                hurdle: Some(false),
            }]),
            offerings: Some(vec![OfferingFactV1 {
                session: "Autumn".into(),
                location: Some("City".into()),
                mode: Some("On campus".into()),
            }]),
            requisites: Some(vec![RequisiteFactV1 {
                kind: "prerequisite".into(),
                text: "(31271 OR 48023) AND 24 credit points at level 1".into(),
                expression: Some(ExpressionV1::All(vec![
                    ExpressionV1::Any(vec![ExpressionV1::Unit("31271".into()), ExpressionV1::Unit("48023".into())]),
                    ExpressionV1::CreditPoints(CreditPointsAtLevelV1 { points: "24".into(), level: Some(1) }),
                ])),
            }]),
            contacts: Some(Vec::new()),
        }
    }
}

/// Bounds on texts of a page: generous, so that only the absurd is refused.
const LINE: usize = 500;
const PROSE: usize = 60_000;
const LIST: usize = 500;

impl TryFrom<UnitFactsV1> for UnitFacts {
    type Error = ParseError;

    fn try_from(wire: UnitFactsV1) -> Result<Self, ParseError> {
        Ok(Self {
            code: UnitCode::parse(&wire.code).map_err(|e| field("code", &e))?,
            title: parse_text(&wire.title, 1, LINE).map_err(|e| field("title", &e))?,
            year: wire.year.map(Year::new).transpose().map_err(|e| field("year", &e))?,
            status: line("status", wire.status)?,
            credit_points: wire
                .credit_points
                .map(|raw| CreditPoints::parse(&raw))
                .transpose()
                .map_err(|e| field("creditPoints", &e))?,
            level: wire.level,
            study_level: line("studyLevel", wire.study_level)?,
            faculty: line("faculty", wire.faculty)?,
            school: line("school", wire.school)?,
            description: prose("description", wire.description)?,
            workload: prose("workload", wire.workload)?,
            outcomes: list("outcomes", wire.outcomes, |o| {
                Ok(Outcome { code: parse_text(&o.code, 1, LINE)?, description: parse_text(&o.description, 1, PROSE)? })
            })?,
            assessments: list("assessments", wire.assessments, |a| {
                Ok(Assessment {
                    name: parse_text(&a.name, 1, LINE)?,
                    kind: line("kind", a.kind)?,
                    weight: a.weight.map(|w| Weight::parse(&w)).transpose()?,
                    hurdle: a.hurdle,
                })
            })?,
            offerings: list("offerings", wire.offerings, |o| {
                Ok(Offering {
                    session: parse_text(&o.session, 1, LINE)?,
                    location: line("location", o.location)?,
                    mode: line("mode", o.mode)?,
                })
            })?,
            requisites: list("requisites", wire.requisites, |r| {
                Ok(Requisite {
                    kind: requisite_kind(&r.kind)?,
                    text: parse_text(&r.text, 1, PROSE)?,
                    expression: r.expression.map(|e| expression(e, 0)).transpose()?,
                })
            })?,
            contacts: list("contacts", wire.contacts, |c| {
                Ok(Contact { role: line("role", c.role)?, name: parse_text(&c.name, 1, LINE)? })
            })?,
        })
    }
}

impl From<UnitFacts> for UnitFactsV1 {
    fn from(facts: UnitFacts) -> Self {
        Self {
            code: facts.code.into(),
            title: facts.title,
            year: facts.year.map(Year::get),
            status: facts.status,
            credit_points: facts.credit_points.map(|points| points.to_string()),
            level: facts.level,
            study_level: facts.study_level,
            faculty: facts.faculty,
            school: facts.school,
            description: facts.description,
            workload: facts.workload,
            outcomes: facts.outcomes.map(|all| {
                all.into_iter().map(|o| OutcomeFactV1 { code: o.code, description: o.description }).collect()
            }),
            assessments: facts.assessments.map(|all| {
                all.into_iter()
                    .map(|a| AssessmentFactV1 {
                        name: a.name,
                        kind: a.kind,
                        weight: a.weight.map(|w| w.to_string()),
                        hurdle: a.hurdle,
                    })
                    .collect()
            }),
            offerings: facts.offerings.map(|all| {
                all.into_iter()
                    .map(|o| OfferingFactV1 { session: o.session, location: o.location, mode: o.mode })
                    .collect()
            }),
            requisites: facts.requisites.map(|all| {
                all.into_iter()
                    .map(|r| RequisiteFactV1 {
                        kind: kind_name(r.kind).to_owned(),
                        text: r.text,
                        expression: r.expression.map(ExpressionV1::from),
                    })
                    .collect()
            }),
            contacts: facts
                .contacts
                .map(|all| all.into_iter().map(|c| ContactFactV1 { role: c.role, name: c.name }).collect()),
        }
    }
}

impl From<Expression> for ExpressionV1 {
    fn from(expression: Expression) -> Self {
        match expression {
            Expression::Unit(code) => Self::Unit(code.into()),
            Expression::CreditPoints { points, level } => {
                Self::CreditPoints(CreditPointsAtLevelV1 { points: points.to_string(), level })
            }
            Expression::All(parts) => Self::All(parts.into_iter().map(Self::from).collect()),
            Expression::Any(parts) => Self::Any(parts.into_iter().map(Self::from).collect()),
        }
    }
}

fn expression(wire: ExpressionV1, depth: usize) -> Result<Expression, ParseError> {
    if depth > Expression::MAX_DEPTH {
        return Err(ParseError::new("expression: nested too deeply"));
    }
    let empty = || ParseError::new("expression: a group must have parts");
    let parts =
        |all: Vec<ExpressionV1>| all.into_iter().map(|e| expression(e, depth + 1)).collect::<Result<Vec<_>, _>>();
    Ok(match wire {
        ExpressionV1::Unit(code) => Expression::Unit(UnitCode::parse(&code)?),
        ExpressionV1::CreditPoints(wire) => {
            Expression::CreditPoints { points: CreditPoints::parse(&wire.points)?, level: wire.level }
        }
        ExpressionV1::All(all) => Expression::all(parts(all)?).ok_or_else(empty)?,
        ExpressionV1::Any(all) => Expression::any(parts(all)?).ok_or_else(empty)?,
    })
}

fn requisite_kind(raw: &str) -> Result<RequisiteKind, ParseError> {
    [RequisiteKind::Prerequisite, RequisiteKind::Corequisite, RequisiteKind::Prohibition]
        .into_iter()
        .find(|kind| kind_name(*kind) == raw)
        .ok_or_else(|| ParseError::new("kind: must be prerequisite, corequisite or prohibition"))
}

fn kind_name(kind: RequisiteKind) -> &'static str {
    match kind {
        RequisiteKind::Prerequisite => "prerequisite",
        RequisiteKind::Corequisite => "corequisite",
        RequisiteKind::Prohibition => "prohibition",
    }
}

fn line(name: &str, raw: Option<String>) -> Result<Option<String>, ParseError> {
    raw.map(|text| parse_text(&text, 1, LINE)).transpose().map_err(|e| field(name, &e))
}

fn prose(name: &str, raw: Option<String>) -> Result<Option<String>, ParseError> {
    raw.map(|text| parse_text(&text, 1, PROSE)).transpose().map_err(|e| field(name, &e))
}

fn list<W, D>(
    name: &str,
    raw: Option<Vec<W>>,
    parse: impl Fn(W) -> Result<D, ParseError>,
) -> Result<Option<Vec<D>>, ParseError> {
    let Some(all) = raw else { return Ok(None) };
    if all.len() > LIST {
        return Err(ParseError::new(format!("{name}: must have at most {LIST} entries")));
    }
    all.into_iter().map(parse).collect::<Result<_, _>>().map(Some).map_err(|e| field(name, &e))
}

fn field(name: &str, error: &ParseError) -> ParseError {
    ParseError::new(format!("{name}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_is_a_valid_unit_and_survives_the_round_trip() {
        let wire = UnitFactsV1::example();
        let facts = UnitFacts::try_from(wire.clone()).unwrap();
        assert_eq!(UnitFactsV1::from(facts), wire);
    }

    #[test]
    fn an_expression_has_parts_and_an_end() {
        let with = |expression: ExpressionV1| {
            let mut wire = UnitFactsV1::example();
            wire.requisites.as_mut().unwrap()[0].expression = Some(expression);
            UnitFacts::try_from(wire).map(|facts| facts.requisites.unwrap()[0].expression.clone().unwrap().to_string())
        };
        let unit = || ExpressionV1::Unit("31271".into());
        assert!(with(ExpressionV1::All(Vec::new())).is_err());
        assert!(with((0..40).fold(unit(), |inner, _| ExpressionV1::All(vec![inner, unit()]))).is_err());
        assert_eq!(with(ExpressionV1::Any(vec![unit()])).unwrap(), "31271");
        let points = |points: &str| CreditPointsAtLevelV1 { points: points.into(), level: None };
        assert_eq!(with(ExpressionV1::CreditPoints(points("4.5"))).unwrap(), "4.5 credit points");
        assert!(with(ExpressionV1::CreditPoints(points("some"))).is_err());
    }

    #[test]
    fn what_is_wrong_is_named() {
        let wire = UnitFactsV1 { credit_points: Some("six".into()), ..UnitFactsV1::example() };
        let error = UnitFacts::try_from(wire).unwrap_err().to_string();
        assert!(error.starts_with("creditPoints:"), "{error}");
    }
}
