//! Requisites and judgements on the wire.

use super::tree::{NamedUnitView, NodeView};
use crate::{
    ApiError,
    routes::units::{detail::GapView, summary::CandidateView},
};
use rmu_catalogue::{
    requisites::{Eligibility, KnownRequisites, RequisiteGraph},
    units::Candidate,
};
use rmu_domain::{
    credit_points::CreditPoints,
    requisite::{Requisite, eligibility::Achieved},
    unit_code::UnitCode,
    year::Year,
};
use rmu_web::{ErrorCode, Problem};
use serde::{Deserialize, Serialize};
use serde_json::Number;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// What a unit requires and unlocks, as its newest version says.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RequisitesView {
    pub unit: CandidateView,
    /// The handbook's year.
    #[schema(example = 2026)]
    pub year: Option<u16>,
    /// `null` when the handbook does not say, and `gap` says why; an empty list means that there are none.
    pub requisites: Option<Vec<RequisiteTreeView>>,
    pub gap: Option<GapView>,
    /// Units whose prerequisites name this one, by code; paged by `meta.page`.
    pub unlocks: Vec<NamedUnitView>,
    /// Each begins with this unit; the prerequisites of its last lead back to it.
    pub cycles: Vec<Vec<NamedUnitView>>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RequisiteTreeView {
    /// `prerequisite`, `corequisite` or `prohibition`.
    #[schema(example = "prerequisite")]
    pub kind: &'static str,
    /// As the page words it.
    #[schema(example = "26012 AND (31251 OR 48730)")]
    pub text: String,
    /// Whether the text was understood whole; if not, the text is all there is.
    pub understood: bool,
    pub tree: Option<NodeView>,
}

/// What somebody has passed.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EligibilityBody {
    /// The codes of all passed units, at most 200.
    #[schema(example = json!(["26012", "31251"]), max_items = 200)]
    pub passed: Vec<String>,
    /// As far as they are known; what is left out is unknown, not zero.
    pub credit_points: Option<AchievedPointsBody>,
}

#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AchievedPointsBody {
    /// Of all levels together.
    #[schema(value_type = Option<f64>, example = 48.0)]
    pub total: Option<Number>,
    /// By level: all points of that level.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, f64>, example = json!({"1": 24, "2": 12}))]
    pub by_level: BTreeMap<String, Number>,
}

/// Whether the unit may be taken.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EligibilityView {
    pub unit: CandidateView,
    /// `yes`, `no` or `unknown`: whether prerequisites and prohibitions allow it. A corequisite that is not met can
    /// still be taken together with the unit.
    #[schema(example = "no")]
    pub eligible: &'static str,
    /// `null` when the handbook does not say.
    pub requisites: Option<Vec<JudgedRequisiteView>>,
    pub gap: Option<GapView>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct JudgedRequisiteView {
    /// `yes`, `no` or `unknown`. A prohibition is met when its expression does not hold.
    #[schema(example = "no")]
    pub met: &'static str,
    #[serde(flatten)]
    pub requisite: RequisiteTreeView,
    /// What of a prerequisite or corequisite remains to be done; `null` when nothing does or nobody knows.
    pub missing: Option<NodeView>,
    /// The same in words.
    #[schema(example = "31251 OR 48730")]
    #[serde(rename = "missingText")]
    pub missing_text: Option<String>,
}

impl RequisitesView {
    pub(super) fn new(unit: &Candidate, graph: &RequisiteGraph) -> Self {
        let known = &graph.known;
        let view = |requisite| RequisiteTreeView::new(requisite, known, None);
        Self {
            unit: CandidateView::from(unit),
            year: known.year.map(Year::get),
            requisites: known.requisites.as_ref().map(|all| all.iter().map(view).collect()),
            gap: known.gap.clone().map(GapView::from),
            unlocks: graph.unlocks.entries.iter().map(NamedUnitView::from).collect(),
            cycles: graph.cycles.iter().map(|cycle| cycle.iter().map(NamedUnitView::from).collect()).collect(),
        }
    }
}

impl RequisiteTreeView {
    fn new(requisite: &Requisite, known: &KnownRequisites, achieved: Option<&Achieved>) -> Self {
        Self {
            kind: requisite.kind.as_str(),
            text: requisite.text.clone(),
            understood: requisite.expression.is_some(),
            tree: requisite.expression.as_ref().map(|expression| NodeView::new(expression, known, achieved)),
        }
    }
}

impl EligibilityView {
    pub(super) fn new(unit: &Candidate, judged: &Eligibility, achieved: &Achieved) -> Self {
        let known = &judged.known;
        let view = |requisite| JudgedRequisiteView::new(requisite, known, achieved);
        Self {
            unit: CandidateView::from(unit),
            eligible: judged.may_take.as_str(),
            requisites: known.requisites.as_ref().map(|all| all.iter().map(view).collect()),
            gap: known.gap.clone().map(GapView::from),
        }
    }
}

impl JudgedRequisiteView {
    fn new(requisite: &Requisite, known: &KnownRequisites, achieved: &Achieved) -> Self {
        let missing = requisite.missing(achieved);
        Self {
            met: requisite.is_met(achieved).as_str(),
            requisite: RequisiteTreeView::new(requisite, known, Some(achieved)),
            missing_text: missing.as_ref().map(ToString::to_string),
            missing: missing.map(|rest| NodeView::new(&rest, known, Some(achieved))),
        }
    }
}

impl EligibilityBody {
    /// What was passed, or every mistake with its place.
    pub(super) fn parse(&self) -> Result<Achieved, ApiError> {
        let mut mistakes: Vec<(String, String)> = Vec::new();
        let mut refuse = |field: String, detail: String| mistakes.push((field, detail));
        let mut passed = Vec::new();
        if self.passed.len() > Achieved::MAX_PASSED {
            refuse("passed".to_owned(), format!("must have at most {} codes", Achieved::MAX_PASSED));
        } else {
            for (index, code) in self.passed.iter().enumerate() {
                match UnitCode::parse(code) {
                    Ok(code) => passed.push(code),
                    Err(error) => refuse(format!("passed[{index}]"), error.to_string()),
                }
            }
        }
        let mut total = None;
        let mut by_level = BTreeMap::new();
        if let Some(points) = &self.credit_points {
            match points.total.as_ref().map(|number| CreditPoints::parse(&number.to_string())).transpose() {
                Ok(parsed) => total = parsed,
                Err(error) => refuse("creditPoints.total".to_owned(), error.to_string()),
            }
            for (level, number) in &points.by_level {
                let field = format!("creditPoints.byLevel.{level}");
                match (level.parse::<u8>(), CreditPoints::parse(&number.to_string())) {
                    (Ok(level), Ok(points)) => drop(by_level.insert(level, points)),
                    (Err(_), _) => refuse(field, "must be of a level such as 2".to_owned()),
                    (_, Err(error)) => refuse(field, error.to_string()),
                }
            }
        }
        if !mistakes.is_empty() {
            let problem = Problem::new(ErrorCode::Invalid, "The request has invalid values.");
            let add = |problem: Problem, (field, detail)| problem.with_error(field, detail);
            return Err(mistakes.into_iter().fold(problem, add).into());
        }
        Achieved::new(passed, total, by_level)
            .map_err(|error| Problem::invalid("creditPoints.total", error.to_string()).into())
    }
}
