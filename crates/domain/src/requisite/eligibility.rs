//! Whether requisites hold for what somebody has passed. Three-valued: what could not be understood is never
//! taken for held nor for failed.

use super::{Expression, Requisite, RequisiteKind};
use crate::{ParseError, credit_points::CreditPoints, unit_code::UnitCode};
use std::collections::{BTreeMap, BTreeSet};

/// Ordered so that AND is the least and OR the greatest of its parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Holds {
    No,
    Unknown,
    Yes,
}

impl Holds {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::No => "no",
            Self::Unknown => "unknown",
            Self::Yes => "yes",
        }
    }
}

/// The other way round; what is unknown stays so.
impl std::ops::Not for Holds {
    type Output = Self;

    fn not(self) -> Self {
        match self {
            Self::No => Self::Yes,
            Self::Unknown => Self::Unknown,
            Self::Yes => Self::No,
        }
    }
}

impl From<bool> for Holds {
    fn from(holds: bool) -> Self {
        if holds { Self::Yes } else { Self::No }
    }
}

/// What somebody has passed: all of the units, and as much of the credit points as they say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Achieved {
    passed: BTreeSet<String>,
    total: Option<u32>,
    by_level: BTreeMap<u8, u32>,
}

impl Achieved {
    /// Longer lists than anybody's degree.
    pub const MAX_PASSED: usize = 200;

    /// Credit points that are not given are unknown, not none.
    pub fn new(
        passed: impl IntoIterator<Item = UnitCode>,
        total: Option<CreditPoints>,
        by_level: BTreeMap<u8, CreditPoints>,
    ) -> Result<Self, ParseError> {
        let by_level: BTreeMap<u8, u32> =
            by_level.into_iter().map(|(level, points)| (level, points.thousandths())).collect();
        let total = total.map(CreditPoints::thousandths);
        if total.is_some_and(|total| sum(&by_level) > total) {
            return Err(ParseError::new("must not be less than the credit points of all levels together"));
        }
        Ok(Self { passed: passed.into_iter().map(|code| code.normalised()).collect(), total, by_level })
    }

    /// Counts a further unit as passed; credit points stay as they were given.
    pub fn pass(&mut self, code: &UnitCode) {
        self.passed.insert(code.normalised());
    }

    fn has_points(&self, wanted: CreditPoints, level: Option<u8>) -> Holds {
        let wanted = wanted.thousandths();
        let given = match level {
            None => sum(&self.by_level),
            Some(level) => self.by_level.get(&level).copied().unwrap_or(0),
        };
        if given >= wanted {
            return Holds::Yes;
        }
        // What is said of a level is all of that level; the total is all there is.
        let is_all = level.is_some_and(|level| self.by_level.contains_key(&level));
        match self.total {
            _ if is_all => Holds::No,
            Some(total) if level.is_none() => (total >= wanted).into(),
            // What is not said to be of another level may be of this one.
            Some(total) if total.saturating_sub(sum(&self.by_level)) < wanted => Holds::No,
            _ => Holds::Unknown,
        }
    }
}

fn sum(by_level: &BTreeMap<u8, u32>) -> u32 {
    by_level.values().fold(0, |sum, points| sum.saturating_add(*points))
}

impl Expression {
    /// Whether the expression is true of what was passed.
    pub fn holds(&self, achieved: &Achieved) -> Holds {
        match self {
            Self::Unit(code) => achieved.passed.contains(&code.normalised()).into(),
            Self::CreditPoints { points, level } => achieved.has_points(*points, *level),
            Self::All(parts) => parts.iter().map(|part| part.holds(achieved)).min().unwrap_or(Holds::Yes),
            Self::Any(parts) => parts.iter().map(|part| part.holds(achieved)).max().unwrap_or(Holds::No),
        }
    }

    /// What remains of the expression when everything that holds is taken out; `None` when it holds as a whole.
    pub fn missing(&self, achieved: &Achieved) -> Option<Self> {
        if self.holds(achieved) == Holds::Yes {
            return None;
        }
        let rest = |parts: &[Self]| parts.iter().filter_map(|part| part.missing(achieved)).collect();
        match self {
            Self::Unit(_) | Self::CreditPoints { .. } => Some(self.clone()),
            Self::All(parts) => Self::all(rest(parts)),
            // Nothing can be done about a choice of nothing.
            Self::Any(parts) => Some(Self::any(rest(parts)).unwrap_or_else(|| self.clone())),
        }
    }
}

