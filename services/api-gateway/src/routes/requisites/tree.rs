//! Expressions on the wire: trees whose leaves lead to units.

use rmu_catalogue::requisites::{KnownRequisites, NamedUnit};
use rmu_domain::requisite::{Expression, eligibility::Achieved};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// A unit of the same university.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct NamedUnitView {
    pub id: Uuid,
    #[schema(example = "31251")]
    pub code: String,
    #[schema(example = "Data Structures and Algorithms")]
    pub title: String,
}

/// A part of an expression, and whether it holds when that was asked.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct NodeView {
    /// `yes`, `no` or `unknown`; only where somebody's units are judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "yes")]
    pub holds: Option<&'static str>,
    #[serde(flatten)]
    pub part: PartView,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "camelCase")]
pub enum PartView {
    Unit {
        /// As the requisite writes it.
        #[schema(example = "31251")]
        code: String,
        /// `null` for a dead code: the university has no such unit that we know of.
        unit: Option<NamedUnitView>,
        dead: bool,
    },
    /// At least so many credit points, of units at one level or of any.
    CreditPoints {
        #[schema(example = 24.0)]
        points: f64,
        #[schema(example = 2)]
        level: Option<u8>,
    },
    /// All of these.
    All {
        #[schema(no_recursion)]
        parts: Vec<NodeView>,
    },
    /// At least one of these.
    Any {
        #[schema(no_recursion)]
        parts: Vec<NodeView>,
    },
}

impl From<&NamedUnit> for NamedUnitView {
    fn from(unit: &NamedUnit) -> Self {
        Self { id: unit.id.as_uuid(), code: unit.code.clone(), title: unit.title.clone() }
    }
}

impl NodeView {
    pub(super) fn new(expression: &Expression, known: &KnownRequisites, achieved: Option<&Achieved>) -> Self {
        let parts = |parts: &[Expression]| parts.iter().map(|part| Self::new(part, known, achieved)).collect();
        let part = match expression {
            Expression::Unit(code) => {
                let unit = known.unit(code).map(NamedUnitView::from);
                PartView::Unit { code: code.to_string(), dead: unit.is_none(), unit }
            }
            Expression::CreditPoints { points, level } => {
                PartView::CreditPoints { points: points.as_f64(), level: *level }
            }
            Expression::All(all) => PartView::All { parts: parts(all) },
            Expression::Any(any) => PartView::Any { parts: parts(any) },
        };
        Self { holds: achieved.map(|achieved| expression.holds(achieved).as_str()), part }
    }
}