impl Requisite {
    /// Whether the requisite stands in nobody's way: a prohibition does when its expression holds.
    pub fn is_met(&self, achieved: &Achieved) -> Holds {
        let holds = self.expression.as_ref().map_or(Holds::Unknown, |expression| expression.holds(achieved));
        if self.kind == RequisiteKind::Prohibition { !holds } else { holds }
    }

    /// What is still to be done for the requisite; nothing can be done about a prohibition.
    pub fn missing(&self, achieved: &Achieved) -> Option<Expression> {
        let expression = self.expression.as_ref().filter(|_| self.kind != RequisiteKind::Prohibition)?;
        expression.missing(achieved)
    }
}

/// Whether the unit may be taken, as far as its prerequisites and prohibitions go. Corequisites can still be taken
/// together with it. `None` for requisites that are not known.
pub fn may_take(requisites: Option<&[Requisite]>, achieved: &Achieved) -> Holds {
    let Some(requisites) = requisites else { return Holds::Unknown };
    let before = requisites.iter().filter(|requisite| requisite.kind != RequisiteKind::Corequisite);
    before.map(|requisite| requisite.is_met(achieved)).min().unwrap_or(Holds::Yes)
}

#[cfg(test)]
mod tests {
    use super::{super::corpus::expressions, *};
    use proptest::prelude::*;

    fn points(raw: &str) -> CreditPoints {
        CreditPoints::parse(raw).unwrap()
    }

    fn code(raw: &str) -> UnitCode {
        UnitCode::parse(raw).unwrap()
    }

    fn achieved(passed: &[&str], total: Option<&str>, by_level: &[(u8, &str)]) -> Achieved {
        let by_level = by_level.iter().map(|(level, raw)| (*level, points(raw))).collect();
        Achieved::new(passed.iter().map(|raw| code(raw)), total.map(points), by_level).unwrap()
    }

    fn requisite(kind: RequisiteKind, text: &str) -> Requisite {
        Requisite { kind, text: text.to_owned(), expression: Expression::parse_as(kind, text) }
    }

    #[test]
    fn says_what_holds_and_what_is_missing() {
        for (text, passed, holds, missing) in [
            ("31251", &["31251"][..], Holds::Yes, None),
            ("FIT-2004", &["fit 2004"], Holds::Yes, None),
            ("31251", &[], Holds::No, Some("31251")),
            ("26012 AND (31251 OR 48730)", &["26012"], Holds::No, Some("31251 OR 48730")),
            ("26012 AND (31251 OR 48730)", &["48730"], Holds::No, Some("26012")),
            ("(26012 AND 31251) OR 48730", &["26012"], Holds::No, Some("31251 OR 48730")),
            ("26012 AND 24 credit points", &["26012"], Holds::Unknown, Some("24 credit points")),
            ("26012 AND 24 credit points", &[], Holds::No, Some("26012 AND 24 credit points")),
            ("26012 OR 24 credit points", &["26012"], Holds::Yes, None),
        ] {
            let expression = Expression::parse(text).unwrap();
            let achieved = achieved(passed, None, &[]);
            assert_eq!(expression.holds(&achieved), holds, "{text} with {passed:?}");
            let found = expression.missing(&achieved).map(|rest| rest.to_string());
            assert_eq!(found.as_deref(), missing, "{text} with {passed:?}");
        }
    }

    #[test]
    fn credit_points_that_are_not_given_are_unknown() {
        for (total, by_level, level, holds) in [
            (None, &[][..], None, Holds::Unknown),
            (Some("24"), &[], None, Holds::Yes),
            (Some("23.9"), &[], None, Holds::No),
            (None, &[(1, "12"), (2, "12")], None, Holds::Yes),
            (None, &[(1, "12")], None, Holds::Unknown),
            (Some("48"), &[], Some(2), Holds::Unknown),
            (Some("18"), &[], Some(2), Holds::No),
            (None, &[(2, "24")], Some(2), Holds::Yes),
            (Some("96"), &[(2, "18")], Some(2), Holds::No),
            (Some("48"), &[(1, "30")], Some(2), Holds::No),
            (Some("54"), &[(1, "30")], Some(2), Holds::Unknown),
        ] {
            let wanted = Expression::CreditPoints { points: points("24"), level };
            assert_eq!(wanted.holds(&achieved(&[], total, by_level)), holds, "{total:?} {by_level:?} at {level:?}");
        }
        assert!(Achieved::new([], Some(points("6")), BTreeMap::from([(1, points("12"))])).is_err());
    }

    #[test]
    fn what_is_not_understood_or_not_known_decides_nothing() {
        let passed = achieved(&["31251"], None, &[]);
        let unclear = requisite(RequisiteKind::Prerequisite, "A mark of 65 or above in 26012");
        assert_eq!(unclear.is_met(&passed), Holds::Unknown);
        let forbidden = requisite(RequisiteKind::Prohibition, "31251, 48730");
        assert_eq!(forbidden.is_met(&passed), Holds::No);
        let vague = requisite(RequisiteKind::Prohibition, "Not for students of the old curriculum");
        assert_eq!(vague.is_met(&passed), Holds::Unknown, "what is not understood forbids nothing and allows nothing");
        let beside = requisite(RequisiteKind::Corequisite, "26012");
        for (requisites, expected) in [
            (None, Holds::Unknown),
            (Some(vec![]), Holds::Yes),
            (Some(vec![beside.clone()]), Holds::Yes),
            (Some(vec![unclear.clone(), beside]), Holds::Unknown),
            (Some(vec![unclear, forbidden]), Holds::No),
        ] {
            assert_eq!(may_take(requisites.as_deref(), &passed), expected, "{requisites:?}");
        }
    }

    fn anything_achieved() -> impl Strategy<Value = Achieved> {
        let codes = prop::collection::vec("[A-C][0-9]", 0..6);
        (codes, prop::option::of(500_000_u32..=999_000), prop::collection::btree_map(0_u8..4, 0_u32..=100_000, 0..3))
            .prop_map(|(codes, total, by_level)| {
                let exact = |thousandths| CreditPoints::from_thousandths(thousandths).unwrap();
                let by_level = by_level.into_iter().map(|(level, given)| (level, exact(given))).collect();
                Achieved::new(codes.iter().map(|raw| code(raw)), total.map(exact), by_level).unwrap()
            })
    }

    proptest! {
        #[test]
        fn a_further_unit_never_makes_a_prerequisite_fail_nor_lifts_a_prohibition(
            expression in expressions(), mut achieved in anything_achieved(), other in "[A-C][0-9]", at in any::<prop::sample::Index>(),
        ) {
            let with = |kind| Requisite { kind, text: String::new(), expression: Some(expression.clone()) };
            let (wanted, forbidden) = (with(RequisiteKind::Prerequisite), with(RequisiteKind::Prohibition));
            let before = (wanted.is_met(&achieved), forbidden.is_met(&achieved));
            let codes = expression.codes();
            // Often one that the expression names, else it would seldom matter.
            let passed = if codes.is_empty() { code(&other) } else { (*at.get(&codes)).clone() };
            achieved.pass(&passed);
            prop_assert!(wanted.is_met(&achieved) >= before.0);
            prop_assert!(forbidden.is_met(&achieved) <= before.1);
        }

        #[test]
        fn nothing_is_missing_exactly_when_it_holds(expression in expressions(), achieved in anything_achieved()) {
            let missing = expression.missing(&achieved);
            prop_assert_eq!(missing.is_none(), expression.holds(&achieved) == Holds::Yes);
            // The rest decides as the whole does.
            if let Some(rest) = missing {
                prop_assert_eq!(rest.holds(&achieved), expression.holds(&achieved));
            }
        }

        #[test]
        fn who_has_passed_everything_missing_may_go_on(expression in expressions(), achieved in anything_achieved()) {
            let mut all = Achieved { total: Some(u32::MAX), by_level: (0..=u8::MAX).map(|level| (level, 999_000)).collect(), ..achieved };
            if let Some(rest) = expression.missing(&all) {
                for code in rest.codes() {
                    all.pass(code);
                }
            }
            prop_assert_eq!(expression.holds(&all), Holds::Yes);
        }
    }
}
